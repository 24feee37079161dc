"""Applications of the national portal at the node: numbers are reserved ahead, and each is lodged once under the one
that was given, whatever order and however often it comes."""

from __future__ import annotations

import random
from dataclasses import replace

import orjson
import pytest
from sqlalchemy import text

from chassis.config import decode_key
from chassis.events import LARGEST, decode
from chassis.ids import uuid7
from chassis.uow import Context
from rules import inquiry
from services.requests import portal_numbers
from tests.support import papers
from tests.support.portal_ground import *  # noqa: F403  (fixtures)
from tests.support.portal_ground import (
    KEY,
    application,
    hear,
    numbers_of,
    reserve,
    retry,
    standing,
    sweep,
    told,
    unknown,
)
from tests.support.requests_ground import LAST4, UNIT, Ground


def test_numbers_are_reserved_ahead_and_topped_up_when_half_are_used(ground: Ground) -> None:
    first = reserve(ground)
    assert len(set(first)) == 6 and not ground.attempt(portal_numbers.top_up)
    for number in first[:3]:
        hear(ground, *application(ground, number, (papers.ONE_PAGE, papers.ONE_PAGE)).events)
        sweep(ground)
    assert ground.attempt(portal_numbers.top_up)
    assert len(set(numbers_of(ground))) == 9
    ground.wait(days=900)
    assert {row.state for row in ground.rows("SELECT state FROM reserved_serial")} == {"used", "reserved"}


def test_many_numbers_go_in_blocks_that_an_event_holds(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal_numbers, "BLOCK", 4)
    assert ground.attempt(portal_numbers.top_up) and not ground.attempt(portal_numbers.top_up)
    blocks = [decode(bytes(row.body)).data["numbers"] for row in ground.rows(
        "SELECT body FROM event_log WHERE type = 'requests.portalblock.reserved.v1' ORDER BY id")]
    assert [len(block) for block in blocks] == [4, 2] and len({number for block in blocks for number in block}) == 6


def test_the_largest_block_is_well_below_what_an_event_holds() -> None:
    data = {"block_id": uuid7(), "numbers": ["01-26-12345678-0"] * portal_numbers.BLOCK}
    assert len(orjson.dumps(data)) < LARGEST // 4


def test_without_a_key_to_open_applications_nothing_is_reserved(ground: Ground) -> None:
    closed = {name: value for name, value in ground.settings.environ.items() if name != "SHUBBAK_LINK_BOX_KEY"}
    unit = ground.unit_of_work()
    unit.settings = replace(ground.settings, environ=closed)
    assert portal_numbers.wanted(unit) == 0 and not portal_numbers.top_up(unit)


def test_an_application_is_lodged_with_exactly_its_number_from_the_day_it_was_taken(ground: Ground) -> None:
    number, *_ = reserve(ground)
    one = application(ground, number)
    taken = ground.now
    ground.wait(days=3)
    hear(ground, *one.events)
    sweep(ground)
    row = standing(ground, one)
    assert (row.state, row.sealed, told(ground, one)) == ("lodged", None, ["lodged"])
    request = ground.rows("SELECT * FROM request")[0]
    assert (request.tracking_number, request.lodged_at, request.channel, request.taken_by) == (
        number, taken, "portal", "public")
    ground.check_documents()
    assert {paper.status for paper in ground.rows("SELECT status FROM document WHERE request_id IS NOT NULL")} == {
        "clean"}
    assert ground.status(number)["tracking_number"] == number
    assert ground.rows("SELECT 1 FROM portal_part") == []


@pytest.mark.parametrize("seed", range(6))
def test_late_twice_and_out_of_order_it_is_lodged_once(ground: Ground, seed: int) -> None:
    number, *_ = reserve(ground)
    one = application(ground, number)
    chance = random.Random(seed)
    events = one.events + chance.choices(one.events, k=4)
    chance.shuffle(events)
    for each in events:
        hear(ground, each)
        if chance.random() < 0.5:
            sweep(ground)
    sweep(ground)
    hear(ground, *one.events)
    sweep(ground)
    assert ground.rows("SELECT count(*) AS n FROM request")[0].n == 1
    assert [row.state for row in ground.rows("SELECT state FROM portal_application")] == ["lodged"]
    assert told(ground, one) == ["lodged"]


