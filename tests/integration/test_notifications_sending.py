"""Messages over the real protocols, against the sandbox operator and mail server, with a real PostgreSQL."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis import actors, config
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import payments, requests
from contracts.events import Event
from infra import secrets
from infra.peers.client import Peers
from infra.processes import free_port
from services.notifications import messages, preferences, receipts, recipients, settings, settings_providers
from services.notifications.packing import pack_email, pack_sms, pack_sms_of
from services.notifications.providers.base import Answer, Receipt, Verdict
from services.notifications.providers.smpp import Smpp
from services.notifications.providers.smtp import Smtp
from services.notifications.sending import Channel

LEASE = timedelta(minutes=10)
URL = "https://cairo.example"


@dataclass
class Office:
    """A node's notifications without a container: its database, a clock that can be moved on, its two channels."""

    context: Context
    sms: Channel
    email: Channel
    sms_settings: settings.SmppSettings
    ahead: list[timedelta] = field(default_factory=lambda: [timedelta()])
    phones: int = 0

    def transact(self, run):
        return attempt(lambda: UnitOfWork(self.context, actors.system("notifications"), "test"), run)

    def later(self, by: timedelta) -> None:
        self.ahead[0] += by

    def lodge(self, **contact: str | None) -> tuple[UUID, str]:
        """A request whose first event came; returns its id and the applicant's phone."""
        self.phones += 1
        phone = f"+2010{time.time_ns() % 10_000_000 + self.phones:08d}"
        request_id = uuid7()
        given = {"name": "منى السيد", "phone": phone, "email": None, "language": "ar", **contact}
        sealed = self.context.privacy.seal(
            json.dumps(given), ring=recipients.CONTACT_RING, field=recipients.CONTACT_FIELD
        )
        event = Event(uuid7(), requests.SUBMITTED.name, "urn:t", request_id, 1, datetime.now(UTC), "c", {
            "request_id": str(request_id), "tracking_number": "EG-C-7K3M-9Q2X-4", "unit": "EG-C-01",
            "service_name": {"ar": "ترخيص محل تجاري", "en": "Shop licence"}, "language": given["language"],
            "state_kind": "task", "department": "licensing", "state_name": {"ar": "مراجعة", "en": "Review"},
            "outcome": None, "note": None, "contact": sealed,
        })  # fmt: skip
        self.transact(lambda work: recipients.follow(work, event, URL))
        return request_id, phone

    def rows(self, request_id: UUID) -> dict[str, object]:
        with self.context.database.transaction() as connection:
            found = connection.execute(text("SELECT * FROM message WHERE request_id = :id"), {"id": request_id})
            return {row.channel: row for row in found}

    def state(self, request_id: UUID, channel: str = "sms") -> str:
        return self.rows(request_id)[channel].state

    def events(self, request_id: UUID, channel: str = "sms") -> list[tuple[int, str]]:
        """Sequence and state of every event of a message, in order."""
        with self.context.database.transaction() as connection:
            found = connection.execute(
                text("SELECT sequence, body FROM event_log WHERE subject = :id ORDER BY id"),
                {"id": self.rows(request_id)[channel].id},
            )
            return [(row.sequence, json.loads(row.body)["data"]["state"]) for row in found]

    def until(self, condition: Callable[[], object], channel: Channel | None = None, seconds: float = 15) -> None:
        """Let a channel work until something is so."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not come to that in time"
            if channel is not None:
                channel.step(self.transact)
            time.sleep(0.02)


@pytest.fixture(scope="module")
def peers() -> Iterator[Peers]:
    with Peers.running() as running:
        yield running


@pytest.fixture
def office(database_url, peers) -> Iterator[Office]:
    peers.control(
        smsc={"reject": None, "reject_times": -1, "reject_numbers": [], "drop_after": None, "drop_keeps": False,
              "receipts": "delivered", "receipt_delay_ms": 0, "delay_ms": 0, "bind": "accept", "down": False},
        smtp={"answer": None, "times": -1, "at": "data", "drop": False, "down": False},
    )  # fmt: skip
    peers.forget()
    url = database_url("notifications")
    loaded = config.load("notifications", {
        **KEYS, "SHUBBAK_MODE": "demo", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local", "SHUBBAK_DATABASE_URL": url,
        "SHUBBAK_QUIET_HOURS": "off",
    })  # fmt: skip
    ahead = [timedelta()]
    database = Database(url, 4)
    with database.transaction() as connection:
        connection.execute(text("TRUNCATE recipient, message, message_part, receipt"))
    context = Context(
        loaded, database, Privacy(loaded.rings, loaded.lookup_key), lambda: datetime.now(UTC) + ahead[0]
    )
    smpp = settings.SmppSettings("127.0.0.1", peers.smpp, "node", "sample-1", "Shubbak")
    smtp = settings.SmtpSettings("127.0.0.1", peers.smtp, "شُبّاك <no-reply@cairo.example>", timeout=5)
    made = Office(
        context, Channel("sms", Smpp(smpp), pack_sms, LEASE),
        Channel("email", Smtp(smtp), pack_email(smtp.sender), LEASE), smpp, ahead,
    )  # fmt: skip
    yield made
    made.sms.close()
    made.email.close()
    database.close()


KEYS = secrets.keys()


def bare(phone: str) -> str:
    return phone.lstrip("+")


def test_an_arabic_sms_of_two_parts_arrives_joined_and_is_known_delivered(office, peers):
    request_id, phone = office.lodge()
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    (arrived,) = peers.sms(bare(phone))
    assert arrived["complete"]
    assert arrived["total"] == 2
    assert arrived["coding"] == 8
    assert arrived["from"] == "Shubbak"
    assert arrived["text"].startswith("استلمنا طلبك (ترخيص محل تجاري) برقم متابعة EG-C-7K3M-9Q2X-4")
    assert arrived["text"].endswith(f"{URL}/ar/follow/EG-C-7K3M-9Q2X-4")
    changes = office.events(request_id)
    assert [sequence for sequence, _ in changes] == list(range(1, len(changes) + 1))
    assert [state for _, state in changes] in (
        ["queued", "sent", "delivered"], ["queued", "delivered"],
    )  # fmt: skip


def test_sms_and_mail_go_out_in_the_citizens_language_and_nothing_readable_stays_behind(office, peers):
    request_id, phone = office.lodge(email="mona@example.org", language="en", name="Mona")
    office.until(lambda: office.state(request_id, "email") == "sent", office.email)
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    (mail,) = peers.mail("mona@example.org")
    assert mail["subject"] == "We received your request EG-C-7K3M-9Q2X-4"
    assert 'dir="ltr"' in mail["html"]
    assert "Dear Mona," in mail["text"]
    assert peers.sms(bare(phone))[0]["coding"] == 0
    for row in office.rows(request_id).values():
        for value in row:
            assert "mona@" not in str(value).lower()  # no letter of sealed text is an @ or a space
            assert "dear mona" not in str(value).lower()
            assert phone not in str(value)
            assert "received your request" not in str(value)


def test_an_operator_that_is_away_gets_the_message_once_when_it_is_back_and_mail_does_not_wait(office, peers):
    peers.control(smsc={"down": True, "drop_now": True})
    request_id, phone = office.lodge(email="aly@example.org")
    for _ in range(3):
        office.sms.step(office.transact)
    office.until(lambda: office.state(request_id, "email") == "sent", office.email)
    assert office.state(request_id) == "queued"
    peers.control(smsc={"down": False})
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    assert [m["submissions"] for m in peers.sms(bare(phone))] == [2]


def test_a_throttled_message_is_tried_again_after_the_pause(office, peers):
    peers.control(smsc={"reject": "throttled", "reject_times": 2})
    request_id, phone = office.lodge()
    office.until(lambda: office.state(request_id) == "failed_temporarily", office.sms)
    assert office.rows(request_id)["sms"].error == "throttled"
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    assert [m["submissions"] for m in peers.sms(bare(phone))] == [2]


def test_a_number_that_the_operator_refuses_fails_for_good(office, peers):
    request_id, phone = office.lodge()
    peers.control(smsc={"reject_numbers": [bare(phone)]})
    office.until(lambda: office.state(request_id) == "failed", office.sms)
    assert office.rows(request_id)["sms"].error == "smpp_0xb"
    office.later(timedelta(hours=5))
    office.sms.step(office.transact)
    assert office.rows(request_id)["sms"].attempts == 1


def test_a_handset_that_does_not_take_the_message_makes_it_failed(office, peers):
    peers.control(smsc={"receipts": "failed"})
    request_id, _ = office.lodge()
    office.until(lambda: office.state(request_id) == "failed", office.sms)
    assert office.rows(request_id)["sms"].error == "receipt_undeliv_001"


def test_receipts_that_come_twice_and_late_count_once(office, peers):
    peers.control(smsc={"receipts": "duplicate", "receipt_delay_ms": 300})
    request_id, _ = office.lodge()
    office.until(lambda: office.state(request_id) == "sent", office.sms)
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    seen = office.events(request_id)
    for _ in range(5):
        office.sms.step(office.transact)
    assert office.events(request_id) == seen


def test_a_line_cut_in_the_middle_of_a_window_loses_nothing_and_repeats_only_what_had_no_answer(office, peers):
    def states() -> set[str]:
        return {office.state(request_id) for request_id, _ in lodged}

    first, _ = office.lodge()
    office.until(lambda: office.state(first) == "delivered", office.sms)
    lodged = [office.lodge() for _ in range(12)]
    peers.control(smsc={"drop_after": 7})
    assert office.sms.send_due(office.transact) == 12
    unanswered = {request_id for request_id, _ in lodged if office.state(request_id) == "sending"}
    assert unanswered, "the cut left no message without an answer"
    office.later(timedelta(seconds=6))
    office.until(lambda: states() <= {"sending", "delivered"}, office.sms)
    assert {request_id for request_id, _ in lodged if office.state(request_id) == "sending"} == unanswered
    office.later(LEASE + timedelta(seconds=1))
    office.until(lambda: states() == {"delivered"}, office.sms)
    for request_id, phone in lodged:
        arrived = peers.sms(bare(phone))
        assert any(message["complete"] for message in arrived)
        submissions = sum(message["submissions"] for message in arrived)
        assert 2 <= submissions <= 4 if request_id in unanswered else submissions == 2


def claim_only(office: Office, channel: str, pack) -> list:
    """What a process does that dies between its claim and the provider's answer."""
    return office.transact(lambda work: messages.claim(work, channel, "smpp", 50, LEASE, pack))


