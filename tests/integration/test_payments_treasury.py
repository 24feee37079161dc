"""Periods told to the treasury, over a real database: four eyes, balanced, closed for good."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rules import ledger as ledger_rules
from rules import treasury as rules
from rules.fees import Charge
from rules.refusal import Refusal
from services.payments import ledger, totals, treasury
from services.payments.totals import Source
from tests.support.payments_ground import NOON, Ground
from tests.support.statements import HEAD, OFFICER, pay

NAME = {"ar": "رسم", "en": "Fee"}


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    """Books with days of payments; earlier tests' periods may stand, so each test tells the days after them."""
    made = Ground(database_url("payments"), now=NOON)
    made.publish()
    last = made.rows("SELECT max(until) AS day FROM treasury_period")[0].day
    made.now = max(NOON, NOON + timedelta(days=(last - NOON.date()).days + 2)) if last else NOON
    yield made
    made.attempt(totals.fold)
    with made.database.transaction() as connection:
        assert treasury.check(connection) == []
    made.close()


def collect(ground: Ground, amount: int, reference: str, code: str = "1101") -> None:
    """Money booked at the ground's present moment."""
    made = ledger_rules.rail_receipt("fawry", reference, [Charge("fee", NAME, code, amount)])
    ground.attempt(lambda work: ledger.post(work, made, unit="EG-C-07", source=Source("shop", "fawry")))


def prepare(ground: Ground, until: date, since: date | None = None) -> dict[str, Any]:
    body = {"since": since, "until": until}
    answered: dict[str, Any] = ground.attempt(lambda work: treasury.prepare(work, body), OFFICER)
    return answered


def close(ground: Ground, period: dict[str, Any], actor: Any = HEAD) -> dict[str, Any]:
    body = {"period_id": period["period_id"], "digest": period["digest"]}
    answered: dict[str, Any] = ground.attempt(lambda work: treasury.close(work, body), actor)
    return answered


def opening(ground: Ground) -> tuple[date, date | None]:
    """The day that the ground stands on, and the first day to give where no period was ever told."""
    today = ground.now.date()
    first = ground.rows("SELECT count(*) AS n FROM treasury_period")[0].n == 0
    return today, date(2026, 1, 1) if first else None


def of_unit(period: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(row["kind"], row["accounting_code"], row["net"]) for row in period["rows"] if row["unit"] == "EG-C-07"]


def test_a_period_is_prepared_by_one_and_closed_by_another_and_signed(ground: Ground) -> None:
    today, since = opening(ground)
    collect(ground, 10_000, f"one-{today}")
    with pytest.raises(Refusal, match="treasury_days_running"):
        prepare(ground, today, since)
    ground.wait(days=1)
    period = prepare(ground, today, since)
    assert ("collection", "1101", 10_000) in of_unit(period)
    with pytest.raises(Refusal, match="four_eyes"):
        close(ground, period, OFFICER)
    with pytest.raises(Refusal, match="treasury_file_differs"):
        close(ground, {**period, "digest": "0" * 64})
    closed = close(ground, period)
    assert (closed["state"], closed["closed_by"]) == ("closed", HEAD.id)
    with pytest.raises(Refusal, match="treasury_closed"):
        close(ground, period)
    files = {form: treasury.file(ground.unit_of_work(), {"period_id": period["period_id"], "format": form})["body"]
             for form in ("xml", "csv")}
    digests = {form: rules.digest(body.encode()) for form, body in files.items()}
    assert (digests["xml"].hex(), digests["csv"].hex()) == (closed["xml_digest"], closed["csv_digest"])
    _, key = treasury.signing_key(ground.settings)
    said = (f"SHT1 EG-C {closed['number']} {closed['since']} {closed['until']} {rules.pounds(closed['total'])} "
            f"csv={digests['csv'].hex()} xml={digests['xml'].hex()}").encode()
    key.public_key().verify(base64.b64decode(closed["signature"]), said)
    [event] = ground.events(UUID(str(period["period_id"])))
    assert (event.type, event.data["total"]) == ("payments.treasury.closed.v1", closed["total"])


