"""Which editions follow from the national guide and the governorate's decisions: after any history, every day has the
edition that both call for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rules.editions import in_force
from rules.refusal import Fault
from services.catalog.succession import Adoption, Edition, National, Publish, Stop, digest_of, plan

FIRST = date(2026, 3, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def make(national: National, adoption: Adoption) -> tuple[Mapping[str, Any], Sequence[Fault]]:
    """The governorate's fee in the national body; a fee above what the version allows does not fit."""
    body, fee = dict(national.body), adoption.overrides.get("fee")
    if fee is None:
        return body, ()
    return {**body, "fee": fee}, () if fee <= body["most"] else [Fault("override_out_of_bounds", "overrides/fee")]


def national(version: int, begins: int, fee: int = 1, most: int = 9) -> National:
    body = {"code": "x", "fee": fee, "most": most}
    return National(version, day(begins), digest_of(body), body)


def adoption(version: int, begins: int, offered: bool = True, **overrides: int) -> Adoption:
    return Adoption(version, day(begins), offered, overrides)


def days(steps: Sequence[Publish | Stop]) -> list[tuple[str, int]]:
    return [("publish" if isinstance(step, Publish) else "stop", (step.day - FIRST).days) for step in steps]


def test_a_decision_of_today_is_carried_into_what_is_scheduled() -> None:
    """A version of the country begins on day 10. The governorate sets its own fee on day 3: both versions have it."""
    nationals = [national(1, 0), national(2, 10, fee=2, most=8)]
    standing = plan(nationals, [], [adoption(1, 0)], [], [], day(0), make).steps
    assert days(standing) == [("publish", 0), ("publish", 10)]
    editions = [Edition(step.version, step.day, step.digest) for step in standing if isinstance(step, Publish)]
    following = plan(nationals, [], [adoption(1, 0), adoption(2, 3, fee=5)], editions, [], day(3), make).steps
    assert days(following) == [("publish", 3), ("publish", 10)]
    assert [step.version for step in following if isinstance(step, Publish)] == [3, 4]
    assert [step.body["fee"] for step in following if isinstance(step, Publish)] == [5, 5]


def test_what_comes_out_the_same_is_not_published_again() -> None:
    nationals, own = [national(1, 0)], [adoption(1, 0, fee=5)]
    first = plan(nationals, [], own, [], [], day(0), make).steps
    editions = [Edition(step.version, step.day, step.digest) for step in first if isinstance(step, Publish)]
    hidden = [*nationals, national(2, 4, fee=3)]  # another fee in the country, the same here
    assert plan(hidden, [], own, editions, [], day(4), make).steps == ()


def test_where_the_values_do_not_fit_the_edition_before_stays() -> None:
    nationals, own = [national(1, 0), national(2, 4, most=3)], [adoption(1, 0, fee=5)]
    following = plan(nationals, [], own, [], [], day(0), make)
    assert days(following.steps) == [("publish", 0)]
    assert [fault.code for fault in following.faults] == ["override_out_of_bounds"]


def test_an_end_comes_after_the_first_day_of_what_it_ends() -> None:
    nationals, editions = [national(1, 0)], [Edition(1, day(0), national(1, 0).digest)]
    assert days(plan(nationals, [], [adoption(1, 0), adoption(2, 0, offered=False)], editions, [], day(0),
                     make).steps) == [("stop", 1)]


@pytest.mark.parametrize("start", [0, 5])
def test_nothing_follows_from_nothing(start: int) -> None:
    assert plan([], [], [], [], [], day(start), make).steps == ()
    assert plan([national(1, 0)], [], [], [], [], day(start), make).steps == ()
    assert plan([], [], [adoption(1, 0)], [], [], day(start), make).steps == ()


class History(RuleBasedStateMachine):
    """A country and a governorate decide whatever the checks of proposals allow, while days pass."""

    def __init__(self) -> None:
        super().__init__()
        self.today = 0
        self.nationals: list[National] = []
        self.national_ends: list[date] = []
        self.adoptions: list[Adoption] = []
        self.editions: list[Edition] = []
        self.ends: list[date] = []
        self.bodies: dict[int, Mapping[str, Any]] = {}

    def follow(self, start: date) -> None:
        for step in plan(self.nationals, self.national_ends, self.adoptions, self.editions, self.ends, start,
                         make).steps:
            if isinstance(step, Stop):
                self.ends.append(step.day)
            else:
                assert step.version == len(self.editions) + 1
                self.editions.append(Edition(step.version, step.day, step.digest))
                self.bodies[step.version] = step.body

    @property
    def last(self) -> int:
        return max(((one.effective_from - FIRST).days for one in (*self.nationals, *self.editions)), default=-1)

    @rule(days=st.integers(1, 9))
    def days_pass(self, days: int) -> None:
        self.today += days

    @rule(ahead=st.integers(0, 9), fee=st.integers(1, 3))
    def the_country_publishes(self, ahead: int, fee: int) -> None:
        begins = max([self.today, *((one.effective_from - FIRST).days + 1 for one in self.nationals)]) + ahead
        self.nationals.append(national(len(self.nationals) + 1, begins, fee))
        self.follow(day(begins))

    @precondition(lambda self: in_force(self.nationals, self.national_ends, date.max))
    @rule(ahead=st.integers(0, 9))
    def the_country_retires(self, ahead: int) -> None:
        ends = day(max(self.today, self.last + 1) + ahead)
        self.national_ends.append(ends)
        self.follow(ends)

    @rule(ahead=st.integers(0, 9), fee=st.none() | st.integers(1, 9))
    def the_governorate_offers(self, ahead: int, fee: int | None) -> None:
        first = max([self.today, *((one.effective_from - FIRST).days for one in self.adoptions)]) + ahead
        if in_force(self.nationals, self.national_ends, day(first)) is None:
            return
        own = {} if fee is None else {"fee": fee}
        self.adoptions.append(adoption(len(self.adoptions) + 1, first, **own))
        self.follow(day(first))

    @rule(ahead=st.integers(0, 9))
    def the_governorate_stops(self, ahead: int) -> None:
        first = max([self.today, self.last + 1, *((one.effective_from - FIRST).days for one in self.adoptions)]) + ahead
        self.adoptions.append(adoption(len(self.adoptions) + 1, first, offered=False))
        self.follow(day(first))

    @invariant()
    def every_day_has_what_both_call_for(self) -> None:
        dated = [*self.nationals, *self.adoptions, *self.editions]
        final = max([one.effective_from for one in dated] + self.national_ends + self.ends, default=FIRST)
        for number in range((final - FIRST).days + 2):
            country = in_force(self.nationals, self.national_ends, day(number))
            here = in_force(self.adoptions, (), day(number))
            called_for = make(country, here)[0] if country and here and here.offered else None
            standing = in_force(self.editions, self.ends, day(number))
            assert (self.bodies[standing.version] if standing else None) == called_for, number

    @invariant()
    def no_end_is_told_twice(self) -> None:
        assert len(set(self.ends)) == len(self.ends)


TestHistory = History.TestCase


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 2**53), max_size=5), st.randoms())
def test_the_digest_is_of_the_content_and_not_of_its_order(body: dict[str, int], chance: Any) -> None:
    items = list(body.items())
    chance.shuffle(items)
    assert digest_of(dict(items)) == digest_of(body)
    assert digest_of({**body, "more": 1}) != digest_of({k: v for k, v in body.items() if k != "more"})
