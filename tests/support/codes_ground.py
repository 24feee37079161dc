"""The ground of the tests of one-time codes: their capabilities over a real database, on a clock of the test's own.

Run as a module it checks one code and dies on the way, as a process does that is killed:
`python -m tests.support.codes_ground <database> <moment> <challenge> <code> <command> tried|committed`."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis import commands, config
from chassis.actors import PUBLIC, Actor
from chassis.answers import load
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import notifications_codes as language
from infra import secrets
from services.notifications import codes
from services.notifications.messages import CONTENT

URL = "https://cairo.shubbak.example"
MORNING = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PHONE, OTHER = "+201012345678", "+201112345678"


class Ground:
    """Stands where a Platform stands for the capabilities under test."""

    def __init__(self, url: str, keys: dict[str, str] | None = None) -> None:
        self.keys = keys or secrets.keys()
        self.settings = config.load("notifications", {
            **self.keys, "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
            "SHUBBAK_DATABASE_URL": url})  # fmt: skip
        self.database = Database(url, 12)
        self.now = MORNING
        self.privacy = Privacy(self.settings.rings, self.settings.lookup_keys)
        self.context = Context(self.settings, self.database, self.privacy, lambda: self.now)

    def close(self) -> None:
        self.database.close()

    def fresh(self) -> None:
        self.now = MORNING
        with self.database.transaction() as connection:
            connection.execute(text(
                "TRUNCATE code_challenge, code_count, code_last, message, message_part, event_log, audit, command"))

    def work(self, actor: Actor = PUBLIC) -> UnitOfWork:
        return UnitOfWork(self.context, actor, "test")

    def wait(self, **duration: float) -> None:
        """Let time pass on the test's clock."""
        self.now += timedelta(**duration)

    def send(self, phone: str = PHONE, source: str = "41.33.1.2", actor: Actor = PUBLIC, **more: Any) -> dict[str, Any]:
        body = load(language.SendCode(), {"purpose": "log_in", "phone": phone, "source": source, **more})
        sent: dict[str, Any] = attempt(lambda: self.work(actor), lambda work: codes.send(work, body, URL))
        return sent

    def check(self, sent: Any, code: str, command_id: UUID | None = None, purpose: str = "log_in") -> dict[str, Any]:
        payload = {"challenge_id": sent["challenge_id"], "purpose": purpose, "code": code}
        body = load(language.CheckCode(), dict(payload))
        return commands.apply(self.work, command_id or uuid7(), "notifications.check_code", payload,
                              lambda work: codes.check(work, body))  # fmt: skip

    def text_of(self, sent: Any) -> str:
        """What the message of a challenge says, opened as the sender opens it."""
        with self.database.transaction() as connection:
            content = connection.execute(
                text("SELECT content FROM message WHERE cause = :cause"), {"cause": sent["challenge_id"]}).scalar_one()
        said: str = json.loads(self.privacy.open(content, field=CONTENT))["text"]
        return said

    def code_of(self, sent: Any) -> str:
        """The code itself, read off the message: before the line for browsers where there is one."""
        return self.text_of(sent).splitlines()[0].rsplit(" ", 1)[1]

    def rows(self, table: str) -> list[Any]:
        with self.database.transaction() as connection:
            return list(connection.execute(text(f"SELECT * FROM {table}")))


def other_than(code: str) -> str:
    """A code that this one is not."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def _die(url: str, moment: str, challenge: str, code: str, command: str, where: str) -> None:
    """Check a code, and be killed when a try was taken and nothing is committed yet, or when all of it is."""
    ground = Ground(url, {name: value for name, value in os.environ.items() if name.startswith("SHUBBAK_")})
    ground.now = datetime.fromisoformat(moment)
    database: Any = ground.database
    commit: Callable[[Any], None] = database.commit
    counted = iter(("tried", "committed"))

    def die_after(writes: Any) -> None:
        commit(writes)
        if next(counted) == where:
            os.kill(os.getpid(), signal.SIGKILL)

    database.commit = die_after
    ground.check({"challenge_id": challenge}, code, UUID(command))


if __name__ == "__main__":
    _die(*sys.argv[1:])
