"""The gateway's own tables, worked on by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from chassis.actors import PUBLIC
from chassis.database import Database, Statement
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from tests.unit.gateway.ground import settings

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class Ground:
    database: Database
    now: datetime = NOW
    settings: Any = field(default_factory=settings)

    def run(self, work: Callable[[Any], Any]) -> Any:
        privacy = Privacy(self.settings.rings, self.settings.lookup_key)
        context = Context(self.settings, self.database, privacy, lambda: self.now)
        return attempt(lambda: UnitOfWork(context, PUBLIC, "test"), work)

    def count(self, table: Any) -> int:
        return int(self.database.read(Statement(select(func.count()).select_from(table)), {})[0][0])
