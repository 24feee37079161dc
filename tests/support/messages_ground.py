"""A node's messages without a container: its database, a clock that can be moved on, and channels of any providers."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis import actors, config
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from infra import secrets
from services.notifications import messages
from services.notifications.health import Policy
from services.notifications.kinds import Lane
from services.notifications.messages import Draft
from services.notifications.packing import pack_email, pack_sms
from services.notifications.providers.base import Provider
from services.notifications.sending import Channel, Member

KEYS = secrets.keys()
LEASE = timedelta(minutes=10)
NOON = datetime(2026, 3, 1, 10, tzinfo=UTC)  # in Cairo: no quiet hours

# No two tests write to the same: what an operator says late of an earlier test's message is not taken for this one's.
_NUMBERS = itertools.count(1)


@dataclass
class Ground:
    """`now` is the clock of every unit of work, from noon of a day on; `later` moves it."""

    context: Context
    ahead: list[timedelta]
    begun: float
    channels: list[Channel] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return NOON + self.ahead[0] + timedelta(seconds=time.monotonic() - self.begun)

    def later(self, by: timedelta) -> None:
        self.ahead[0] += by

    def work(self, actor: Any = None) -> UnitOfWork:
        return UnitOfWork(self.context, actor or actors.system("notifications"), "test")

    def transact(self, run: Callable[[UnitOfWork], Any], actor: Any = None) -> Any:
        return attempt(lambda: self.work(actor), run)

    def channel(self, name: str, providers: Sequence[tuple[Provider, int, int]], policy: Policy | None = None,
                sender: str = "no-reply@cairo.example", lease: timedelta = LEASE) -> Channel:
        """A channel of (provider, weight, price)."""
        made = Channel(name, [Member(*one) for one in providers], pack_sms if name == "sms" else pack_email(sender),
                       lease, policy)
        self.channels.append(made)
        return made

    def message(self, channel: str = "sms", address: str | None = None, *, lane: Lane = Lane.STEP,
                unit: str | None = "EG-C-01", says: str = "Your request was received.") -> UUID:
        """Make one message; returns its id."""
        number = next(_NUMBERS)
        to = address or (f"+20109{number:07d}" if channel == "sms" else f"c{number}@example.org")
        content = {"text": says} if channel == "sms" else {"subject": "Request", "plain": says, "html": f"<p>{says}"}
        draft = Draft(channel, to, "request_received", 1, "en", content, lane=lane, unit=unit, id=uuid7())
        self.transact(lambda work: messages.create(work, None, uuid7(), [draft]))
        return draft.id

    def to(self, identity: UUID) -> str:
        """Whom a message is for, as an operator or a mail server has it."""
        return self.context.privacy.open(self.row(identity).address, field=messages.ADDRESS).lstrip("+")

    def rows(self, ids: Sequence[UUID]) -> list[Any]:
        with self.context.database.transaction() as connection:
            return list(connection.execute(text("SELECT * FROM message WHERE id = ANY(:ids)"), {"ids": list(ids)}))

    def row(self, identity: UUID) -> Any:
        return self.rows([identity])[0]

    def states(self, ids: Sequence[UUID]) -> set[str]:
        return {row.state for row in self.rows(ids)}

    def sql(self, statement: str, **params: Any) -> list[Any]:
        with self.context.database.transaction() as connection:
            return list(connection.execute(text(statement), params))

    def until(self, condition: Callable[[], object], *channels: Channel, seconds: float = 60) -> None:
        """Let channels work until something is so."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not come to that in time"
            for channel in channels:
                channel.step(self.transact)
            time.sleep(0.02)


@contextmanager
def ground(url: str) -> Iterator[Ground]:
    loaded = config.load("notifications", {
        **KEYS, "SHUBBAK_MODE": "demo", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local", "SHUBBAK_DATABASE_URL": url,
    })  # fmt: skip
    database = Database(url, 8)
    with database.transaction() as connection:
        connection.execute(text(
            "TRUNCATE recipient, message, message_part, receipt, provider_share, provider_callback, "
            "address_day, preference CASCADE"))  # fmt: skip
        connection.execute(text("ALTER TABLE provider_change DISABLE TRIGGER USER"))
        connection.execute(text("TRUNCATE provider_change"))
        connection.execute(text("ALTER TABLE provider_change ENABLE TRIGGER USER"))
    ahead, begun = [timedelta()], time.monotonic()
    context = Context(loaded, database, Privacy(loaded.rings, loaded.lookup_keys),
                      lambda: NOON + ahead[0] + timedelta(seconds=time.monotonic() - begun))
    made = Ground(context, ahead, begun)
    try:
        yield made
    finally:
        for channel in made.channels:
            channel.close()
        database.close()