def test_a_claim_of_a_dead_process_is_sent_once_when_its_wait_is_over(office, peers):
    request_id, phone = office.lodge()
    assert len(claim_only(office, "sms", pack_sms)) == 1
    for _ in range(3):
        office.sms.step(office.transact)
    assert office.state(request_id) == "sending"
    assert peers.sms(bare(phone)) == []
    office.later(LEASE + timedelta(seconds=1))
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    assert [m["submissions"] for m in peers.sms(bare(phone))] == [2]
    assert office.rows(request_id)["sms"].attempts == 2
    changes = office.events(request_id)
    assert [sequence for sequence, _ in changes] == list(range(1, len(changes) + 1))
    assert "sending" not in [state for _, state in changes]  # who holds a message is told to nobody


def test_a_receipt_that_names_our_reference_settles_a_message_whose_answer_was_lost(office, peers):
    request_id, phone = office.lodge()
    (taken,) = claim_only(office, "sms", pack_sms)
    arrived = [Receipt(f"ff{part.number}{request_id.hex}", True, None, part.reference, phone) for part in taken.parts]
    other = Receipt(f"other{request_id.hex}", True, None, taken.parts[0].reference, "+201000000000")
    office.transact(lambda work: receipts.keep(work, "smpp", [other, *arrived]))
    office.transact(receipts.apply)
    assert office.state(request_id) == "delivered"
    office.later(LEASE + timedelta(seconds=1))
    office.sms.step(office.transact)
    assert peers.sms(bare(phone)) == []
    with office.context.database.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM receipt")).scalar() == 1  # the stranger's


