"""How PostgreSQL reads for a desk among many stored requests: by index, also where somebody declared a relation, and
with the plan that it keeps for a prepared statement as with one made for the values at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from chassis.actors import Actor
from chassis.ids import uuid7
from contracts.requests_own import OwnRequests
from services.requests import assignment, moving, own
from tests.load.lived import Lived
from tests.support.plans import asked, plan
from tests.support.requests_ground import staff

STORED = 20_000
WHOLE_TABLE = re.compile(r"Seq Scan on (request|task|step|document|apart|found_by)\b")


@pytest.fixture(scope="module")
def lived(database_url: Callable[..., str]) -> Iterator[Lived]:
    made = Lived(database_url("requests"), STORED, guide=True)
    made.fill()
    yield made
    made.ground.close()


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
def test_no_table_is_read_whole_to_hand_out_to_read_and_to_decide(lived: Lived, mode: str) -> None:
    ground = lived.ground
    officer, colleague = staff("related", "officer", "licensing"), staff("unrelated", "officer", "licensing")
    lived.relate([officer.id, colleague.id])

    def work() -> None:
        ground.next(colleague)
        task = ground.next(officer)
        assert task is not None
        ground.file(officer, task)
        ground.act(officer, task, "accept")
        ground.attempt(assignment.raise_to_the_unit_above)

    ground.next(officer)  # both belong to the desk from now on
    with ground.database.transaction() as connection:
        connection.execute(text("ANALYZE attendance"))
    plans = [plan(ground.database, statement, params, mode) for statement, params in asked(ground.database, work)]

    assert len(plans) >= 5
    assert [one for one in plans if WHOLE_TABLE.search(one)] == []


def test_a_desk_reads_its_queue_in_order_and_no_further_than_it_looks(lived: Lived) -> None:
    officer = staff("reader", "officer", "licensing")
    [(statement, params)] = asked(lived.ground.database, lambda: lived.ground.next(officer))

    found = plan(lived.ground.database, statement, params, "force_generic_plan")

    assert "Index Scan using task_open on task" in found
    assert "Bitmap Index Scan on task_open" not in found


def test_the_sweep_of_open_dates_reads_open_requests_only(lived: Lived) -> None:
    ground = lived.ground
    asked_for_ids = [(statement, params) for statement, params in asked(ground.database, lambda: moving.sweep(ground))
                     if "outcome IS NULL" in statement.sql]

    assert not asked_for_ids, "all is settled: nothing is swept"

    with ground.database.transaction() as connection:
        connection.execute(text("UPDATE organisation_stamp SET stamp = stamp + 1"))
    plans = [plan(lived.ground.database, statement, params, "force_generic_plan")
             for statement, params in asked(lived.ground.database, lambda: moving.sweep(ground))
             if "outcome IS NULL" in statement.sql]

    assert plans
    assert all("Index Scan using request_open_ids" in one or "Index Only Scan using request_open_ids" in one
               for one in plans)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("card", [{}, {"national_id": "28503150101232"}, {"passport": "A1234567"}])
def test_own_requests_are_looked_up_by_account_and_by_card_not_searched_for(
    lived: Lived, card: dict[str, str], mode: str
) -> None:
    citizen = Actor(str(uuid7()), "citizen", ("citizen", "bound_citizen"))
    body = OwnRequests().load(card)
    ground = lived.ground
    [(statement, params)] = asked(
        ground.database, lambda: ground.attempt(lambda work: own.listed(work, body), citizen))

    found = plan(lived.ground.database, statement, params, mode)

    assert not WHOLE_TABLE.search(found), found
    assert "request_account" in found and "found_by_pkey" in found, found
    assert "request_national_id" in found or "national_id" not in card, found
    assert "Backward using found_by" not in found and "Backward using request_pkey" not in found, found
