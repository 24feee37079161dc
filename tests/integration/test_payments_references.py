"""A rail's reference that does not come: watched, told of, and other rails offered meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import generate_latest

from chassis.errors import ConfigurationError
from chassis.metrics import REGISTRY
from services.payments import gauges, paying, settle
from services.payments.rails import base
from tests.support.payments_ground import PUBLIC, Ground


@pytest.fixture(scope="module")
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("payments"))
    made.publish()
    yield made
    made.close()


def age(rail: str) -> float:
    [line] = [line for line in generate_latest(REGISTRY).decode().splitlines()
              if line.startswith(f'shubbak_payments_reference_age_seconds{{rail="{rail}"}}')]
    return float(line.split()[-1])


def told(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record for record in caplog.records if record.message == "a rail gives no references"]


def test_an_old_wish_without_a_reference_is_measured_and_told_of_once_a_minute(
        ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    bill = ground.billed()
    ground.attempt(lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "fawry"}), PUBLIC)
    with caplog.at_level(logging.ERROR):
        ground.wait(seconds=100)
        gauges.measure(ground)  # type: ignore[arg-type]
        assert (age("fawry"), age("paymob"), told(caplog)) == (100, 0, [])
        assert ground.bill(bill["bill_id"])["payments"][0]["late"] is False
        ground.wait(seconds=21)
        for _ in range(3):
            gauges.measure(ground)  # type: ignore[arg-type]
        [record] = told(caplog)
        assert (record.rail, record.payments, record.oldest_seconds) == ("fawry", 1, 121)
        ground.wait(seconds=60)
        gauges.measure(ground)  # type: ignore[arg-type]
        assert len(told(caplog)) == 2
    shown = ground.bill(bill["bill_id"])
    assert shown["payments"][0]["late"] is True
    assert "fawry" in shown["rails"] and set(shown["other_rails"]) == set(shown["rails"]) - {"fawry"}

    [payment] = ground.rows("SELECT merchant_reference FROM payment WHERE bill_id = :b", b=bill["bill_id"])
    report = base.Report(payment.merchant_reference, base.NEW, "9312312312")
    ground.attempt(lambda work: settle.take(work, "fawry", report, "charge"))
    gauges.measure(ground)  # type: ignore[arg-type]
    assert age("fawry") == 0 and ground.bill(bill["bill_id"])["payments"][0]["late"] is False


def test_another_rail_is_used_while_one_is_waited_for(ground: Ground) -> None:
    bill = ground.billed()
    for rail in ("fawry", "efinance"):
        ground.attempt(lambda work, rail=rail: paying.start(work, {"bill_id": bill["bill_id"], "rail": rail}), PUBLIC)
    shown = ground.bill(bill["bill_id"])
    assert {payment["rail"] for payment in shown["payments"]} == {"fawry", "efinance"}
    assert set(shown["other_rails"]) == set(shown["rails"]) - {"fawry", "efinance"}


def test_the_limit_of_the_alarm_is_a_number_of_seconds(ground: Ground) -> None:
    with pytest.raises(ConfigurationError):
        gauges.reference_alarm(type(ground.settings)(**{
            **{name: getattr(ground.settings, name) for name in ground.settings.__dataclass_fields__},
            "environ": {**ground.settings.environ, "SHUBBAK_REFERENCE_ALARM": "soon"}}))
