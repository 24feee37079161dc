"""The ground of catalog's tests: its real doors over a real database, without a bus, on a clock of the test's own."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis import actors, config
from chassis.actors import Actor
from chassis.database import Database
from chassis.events import decode
from chassis.ids import uuid7
from chassis.platform import Request
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.events import REGISTRY, Event
from infra import secrets
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal
from services.catalog.service import Catalog

MORNING = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)  # Sunday, 10:00 in Cairo
TODAY = date(2026, 3, 1)


def _staff(name: str, *roles: str) -> Actor:
    return Actor(id=f"staff:{name}", kind="staff", roles=roles)


LOADER = Actor(id="operator:test", kind="system", roles=("system",))
EDITOR = _staff("editor", "catalogue_editor")
COLLEAGUE = _staff("colleague", "catalogue_editor")
REVIEWER = _staff("reviewer", "catalogue_reviewer")
SECOND = _staff("second", "catalogue_reviewer")
BOTH = _staff("both", "catalogue_editor", "catalogue_reviewer")
CLERK = _staff("clerk", "window_clerk")

_DOORS = {
    entrypoint.declared.method: door
    for door in vars(Catalog).values()
    for entrypoint in getattr(door, "nameko_entrypoints", ())
    if hasattr(entrypoint, "declared")
}
_TABLES = ("definition, national_version, retirement, adoption, service, approval, proposal, event_log, audit, "
           "command, inbox, inbox_stream")


class Desk:
    """Stands where a Platform stands for the doors under test."""

    def __init__(self, url: str, node: str = "EG-C", **extra: str) -> None:
        environ = {**secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": node, "SHUBBAK_BUS": "local",
                   "SHUBBAK_DATABASE_URL": url, **extra}
        self.settings = config.load("catalog", environ)
        self.database = Database(url, 8)
        self.now = MORNING
        privacy = Privacy(self.settings.rings, self.settings.lookup_key)
        self.context = Context(self.settings, self.database, privacy, lambda: self.now)
        self.verifier = actors.Verifier(self.settings.actor_public_keys)
        key = config.load("gateway", environ).actor_private_key
        assert key is not None
        self.signer = actors.Signer(key)
        self.service = Catalog()

    def close(self) -> None:
        self.database.close()

    def fresh(self) -> None:
        """Empty, as on the first day. (A trigger of rows does not see a TRUNCATE.)"""
        self.now = MORNING
        with self.database.transaction() as connection:
            connection.execute(text(f"TRUNCATE {_TABLES}"))

    def wait(self, **duration: float) -> None:
        """Let time pass on the test's clock."""
        self.now += timedelta(**duration)

    @property
    def today(self) -> date:
        return cairo_date(self.now)

    def day(self, days: int) -> str:
        """The day so many days from today, as the doors take it."""
        return (self.today + timedelta(days=days)).isoformat()

    def unit_of_work(self, actor: Actor, correlation_id: str) -> UnitOfWork:
        return UnitOfWork(self.context, actor, correlation_id)

    # -- the doors

    def ask(self, actor: Actor, method: str, command_id: UUID | None = None, **payload: Any) -> dict[str, Any]:
        """Call a door as the bus would. Raises the Refusal that it answers."""
        replies: list[bytes] = []
        message = {
            "method": method, "payload": json.loads(json.dumps(payload)),
            "actor": self.signer.sign(actor, datetime.now(UTC)), "command": str(command_id or uuid7()),
            "deadline": datetime.now(UTC).timestamp() + 20, "correlation": "test",
        }
        _DOORS[method](self.service, Request(self, message, replies.append))  # type: ignore[arg-type]
        answer = orjson.loads(replies[0])
        if "refused" in answer:
            raise Refusal([Fault(**fault) for fault in answer["refused"]])
        assert "answer" in answer, answer
        found: dict[str, Any] = answer["answer"]
        return found

    def load(self, definition: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.ask(LOADER, "catalog.load_national", definition=definition, **more)

    def propose(self, kind: str, body: dict[str, Any], actor: Actor = EDITOR, **more: Any) -> dict[str, Any]:
        return self.ask(actor, "catalog.propose", kind=kind, body=body, **more)

    def submitted(self, kind: str, body: dict[str, Any], actor: Actor = EDITOR, **more: Any) -> dict[str, Any]:
        """A proposal that waits for its reviewers."""
        drafted = self.propose(kind, body, actor, **more)
        return self.submit(drafted, actor)

    def submit(self, proposal: dict[str, Any], actor: Actor = EDITOR) -> dict[str, Any]:
        return self.ask(actor, "catalog.submit_proposal", proposal_id=proposal["proposal_id"],
                        version=proposal["version"])

    def decide(self, proposal: dict[str, Any], decision: str = "approve", actor: Actor = REVIEWER,
               **more: Any) -> dict[str, Any]:
        return self.ask(actor, "catalog.decide", proposal_id=proposal["proposal_id"], version=proposal["version"],
                        decision=decision, **more)

    def approved(self, kind: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Written by one, approved by another; what was applied."""
        applied: dict[str, Any] = self.decide(self.submitted(kind, body, **more))["applied"]
        return applied

    def show(self, proposal: dict[str, Any], actor: Actor = EDITOR) -> dict[str, Any]:
        return self.ask(actor, "catalog.proposal", proposal_id=proposal["proposal_id"])

    def get(self, code: str, version: int | None = None) -> dict[str, Any]:
        return self.ask(actors.PUBLIC, "catalog.get", code=code, version=version)

    def ask_versions(self, code: str, scope: str = "local") -> list[dict[str, Any]]:
        """All versions of a service, newest first."""
        found: list[dict[str, Any]] = self.ask(actors.PUBLIC, "catalog.versions", code=code, scope=scope)["versions"]
        return found

    def offered(self) -> list[str]:
        """The codes of all services in force today."""
        return [one["code"] for one in self.ask(actors.PUBLIC, "catalog.list")["services"]]

    # -- what comes over the bus

    def hear(self, event: Event) -> None:
        attempt(lambda: self.unit_of_work(actors.system("catalog"), "test"),
                lambda work: self.service.take_adoption(work, event))

    # -- what is in the database

    def rows(self, query: str, **params: Any) -> list[Any]:
        with self.database.transaction() as connection:
            return list(connection.execute(text(query), params))

    def events(self, event_type: str | None = None) -> list[Event]:
        """The events in the order they were appended, each held against its contract."""
        found = [decode(bytes(row.body)) for row in self.rows("SELECT body FROM event_log ORDER BY id")]
        for event in found:
            faults = REGISTRY[event.type].schema().validate(json.loads(json.dumps(event.data)))
            assert not faults, (event.type, faults)
        return [event for event in found if event_type in (None, event.type)]

    def audited(self, action: str) -> list[Any]:
        return self.rows("SELECT * FROM audit WHERE action = :action ORDER BY id", action=action)

    def counts(self) -> dict[str, int]:
        """What must be the same after a refusal as before it."""
        tables = ("definition", "national_version", "retirement", "adoption", "proposal", "approval", "event_log",
                  "command", "service")
        return {table: self.rows(f"SELECT count(*) AS n FROM {table}")[0].n for table in tables}
