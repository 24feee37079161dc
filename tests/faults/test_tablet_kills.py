"""SIGKILL requests, again and again, while two tablets upload what they did without a line; what got no answer is sent
again. Nothing happens twice and nothing is lost.

`SHUBBAK_TABLET_ITEMS` items a tablet (6 when not said).
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.demo.walk import _PDF as PDF
from infra.demo.walk import Walk
from tests.support.node import Node
from tests.support.tablet import FieldTablet, Kept
from tests.support.tablet_line import HttpLine, LineDown, equip

ITEMS = int(os.environ.get("SHUBBAK_TABLET_ITEMS", "6"))
UNIT, SETTLE, TRIES = "EG-C-01", 240.0, 2_000
PAPERS = {code: PDF + code.encode() for code in ("id_copy", "former_licence", "tenure")}
ANSWERS = {"ground": "limited", "months_late": 0, "unchanged": True, "shop_name": "ركن القهوة", "shop_area": "الزيتون",
           "shop_street": "شارع سليم الأول", "area_m2": "45"}

WAITING = ("SELECT count(*) AS n FROM offline_item AS item JOIN offline_item AS earlier ON earlier.id = item.after_id "
           "WHERE item.waits = 'item' AND earlier.state <> 'quarantined'")


class Killer(threading.Thread):
    """Kills requests after every few calls of the tablets and starts it again, as a supervisor does, until it is told
    to stop."""

    def __init__(self, node: Node, chance: random.Random, lines: list[HttpLine]) -> None:
        super().__init__(daemon=True)
        self.node, self.chance, self.lines, self.kills = node, chance, lines, 0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            until_calls = self._calls() + self.chance.randint(15, 45)
            while self._calls() < until_calls and not self.over.wait(0.002):
                pass
            if self.over.is_set():
                return
            self.node.kill("requests")
            self.node.start("requests")
            self.kills += 1
            self.node.wait_ready("requests")

    def _calls(self) -> int:
        return sum(line.calls for line in self.lines)

    def stop(self) -> None:
        self.over.set()
        self.join()


@pytest.fixture(scope="module")
def aftermath(seed: int) -> Any:
    chance = random.Random(f"{seed}:tablets")
    with Node.running() as node:
        for username in ("field-a", "field-b"):
            node.employ(username, "mobile_clerk", None)  # type: ignore[arg-type]
        walk = Walk(node.url, node.peers.pay)
        tablets = [loaded(node, walk, username, n) for n, username in enumerate(("field-a", "field-b"))]
        killer = Killer(node, chance, [line for _, line in tablets])
        killer.start()
        with ThreadPoolExecutor(len(tablets)) as pool:
            sent = [pool.submit(insist, tablet, line, random.Random(f"{seed}:{n}"))
                    for n, (tablet, line) in enumerate(tablets)]  # fmt: skip
        killer.stop()
        for one in sent:
            one.result()
        node.wait_ready("requests")
        until(lambda: node.settled() and node.sql("requests", WAITING)[0].n == 0)
        yield node, [tablet for tablet, _ in tablets], killer


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + SETTLE
    while not true():
        assert time.monotonic() < ends, "it does not come to rest"
        time.sleep(0.1)


def loaded(node: Node, walk: Walk, username: str, n: int) -> tuple[FieldTablet, HttpLine]:
    """A tablet that did its day's work without a line: applications, each followed by one that waits for it or one that
    nobody understands."""
    line = HttpLine(walk, username)
    tablet = equip(node, walk, lambda: datetime.now(UTC), UNIT)
    tablet.take_along(line, numbers=ITEMS)
    for item in range(ITEMS):
        applicant = {"kind": "citizen", "name": "محمود عبد الله حسن", "national_id": "28503150101232",
                     "phone": f"0101{n}{item:06d}", "email": None, "language": "ar"}  # fmt: skip
        taken = tablet.intake({"service_code": "shop-renewal", "unit": UNIT, "applicant": applicant,
                               "answers": {**ANSWERS, "former_licence": f"SHL-{n}-{item}"}}, PAPERS)  # fmt: skip
        if item % 3 == 0:
            tablet.keep("teleport", "{}", after=taken)
        elif item % 3 == 1:
            tablet.completion(json.loads(taken.signed["body"])["tracking_number"], f"{item:06d}"[-4:], after=taken)
    return tablet, line


def insist(tablet: FieldTablet, line: HttpLine, chance: random.Random) -> None:
    """Send each item, in any order, until it has an answer; every third once more."""
    order = list(tablet.queue)
    chance.shuffle(order)
    for n, kept in enumerate(order):
        answer = patiently(tablet, line, kept)
        if n % 3 == 0:
            kept.answer = None
            assert patiently(tablet, line, kept) == answer


def patiently(tablet: FieldTablet, line: HttpLine, kept: Kept) -> dict[str, Any]:
    for _ in range(TRIES):
        try:
            return tablet.send(line, kept)
        except LineDown:
            time.sleep(0.1)  # a tablet without a line waits before it tries again
    raise AssertionError("no answer in so many tries")


def test_it_was_killed_while_they_uploaded(aftermath: Any) -> None:
    assert aftermath[2].kills >= 2


def test_every_item_is_there_once_and_was_applied_or_says_why_not(aftermath: Any) -> None:
    node, tablets, _ = aftermath
    rows = {str(row.id): row for row in node.sql("requests", "SELECT * FROM offline_item")}
    wanted = [kept.signed["item_id"] for tablet in tablets for kept in tablet.queue]
    assert sorted(rows) == sorted(wanted)
    for row in rows.values():
        wrong = {"teleport": "item_kind_unknown", "completion": "not_waiting_for_applicant"}.get(row.kind)
        assert row.state == ("quarantined" if wrong else "applied"), (row.kind, row.codes)
        assert wrong is None or wrong in row.codes


def test_every_application_is_one_request_under_the_number_that_was_given(aftermath: Any) -> None:
    node, tablets, _ = aftermath
    given = [json.loads(kept.signed["body"])["tracking_number"] for tablet in tablets for kept in tablet.queue
             if kept.signed["kind"] == "intake"]  # fmt: skip
    requests = node.sql("requests", "SELECT id, tracking_number FROM request")
    assert sorted(row.tracking_number for row in requests) == sorted(given)
    submitted = node.sql("requests", "SELECT subject FROM event_log WHERE type = 'requests.request.submitted.v1'")
    assert sorted(row.subject for row in submitted) == sorted(row.id for row in requests)
    papers = node.sql("requests", "SELECT request_id, count(*) AS n FROM document WHERE request_id IS NOT NULL "
                                  "GROUP BY request_id")  # fmt: skip
    assert {row.n for row in papers} == {len(PAPERS)} and len(papers) == len(given)


def test_no_number_is_missing(aftermath: Any) -> None:
    node, tablets, _ = aftermath
    for tablet in tablets:
        rows = node.sql("requests", "SELECT number FROM offline_item WHERE device_id = %s", str(tablet.id))
        assert sorted(row.number for row in rows) == list(range(1, len(tablet.queue) + 1))
