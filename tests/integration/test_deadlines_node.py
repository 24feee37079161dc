"""The sweeps of deadlines and silence in a running node: what they wait for comes over the bus."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.support.node import Node

PATIENCE = 60.0


def until(true: Callable[[], bool], node: Node) -> None:
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, node.tail("requests")
        time.sleep(0.1)


def test_what_payments_and_catalog_have_told_reaches_silence(node: Node) -> None:
    until(lambda: {row.source for row in node.sql("requests", "SELECT source FROM heard")} == {"payments", "catalog"},
          node)


def test_open_dates_stand_on_the_organisation_that_is_known(node: Node) -> None:
    standing = "SELECT 1 FROM due_sweep AS swept JOIN organisation_stamp AS o ON o.stamp = swept.stamp WHERE done"
    until(lambda: bool(node.sql("requests", standing)), node)


def test_the_clock_is_looked_at(node: Node) -> None:
    until(lambda: node.sql("requests", "SELECT seen_until FROM silence_clock")[0].seen_until is not None, node)


def test_no_sweep_fails(node: Node) -> None:
    assert "failed and begins again" not in node.tail("requests", 1000)
