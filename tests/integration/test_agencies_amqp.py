"""Agencies' events in queues of their own, on a real broker of the centre over TLS: in order, none lost, none in the
way of another agency."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from infra.broker import centre
from infra.ca.authority import Authority
from infra.rabbitmq import Broker
from services.gateway.__main__ import main as gateway
from services.gateway.agencies import amqp, subscriptions
from tests.support.agencies_amqp import ISSUED, MOVED, Centre
from tests.support.agencies_broker import *  # noqa: F403  (fixtures)
from tests.support.agencies_broker import ROOM, taken, until, watched

CODES = ("civil-defence", "tax-authority", "sleepy", "unheard", "moving", "killed", "stuck", "steady")
UNDECLARED = "nowhere"


def test_an_agency_gets_what_is_agreed_in_order_as_cloudevents(
    place: Centre, couriers: amqp.Couriers, broker: Broker, authority: Authority
) -> None:
    mine = place.subscribe(place.agency("civil-defence", (MOVED,), fields={MOVED: ["tracking_number", "state"]}))
    sent = place.arrive(250, requests=7)
    place.arrive(20, event_type=ISSUED)
    until(couriers, lambda: watched(place, mine)["lag"] == 0)
    came = taken(broker, authority, "civil-defence")
    assert {event["id"] for _, event in came} == {one["id"] for one in sent} and len(came) == 250
    order: dict[str, list[str]] = defaultdict(list)
    for message, event in came:
        assert message.properties["content_type"] == "application/cloudevents+json"
        assert message.properties["message_id"] == event["id"] and message.properties["type"] == MOVED
        assert message.properties["delivery_mode"] == 2
        assert set(event["data"]) == {"tracking_number", "state"}
        order[event["subject"]].append(event["sequence"])
    assert all(numbers == sorted(numbers, key=int) for numbers in order.values()) and len(order) == 7
    told = watched(place, mine)
    assert (told["condition"], told["delivered"], told["failed"]) == ("well", 250, 0) and told["last_success_at"]


def test_a_full_queue_keeps_nobody_else_waiting_and_loses_nothing(
    place: Centre, couriers: amqp.Couriers, broker: Broker, authority: Authority
) -> None:
    sleepy, awake = (place.subscribe(place.agency(code)) for code in ("sleepy", "tax-authority"))
    sent = [one["id"] for one in place.arrive(ROOM + 500, requests=40)]
    came: list[str] = []

    def drained() -> bool:
        came.extend(event["id"] for _, event in taken(broker, authority, "tax-authority"))
        return len(came) >= len(sent)

    until(couriers, drained)
    assert came == list(dict.fromkeys(came)) and set(came) == set(sent)
    until(couriers, lambda: watched(place, sleepy)["condition"] == "circuit_open")
    told = watched(place, sleepy)
    assert told["lag"] > 0 and "full" in told["last_failure"] and told["oldest_seconds"] >= 0
    assert watched(place, awake)["condition"] == "well"

    # The sleeper wakes: what waited follows, in order, as often as it has to be tried.
    found: list[dict[str, Any]] = []

    def woken() -> bool:
        found.extend(event for _, event in taken(broker, authority, "sleepy"))
        place.later(300)
        return {event["id"] for event in found} == set(sent)

    until(couriers, woken)
    firsts: dict[str, dict[str, int]] = defaultdict(dict)
    for event in found:
        firsts[event["subject"]].setdefault(event["id"], int(event["sequence"]))
    assert all(list(numbers.values()) == sorted(numbers.values()) for numbers in firsts.values())


def test_a_subscription_that_cannot_be_handled_keeps_nobody_else_waiting(
    place: Centre, couriers: amqp.Couriers, broker: Broker, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    broken, steady = place.agency("stuck"), place.agency("steady")
    place.subscribe(broken)
    place.subscribe(steady)
    nobody_agreed = text("UPDATE agreement SET fields = CAST(:fields AS jsonb) WHERE id = :one")
    with place.database.transaction() as connection:
        connection.execute(nobody_agreed, {"fields": json.dumps({MOVED: ["state", "state.x"]}), "one": broken[1]})
    sent = {one["id"] for one in place.arrive(20)}
    came: set[str] = set()

    def all_came() -> bool:
        came.update(event["id"] for _, event in taken(broker, authority, "steady"))
        return came >= sent

    until(couriers, all_came)
    assert "the subscription of stuck by amqp is left alone" in caplog.text and taken(broker, authority, "stuck") == []


def test_who_has_no_queue_is_told_so_and_gets_everything_once_it_stands(
    place: Centre, couriers: amqp.Couriers, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = place.subscribe(place.agency(UNDECLARED))
    place.arrive(3)
    until(couriers, lambda: watched(place, mine)["failed"] > 0)
    assert "declare-centre" in watched(place, mine)["last_failure"] and watched(place, mine)["lag"] > 0
    for name, value in place.environ.items():
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(gateway, ["amqp-agencies"])  # what declare-centre is given
    assert told.exit_code == 0 and UNDECLARED in told.output.strip().split(",")
    broker.add(centre.definitions(["EG-C"], told.output.strip().split(",")))

    def there() -> bool:
        place.later(60)
        return broker.queue_length(centre.agency_user(UNDECLARED), centre.AGENCIES) == 3

    until(couriers, there)


def test_a_broker_that_goes_away_loses_nothing(
    place: Centre, couriers: amqp.Couriers, broker: Broker, authority: Authority
) -> None:
    mine = place.subscribe(place.agency("unheard"))
    first = place.arrive(40)
    until(couriers, lambda: watched(place, mine)["delivered"] > 0)
    broker.close_all_connections()
    second = place.arrive(40, seed=2)
    until(couriers, lambda: watched(place, mine)["lag"] == 0)
    came = [event["id"] for _, event in taken(broker, authority, "unheard")]
    assert set(came) == {one["id"] for one in [*first, *second]}


def test_a_paused_subscription_waits_and_another_process_goes_on_where_one_stopped(
    place: Centre, couriers: amqp.Couriers, broker: Broker, authority: Authority
) -> None:
    mine = place.subscribe(place.agency("moving"))
    first = place.arrive(10)
    until(couriers, lambda: watched(place, mine)["lag"] == 0)
    place.attempt(lambda work: subscriptions.pause(work, mine, "نقل إلى خادم آخر عند الجهة"))
    until(couriers, lambda: not couriers._of)
    second = place.arrive(10, seed=2)
    couriers.step()
    assert watched(place, mine)["lag"] == 10
    couriers.stop()
    place.attempt(lambda work: subscriptions.resume(work, mine))
    other = amqp.Couriers(place.settings, place.unit_of_work)
    try:
        until(other, lambda: watched(place, mine)["lag"] == 0)
    finally:
        other.stop()
    came = [event["id"] for _, event in taken(broker, authority, "moving")]
    assert sorted(came) == sorted(one["id"] for one in [*first, *second])


@pytest.mark.slow
def test_a_process_that_is_killed_while_it_publishes_loses_nothing_and_keeps_the_order(
    place: Centre, broker: Broker, authority: Authority
) -> None:
    """kill -9, twice: what was not confirmed is sent again, before its successors."""
    mine = place.subscribe(place.agency("killed"))
    sent = place.arrive(3_000, requests=50)
    environ = {**os.environ, **place.environ, "SHUBBAK_ADMIN_PORT": "0", "PYTHONWARNINGS": "ignore"}
    came: list[dict[str, Any]] = []

    def drained(wanted: Callable[[], bool]) -> None:
        ends = time.monotonic() + 60
        while not wanted():
            assert time.monotonic() < ends, f"{len(came)} came"
            came.extend(event for _, event in taken(broker, authority, "killed"))
            time.sleep(0.05)

    for share in (300, 1_500, None):
        process = subprocess.Popen([sys.executable, "-m", "chassis", "run", "gateway.agencies"], env=environ,
                                   stdout=subprocess.DEVNULL)  # fmt: skip
        try:
            if share is not None:
                drained(lambda most=share: len(came) >= most)
            else:
                drained(lambda: watched(place, mine)["lag"] == 0
                        and {event["id"] for event in came} == {one["id"] for one in sent})
        finally:
            process.kill()
            process.wait()
    firsts: dict[str, dict[str, int]] = defaultdict(dict)
    for event in came:
        firsts[event["subject"]].setdefault(event["id"], int(event["sequence"]))
    assert all(list(numbers.values()) == sorted(numbers.values()) for numbers in firsts.values())