def test_a_late_entry_falls_into_the_next_period_as_a_correction(ground: Ground) -> None:
    today, since = opening(ground)
    collect(ground, 10_000, f"early-{today}")
    ground.wait(days=1)
    closed = close(ground, prepare(ground, today, since))
    ground.wait(days=-1)  # a commit that took its time before the day was over
    collect(ground, 700, f"late-{today}")
    ground.wait(days=1)
    collect(ground, 500, f"next-{today}", "1102")
    ground.wait(days=1)
    following = prepare(ground, today + timedelta(days=1))
    assert following["since"] == (today + timedelta(days=1)).isoformat()
    assert of_unit(following) == [("collection", "1102", 500), ("correction", "1101", 700)]
    close(ground, following)
    body = {"period_id": closed["period_id"], "format": "xml"}
    told = treasury.file(ground.unit_of_work(), body)["body"]
    assert rules.digest(told.encode()).hex() == closed["xml_digest"]


def test_what_moved_after_the_preparation_is_prepared_again(ground: Ground) -> None:
    today, since = opening(ground)
    collect(ground, 100, f"before-{today}")
    ground.wait(days=1)
    period = prepare(ground, today, since)
    ground.wait(days=-1)
    collect(ground, 200, f"meanwhile-{today}")
    ground.wait(days=1)
    with pytest.raises(Refusal, match="treasury_moved"):
        close(ground, period)
    again = prepare(ground, today)
    assert again["period_id"] == period["period_id"] and again["total"] == period["total"] + 200
    with pytest.raises(Refusal, match="treasury_file_differs"):
        close(ground, period)  # the file that was looked at is the former one
    close(ground, again)


def test_all_that_was_told_is_what_the_ledger_holds(ground: Ground) -> None:
    today, since = opening(ground)
    pay(ground)
    collect(ground, 900, f"sum-{today}")
    ground.attempt(totals.fold)
    ground.wait(days=1)
    close(ground, prepare(ground, today, since))
    [told] = ground.rows("SELECT sum(total)::bigint AS told FROM treasury_period WHERE state = 'closed'")
    [held] = ground.rows("SELECT -sum(amount)::bigint AS held FROM entry e JOIN journal j ON j.id = e.journal_id "
                         "WHERE account LIKE 'revenue:%' AND (j.at AT TIME ZONE 'Africa/Cairo')::date <= :day",
                         day=today)
    assert told.told == held.held


def test_periods_follow_each_other_without_a_gap(ground: Ground) -> None:
    today, since = opening(ground)
    ground.wait(days=3)
    close(ground, prepare(ground, today, since))
    with pytest.raises(Refusal, match="treasury_since_fixed"):
        prepare(ground, today + timedelta(days=2), since=today + timedelta(days=2))
    with pytest.raises(Refusal, match="period_reversed"):
        prepare(ground, today)


def test_two_who_close_at_once_close_it_once(ground: Ground) -> None:
    today, since = opening(ground)
    ground.wait(days=1)
    period = prepare(ground, today, since)
    outcomes: list[str] = []

    def run() -> None:
        try:
            outcomes.append(close(ground, period)["state"])
        except Refusal as refusal:
            outcomes.append(refusal.faults[0].code)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["closed", *["treasury_closed"] * 3]
    assert len(ground.events(UUID(str(period["period_id"])))) == 1


def test_the_database_itself_keeps_what_was_closed(ground: Ground) -> None:
    today, since = opening(ground)
    ground.wait(days=1)
    closed = close(ground, prepare(ground, today, since))
    for attack in ("UPDATE treasury_period SET total = 0 WHERE id = :p", "DELETE FROM treasury_period WHERE id = :p",
                   "DELETE FROM treasury_row WHERE period_id = :p"):
        with pytest.raises(DBAPIError), ground.database.transaction() as connection:
            connection.execute(text(attack), {"p": closed["period_id"]})
