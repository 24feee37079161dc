"""A day at the sandbox rails, its statements, and what is held against the books of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from infra.peers.client import Peers
from services.payments import errands, paying, refund_errands
from services.payments.reconciliation import differences, matching
from tests.support import refunds_ground
from tests.support.callback_door import CallbackDoor
from tests.support.days import today
from tests.support.payments_ground import PUBLIC, TOTAL, Ground
from tests.support.statements import OFFICER, read_in, waiting

pytestmark = pytest.mark.usefixtures("one_day")
RAILS = ("fawry", "paymob", "efinance")


@pytest.fixture
def ground(database_url: Callable[..., str], peers: Peers, door: CallbackDoor) -> Iterator[Ground]:
    made = Ground(database_url("payments"), peers.url, door.url, datetime.now(UTC))
    made.publish()
    door.ground = made
    door.fresh(peers)
    yield made
    assert made.faults() == []
    made.close()


def order(ground: Ground, rail: str) -> Any:
    """A bill that was given a reference by the rail."""
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": rail}), PUBLIC)
    errands.run(ground)
    [row] = ground.rows("SELECT reference FROM payment WHERE bill_id = :b", b=bill["bill_id"])
    return bill["bill_id"], row.reference


@pytest.mark.parametrize("rail", RAILS)
def test_a_simulated_day_agrees_but_for_what_the_rail_kept_silent_about(
        ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    requests.post(f"{peers.url}/control", json={"rail": {"commissions": {rail: "1.25"}}}, timeout=30).raise_for_status()
    for _, reference in (order(ground, rail) for _ in range(2)):
        requests.post(f"{peers.url}/pay/{reference}", json={"behaviour": "normal"}, timeout=30).raise_for_status()
    silent, reference = order(ground, rail)
    requests.post(f"{peers.url}/pay/{reference}", json={"behaviour": "silent"}, timeout=30).raise_for_status()
    door.wait_for(2)
    ground.now, day = datetime.now(UTC), today()
    content = requests.get(f"{peers.url}/statements/{rail}", {"day": day.isoformat()}, timeout=30).content
    found = read_in(ground, content, since=day, rail=rail)
    assert {kind: one["lines"] for kind, one in found["found"].items()} == {"matched": 2, "missing_here": 1}
    assert found["commission"] == 2 * 151  # 1.25 % of 120.50 is 1.50625
    [row] = waiting(ground, found["statement_id"])
    body = {"difference_id": row.id, "decision": "book", "reason": "the rail's file says that it was paid"}
    assert ground.attempt(lambda work: differences.decide(work, body), OFFICER)["outcome"] == "paid"
    assert ground.bill(silent)["state"] == "paid"
    assert matching.summary(ground.unit_of_work(), found["statement_id"])["gross"] == 3 * TOTAL


@pytest.mark.parametrize("rail", RAILS)
def test_what_the_rail_gave_back_stands_in_its_file_and_agrees(
        ground: Ground, peers: Peers, door: CallbackDoor, rail: str) -> None:
    requests.post(f"{peers.url}/control", json={"rail": {"commissions": {}}}, timeout=30).raise_for_status()
    bill_id, reference = order(ground, rail)
    requests.post(f"{peers.url}/pay/{reference}", json={"behaviour": "normal"}, timeout=30).raise_for_status()
    door.wait_for(1)
    asked = refunds_ground.ask(ground, {"bill_id": bill_id})
    refunds_ground.decide(ground, asked["refund_id"])
    refund_errands.run(ground)
    assert ground.bill(bill_id)["state"] == "refunded"
    ground.now, day = datetime.now(UTC), today()
    content = requests.get(f"{peers.url}/statements/{rail}", {"day": day.isoformat()}, timeout=30).content
    with_refund = content.splitlines(keepends=True)
    own = b"".join([with_refund[0], *(line for line in with_refund if reference.encode() in line)])
    found = read_in(ground, own, since=day, rail=rail)
    assert found["found"]["matched"] == {"lines": 2, "amount": 0}
    assert (found["gross"], found["returned"], found["expected"]) == (TOTAL, TOTAL, 0)


def test_a_day_of_no_rail_is_not_found(peers: Peers) -> None:
    for path in ("statements/nobody?day=2026-03-01", "statements/fawry?day=today", "statements/fawry"):
        assert requests.get(f"{peers.url}/{path}", timeout=30).status_code == 404


def test_a_terminal_charges_a_card_and_its_bank_tells_it(peers: Peers) -> None:
    slip = requests.post(f"{peers.url}/terminals/10000001/slips", json={"amount": "120.50", "last4": "2346"},
                         timeout=30).json()
    assert (slip["terminal_id"], slip["batch"], slip["last4"], slip["amount"]) == ("10000001", "1", "2346", "120.50")
    day = today().isoformat()
    told = requests.get(f"{peers.url}/statements/pos", {"day": day}, timeout=30).text.splitlines()
    [line] = [one for one in told if slip["approval_code"] in one]
    assert line.startswith(f"10000001,1,{slip['approval_code']},2346,SALE,120.50,0.00,EGP,{day}T")


@pytest.mark.parametrize(("terminal", "given"), [
    ("1", {"amount": "1.00"}), ("10000001", {}), ("10000001", {"amount": "0"}), ("10000001", {"amount": "-1"}),
    ("10000001", {"amount": "1.005"}), ("10000001", {"amount": "NaN"}), ("10000001", {"amount": "1", "last4": "12"}),
    ("10000001", {"amount": "1", "batch": "x"}),
])  # fmt: skip
def test_a_terminal_takes_nothing_that_no_terminal_takes(peers: Peers, terminal: str, given: dict[str, str]) -> None:
    assert requests.post(f"{peers.url}/terminals/{terminal}/slips", json=given, timeout=30).status_code == 422
