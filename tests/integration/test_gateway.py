"""The gateway's own database: accounts, sessions, counted failures, the guide's copy and the index of bills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import inspect, select

from chassis.config import Mode
from chassis.database import Database, Statement
from chassis.errors import Unavailable
from contracts.events import Event
from rules.refusal import Refusal
from services.gateway import accounts, bills, demo, guide, organisation, throttle
from services.gateway.tables import account, failure, metadata, organisation_stamp, session
from tests.support import guides
from tests.support.gateway_ground import NOW, Ground


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    database = Database(database_url("gateway"), 4)
    yield Ground(database)
    with database.transaction() as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not organisation_stamp:  # its one row is the migration's
                connection.execute(table.delete())
    database.close()


def officer(ground: Ground, username: str = "salma", password: str = "a long password") -> Any:
    return ground.run(lambda work: accounts.create(
        work, username=username, password=password, display_name="سلمى فؤاد", roles=("officer",), unit="EG-C-01",
        department="licensing"))  # fmt: skip


def log_in(ground: Ground, username: str = "salma", password: str = "a long password") -> str | None:
    row = ground.run(lambda work: accounts.check_password(work, username, password))
    return None if row is None else str(ground.run(lambda work: accounts.open_session(work, row, password))[0])


def staff(ground: Ground, token: str) -> Any:
    return ground.run(lambda work: accounts.staff_of(work, token, ground.now))


def test_migrations_make_the_tables_that_the_code_names(ground: Ground) -> None:
    inspector = inspect(ground.database.engine)
    for table in metadata.sorted_tables:
        real = {column["name"]: bool(column["nullable"]) for column in inspector.get_columns(table.name)}
        assert real == {column.name: bool(column.nullable) for column in table.columns}, table.name


def test_somebody_logs_in_works_and_logs_out(ground: Ground) -> None:
    officer(ground)
    token = log_in(ground, "  SALMA ")
    assert token is not None
    found = staff(ground, token)
    assert found.actor.roles == ("officer",) and found.actor.department == "licensing" and found.actor.unit == "EG-C-01"
    ground.run(lambda work: accounts.close_session(work, token))
    assert staff(ground, token) is None


def test_neither_password_nor_token_is_kept(ground: Ground) -> None:
    officer(ground, password="the password itself")
    token = log_in(ground, password="the password itself")
    kept = str(ground.database.read(Statement(select(account)), {})) + str(
        ground.database.read(Statement(select(session)), {})
    )
    assert "the password itself" not in kept and token is not None and token not in kept
    assert "$argon2id$" in kept


def test_a_wrong_password_an_unknown_name_and_a_closed_account_are_alike(ground: Ground) -> None:
    officer(ground)
    assert log_in(ground, password="another password") is None
    assert log_in(ground, username="nobody") is None
    token = log_in(ground)
    ground.run(lambda work: accounts.set_active(work, "salma", False))
    assert log_in(ground) is None
    assert token is not None and staff(ground, token) is None


@pytest.mark.parametrize("odd", ["sal\x00ma", "\ud800", "salma\udfff"])
def test_what_no_database_holds_is_nobodys_name_and_nobodys_password(ground: Ground, odd: str) -> None:
    officer(ground)
    assert log_in(ground, username=odd) is None
    assert log_in(ground, password=odd) is None


def test_a_session_ends_with_the_shift_and_is_forgotten(ground: Ground) -> None:
    officer(ground)
    token = log_in(ground)
    assert token is not None
    ground.now = NOW + accounts.LIFETIME - timedelta(seconds=1)
    assert staff(ground, token) is not None
    ground.now = NOW + accounts.LIFETIME
    assert staff(ground, token) is None
    ground.now = NOW + accounts.LIFETIME + timedelta(days=2)
    ground.run(accounts.forget_sessions)
    assert ground.count(session) == 0


def test_an_account_is_refused_with_all_its_faults(ground: Ground) -> None:
    officer(ground)
    with pytest.raises(Refusal) as refused:
        ground.run(lambda work: accounts.create(work, username="x", password="short", display_name="",
                                                roles=("officer", "public", "king"), unit=None))  # fmt: skip
    assert [fault.code for fault in refused.value.faults] == [
        "username_invalid", "password_short", "display_name_invalid", "role_unknown"]
    with pytest.raises(Refusal) as nowhere:
        ground.run(lambda work: accounts.create(
            work, username="nobody", password="a long password", display_name="Nobody", roles=("officer",),
            unit="EG-C-71", department="alchemy"))  # fmt: skip
    assert [fault.code for fault in nowhere.value.faults] == ["unit_unknown", "department_unknown"]
    with pytest.raises(Refusal) as taken:
        officer(ground, "Salma")
    assert taken.value.code == "username_taken"
    assert ground.count(account) == 1


def test_demo_accounts_come_once_and_never_in_production(ground: Ground) -> None:
    assert ground.run(demo.load_demo_accounts) == [
        "clerk", "cashier", "field", "accounts", "accounts-chief", "officer", "inspector", "head", "editor",
        "reviewer", "organiser", "council", "follow-up", "wording", "admin"]
    assert ground.run(demo.load_demo_accounts) == []
    assert log_in(ground, "head", demo.PASSWORD) is not None
    rounds = log_in(ground, "field", demo.PASSWORD)
    assert rounds is not None and staff(ground, rounds).actor.channel == "mobile_district"
    assert ground.run(demo.load_desk_accounts) == [desk[0] for desk in demo.DESKS]
    assert ground.run(demo.load_desk_accounts) == []
    assert log_in(ground, "industrial-safety-inspector", demo.PASSWORD) is not None
    object.__setattr__(ground.settings, "mode", Mode.PRODUCTION)
    for load in (demo.load_demo_accounts, demo.load_desk_accounts):
        with pytest.raises(RuntimeError):
            ground.run(load)


def test_failures_add_up_in_their_window_and_no_address_is_stored(ground: Ground) -> None:
    claims = ((throttle.INQUIRY_NUMBER, "01-26-21263991-J"), (throttle.INQUIRY_ADDRESS, "192.0.2.7"))
    for _ in range(throttle.INQUIRY_NUMBER.failures):
        ground.run(lambda work: throttle.check(work, *claims))
        ground.run(lambda work: throttle.failed(work, *claims))
    with pytest.raises(Refusal) as refused:
        ground.run(lambda work: throttle.check(work, *claims))
    assert refused.value.code == "too_many_requests" and refused.value.faults[0].params["seconds"] == 900
    ground.run(lambda work: throttle.check(work, (throttle.INQUIRY_NUMBER, "another number")))
    ground.run(lambda work: throttle.check(work, (throttle.INQUIRY_ADDRESS, "192.0.2.7")))
    assert b"192.0.2.7" not in b"".join(row.key for row in ground.database.read(Statement(select(failure)), {}))
    ground.now = NOW + timedelta(minutes=15)
    ground.run(lambda work: throttle.check(work, *claims))
    ground.now = NOW + timedelta(days=2)
    ground.run(throttle.forget)
    assert ground.count(failure) == 0


def event(kind: str, sequence: int, subject: Any, data: dict[str, Any]) -> Event:
    return Event(uuid4(), kind, "urn:test", subject, sequence, NOW, "test", data)


def test_the_guide_is_kept_whatever_order_its_versions_arrive_in(ground: Ground) -> None:
    held = guide.Guide(lambda statement, **params: ground.database.read(statement, params), lambda: ground.now)
    for version, day in ((2, "2026-11-22"), (1, "2026-01-01"), (1, "2026-01-01")):
        data = {"code": "lift", "version": version, "effective_from": day,
                "definition": {**guides.definitions(1)[0], "code": "lift",
                               "name": {"ar": f"مصعد {version}", "en": "Lift"}}}  # fmt: skip
        ground.run(
            lambda work, data=data: guide.take(work, event("catalog.definition.published.v1", version, uuid4(), data))
        )
    found = held.get("lift")
    assert found is not None and found.version == 1
    ground.now = NOW + timedelta(days=1)
    later = held.search("مصعد")
    assert [entry.version for entry in later] == [2]


def organised(ground: Ground, sequence: int, *timeline: dict[str, Any]) -> None:
    data = {"kind": "unit", "code": "EG-C-71", "timeline": list(timeline)}
    happened = event("catalog.organisation.changed.v1", sequence, uuid4(), data)
    ground.run(lambda work: organisation.take(work, happened))


def test_a_unit_that_was_published_is_known_from_its_day_on_and_may_have_staff(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(organisation, "FRESH_SECONDS", 0.0)
    reads: list[Any] = []

    def read(statement: Statement) -> list[Any]:
        reads.append(statement)
        return ground.database.read(statement, {})

    held = organisation.Organisation(read)
    assert held.known().unit("EG-C-71", NOW.date()) is None
    body = {"name": {"ar": "الأسمرات", "en": "El Asmarat"}, "governorate": "EG-C", "kind": "district", "status": "open"}
    organised(ground, 1, {"valid_from": "2026-11-22", "valid_until": None, "body": body})

    assert held.known().unit("EG-C-71", NOW.date()) is None
    tomorrow = held.known().unit("EG-C-71", NOW.date() + timedelta(days=1))
    assert tomorrow is not None and tomorrow.name["en"] == "El Asmarat"
    assert len(reads) == 5  # each look costs one read, and one more where something changed

    def employ(work: Any) -> Any:
        return accounts.create(work, username="there", password="a long password", display_name="هناك",
                               roles=("officer",), unit="EG-C-71")  # fmt: skip

    with pytest.raises(Refusal, match="unit_unknown"):
        ground.run(employ)
    ground.now = NOW + timedelta(days=1)
    assert ground.run(employ)


def test_the_organisation_goes_on_being_read_while_the_database_is_away(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(organisation, "FRESH_SECONDS", 0.0)

    def away(statement: Statement) -> list[Any]:
        raise Unavailable("database unreachable")

    with pytest.raises(Unavailable):
        organisation.Organisation(away).known()
    held = organisation.Organisation(lambda statement: ground.database.read(statement, {}))
    known = held.known()
    held._read = away
    assert held.known() is known


def test_a_bill_is_found_by_its_number_and_by_its_request_and_never_goes_back(ground: Ground) -> None:
    bill_id, request_id = uuid4(), uuid4()
    data = {"bill_id": str(bill_id), "request_id": str(request_id), "bill_number": "B-C-2026-000001-2",
            "tracking_number": "01-26-21263991-J", "unit": "EG-C-01", "state": "paid", "total": 15000}  # fmt: skip
    ground.run(lambda work: bills.take(work, event("payments.bill.paid.v1", 3, bill_id, data)))
    older = {**data, "state": "pending"}
    ground.run(lambda work: bills.take(work, event("payments.bill.pending.v1", 2, bill_id, older)))
    for number in ("b-c-2026-000001-2", " 01-26-21263991-J "):
        found = ground.run(lambda work, number=number: bills.find(work, number))
        assert [(one.id, one.state, one.total) for one in found] == [(bill_id, "paid", 15000)]
    assert ground.run(lambda work: bills.find(work, "B-C-2026-000002-Z")) == []
