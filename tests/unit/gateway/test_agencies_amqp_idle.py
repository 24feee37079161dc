"""Couriers of AMQP with nothing to do leave the database alone, however many they are."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from services.gateway.agencies import amqp, feed, keeper

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Place:
    """Couriers at the end of a feed, a clock of the test's, and what they ask of the database."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        self.at, self.newest, self.heads, self.reads = 1000.0, 7, [], []
        for module in (amqp, keeper):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.at))
        monkeypatch.setattr(amqp.Couriers, "_look", lambda _: None)
        monkeypatch.setattr(amqp.Couriers, "_drop", lambda *_: None)
        monkeypatch.setattr(amqp, "address", lambda _: "amqp://nobody")
        monkeypatch.setattr(amqp.line, "connection", lambda *_: {})
        monkeypatch.setattr(feed, "head", lambda _: self.heads.append(self.at) or self.newest)
        monkeypatch.setattr(feed, "read", self._read)
        settings: Any = SimpleNamespace()
        self.couriers = amqp.Couriers(settings, lambda: SimpleNamespace(now=NOW))
        for number in range(count):
            self.couriers._of[UUID(int=number)] = self._courier(number)

    def _courier(self, number: int) -> amqp.Courier:
        courier = object.__new__(amqp.Courier)
        notes = SimpleNamespace(any=False)
        courier.row = SimpleNamespace(agency_code=f"a{number}")
        held: Any = SimpleNamespace(open=0, scanned=5, notes=notes, reached=0, written=0)
        held.read = lambda position, **_: setattr(held, "scanned", position)
        courier.held = held
        courier.circuit = SimpleNamespace(lets=lambda _: "all")  # type: ignore[assignment]
        courier.publisher = SimpleNamespace(up=True, fates=list)  # type: ignore[assignment]
        courier.terms = SimpleNamespace(hold=lambda _: True, take=lambda _: None)  # type: ignore[assignment]
        courier.lanes, courier.flying, courier.wrote, courier._seen = {}, {}, 0.0, -1
        courier.ready = amqp.deque()
        return courier

    def _read(self, _: Any, after: int, size: int) -> list[Any]:
        self.reads.append(after)
        return [SimpleNamespace(position=one) for one in range(after + 1, self.newest + 1)]

    def pass_seconds(self, seconds: float) -> None:
        ends = self.at + seconds
        while self.at < ends:
            self.couriers.step()
            self.at += 0.05


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(monkeypatch, 20)


def test_what_is_new_is_read_once_for_all_that_stand_at_the_same_place(place: Place) -> None:
    place.couriers.step()
    assert (len(place.heads), place.reads) == (1, [5])


def test_while_nothing_comes_one_look_a_second_is_all(place: Place) -> None:
    place.pass_seconds(5)
    before = len(place.heads)
    place.pass_seconds(10)
    assert 9 <= len(place.heads) - before <= 11 and place.reads == [5]


def test_what_comes_after_a_pause_is_read_within_a_second(place: Place) -> None:
    place.pass_seconds(5)
    place.newest = 8
    place.pass_seconds(1.1)
    assert place.reads == [5, 7] and all(one.held.scanned == 8 for one in place.couriers._of.values())


def test_an_end_of_the_feed_that_nobody_may_have_is_not_read_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "read", lambda *_: place.reads.append(0) or [])
    place.pass_seconds(5)
    assert place.reads == [0]
