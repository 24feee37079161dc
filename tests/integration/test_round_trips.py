"""A hot path asks the database once and writes once: two round trips, whatever the capability does in between."""

from __future__ import annotations

import pytest

from services.requests import assignment
from tests.support.requests_ground import OFFICER, Ground, shop
from tests.support.round_trips import counted


@pytest.fixture(scope="module")
def ground(database_url):
    made = Ground(database_url("requests"))
    made.publish(shop())
    yield made
    made.close()


def test_lodging_a_request(ground):
    ground.submit()  # the definition is read once a process
    body = ground.application()
    with counted(ground.database) as trips:
        ground.submit(body)
    assert trips == ["read", "write"]


def test_adding_a_document(ground):
    with counted(ground.database) as trips:
        ground.upload()
    assert trips == ["write"]


def test_being_handed_a_task_and_acting_on_it(ground):
    ground.reviewed()
    with counted(ground.database) as handed:
        task = ground.attempt(assignment.next_task, OFFICER)["task"]
    with counted(ground.database) as acted:
        ground.act(OFFICER, task, "accept")
    assert handed == ["read", "write"]
    assert acted == ["read", "write"]


def test_a_payment_moves_its_request_on(ground):
    lodged = ground.submit()
    with counted(ground.database) as trips:
        ground.pay(lodged)
    assert trips == ["read", "write"]
