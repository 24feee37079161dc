"""Callbacks that nobody signed: all are refused, a minute of them is one row of the audit, and genuine ones come in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from rules.refusal import Refusal
from services.payments import callbacks, forgeries, paying
from tests.support.payments_ground import NOON, PUBLIC, RAIL, Ground, callback_body

FLOOD = 60


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    yield made
    assert made.faults() == []
    made.close()


def forge(ground: Ground, source: str, rail: str = "fawry") -> None:
    body = {"rail": rail, "body": callback_body("any", reference="1", key="of a stranger"), "query": {},
            "media_type": "application/json", "source": source}
    with pytest.raises(Refusal, match="callback_forged"):
        ground.attempt(lambda work: callbacks.take(work, body), RAIL)


def told(ground: Ground) -> list[tuple[str, int]]:
    return [(row.subject, row.details["count"]) for row in ground.rows(
        "SELECT subject, details FROM audit WHERE action = 'denied' ORDER BY details->>'count'")]


def test_a_flood_is_one_row_a_minute_and_source_and_genuine_callbacks_come_in(ground: Ground) -> None:
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    [ours] = ground.rows("SELECT merchant_reference FROM payment")[0]
    threads = [threading.Thread(target=forge, args=(ground, "198.51.100.1")) for _ in range(FLOOD)]
    for thread in threads:
        thread.start()
    forge(ground, "198.51.100.2")
    assert ground.callback(callback_body(ours, reference="9700000001")) is True
    for thread in threads:
        thread.join()
    assert ground.bill(bill["bill_id"])["state"] == "paid"
    ground.attempt(forgeries.tell)
    assert told(ground) == [], "the minute is not over"
    ground.wait(minutes=1)
    forge(ground, "198.51.100.1")
    ground.attempt(forgeries.tell)
    assert told(ground) == [("forged:fawry", 1), ("forged:fawry", FLOOD)]
    ground.attempt(forgeries.tell)
    assert len(told(ground)) == 2, "once"
    ground.wait(minutes=1)
    ground.attempt(forgeries.tell)
    assert sum(count for _, count in told(ground)) == FLOOD + 2
    assert ground.rows("SELECT 1 FROM forged_callback") == []


def test_the_address_itself_is_not_kept(ground: Ground) -> None:
    ground.now = NOON + timedelta(days=1)
    forge(ground, "198.51.100.77")
    ground.wait(minutes=2)
    ground.attempt(forgeries.tell)
    kept = str([tuple(row) for row in ground.rows("SELECT details FROM audit")])
    assert "198.51.100.77" not in kept