def test_a_receipt_that_overtakes_the_answer_waits_for_it(office):
    request_id, phone = office.lodge()
    (taken,) = claim_only(office, "sms", pack_sms)
    early = [Receipt(f"e{part.number}{request_id.hex}", True, None, None, phone) for part in taken.parts]
    office.transact(lambda work: receipts.keep(work, "smpp", early))
    office.transact(receipts.apply)
    assert office.state(request_id) == "sending"
    answers = {part.number: Answer(Verdict.ACCEPTED, one.provider_message_id)
               for part, one in zip(taken.parts, early, strict=True)}  # fmt: skip
    office.transact(lambda work: messages.record(work, {taken.message_id: answers}))
    assert office.state(request_id) == "sent"
    office.transact(receipts.apply)
    assert office.state(request_id) == "delivered"


def test_a_message_nobody_takes_for_72_hours_expires(office, peers):
    peers.control(smsc={"down": True, "drop_now": True})
    request_id, phone = office.lodge()
    office.sms.step(office.transact)
    office.later(timedelta(hours=72, seconds=1))
    office.sms.step(office.transact)
    assert office.state(request_id) == "expired"
    peers.control(smsc={"down": False})
    provider = office.sms.members["smpp"].provider
    office.until(lambda: office.sms.send_due(office.transact) == 0 and provider.room(), None, 20)
    office.sms.step(office.transact)
    assert peers.sms(bare(phone)) == []


