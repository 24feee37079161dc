"""Citizens' accounts over a database: bindings that meet, what is told to a lost phone, what is kept, how long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from chassis import config, retention
from chassis.actors import PUBLIC, Actor, system
from chassis.database import Database
from chassis.errors import Conflict, Unavailable
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from infra import secrets
from rules.refusal import Refusal
from services.gateway import citizens, tables, telling
from services.gateway import retention as rules
from services.gateway.citizens import Person

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CLERK = Actor("staff:clerk", "staff", ("window_clerk",), unit="EG-C-01")
ONE = Person("national_id", "28503150101232", "+201012345678")
TWO = Person("national_id", "29001011234566", "+201112345678")


class Ground:
    """Stands where a Platform stands."""

    def __init__(self, url: str) -> None:
        self.settings = config.load("gateway", {
            **secrets.keys(), "SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
            "SHUBBAK_DATABASE_URL": url})  # fmt: skip
        self.database, self.now = Database(url, 8), NOON
        self.privacy = Privacy(self.settings.rings, self.settings.lookup_keys)
        self.context = Context(self.settings, self.database, self.privacy, lambda: self.now)

    def unit_of_work(self, actor: Actor | None = None) -> UnitOfWork:
        return UnitOfWork(self.context, actor or system("gateway"), "test")

    def attempt(self, run: Callable[[UnitOfWork], Any], actor: Actor | None = None) -> Any:
        return attempt(lambda: self.unit_of_work(actor), run)

    def sent(self, purpose: str, person: Person, reason: str | None = None) -> Any:
        """A code on its way to a person, as the gateway keeps it."""
        sent = {"challenge_id": str(uuid7()), "expires_at": (self.now + timedelta(minutes=10)).isoformat()}
        actor = CLERK if purpose == citizens.BIND else PUBLIC
        self.attempt(lambda work: citizens.remember(work, purpose, person, sent, "ar", "EG-C-01", reason), actor)
        return self.unit_of_work().first(
            citizens._CHALLENGE, id=UUID(sent["challenge_id"]), purpose=purpose, now=self.now)  # fmt: skip

    def log_in(self, person: Person) -> tuple[str, citizens.Citizen]:
        row = self.sent(citizens.LOG_IN, person)
        token, _, who = self.attempt(lambda work: citizens.open_session(work, row, person.phone, True))
        return token, who

    def bind(self, person: Person, reason: str | None = None) -> dict[str, Any]:
        row = self.sent(citizens.BIND, person, reason)
        bound: dict[str, Any] = self.attempt(lambda work: citizens.bind(work, row, person.phone), CLERK)
        return bound

    def citizen_of(self, token: str) -> citizens.Citizen | None:
        found: citizens.Citizen | None = self.attempt(lambda work: citizens.citizen_of(work, token))
        return found

    def rows(self, statement: str) -> list[Any]:
        with self.database.transaction() as connection:
            return list(connection.execute(text(statement)))


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("gateway"))
    yield made
    made.database.close()


@pytest.fixture
def ground(opened: Ground) -> Ground:
    opened.now = NOON
    with opened.database.transaction() as connection:
        connection.execute(text("TRUNCATE citizen_account, citizen_session, citizen_challenge, audit, retention_run"))
    return opened


def test_the_tables_are_what_the_migrations_make(ground: Ground) -> None:
    def of_citizens(name: str | None, kind: str, *_: Any) -> bool:
        return kind != "table" or (name or "").startswith("citizen_")

    engine = create_engine(ground.settings.database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={
            "include_name": of_citizens, "include_object": lambda _, name, kind, *__: of_citizens(name, kind)})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_a_code_sent_once_is_for_one_card_and_one_reason(ground: Ground) -> None:
    sent = {"challenge_id": str(uuid7()), "expires_at": (NOON + timedelta(minutes=10)).isoformat()}

    def remember(person: Person, reason: str | None) -> None:
        ground.attempt(
            lambda work: citizens.remember(work, citizens.BIND, person, sent, "ar", "EG-C-01", reason), CLERK)

    remember(ONE, "فقد الشريحة")
    remember(ONE, "فقد الشريحة")  # pressed twice
    for person, reason in ((Person(TWO.card, TWO.number, ONE.phone), "فقد الشريحة"), (ONE, "سبب آخر تماماً"),
                           (ONE, None)):
        with pytest.raises(Refusal, match="idempotency_key_reused"):
            remember(person, reason)
    row = ground.unit_of_work().first(
        citizens._CHALLENGE, id=UUID(sent["challenge_id"]), purpose=citizens.BIND, now=NOON)
    assert ground.privacy.open(row.number, field=citizens.NUMBER) == ONE.number


def test_two_log_ins_at_once_are_one_account(ground: Ground) -> None:
    first, second = ground.sent(citizens.LOG_IN, ONE), ground.sent(citizens.LOG_IN, ONE)
    slow = ground.unit_of_work()
    citizens.open_session(slow, first, ONE.phone, True)
    _, _, who = ground.attempt(lambda work: citizens.open_session(work, second, ONE.phone, True))
    with pytest.raises(Conflict):
        slow.commit()
    _, _, again = ground.attempt(lambda work: citizens.open_session(work, first, ONE.phone, True))
    assert again.actor.id == who.actor.id


def test_two_clerks_who_bind_one_phone_at_once_bind_it_once(ground: Ground) -> None:
    other = Person(TWO.card, TWO.number, ONE.phone)
    slow, row = ground.unit_of_work(CLERK), ground.sent(citizens.BIND, other)
    citizens.bind(slow, row, ONE.phone)
    ground.bind(ONE)
    with pytest.raises(Conflict):
        slow.commit()
    with pytest.raises(Refusal, match="phone_has_person"):
        ground.attempt(lambda work: citizens.bind(work, row, ONE.phone), CLERK)


def test_who_gives_way_on_both_sides_gives_way_at_once(ground: Ground) -> None:
    """The person has another phone and the phone another person: both end, the phone that was lost is told."""
    ground.bind(ONE)
    ground.bind(TWO)
    mine = Person(ONE.card, ONE.number, TWO.phone)
    with pytest.raises(Refusal) as refused:
        ground.bind(mine)
    assert {fault.code for fault in refused.value.faults} == {"person_has_phone", "phone_has_person"}
    assert ground.bind(mine, "تبادلا الهاتفين بحضورهما معاً")["replaced"] == 2
    told = ground.attempt(citizens.to_tell)
    assert [one["phone"] for one in told] == [ONE.phone]
    [bound] = ground.rows("SELECT bound_by, bound_unit FROM citizen_account WHERE ended_at IS NULL")
    assert tuple(bound) == (CLERK.id, "EG-C-01")


def test_a_session_opened_before_the_binding_sees_it_and_one_of_an_ended_account_is_over(ground: Ground) -> None:
    token, _ = ground.log_in(ONE)
    before = ground.citizen_of(token)
    ground.bind(ONE)
    after = ground.citizen_of(token)
    assert before is not None and after is not None
    assert (before.bound, after.bound, before.actor.id) == (False, True, after.actor.id)
    ground.bind(Person(ONE.card, ONE.number, TWO.phone), "فقد الشريحة القديمة")
    assert ground.citizen_of(token) is None


def test_a_session_in_use_goes_on_until_its_last_hour_and_an_idle_one_does_not(ground: Ground) -> None:
    used, _ = ground.log_in(ONE)
    idle, _ = ground.log_in(TWO)
    for _ in range(11):
        ground.now += timedelta(minutes=20)
        assert ground.citizen_of(used) is not None
    assert ground.citizen_of(idle) is None
    ground.now = NOON + citizens.LIFETIME
    assert ground.citizen_of(used) is None


def test_the_token_is_kept_as_its_hash_only(ground: Ground) -> None:
    token, _ = ground.log_in(ONE)
    kept = str(ground.rows("SELECT * FROM citizen_session")) + str(ground.rows("SELECT * FROM citizen_account"))
    assert token not in kept and ONE.number not in kept and ONE.phone not in kept


@pytest.mark.parametrize("failing", [Unavailable("away"), None])
def test_a_lost_phone_is_told_once_however_often_notifications_is_away(
    ground: Ground, failing: Exception | None
) -> None:
    ground.bind(ONE)
    ground.bind(Person(ONE.card, ONE.number, TWO.phone), "فقد الشريحة القديمة")
    called: list[Any] = []

    def calls(method: str, payload: Any, *, actor: str, command_id: UUID) -> dict[str, Any]:
        called.append((method, payload["phone"], command_id))
        if failing is not None and len(called) == 1:
            raise failing
        return {}

    platform = SimpleNamespace(attempt=ground.attempt, unit_of_work=ground.unit_of_work, calls=calls,
                               settings=SimpleNamespace(actor_private_key=b"\x07" * 32))  # fmt: skip
    turns = [telling.tell_unbound(platform) for _ in range(3)]
    assert turns == ([False, True, False] if failing else [True, False, False])
    assert len(set(called)) == 1 and called[0][:2] == ("notifications.tell_unbound", ONE.phone)


def test_accounts_go_after_their_time_and_those_in_use_stay(ground: Ground) -> None:
    ground.bind(ONE)
    ground.bind(Person(ONE.card, ONE.number, TWO.phone), "فقد الشريحة القديمة")
    ground.now += timedelta(days=366)
    third = Person(ONE.card, "28503150101240", "+201212345678")
    ground.log_in(third)

    def gone(rule: retention.Rule, years: float) -> int:
        return sum(retention.apply(ground.database, ground.privacy, rule, NOON + timedelta(days=years * 365), "test"))

    assert gone(rules.ENDED, 1.1) == 0  # its phone was not told yet
    [ended] = ground.attempt(citizens.to_tell)
    ground.attempt(lambda work: citizens.told(work, ended["account_id"]))
    assert (gone(rules.ENDED, 0.9), gone(rules.ENDED, 1.1)) == (0, 1)
    assert (gone(rules.UNUSED, 2.9), gone(rules.UNUSED, 3.1), gone(rules.UNUSED, 4.1)) == (0, 1, 1)
    assert ground.rows("SELECT 1 FROM citizen_account") == ground.rows("SELECT 1 FROM citizen_session") == []
