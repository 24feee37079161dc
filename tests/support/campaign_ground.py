"""Campaigns without a container: a database, a clock that is set, an editor and a manager, and the way to the sandbox
operator."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis import actors, config
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.notifications_campaigns import LIST_PIECE_BYTES, ChooseApplicants, WriteCampaign
from infra import secrets
from services.notifications import (
    audience,
    audience_reading,
    campaign_feed,
    campaign_weighing,
    campaigns,
    settings,
)
from services.notifications.packing import pack_email, pack_sms_of
from services.notifications.providers import smpp, smtp  # noqa: F401  (they register themselves)
from services.notifications.providers.base import register
from services.notifications.sending import Channel, Member

KEYS = secrets.keys()
EDITOR = actors.Actor("staff:editor", "staff", ("message_editor",))
MANAGER = actors.Actor("staff:manager", "staff", ("centre_manager",))
NOON = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)  # twelve o'clock in Cairo
LEASE = timedelta(minutes=10)
TABLES = ("recipient, message, message_part, receipt, campaign, audience, campaign_delta, preference, address_day, "
          "event_log, audit")
SMS = {"sms": {"ar": "يعمل المركز غداً من التاسعة.", "en": "The centre opens at nine tomorrow."}}
WHY = "a reason of more than ten letters"


@dataclass
class Ground:
    """Acts as people and as the platform do; `now` is the time."""

    context: Context
    loaded: settings.NotificationSettings
    now: list[datetime] = field(default_factory=lambda: [NOON])
    reading: audience_reading.Reading = field(default_factory=audience_reading.Reading)

    @classmethod
    @contextmanager
    def standing(cls, url: str, clock: Callable[[], datetime] | None = None, **env: str) -> Iterator[Ground]:
        """Without a clock it is noon until a test says otherwise."""
        known = config.load("notifications", {
            **KEYS, "SHUBBAK_MODE": "demo", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
            "SHUBBAK_DATABASE_URL": url, **env})
        now = [NOON]
        database = Database(url, 4)
        try:
            context = Context(known, database, Privacy(known.rings, known.lookup_keys), clock or (lambda: now[0]))
            yield cls(context, settings.load(known), now)
        finally:
            database.close()

    # -- the platform ------------------------------------------------------------------------------------------------

    def work(self, actor: actors.Actor | None = None) -> UnitOfWork:
        return UnitOfWork(self.context, actor or actors.system("notifications"), "test")

    def attempt(self, run: Callable[[UnitOfWork], Any], actor: actors.Actor | None = None) -> Any:
        return attempt(lambda: self.work(actor), run)

    @property
    def platform(self) -> Any:
        return SimpleNamespace(unit_of_work=self.work, attempt=self.attempt, settings=self.context.settings)

    def later(self, **by: float) -> None:
        self.now[0] += timedelta(**by)

    def read(self) -> None:
        """Read every audience and weigh every campaign to the end."""
        while self.reading.step(self.platform) or campaign_weighing.step(self.platform, self.loaded):
            pass

    def feed(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            campaign_feed.step(self.platform, self.loaded)

    def channel(self, name: str = "sms") -> Channel:
        members = [Member(register.make(one), one.weight, one.price) for one in self.loaded.of(name)]
        pack = pack_sms_of(self.loaded.senders) if name == "sms" else pack_email(self.loaded.mail_from)
        return Channel(name, members, pack if members else None, LEASE)

    # -- people ------------------------------------------------------------------------------------------------------

    def write(self, actor: actors.Actor = EDITOR, **given: Any) -> UUID:
        body = WriteCampaign().load({"name": "مواعيد المركز", "wording": SMS, **given})
        return UUID(self.attempt(lambda work: campaigns.write(work, body), actor)["campaign_id"])

    def upload(self, campaign_id: UUID, content: bytes, kind: str = "csv", actor: actors.Actor = EDITOR) -> Any:
        begun = self.attempt(lambda work: audience.begin_list(work, {
            "campaign_id": campaign_id, "file_name": f"list.{kind}", "format": kind, "size": len(content)}), actor)
        audience_id = UUID(begun["audience_id"])
        for number in range(begun["pieces"]):
            piece = content[number * LIST_PIECE_BYTES : (number + 1) * LIST_PIECE_BYTES]
            body = {"audience_id": audience_id, "number": number, "content": base64.b64encode(piece).decode()}
            self.attempt(lambda work, body=body: audience.add_piece(work, body), actor)
        whole = hashlib.sha256(content).hexdigest()
        return self.attempt(lambda work: audience.end_list(work, {"audience_id": audience_id, "sha256": whole}), actor)

    def choose(self, campaign_id: UUID, actor: actors.Actor = EDITOR, **narrowed: Any) -> Any:
        body = ChooseApplicants().load({"campaign_id": str(campaign_id), **narrowed})
        return self.attempt(lambda work: audience.choose_applicants(work, body), actor)

    def submit(self, campaign_id: UUID, actor: actors.Actor = EDITOR) -> Any:
        body = {"campaign_id": campaign_id, "version": self.show(campaign_id)["version"]}
        return self.attempt(lambda work: campaigns.submit(work, body), actor)

    def decide(self, campaign_id: UUID, actor: actors.Actor = MANAGER, approve: bool = True,
               reason: str | None = None) -> Any:
        body = {"campaign_id": campaign_id, "version": self.show(campaign_id)["version"], "approve": approve,
                "reason": reason}
        return self.attempt(lambda work: campaigns.decide(work, body), actor)

    def act(self, what: str, campaign_id: UUID, actor: actors.Actor = MANAGER, **given: Any) -> Any:
        """pause, resume, cancel, or schedule with all its times."""
        body = {"campaign_id": campaign_id, **({"reason": WHY} if what != "schedule" else {}), **given}
        return self.attempt(lambda work: getattr(campaigns, what)(work, body), actor)

    def show(self, campaign_id: UUID, actor: actors.Actor = MANAGER) -> dict[str, Any]:
        found: dict[str, Any] = campaigns.show(self.work(actor), campaign_id)
        return found

    def approved(self, content: bytes, **given: Any) -> UUID:
        """A campaign with this list, ready to go."""
        campaign_id = self.write(**given)
        self.upload(campaign_id, content)
        self.read()
        self.submit(campaign_id)
        self.decide(campaign_id)
        return campaign_id

    # -- what is there -----------------------------------------------------------------------------------------------

    def sql(self, query: str, **params: Any) -> list[Any]:
        with self.context.database.transaction() as connection:
            return list(connection.execute(text(query), params))

    def messages(self, campaign_id: UUID) -> list[Any]:
        return self.sql("SELECT * FROM message WHERE campaign_id = :id ORDER BY id", id=campaign_id)

    def told(self, campaign_id: UUID) -> list[dict[str, Any]]:
        """The data of every event of a campaign, in order; their sequence has no gap."""
        rows = self.sql("SELECT sequence, body FROM event_log WHERE subject = :id ORDER BY sequence", id=campaign_id)
        assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
        return [json.loads(row.body)["data"] for row in rows]

    def applicant(self, phone: str | None, *, email: str | None = None, name: str | None = "منى", unit: str = "EG-C-01",
                  service: str = "shop", outcome: str | None = None, language: str = "ar",
                  lodged_at: datetime = NOON) -> UUID:
        """Somebody who lodged a request."""
        request_id = uuid7()
        contact = json.dumps({"name": name, "phone": phone, "email": email, "language": language})
        sealed = self.context.privacy.seal(contact, ring="contact", field="requests.contact")
        self.sql_write(
            "INSERT INTO recipient (request_id, version, tracking_number, service_name, unit, language, contact, "
            "department, outcome, service, lodged_at) VALUES (:id, 1, 'EG-C-1', '{}', :unit, :language, :contact, "
            " NULL, :outcome, :service, :lodged_at)", id=request_id, unit=unit, language=language,
            contact=sealed, outcome=outcome, service=service, lodged_at=lodged_at)
        return request_id

    def sql_write(self, statement: str, **params: Any) -> None:
        with self.context.database.transaction() as connection:
            connection.execute(text(statement), params)

    def empty(self) -> None:
        self.sql_write(f"TRUNCATE {TABLES} CASCADE")
        self.now[0] = NOON


def phones(count: int, first: int = 0) -> list[str]:
    return [f"0101{number:07d}" for number in range(first, first + count)]


def listed(rows: Sequence[str], heading: str = "phone") -> bytes:
    return "\n".join([heading, *rows]).encode()


def until(condition: Callable[[], object], step: Callable[[], object], seconds: float = 20) -> None:
    """Let something work until something else is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that in time"
        step()
        time.sleep(0.01)
