"""Bad days of the ground under the services: nobody restarts a service, nothing accepted is lost, and what cannot be
accepted is told to come again."""

from __future__ import annotations

import time
import uuid

import pytest
import requests

from infra.database import SERVICES
from infra.demo.walk import API, application
from tests.support.crowd import PatientWalk
from tests.support.node import Node

LONGEST_ANSWER = 20.0  # seconds: an answer, whichever, comes within this time on the worst day; nobody hangs


@pytest.fixture(scope="module")
def node():
    with Node.running() as running:
        yield running


@pytest.fixture
def walk(node):
    return PatientWalk(node.url, node.peers.pay)


@pytest.fixture
def lodge(node, walk):
    """Lodge a request once: `lodge(key)` → the response, whatever it is, and how long it took."""
    documents = walk.papers()

    def send(key):
        started = time.monotonic()
        response = requests.post(
            f"{node.url}{API}/requests", json=application(documents), headers={"Idempotency-Key": key}, timeout=30
        )
        return response, time.monotonic() - started

    return send


def lodged(node):
    return node.sql("requests", "SELECT count(*) AS n FROM request")[0].n


def refused_for_now(response, took):
    assert response.status_code == 503, response.text
    assert int(response.headers["Retry-After"]) >= 1
    assert response.headers["Content-Type"].startswith("application/problem+json")
    assert took < LONGEST_ANSWER


def accepted_in_the_end(lodge, key):
    ends = time.monotonic() + 120
    while True:
        response, _ = lodge(key)
        if response.status_code == 201:
            return response.json()
        assert response.status_code == 503, response.text
        assert time.monotonic() < ends, "it did not recover by itself"
        time.sleep(0.1)


def pids(node):
    return {service: node.processes[service].pid for service in SERVICES}


def unhurt(node, before):
    assert pids(node) == before
    assert all(process.poll() is None for process in node.processes.values())


def test_broker_away(node, walk, lodge):
    before, count, key = pids(node), lodged(node), str(uuid.uuid4())
    node.stack.broker.kill()
    try:
        refused_for_now(*lodge(key))
        ready = requests.get(f"{node.url}/health/ready", timeout=30)
        assert ready.status_code == 503
    finally:
        node.stack.broker.start()

    answer = accepted_in_the_end(lodge, key)

    assert lodged(node) == count + 1
    assert walk.until(lambda: walk.bill(answer["tracking_number"], "inspection"), bool)
    unhurt(node, before)


def test_broker_under_memory_alarm(node, walk, lodge):
    before, count, key = pids(node), lodged(node), str(uuid.uuid4())
    node.stack.broker.set_memory_alarm(True)
    try:
        refused_for_now(*lodge(key))
        refused_for_now(*lodge(key))
    finally:
        node.stack.broker.set_memory_alarm(False)

    answer = accepted_in_the_end(lodge, key)

    assert lodged(node) == count + 1
    assert walk.until(lambda: walk.bill(answer["tracking_number"], "inspection"), bool)
    unhurt(node, before)


def test_database_away(node, walk, lodge):
    before, count, key = pids(node), lodged(node), str(uuid.uuid4())
    node.stack.postgres.kill()
    try:
        refused_for_now(*lodge(key))
    finally:
        node.stack.postgres.start()

    answer = accepted_in_the_end(lodge, key)

    assert lodged(node) == count + 1
    assert walk.until(lambda: walk.bill(answer["tracking_number"], "inspection"), bool)
    unhurt(node, before)


def test_every_connection_is_cut_in_the_middle_of_a_case(node, walk):
    before = pids(node)
    number = walk.lodge()["tracking_number"]
    node.stack.postgres.close_all_connections()
    node.stack.broker.close_all_connections()

    walk.pay_bill(number, "inspection")

    assert walk.until(lambda: walk.status(number), lambda answer: answer["state_kind"] == "task")
    unhurt(node, before)


def test_a_service_told_to_stop_finishes_what_it_has_and_loses_nothing(node, walk, lodge):
    key = str(uuid.uuid4())
    first, _ = lodge(key)
    assert first.status_code == 201
    for service in SERVICES:
        assert node.terminate(service) == 0, node.tail(service)
        node.start(service)
        node.wait_ready(service)

    again = accepted_in_the_end(lodge, key)

    assert again == first.json()
    assert walk.until(lambda: walk.bill(again["tracking_number"], "inspection"), bool)
