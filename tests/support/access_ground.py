"""Accounts of the staff over the gateway's database, as somebody in particular and with what the audit says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pyotp
import pytest
from sqlalchemy import text

from chassis.actors import Actor
from chassis.database import Database, Statement
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from rules.refusal import Refusal
from services.gateway import accounts, second_factors
from services.gateway.tables import metadata, organisation_stamp
from tests.support.gateway_ground import Ground

__all__ = ["ground"]  # what a module of tests takes by *

AUDIT = Statement(text("SELECT actor_id, action, subject, details FROM audit WHERE id > :before ORDER BY id"))


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    database = Database(database_url("gateway"), 4)
    last = database.read(Statement(text("SELECT coalesce(max(id), 0) FROM audit")), {})[0][0]
    ground = Ground(database)
    ground.audited_before = last  # type: ignore[attr-defined]
    yield ground
    with database.transaction() as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not organisation_stamp:
                connection.execute(table.delete())
    database.close()


def as_(ground: Ground, actor: Actor, work: Callable[[Any], Any]) -> Any:
    privacy = Privacy(ground.settings.rings, ground.settings.lookup_key)
    context = Context(ground.settings, ground.database, privacy, lambda: ground.now)
    return attempt(lambda: UnitOfWork(context, actor, "test"), work)


def account(ground: Ground, username: str, *roles: str, unit: str | None = None) -> UUID:
    made: UUID = ground.run(lambda work: accounts.create(
        work, username=username, password="a long password", display_name=f"Name of {username}", roles=roles,
        unit=unit))  # fmt: skip
    return made


def actor(account_id: UUID, *roles: str, unit: str | None = None) -> Actor:
    return Actor(id=str(account_id), kind="staff", roles=roles, unit=unit)


def row_of(ground: Ground, account_id: UUID) -> Any:
    return ground.run(lambda work: accounts.of_id(work, account_id))


def session(ground: Ground, account_id: UUID, how: str = accounts.PASSWORD) -> str:
    row = row_of(ground, account_id)
    return str(ground.run(lambda work: accounts.open_session(work, row, how=how))[0])


def staff(ground: Ground, token: str) -> Any:
    return ground.run(lambda work: accounts.staff_of(work, token, ground.now))


def code(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.code


def audited(ground: Ground) -> list[Any]:
    return list(ground.database.read(AUDIT, {"before": ground.audited_before}))  # type: ignore[attr-defined]


def told(ground: Ground) -> list[str]:
    return [row.action for row in audited(ground)]


def enrolled(ground: Ground, account_id: UUID) -> tuple[pyotp.TOTP, list[str]]:
    secret = second_factors.new_secret()
    app = pyotp.TOTP(secret)
    paper = ground.run(lambda work: second_factors.set_up(work, account_id, secret, app.at(ground.now)))
    return app, paper


def check(ground: Ground, account_id: UUID, given: str) -> str | None:
    found: str | None = ground.run(lambda work: second_factors.check(work, account_id, given))
    return found
