"""The centre's gateway with agencies, and events that come up to it: a real database, a clock of the test's."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from chassis import config
from chassis.actors import Actor
from chassis.database import Database, Statement
from chassis.events import decode
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import asyncapi, event_schemas
from contracts.upward import UP
from infra import secrets
from rules.link import Message, sign
from services.gateway.agencies import agreements, registry, subscriptions
from services.gateway.link import log

ADMINISTRATOR = Actor(id="staff:admin", kind="staff", roles=("administrator",))
MOVED, ISSUED = "requests.request.moved.v1", "requests.licence.issued.v1"
KEYS = {node: Ed25519PrivateKey.generate() for node in ("EG-C", "EG-SUZ")}


_REACHED = Statement(text("SELECT coalesce(max(sequence), 0) FROM link_log WHERE peer = :node"))


class Centre:
    """`arrive` appends events to the message log as the link does; `agency` registers one with an agreement."""

    def __init__(self, url: str, extra: Mapping[str, str] | None = None) -> None:
        environ = {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG", "SHUBBAK_ROLE": "centre",
                   "SHUBBAK_BUS": "local", "SHUBBAK_DATABASE_URL": url, **(extra or {})}  # fmt: skip
        self.environ = environ
        self.settings = config.load("gateway", environ)
        self.database = Database(url, 8)
        self.now = datetime.now(UTC)
        self.privacy = Privacy(self.settings.rings, self.settings.lookup_keys)
        self.context = Context(self.settings, self.database, self.privacy, lambda: self.now)

    def unit_of_work(self, actor: Actor = ADMINISTRATOR) -> UnitOfWork:
        return UnitOfWork(self.context, actor, "test")

    def attempt(self, run: Callable[[UnitOfWork], Any], actor: Actor = ADMINISTRATOR) -> Any:
        return attempt(lambda: self.unit_of_work(actor), run)

    def agency(self, code: str, events: tuple[str, ...] = (MOVED, ISSUED), **terms: Any) -> tuple[UUID, UUID]:
        """An agency and its agreement, in force this year."""
        agency_id, agreement_id = uuid7(), uuid7()
        self.attempt(lambda work: registry.add(
            work, {"code": code, "name": {"ar": f"جهة {code}", "en": f"Agency {code}"}, "bodies": []}, agency_id))
        since = (self.now - timedelta(days=200)).date()
        self.attempt(lambda work: agreements.agree(work, agency_id, {
            "reference": "2026/17", "events": list(events), "valid_from": since,
            "valid_until": date(since.year + 2, 1, 1), **terms}, agreement_id))  # fmt: skip
        return agency_id, agreement_id

    def subscribe(self, of: tuple[UUID, UUID], way: str = "amqp", **body: Any) -> UUID:
        subscription_id = uuid7()
        self.attempt(lambda work: subscriptions.subscribe(work, of[0], {
            "agreement_id": of[1], "name": "كل التراخيص", "way": way, **body}, subscription_id))  # fmt: skip
        return subscription_id

    def arrive(self, count: int, requests: int = 10, node: str = "EG-C", event_type: str = MOVED,
               seed: int = 1) -> list[dict[str, Any]]:
        """Events of so many requests in turn, as they came up. Answers their envelopes."""
        pick = random.Random(seed)
        subjects = [uuid7() for _ in range(requests)]
        versions = dict.fromkeys(subjects, 0)
        made, lines = [], []
        sequence = self.unit_of_work().scalar(_REACHED, node=node)
        for _ in range(count):
            subject = pick.choice(subjects)
            versions[subject] += 1
            envelope = asyncapi.sample(event_schemas.every()[event_type])
            envelope.update(id=str(uuid7()), subject=str(subject), sequence=str(versions[subject]),
                            source=f"urn:shubbak:{node}:requests:1", time=self.now.isoformat())
            envelope["data"]["request_id"] = str(subject)
            body = UP[event_type].whole(envelope)
            sequence += 1
            plain = Message(node, "EG", 1, sequence, UUID(envelope["id"]), event_type, body, "k1", b"")
            signed = Message(node, "EG", 1, plain.sequence, plain.id, event_type, body, "k1", sign(plain, KEYS[node]))
            lines.append(log.Line(signed, subject, decode(body).time, None))
            made.append(envelope)
        self.attempt(lambda work: log.append(work, lines))
        return made

    def later(self, seconds: float) -> None:
        """The clock goes on."""
        self.now += timedelta(seconds=seconds)

    def close(self) -> None:
        """Nothing of it is delivered in the next test of the same database."""
        for one in subscriptions.every(self.unit_of_work()):
            self.attempt(lambda work, of=UUID(one["subscription_id"]): subscriptions.end(work, of, "انتهت التجربة هنا"))
        self.database.close()
