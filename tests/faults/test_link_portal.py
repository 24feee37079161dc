"""The national portal over a line that is cut: a change at the node is seen at the centre within two seconds; an
application taken while the line is down has its final number at once and is lodged under it, once, when it heals."""

from __future__ import annotations

import io
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from infra.demo.walk import API, application
from rules.numbering import parse_tracking
from tests.support import papers
from tests.support.line import Line, until
from tests.support.linked import LINK, Linked, sql

pytestmark = pytest.mark.faults
SEEN_WITHIN = 2.0  # seconds, as a rule
LAST4 = "5678"
LARGE = papers.ONE_PAGE + b"\n%" + b"0123456789abcdef" * 80_000  # 1.3 MB: six parts


@pytest.fixture(scope="module")
def linked() -> Iterator[Linked]:
    with Linked.running(at_centre=(LINK, ("gateway",))) as running:
        until(lambda: governorate(running)["takes"], 180)
        yield running


@pytest.fixture
def line(linked: Linked) -> Iterator[Line]:
    assert linked.line is not None
    yield linked.line
    linked.line.mend()


def governorate(linked: Linked) -> dict[str, Any]:
    listed = requests.get(f"{linked.centre.url}{API}/national/governorates", timeout=30).json()["governorates"]
    return next(one for one in listed if one["code"] == linked.node.code)


def at_centre(linked: Linked, number: str, last4: str = LAST4) -> dict[str, Any]:
    """What the centre says of a number; the problem where it says no."""
    answered = requests.get(f"{linked.centre.url}{API}/national/requests/{number}", timeout=30,
                            headers={"X-Phone-Last4": last4})  # fmt: skip
    found: dict[str, Any] = answered.json()
    return found


def seen(linked: Linked, number: str, last4: str, wanted: Callable[[dict[str, Any]], bool]) -> float:
    """After how many seconds the centre says so."""
    begun = time.monotonic()
    until(lambda: wanted(at_centre(linked, number, last4)), SEEN_WITHIN * 30)
    return time.monotonic() - begun


def upload(linked: Linked, content: bytes) -> str:
    answered = requests.post(f"{linked.centre.url}{API}/documents", data=io.BytesIO(content), timeout=60, headers={
        "Content-Type": "application/pdf", "Idempotency-Key": str(uuid.uuid4())})
    assert answered.status_code == 201, answered.text
    return str(answered.json()["document_id"])


def apply_nationally(linked: Linked) -> str:
    ids = (upload(linked, papers.ONE_PAGE), upload(linked, LARGE))
    documents = [{"code": code, "document_id": one}
                 for code, one in zip(("id_copy", "lease_contract"), ids, strict=True)]  # fmt: skip
    body = application(documents, f"{linked.node.code}-01") | {"governorate": linked.node.code}
    answered = requests.post(f"{linked.centre.url}{API}/national/requests", json=body, timeout=60,
                             headers={"Idempotency-Key": str(uuid.uuid4())})  # fmt: skip
    assert answered.status_code == 201, answered.text
    return parse_tracking(answered.json()["tracking_number"])


def lodged(linked: Linked, number: str) -> list[Any]:
    return sql(linked.node, "requests", "SELECT lodged_at FROM request WHERE tracking_number = %s", number)


def test_a_change_is_seen_at_the_centre_within_two_seconds(linked: Linked) -> None:
    walk, took = linked.walk(), []
    for _ in range(5):
        number = walk.lodge()["tracking_number"]
        took.append(seen(linked, number, walk.last4, lambda found: "state" in found))
        walk.pay_bill(number, "inspection")
        took.append(seen(linked, number, walk.last4, lambda found: found.get("state_kind") == "task"))
    assert statistics.median(took) <= SEEN_WITHIN, took  # a busy machine may take longer once


def test_an_application_taken_while_the_line_is_cut_is_lodged_once_when_it_heals(linked: Linked, line: Line) -> None:
    line.cut()
    numbers = [apply_nationally(linked) for _ in range(3)]
    assert len(set(numbers)) == 3
    assert [at_centre(linked, number)["state"] for number in numbers] == ["handed"] * 3
    assert [lodged(linked, number) for number in numbers] == [[]] * 3
    line.mend()
    until(lambda: all(lodged(linked, number) for number in numbers), 180)
    for number in numbers:
        until(lambda number=number: at_centre(linked, number)["portal"] is None, 90)
        assert len(lodged(linked, number)) == 1
    rows = sql(linked.node, "requests", "SELECT state FROM portal_application")
    assert {row.state for row in rows} == {"lodged"}
    sizes = {row.size for row in sql(linked.node, "requests", "SELECT size FROM document WHERE request_id IS NOT NULL")}
    assert len(LARGE) in sizes


def test_what_happened_behind_a_cut_line_is_seen_when_it_heals(linked: Linked, line: Line) -> None:
    walk = linked.walk()
    number = walk.lodge()["tracking_number"]
    seen(linked, number, walk.last4, lambda found: "state" in found)
    before = at_centre(linked, number, walk.last4)
    line.cut()
    walk.pay_bill(number, "inspection")
    assert at_centre(linked, number, walk.last4)["state"] == before["state"]
    line.mend()
    until(lambda: at_centre(linked, number, walk.last4)["state"] != before["state"], 180)
