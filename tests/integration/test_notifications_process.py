"""The service as it runs: events through its inbox, its query on the bus, and its process killed while it sends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis import actors, config, events
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from contracts import payments, requests
from contracts.events import EventType
from infra import processes, secrets
from infra.peers.client import Peers
from services.notifications import recipients

KEYS = secrets.keys()


@pytest.fixture(scope="module")
def peers() -> Iterator[Peers]:
    with Peers.running() as running:
        yield running


@pytest.fixture
def environ(database_url, peers) -> dict[str, str]:
    return {
        **KEYS,
        "SHUBBAK_MODE": "demo",
        "SHUBBAK_NODE": "EG-C",
        "SHUBBAK_BUS": "local",
        "SHUBBAK_DATABASE_URL": database_url("notifications"),
        "SHUBBAK_ADMIN_PORT": str(processes.free_port()),
        "SHUBBAK_PUBLIC_URL": "https://cairo.example",
        "SHUBBAK_SMPP_HOST": "127.0.0.1",
        "SHUBBAK_SMPP_PORT": str(peers.smpp),
        "SHUBBAK_SMPP_SYSTEM_ID": "node",
        "SHUBBAK_SMPP_PASSWORD": "sample-1",
        "SHUBBAK_SMTP_HOST": "127.0.0.1",
        "SHUBBAK_SMTP_PORT": str(peers.smtp),
        "SHUBBAK_MAIL_FROM": "no-reply@cairo.example",
        "SHUBBAK_UNCERTAIN_AFTER_SECONDS": "5",
        "SHUBBAK_QUIET_HOURS": "off",
        "EVENTLET_NO_GREENDNS": "yes",
    }


@pytest.fixture
def database(environ) -> Iterator[Database]:
    opened = Database(environ["SHUBBAK_DATABASE_URL"], 2)
    with opened.transaction() as connection:
        connection.execute(text("TRUNCATE recipient, message, message_part, receipt, inbox, inbox_stream"))
    yield opened
    opened.close()


def envelope(event_type: EventType, subject: UUID, sequence: int, data: dict) -> bytes:
    return events.encode(event_type, event_id=uuid7(), source="urn:test", subject=subject, sequence=sequence,
                         occurred=datetime.now(UTC), correlation_id="c", data=data)  # fmt: skip


class Case:
    """One request and what its services would say of it."""

    def __init__(self, environ: dict[str, str], phone: str, email: str | None = None) -> None:
        settings = config.load("notifications", environ)
        privacy = Privacy(settings.rings, settings.lookup_key)
        self.request_id, self.bill_id, self.phone = uuid7(), uuid7(), phone
        contact = {"name": "منى السيد", "phone": phone, "email": email, "language": "ar"}
        self.state = {
            "request_id": str(self.request_id), "tracking_number": "EG-C-7K3M-9Q2X-4", "unit": "EG-C-01",
            "service_name": {"ar": "ترخيص محل تجاري", "en": "Shop licence"}, "language": "ar", "state_kind": "payment",
            "department": None, "state_name": {"ar": "سداد", "en": "Payment"}, "outcome": None, "note": None,
            "contact": privacy.seal(json.dumps(contact), ring=recipients.CONTACT_RING, field=recipients.CONTACT_FIELD),
        }  # fmt: skip
        self.bill = {"request_id": str(self.request_id), "total": 50_000, "bill_number": "B1", "reference": None,
                     "receipt_number": None}  # fmt: skip

    def submitted(self) -> bytes:
        return envelope(requests.SUBMITTED, self.request_id, 1, self.state)

    def moved(self, sequence: int, **changed: object) -> bytes:
        return envelope(requests.MOVED, self.request_id, sequence, {**self.state, "contact": None, **changed})

    def billed(self, event_type: EventType, sequence: int, **changed: object) -> bytes:
        return envelope(event_type, self.bill_id, sequence, {**self.bill, **changed})

    def licensed(self) -> bytes:
        data = {"request_id": str(self.request_id), "serial": "EG-C-SHOP-2026-000123"}
        return envelope(requests.LICENCE_ISSUED, uuid7(), 1, data)


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.05)


def test_a_whole_case_is_told_in_order_once_whatever_order_the_bus_brings(environ, database, peers):
    from chassis.runner import Process

    process = Process(["notifications"], environ)
    process.start()
    try:
        platform = process.platform("notifications")
        case = Case(environ, "+201012345601", "mona@example.org")
        stream = [
            case.billed(payments.ISSUED, 1),  # overtakes the request's own first event
            case.moved(2, state_kind="task", department="licensing", state_name={"ar": "مراجعة", "en": "Review"}),
            case.submitted(),
            case.billed(payments.PENDING, 2, reference="931337410"),
            case.billed(payments.PENDING, 3, reference="931337410"),
            case.billed(payments.PAID, 4, receipt_number="R1"),
            case.moved(3, state_kind="applicant", note="صورة عقد الإيجار موثقة"),
            case.moved(4, state_kind="task", department="engineering", state_name={"ar": "معاينة", "en": "Visit"}),
            case.moved(5, state_kind="task", department="engineering", state_name={"ar": "رأي فني", "en": "Opinion"}),
            case.moved(6, state_kind="end", outcome="approved"),
            case.licensed(),
        ]  # fmt: skip
        for body in stream:
            platform.inbox.take([body])
        platform.inbox.take(stream)
        # The same template may be told twice for two steps: here both moves to a department are.
        expected = {"request_received": 1, "moved": 2, "completion_needed": 1, "payment_needed": 1,
                    "payment_reference": 1, "payment_received": 1, "approved": 1, "licence_ready": 1}  # fmt: skip

        def counted(channel: str, state: str) -> dict[str, int]:
            with database.transaction() as connection:
                return dict(connection.execute(
                    text("SELECT template, count(*) FROM message WHERE request_id = :id AND channel = :channel "
                         "AND state = :state GROUP BY 1"),
                    {"id": case.request_id, "channel": channel, "state": state}).fetchall())  # fmt: skip

        until(lambda: counted("sms", "delivered") == expected and counted("email", "sent") == expected)
        platform.inbox.take(stream)
        assert counted("sms", "delivered") == expected
        assert len(peers.sms("201012345601")) == sum(expected.values())
        mails = {mail["subject"]: mail for mail in peers.mail("mona@example.org")}
        assert len(mails) == sum(expected.values()) - 1  # two moves, one subject
        assert "500.00 ج.م" in mails["مطلوب سداد رسوم الطلب EG-C-7K3M-9Q2X-4"]["text"]
        assert "صورة عقد الإيجار موثقة" in mails["مطلوب استيفاء الطلب EG-C-7K3M-9Q2X-4"]["text"]
        link = "https://cairo.example/ar/follow/EG-C-7K3M-9Q2X-4"
        assert link in mails["صدرت رخصتك رقم EG-C-SHOP-2026-000123"]["text"]

        signer = actors.Signer(config.decode_key(KEYS["SHUBBAK_GATEWAY_ACTOR_PRIVATE_KEY"]))
        manager = actors.Actor("a1", "staff", ("centre_manager",), unit="EG-C-01")
        answer = platform.calls("notifications.messages", {"tracking_number": "EG-C-7K3M-9Q2X-4"},
                                actor=signer.sign(manager, datetime.now(UTC)))  # fmt: skip
        assert len(answer["messages"]) == 2 * sum(expected.values())
        assert {one["address"] for one in answer["messages"]} == {"010******01", "m***@example.org"}
    finally:
        process.stop()
        platform._instance.close()


def test_killed_while_it_sends_every_message_still_arrives_and_only_the_unanswered_come_twice(
    environ, database, peers, tmp_path
):
    """A crash between the operator taking a message and our writing that down is the one window SMPP leaves open."""
    cases = [Case(environ, f"+2011{number:08d}") for number in range(30)]

    def run() -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", "chassis", "run", "notifications"],
                                    env={**os.environ, **environ}, stdout=log, stderr=log)  # fmt: skip

    def states() -> dict[str, int]:
        with database.transaction() as connection:
            return dict(connection.execute(text("SELECT state, count(*) FROM message GROUP BY 1")).fetchall())

    lodge(environ, cases)
    peers.control(smsc={"delay_ms": 1000})
    process = run()
    try:
        until(lambda: states().get("sending"))
        until(lambda: len(peers.get("/sms")["messages"]) >= 5)
        process.kill()
        process.wait()
        with database.transaction() as connection:
            unanswered = {row.request_id for row in connection.execute(
                text("SELECT request_id FROM message WHERE state = 'sending'"))}  # fmt: skip
        assert unanswered
        peers.control(smsc={"delay_ms": 0})
        process = run()
        until(lambda: states() == {"delivered": len(cases)})
        for case in cases:
            arrived = peers.sms(case.phone.lstrip("+"))
            assert any(message["complete"] for message in arrived)
            submissions = sum(message["submissions"] for message in arrived)
            assert submissions <= 4 if case.request_id in unanswered else submissions == 2
        process.terminate()
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def lodge(environ: dict[str, str], cases: list[Case]) -> None:
    """Put the cases' first events into the service's inbox, as the bus would, without a process that sends."""
    from chassis.inbox import Inbox, Subscription
    from chassis.uow import Context, UnitOfWork
    from services.notifications.service import Notifications

    settings = config.load("notifications", environ)
    store = Database(settings.database_url, 2)
    context = Context(settings, store, Privacy(settings.rings, settings.lookup_key))
    service = Notifications()
    subscription = Subscription(
        "notifications.on_request", (requests.SUBMITTED, requests.MOVED), "ordered", service.on_request
    )
    inbox = Inbox("notifications", [subscription], lambda: UnitOfWork(context, actors.system("notifications"), "c"))
    inbox.take([case.submitted() for case in cases])
    store.close()