def test_a_message_that_cannot_be_read_waits_or_fails_alone_and_holds_up_no_other(office, peers):
    sealed = office.context.privacy.seal(json.dumps({"subject": "a\r\nBcc: b@example.org", "plain": "", "html": ""}),
                                         field=messages.CONTENT)  # fmt: skip
    unreadable, _ = office.lodge()
    unpackable, _ = office.lodge(email="mona@example.org")
    with office.context.database.transaction() as connection:
        change = text("UPDATE message SET content = :content WHERE request_id = :id AND channel = :channel")
        connection.execute(change, {"content": "v1.AAAA", "id": unreadable, "channel": "sms"})
        connection.execute(change, {"content": sealed, "id": unpackable, "channel": "email"})
    good, _ = office.lodge(email="good@example.org")
    office.until(lambda: office.state(good) == "delivered", office.sms)
    office.until(lambda: office.state(good, "email") == "sent", office.email)
    assert office.rows(unreadable)["sms"].error == "cannot_open"
    assert office.state(unreadable) == "failed_temporarily"
    assert office.rows(unpackable)["email"].error == "cannot_pack"
    assert office.state(unpackable, "email") == "failed"
    assert peers.mail("b@example.org") == []


def test_a_mail_refused_for_now_goes_out_later_and_one_refused_for_good_fails(office, peers):
    peers.control(smtp={"answer": "451 4.3.0 later", "times": 1, "at": "data"})
    request_id, _ = office.lodge(email="later@example.org")
    office.until(lambda: office.state(request_id, "email") == "failed_temporarily", office.email)
    assert office.rows(request_id)["email"].error == "smtp_451"
    office.later(timedelta(minutes=1))
    office.until(lambda: office.state(request_id, "email") == "sent", office.email)
    assert len(peers.mail("later@example.org")) == 1
    peers.control(smtp={"answer": "550 5.1.1 no such user", "times": 1, "at": "rcpt"})
    refused, _ = office.lodge(email="nobody@example.org")
    office.until(lambda: office.state(refused, "email") == "failed", office.email)
    assert office.rows(refused)["email"].error == "smtp_550"
    # The connection is good for the next one.
    third, _ = office.lodge(email="third@example.org")
    office.until(lambda: office.state(third, "email") == "sent", office.email)


def test_a_mail_whose_answer_was_lost_is_sent_again_under_the_same_message_id(office, peers):
    peers.control(smtp={"drop": True})
    request_id, _ = office.lodge(email="twice@example.org")
    office.until(lambda: peers.mail("twice@example.org"), office.email)
    office.email.step(office.transact)
    assert office.state(request_id, "email") == "sending"
    peers.control(smtp={"drop": False})
    office.later(LEASE + timedelta(seconds=1))
    office.until(lambda: office.state(request_id, "email") == "sent", office.email)
    first, second = peers.mail("twice@example.org")
    assert first["message_id"] == second["message_id"]
    assert str(office.rows(request_id)["email"].id) in first["message_id"]


