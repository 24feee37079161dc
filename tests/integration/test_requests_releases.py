"""Licences released on the spot over a real database: the node decides, one device releases, payments is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from rules import licence as licence_rule
from services.requests import licences
from tests.support.requests_ground import HEAD, Ground, shop
from tests.support.tablets import MOBILE, Tablet


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish(shop())
    yield made
    made.close()


@pytest.fixture
def ground(opened: Ground) -> Ground:
    opened.fresh()
    return opened


@pytest.fixture
def tablet(ground: Ground) -> Tablet:
    return Tablet(ground).certified()


@pytest.fixture
def decided(ground: Ground) -> dict[str, Any]:
    """A request that the head approved: it waits for its last fee."""
    lodged = ground.decided()
    ground.do(HEAD, "approve")
    return lodged


def ticket_of(ground: Ground, tablet: Tablet, lodged: dict[str, Any], **until: float) -> dict[str, Any]:
    [found] = tablet.tickets(lodged, until=ground.now + timedelta(**(until or {"hours": 10})))
    assert found["refused_code"] is None, found
    ticket: dict[str, Any] = found["ticket"]
    return ticket


def told(ground: Ground) -> list[Any]:
    return [json.loads(bytes(row.body))["data"] for row in ground.rows(
        "SELECT body FROM event_log WHERE type = 'requests.release.reported.v1' ORDER BY occurred_at")]


def verified(ground: Ground, serial: str) -> dict[str, Any]:
    return licences.verification(ground.unit_of_work(), serial)


def test_what_the_node_decided_is_released_by_the_tablet_and_is_the_licence(
        ground: Ground, tablet: Tablet, decided: dict[str, Any]) -> None:
    ticket = ticket_of(ground, tablet, decided)
    assert verified(ground, ticket["serial"])["status"] == "not_reported_yet"
    ground.wait(hours=2)
    body = tablet.released(ticket)
    ground.wait(hours=5)
    assert tablet.report(body)["serial"] == ticket["serial"]
    [event] = told(ground)
    assert (event["applied"], event["amount"], event["device_receipt"], event["collected_by"]) == (
        True, ticket["amount"], 1, MOBILE.id)
    ground.hear(ground.bill_event(decided["request_id"], "final", collected_by=MOBILE.id))
    assert ground.row(decided).licence_serial == ticket["serial"]
    shown = verified(ground, ticket["serial"])
    assert (shown["status"], shown["qr"], shown["released_on_the_spot"]) == ("valid", body["qr"], True)
    keys = {key: licence_rule.public_key(text)
            for key, text in licences.public_keys(ground.unit_of_work()).items()}
    assert licence_rule.verify(body["qr"], keys).holder == shown["holder"]
