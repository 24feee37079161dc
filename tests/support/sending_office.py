"""A node's notifications over a real database, an SMS centre and a mail server, driven by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis import actors, config
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import requests
from contracts.events import Event
from infra import secrets
from infra.peers.client import Peers
from services.notifications import messages, recipients, settings
from services.notifications.packing import pack_email, pack_sms
from services.notifications.providers.smpp import Smpp
from services.notifications.providers.smtp import Smtp
from services.notifications.sending import Channel

__all__ = ["office", "peers"]  # what a module of tests takes by *

LEASE = timedelta(minutes=10)
URL = "https://cairo.example"
KEYS = secrets.keys()


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

    def rows(self, request_id: UUID) -> dict[str, Any]:
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

    def step(self, channel: Channel) -> None:
        """Let a channel work until what it handed over has come back, with an answer or without."""
        channel.step(self.transact)
        self.until(lambda: not any(member.rounds for member in channel.members.values()))

    def until(self, condition: Callable[[], object], channel: Channel | None = None, seconds: float = 60) -> None:
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
    smtp = settings.SmtpSettings("127.0.0.1", peers.smtp, "شُبّاك <no-reply@cairo.example>", timeout=20)
    made = Office(
        context, Channel("sms", Smpp(smpp), pack_sms, LEASE),
        Channel("email", Smtp(smtp), pack_email(smtp.sender), LEASE), smpp, ahead,
    )  # fmt: skip
    yield made
    made.sms.close()
    made.email.close()
    database.close()


def bare(phone: str) -> str:
    return phone.lstrip("+")


def claim_only(office: Office, channel: str, pack) -> list:
    """What a process does that dies between its claim and the provider's answer."""
    return office.transact(lambda work: messages.claim(work, channel, "smpp", 50, LEASE, pack))
