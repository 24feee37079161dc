"""Who is handed which file: fair, never the excluded, and the same when an auditor computes it again."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import assignment
from rules.assignment import (
    FULL,
    HELD_MOST,
    LEFT_LYING,
    ROOM,
    SPREAD,
    TURN,
    UNFIT,
    Candidate,
    File,
    next_file,
    why_not,
)
from rules.calendar import Calendar

SUNDAY = date(2026, 3, 1)
PEOPLE = [f"staff:{name}" for name in "abcdef"]

accounts = st.sampled_from(PEOPLE)
some = st.frozensets(accounts, max_size=4)
files = st.lists(
    st.builds(File, st.uuids().map(str), st.none() | st.dates(SUNDAY, SUNDAY + timedelta(days=3)), some, some),
    max_size=12, unique_by=lambda file: file.task_id)
candidates = st.lists(
    st.builds(Candidate, accounts, st.integers(0, HELD_MOST), st.integers(0, 5)), min_size=1, max_size=6,
    unique_by=lambda one: one.account)
seeds = st.text("0123456789abcdef", min_size=1, max_size=16)


def able(file: File, people: list[Candidate]) -> list[Candidate]:
    """Who may have the file, said in another way than the rule says it."""
    free = [one for one in people if one.in_hand < HELD_MOST and one.account not in file.barred]
    others = {one.account for one in people} - file.barred - file.left_by
    return [one for one in free if one.account not in file.left_by] if others else free


@given(files, candidates, seeds, st.data())
def test_nobody_is_given_what_they_may_not_have(open_: list[File], desk: list[Candidate], seed: str,
                                                data: st.DataObject) -> None:
    asker = data.draw(st.sampled_from(desk))
    handing = next_file(asker.account, open_, desk, seed)
    if handing is not None:
        assert handing.file in open_ and asker in able(handing.file, desk)


@given(files, candidates, seeds, st.data())
def test_nobody_comes_to_hold_more_than_the_spread_beyond_a_colleague(
        open_: list[File], desk: list[Candidate], seed: str, data: st.DataObject) -> None:
    asker = data.draw(st.sampled_from(desk))
    handing = next_file(asker.account, open_, desk, seed)
    if handing is not None:
        assert asker.in_hand + 1 <= min(one.in_hand for one in able(handing.file, desk)) + SPREAD


@given(files, candidates, seeds, st.data())
def test_whoever_has_the_least_is_never_sent_away_from_a_file_they_may_have(
        open_: list[File], desk: list[Candidate], seed: str, data: st.DataObject) -> None:
    asker = data.draw(st.sampled_from(desk))
    theirs = [file for file in open_ if asker in able(file, desk)
              and asker.in_hand == min(one.in_hand for one in able(file, desk))]
    if theirs:
        assert next_file(asker.account, open_, desk, seed) is not None


@given(files, candidates, seeds)
def test_those_who_ask_at_once_in_their_turn_reach_for_different_files(
        open_: list[File], desk: list[Candidate], seed: str) -> None:
    given_ = [next_file(one.account, open_, desk, seed) for one in desk]
    in_turn = [handing.file.task_id for handing in given_ if handing is not None and handing.way == TURN]
    assert len(in_turn) == len(set(in_turn))


@given(files, candidates, seeds, st.data())
def test_an_auditor_comes_to_the_same_from_the_row_alone(
        open_: list[File], desk: list[Candidate], seed: str, data: st.DataObject) -> None:
    asker = data.draw(st.sampled_from(desk)).account
    known = data.draw(some)
    handing = next_file(asker, open_, desk, seed, known)
    again = next_file(asker, data.draw(st.permutations(open_)), data.draw(st.permutations(desk)), seed, known)
    assert handing == again
    if handing is not None:
        kept = json.loads(json.dumps(assignment.record(handing, desk, seed, known)))
        assert assignment.recompute(asker, kept) == handing.file.task_id


@settings(max_examples=50)
@given(st.integers(2, 6), st.integers(1, 40), seeds, st.lists(accounts, max_size=80))
def test_files_of_one_desk_spread_evenly(people: int, count: int, seed: str, asking: list[str]) -> None:
    """Whoever asks, and however often: no two of the desk come further apart than the spread; and once all have asked
    again and again, everything is handed out or every hand is full."""
    open_ = [File(f"task-{number}", SUNDAY) for number in range(count)]
    held = dict.fromkeys(PEOPLE[:people], 0)
    for asker in [one for one in asking if one in held] + PEOPLE[:people] * HELD_MOST * 2:
        desk = [Candidate(account, in_hand, in_hand) for account, in_hand in held.items()]
        handing = next_file(asker, open_, desk, seed)
        if handing is not None:
            held[asker] += 1
            open_.remove(handing.file)
            assert max(held.values()) - min(held.values()) <= SPREAD
    assert not open_ or set(held.values()) == {HELD_MOST}


def test_the_draw_favours_nobody() -> None:
    """Of 600 files that two could have, each is the first for about half (within five standard deviations)."""
    desk = [Candidate("staff:a", 0, 0), Candidate("staff:b", 0, 0)]
    first = sum(next_file("staff:a", [File(f"task-{n}", None)], desk, "seed").way == TURN  # type: ignore[union-attr]
                for n in range(600))
    assert 239 <= first <= 361


def test_the_most_urgent_goes_first_and_equals_are_drawn() -> None:
    late, soon = File("x", SUNDAY + timedelta(days=1)), File("y", SUNDAY)
    assert assignment.in_order([late, File("never", None), soon], "s")[0] == soon
    equals = [File(f"task-{number}", SUNDAY) for number in range(20)]
    assert assignment.in_order(equals, "one seed") != assignment.in_order(equals, "another")


def test_among_equals_in_hand_whoever_was_given_less_today_comes_first() -> None:
    file = File("x", SUNDAY)
    desk = [Candidate("staff:a", 1, 4), Candidate("staff:b", 1, 3)]
    assert next_file("staff:b", [file], desk, "s").way == TURN  # type: ignore[union-attr]
    assert next_file("staff:a", [file], desk, "s").way == ROOM  # type: ignore[union-attr]


def test_who_holds_much_more_waits_while_a_colleague_has_room() -> None:
    desk = [Candidate("staff:a", SPREAD, 0), Candidate("staff:b", 0, 0)]
    assert next_file("staff:a", [File("x", SUNDAY)], desk, "s") is None
    barred = File("x", SUNDAY, barred=frozenset({"staff:b"}))
    assert next_file("staff:a", [barred], desk, "s") is not None


def test_who_let_a_file_lie_has_it_again_only_where_nobody_else_may() -> None:
    file = File("x", SUNDAY, left_by=frozenset({"staff:a"}))
    alone = [Candidate("staff:a", 0, 0)]
    assert next_file("staff:a", [file], alone, "s") is not None
    assert next_file("staff:a", [file], alone, "s", known=["staff:b"]) is None


def test_nobody_is_left_when_all_of_the_desk_are_barred() -> None:
    file = File("x", SUNDAY, barred=frozenset({"staff:a", "staff:b"}))
    assert assignment.nobody_left(file, ["staff:a", "staff:b"])
    assert not assignment.nobody_left(file, ["staff:a", "staff:c"])
    assert not assignment.nobody_left(file, [])  # a desk that nobody ever asked at is empty, not excluded


def test_a_file_goes_back_after_seven_working_days_and_past_its_target() -> None:
    calendar = Calendar()
    last = calendar.add_working_days(SUNDAY, LEFT_LYING)
    after = last + timedelta(days=1)
    assert not assignment.left_lying(SUNDAY, None, last, calendar)
    assert assignment.left_lying(SUNDAY, None, after, calendar)
    assert not assignment.left_lying(SUNDAY, after, after, calendar)
    assert assignment.left_lying(SUNDAY, last, after, calendar)


def test_an_asker_who_is_not_at_the_desk_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="at the desk"):
        next_file("staff:a", [], [], "s")
    with pytest.raises(ValueError, match="rule 9"):
        assignment.recompute("staff:a", {"rule": 9})


# -- a head hands a file to somebody by name


@given(st.builds(File, st.uuids().map(str), st.none() | st.dates(SUNDAY, SUNDAY + timedelta(days=3)), some, some),
       candidates, accounts)
def test_a_head_hands_a_file_to_exactly_those_who_could_be_dealt_it(
        file: File, desk: list[Candidate], account: str) -> None:
    assert (why_not(account, file, desk, ()) is None) is (account in {one.account for one in able(file, desk)})


@given(st.builds(File, st.uuids().map(str), st.none(), some, some), candidates, accounts)
def test_who_is_barred_is_refused_alike_whatever_they_hold(file: File, desk: list[Candidate], account: str) -> None:
    if account in file.barred or account not in {one.account for one in desk}:
        assert why_not(account, file, desk, ()) == UNFIT


def test_a_full_hand_is_told_from_one_that_may_not_have_it() -> None:
    full, free = Candidate("staff:a", HELD_MOST, 0), Candidate("staff:b", 0, 0)
    file = File("t", None)
    assert why_not("staff:a", file, [full, free], ()) == FULL and why_not("staff:b", file, [full, free], ()) is None


def test_the_spread_does_not_bind_a_head() -> None:
    loaded, idle = Candidate("staff:a", SPREAD + 5, 0), Candidate("staff:b", 0, 0)
    assert why_not("staff:a", File("t", None), [loaded, idle], ()) is None


def test_who_let_it_lie_is_handed_it_again_only_where_nobody_else_may_have_it() -> None:
    both = [Candidate("staff:a", 0, 0), Candidate("staff:b", 0, 0)]
    lain = File("t", None, left_by=frozenset({"staff:a"}))
    assert why_not("staff:a", lain, both, ()) == UNFIT and why_not("staff:a", lain, both[:1], ()) is None
    assert why_not("staff:a", lain, both[:1], ["staff:b"]) == UNFIT  # who belongs to the desk and is not there now