def test_a_mail_server_that_is_away_gets_the_mail_when_it_is_back(office):
    port = free_port()
    away = settings.SmtpSettings("127.0.0.1", port, "no-reply@cairo.example", timeout=5)
    channel = Channel("email", Smtp(away), pack_email(away.sender), LEASE)
    request_id, _ = office.lodge(email="down@example.org")
    channel.step(office.transact)
    assert office.state(request_id, "email") == "queued"
    with Peers.running(smtp=port) as back:
        office.until(lambda: office.state(request_id, "email") == "sent", channel)
        assert len(back.mail("down@example.org")) == 1
        channel.close()


def test_a_text_message_comes_from_the_governorate_of_its_unit(office, peers):
    senders = settings_providers.Senders("Shubbak", {"C": "Cairo"}, "EG-C")
    channel = Channel("sms", Smpp(office.sms_settings), pack_sms_of(senders), LEASE)
    request_id, phone = office.lodge()  # of EG-C-01
    office.until(lambda: office.state(request_id) == "delivered", channel)
    channel.close()
    assert [one["from"] for one in peers.sms(bare(phone))] == ["Cairo"]


def test_where_tls_is_demanded_nothing_goes_out_in_the_clear(office, peers):
    demanded = settings.SmtpSettings("127.0.0.1", peers.smtp, "no-reply@cairo.example", tls_required=True, timeout=5)
    channel = Channel("email", Smtp(demanded), pack_email(demanded.sender), LEASE)
    request_id, _ = office.lodge(email="secret@example.org")
    channel.step(office.transact)
    assert office.state(request_id, "email") == "queued"
    assert peers.mail("secret@example.org") == []


def test_an_event_that_comes_again_makes_no_second_message(office):
    request_id, _ = office.lodge(email="once@example.org")
    bill = Event(uuid7(), payments.ISSUED.name, "urn:t", uuid7(), 1, datetime.now(UTC), "c",
                 {"request_id": str(request_id), "total": 50_000, "bill_number": "B1"})  # fmt: skip
    for _ in range(3):
        office.transact(lambda work: recipients.tell_of_bill(work, bill, URL))
    with office.context.database.transaction() as connection:
        found = connection.execute(
            text("SELECT channel, count(*) FROM message WHERE cause = :cause GROUP BY 1"), {"cause": bill.id}
        )
        assert dict(found.fetchall()) == {"sms": 1, "email": 1}


def test_departments_that_act_at_once_are_told_of_once_and_where_the_file_goes_from_them(office):
    request_id, _ = office.lodge()
    told = []

    def moved(sequence, kind, department, **more):
        data = {"request_id": str(request_id), "state_kind": kind, "department": department, "outcome": None,
                "note": None, "state_name": {"ar": f"مرحلة {sequence}", "en": f"Stage {sequence}"}, **more}
        event = Event(uuid7(), requests.MOVED.name, "urn:t", request_id, sequence, datetime.now(UTC), "c", data)
        office.transact(lambda work: recipients.follow(work, event, URL))
        with office.context.database.transaction() as connection:
            count = connection.execute(text("SELECT count(*) FROM message WHERE request_id = :r AND channel = 'sms'"),
                                       {"r": request_id}).scalar()  # fmt: skip
        told.append(count)

    moved(2, "parallel", None, branch=None)
    moved(3, "parallel", None, branch="health", verdict="favourable")
    moved(4, "parallel", None, branch="roads", verdict="favourable")
    moved(5, "task", "licensing", branch="utilities", verdict="favourable", joined="joined")
    moved(6, "task", "licensing")
    moved(7, "external", "licensing")
    assert told == [2, 2, 2, 3, 3, 4]  # the first one said that it was received


@pytest.mark.parametrize("said", ["STOP", "إيقاف"])
def test_a_text_that_a_handset_sends_back_stops_messages_to_it(office, peers, said):
    request_id, phone = office.lodge()
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    peers.write_back(bare(phone), said)

    def stopped():
        shown = preferences.standing(UnitOfWork(office.context, actors.system("notifications"), "t"),
                                     preferences.Address("sms", phone))
        return shown is not None and shown.opted_out_at is not None

    office.until(stopped, office.sms)
    again, _ = office.lodge(phone=phone)
    assert office.rows(again) == {}