def test_nothing_is_lodged_before_every_part_is_there(ground: Ground) -> None:
    number, *_ = reserve(ground)
    one = application(ground, number)
    _, missing, *_ = one.events
    hear(ground, *(each for each in one.events if each is not missing))
    sweep(ground)
    assert standing(ground, one).state == "waiting" and ground.rows("SELECT 1 FROM request") == []
    hear(ground, missing)
    sweep(ground)
    assert standing(ground, one).state == "lodged"


def test_of_a_unit_that_closed_another_unit_takes_it_under_the_same_number(ground: Ground) -> None:
    number, *_ = reserve(ground)
    one = application(ground, number)
    closed = {"name": {"ar": "الأول", "en": "First"}, "governorate": "EG-C", "kind": "district", "status": "closed"}
    ground.organise("unit", UNIT, {"valid_from": "2020-01-01", "body": closed})
    hear(ground, *one.events)
    sweep(ground)
    assert list(standing(ground, one).codes) == ["unit_unknown"]
    assert retry(ground, one, unit="EG-C-02")["state"] == "lodged"
    request = ground.rows("SELECT * FROM request")[0]
    assert (request.unit, request.tracking_number) == ("EG-C-02", number)


@pytest.mark.parametrize("register", ["restored", "recovered", "never_lodged", None])
def test_a_restored_node_lodges_with_exactly_the_number_that_it_forgot(ground: Ground, register: str | None) -> None:
    number = unknown(ground, register)
    one = application(ground, number)
    hear(ground, *one.events)
    hear(ground, one.events[0])
    held = ground.rows("SELECT number, state FROM reserved_serial")
    assert held == [(number, "reserved")]
    sweep(ground)
    hear(ground, *one.events)
    sweep(ground)
    assert standing(ground, one).state == "lodged" and told(ground, one) == ["lodged"]
    assert [row.tracking_number for row in ground.rows("SELECT tracking_number FROM request")] == [number]
    assert [(row.request_id is not None) for row in ground.rows(
        "SELECT request_id FROM number_register WHERE serial IN (SELECT serial FROM reserved_serial)")] == [True]
    again = application(ground, number)
    hear(ground, *again.events)
    sweep(ground)
    assert list(standing(ground, again).codes) == ["number_not_reserved"]
    assert ground.rows("SELECT count(*) AS n FROM request")[0].n == 1


def test_a_number_that_was_taken_in_is_given_to_nobody_at_the_window(ground: Ground) -> None:
    """Also where the node's own numbers have not come as far yet."""
    number = unknown(ground, None)
    with ground.database.transaction() as connection:
        connection.execute(text("SELECT setval('tracking_serial', (SELECT last_value FROM tracking_serial) - 6)"))
    one = application(ground, number)
    hear(ground, one.events[0])
    at_the_window = {ground.submit()["tracking_number"] for _ in range(3)}
    assert number not in at_the_window and len(at_the_window) == 3
    hear(ground, *one.events)
    sweep(ground)
    assert standing(ground, one).state == "lodged"


def test_the_check_for_the_centres_inquiry_travels_with_every_state_and_follows_a_corrected_phone(
    ground: Ground,
) -> None:
    lodged = ground.submit()
    ground.pay(lodged)
    number = lodged["tracking_number"]
    expected = inquiry.check(number, LAST4, decode_key(KEY))
    checks = [event.data["inquiry_check"] for event in ground.events(lodged["request_id"])]
    assert checks == [expected] * len(checks) and len(checks) >= 2
    assert inquiry.lets_in(expected, number, LAST4, (decode_key("sample-new"), decode_key(KEY)))
    assert not inquiry.lets_in(expected, number, "0000", (decode_key(KEY),))


def test_a_node_without_the_countrys_key_says_nothing(ground: Ground) -> None:
    apart = {name: value for name, value in ground.settings.environ.items() if name != "SHUBBAK_KEY_INQUIRY"}
    kept = ground.context
    ground.context = Context(replace(ground.settings, environ=apart), kept.database, kept.privacy, kept.clock)
    try:
        lodged = ground.submit()
    finally:
        ground.context = kept
    assert [event.data["inquiry_check"] for event in ground.events(lodged["request_id"])] == [None]
