"""Finance at the centre sees what its rails took for governorates: by day, by how it stands, and what is in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chassis.answers import load
from chassis.ids import uuid7
from contracts.payments_centre import CHARGE_STANDS, ChargesByDay, ListCharges
from rules.refusal import Refusal
from services.payments import charge_lists, charge_records, charges
from services.payments.rails.base import PAID, Report
from tests.integration.test_payments import CASHIER
from tests.support.payments_ground import Ground

NIGHT = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)  # after midnight in Cairo
ASKED: dict[str, Any] = {"node": None, "state": None, "stands": None, "since": None, "until": None, "arrived": {},
                         "before": None, "limit": 100}


@pytest.fixture
def centre(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"), now=NIGHT + timedelta(days=1), node="EG")
    with made.database.transaction() as connection:
        connection.execute(text("TRUNCATE charge, charge_report, charge_refund"))
    yield made
    made.close()


def charged(centre: Ground, node: str, *, state: str = "paid", paid: int | None = 12_050, at: datetime = NIGHT,
            back: int = 0, refund: str = "done") -> Any:
    """A charge as it is kept, with what was reported of it and given back."""
    charge_id = uuid7()
    centre.rows("INSERT INTO charge (id, version, node, bill_id, bill_number, service_code, rail, merchant_reference, "
                "state, amount, shares, wished_at, taken_at, reference, paid_amount, paid_at, attempts) VALUES (:i, 1, "
                ":n, :i, 'B-1', 'shop', 'fawry', :r, :s, 12050, '[]', :w, :w, '99', :p, :a, 0) RETURNING 1",
                i=charge_id, n=node, r=charge_id.hex, s=state, w=at - timedelta(hours=1), p=paid,
                a=at if paid else None)
    if paid:
        centre.rows("INSERT INTO charge_report (charge_id, news, status, amount, source, taken_at, paid_at) "
                    "VALUES (:i, '1', 'paid', :p, 'callback', :a, :a) RETURNING 1", i=charge_id, p=paid, a=at)
    if back:
        centre.rows("INSERT INTO charge_refund (id, version, node, charge_id, amount, attempt, said, state, tries, "
                    "wished_at, taken_at, done_at) VALUES (:f, 1, :n, :i, :b, 1, '{}', :s, 1, :a, :a, :d) RETURNING 1",
                    f=uuid7(), n=node, i=charge_id, b=back, s=refund, a=at, d=centre.now if refund == "done" else None)
    return charge_id


def stands(centre: Ground, **asked: Any) -> dict[Any, str]:
    found = charge_lists.listed(centre.unit_of_work(), {**ASKED, **asked})["charges"]
    return {one["charge_id"]: one["stands"] for one in found}


def test_each_charge_is_shown_as_it_stands_and_found_by_that(centre: Ground) -> None:
    wished = charged(centre, "EG-C", state="pending", paid=None)
    ended = [charged(centre, "EG-C", state=state, paid=None) for state in ("withdrawn", "refused", "expired")]
    cairo, suez, never = charged(centre, "EG-C"), charged(centre, "EG-SUZ"), charged(centre, "EG-ASN")
    late = charged(centre, "EG-SUZ", at=NIGHT + timedelta(hours=2))
    back, doubt = charged(centre, "EG-C", back=50), charged(centre, "EG-C", back=50, refund="uncertain")
    # Cairo has receipted everything, Suez what it was told up to an hour after; of Aswan nothing is known.
    arrived = {"EG-C": None, "EG-SUZ": (NIGHT + timedelta(hours=1)).isoformat()}
    expected = {wished: "wished", **dict.fromkeys(ended, "ended"), cairo: "told", suez: "told", late: "paid",
                never: "paid", back: "refunded", doubt: "told"}
    assert stands(centre, arrived=arrived) == expected
    for one in CHARGE_STANDS:
        assert stands(centre, arrived=arrived, stands=one) == {i: said for i, said in expected.items() if said == one}
    assert set(stands(centre, arrived={})) == set(expected) and "told" not in stands(centre).values()
    assert set(stands(centre, node="EG-SUZ")) == {suez, late}


def test_days_are_cairos_and_what_went_back_counts_on_its_own(centre: Ground) -> None:
    charged(centre, "EG-C", back=50)
    charged(centre, "EG-C", paid=1_000)
    charged(centre, "EG-SUZ", at=NIGHT - timedelta(hours=2))
    charged(centre, "EG-C", state="pending", paid=None)
    charged(centre, "EG-C", back=70, refund="uncertain", at=NIGHT - timedelta(days=30))
    found = charge_lists.by_day(centre.unit_of_work(), {"node": None, "since": None, "until": None})
    assert [(row["node"], row["day"], row["charges"], row["came"], row["given_back"]) for row in found["days"]] == [
        ("EG-C", date(2026, 3, 3), 0, 0, 50), ("EG-C", date(2026, 3, 2), 2, 13_050, 0),
        ("EG-SUZ", date(2026, 3, 1), 1, 12_050, 0)]
    assert [(row["node"], row["amount"]) for row in found["in_doubt"]] == [("EG-C", 70)]
    day = {"since": date(2026, 3, 1), "until": date(2026, 3, 1), "node": None}
    assert [row["node"] for row in charge_lists.by_day(centre.unit_of_work(), day)["days"]] == ["EG-SUZ"]
    assert len(stands(centre, since=date(2026, 3, 2), until=date(2026, 3, 2))) == 2
    # Paid, and asked for before midnight.
    assert len(stands(centre, since=date(2026, 3, 1), until=date(2026, 3, 1))) == 2


def test_what_came_twice_for_one_charge_counts_on_the_day_of_each_payment_as_in_the_rails_file(centre: Ground) -> None:
    charge_id = charged(centre, "EG-C", state="pending", paid=None)
    for number, (piastres, at) in enumerate([(12_050, NIGHT - timedelta(days=1)), (500, NIGHT)]):
        def paid(work: Any, number: int = number, piastres: int = piastres, at: datetime = at) -> None:
            charge = charge_records.one(work, charge_id)
            charges.take(work, charge, Report(charge.merchant_reference, PAID, reference=f"9{number}",
                                              amount=piastres, paid_at=at), "callback")
        centre.attempt(paid)
    found = charge_lists.by_day(centre.unit_of_work(), {"node": None, "since": None, "until": None})
    assert [(row["day"], row["charges"], row["came"]) for row in found["days"]] == [
        (date(2026, 3, 2), 1, 500), (date(2026, 3, 1), 1, 12_050)]
    day = {"node": "EG-C", "since": date(2026, 3, 2), "until": date(2026, 3, 2)}
    assert [row["came"] for row in charge_lists.by_day(centre.unit_of_work(), day)["days"]] == [500]


def test_it_says_how_many_are_in_doubt_beyond_those_that_it_shows(centre: Ground) -> None:
    for _ in range(102):
        charged(centre, "EG-C", back=70, refund="uncertain")
    found = charge_lists.by_day(centre.unit_of_work(), {"node": None, "since": None, "until": None})
    assert (len(found["in_doubt"]), found["in_doubt_more"]) == (100, 2)


@pytest.mark.parametrize(("since", "until", "refused"), [
    (date(2026, 1, 1), date(2026, 4, 2), False), (date(2026, 1, 1), date(2026, 4, 3), True),
    (date(2026, 3, 2), date(2026, 3, 1), True)])
def test_sums_are_asked_for_over_so_many_days_at_most(centre: Ground, since: date, until: date, refused: bool) -> None:
    body = {"node": None, "since": since, "until": until}
    if not refused:
        assert charge_lists.by_day(centre.unit_of_work(), body)["days"] == []
        return
    with pytest.raises(Refusal) as found:
        charge_lists.by_day(centre.unit_of_work(), body)
    assert [(fault.code, fault.field) for fault in found.value.faults] == [("charge_days_wrong", "until")]


@pytest.mark.parametrize("schema", [ListCharges, ChargesByDay])
@pytest.mark.parametrize("asked", [{"until": "9999-12-31"}, {"until": "0001-01-01"}, {"since": "0001-01-01"}])
def test_days_that_no_calendar_can_count_on_from_are_refused(schema: Any, asked: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        load(schema(), asked)
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [("field_invalid", *asked)]


def test_a_page_goes_on_where_the_last_ended(centre: Ground) -> None:
    made = [charged(centre, "EG-C") for _ in range(5)]
    seen, before = [], None
    while True:
        page = charge_lists.listed(centre.unit_of_work(), {**ASKED, "limit": 2, "before": before})
        seen += [one["charge_id"] for one in page["charges"]]
        before = page["next"]
        if before is None:
            break
    assert seen == sorted(made, reverse=True)


def test_who_is_bound_to_a_unit_sees_nothing_of_it(centre: Ground) -> None:
    bound = centre.unit_of_work(CASHIER)
    for run in (lambda: charge_lists.listed(bound, ASKED), lambda: charge_lists.by_day(bound, ASKED)):
        with pytest.raises(Refusal, match="unit_bound"):
            run()
