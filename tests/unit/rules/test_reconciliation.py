"""Lines of a statement against bookings: every one in exactly one finding, and nothing guessed."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules import ledger
from rules.ledger_settlement import kept_more, received, set_aside, stated, written_off
from rules.reconciliation import (
    AGREED,
    AMOUNT_DIFFERS,
    DOUBLED,
    MATCHED,
    MISSING_HERE,
    MISSING_THERE,
    OTHER_DAY,
    PAYMENT,
    REFUND,
    Booking,
    Line,
    Settlement,
    Terms,
    match,
    unstated,
)

DAY = date(2026, 3, 1)
FEW = [DAY + timedelta(days=n) for n in range(3)]
_same = {"reference": st.sampled_from("abc"), "direction": st.sampled_from((PAYMENT, REFUND)),
         "amount": st.integers(1, 3), "day": st.sampled_from(FEW)}
LINES = st.lists(st.builds(Line, number=st.just(0), **_same), max_size=12).map(
    lambda lines: [Line(place, one.reference, one.direction, one.amount, one.day) for place, one in enumerate(lines)])
BOOKINGS = st.lists(st.builds(Booking, key=st.just(""), **_same), max_size=12).map(
    lambda ours: [Booking(str(place), one.reference, one.direction, one.amount, one.day)
                  for place, one in enumerate(ours)])
STATED = st.lists(st.tuples(_same["reference"], _same["direction"], _same["amount"]), max_size=4)


def line(amount: int = 100, number: int = 2, day: date = DAY, direction: str = PAYMENT) -> Line:
    return Line(number, "9001", direction, amount, day)


def booking(amount: int = 100, key: str = "j1", day: date = DAY, direction: str = PAYMENT) -> Booking:
    return Booking(key, "9001", direction, amount, day)


def kinds(lines: list[Line], bookings: list[Booking], said: list[tuple[str, str, int]] | None = None) -> list[str]:
    return [found.kind for found in match(lines, bookings, said or ())]


@given(LINES, BOOKINGS, STATED)
def test_every_line_and_booking_ends_in_exactly_one_place(
        lines: list[Line], bookings: list[Booking], said: list[tuple[str, str, int]]) -> None:
    found = match(lines, bookings, said)
    assert Counter(one.line for one in found) == Counter(lines)
    taken = [one.booking for one in found if one.booking]
    assert len(taken) == len(set(taken))
    left = [one for one in bookings if one not in taken]
    late = unstated(left, [(DAY, FEW[-1])])
    assert [one.booking for one in late] == left
    assert {one.kind for one in late} <= {MISSING_THERE}


@given(LINES, BOOKINGS, STATED)
def test_sums_of_both_sides_are_the_sums_of_their_findings(
        lines: list[Line], bookings: list[Booking], said: list[tuple[str, str, int]]) -> None:
    found = match(lines, bookings, said)
    agreed = [one for one in found if one.kind in AGREED]
    assert sum(one.line.amount for one in agreed) == sum(one.booking.amount for one in agreed)
    differing = [one for one in found if one.kind == AMOUNT_DIFFERS]
    theirs = sum(one.line.amount for one in found if one.kind in (DOUBLED, MISSING_HERE))
    assert sum(one.amount for one in lines) == sum(
        one.line.amount for one in agreed + differing) + theirs
    left = sum(one.amount for one in bookings) - sum(one.booking.amount for one in agreed + differing)
    assert left == sum(one.amount for one in set(bookings) - {one.booking for one in found})


@given(LINES, BOOKINGS, STATED)
def test_a_finding_is_what_it_is_called(
        lines: list[Line], bookings: list[Booking], said: list[tuple[str, str, int]]) -> None:
    for one in match(lines, bookings, said):
        if one.booking is None:
            assert one.kind in (DOUBLED, MISSING_HERE)
            continue
        assert (one.line.reference, one.line.direction) == (one.booking.reference, one.booking.direction)
        same = one.line.amount == one.booking.amount
        expected = AMOUNT_DIFFERS if not same else MATCHED if one.line.day == one.booking.day else OTHER_DAY
        assert one.kind == expected


@given(LINES, BOOKINGS, st.randoms())
def test_the_order_in_which_they_come_changes_nothing(lines: list[Line], bookings: list[Booking], chance) -> None:
    before = Counter(match(lines, bookings))
    chance.shuffle(lines)
    chance.shuffle(bookings)
    assert Counter(match(lines, bookings)) == before


def test_a_line_agrees_with_its_booking_or_is_told_apart() -> None:
    assert kinds([line()], [booking()]) == [MATCHED]
    assert kinds([line(day=FEW[1])], [booking()]) == [OTHER_DAY]
    assert kinds([line(90)], [booking()]) == [AMOUNT_DIFFERS]
    assert kinds([line()], []) == [MISSING_HERE]
    assert kinds([line(direction=REFUND)], [booking()]) == [MISSING_HERE]


def test_what_is_stated_once_more_is_doubled_in_one_file_and_over_files() -> None:
    assert kinds([line(), line(number=3)], [booking()]) == [MATCHED, DOUBLED]
    assert kinds([line()], [], [("9001", PAYMENT, 100)]) == [DOUBLED]
    assert kinds([line(), line(number=3)], []) == [MISSING_HERE, DOUBLED]


def test_two_payments_under_one_reference_meet_their_own_day_first() -> None:
    both = [booking(key="later", day=FEW[1]), booking(key="early")]
    found = match([line(day=FEW[1]), line(number=3)], both)
    assert [(one.kind, one.booking.key) for one in found] == [(MATCHED, "later"), (MATCHED, "early")]


def test_a_booking_is_missed_only_on_days_that_were_stated() -> None:
    assert unstated([booking()], [(FEW[1], FEW[2])]) == []
    assert [one.kind for one in unstated([booking()], [(FEW[1], FEW[2]), (DAY, DAY)])] == [MISSING_THERE]


@given(st.integers(1, 10**12), st.integers(0, 9_999), st.integers(0, 10_000))
def test_a_commission_is_exact_to_half_a_piastre(amount: int, permyriad: int, fixed: int) -> None:
    taken = Terms(1, permyriad, fixed).commission(amount) - fixed
    assert abs(taken * 10_000 - amount * permyriad) <= 5_000
    assert Terms(1, 50).commission(100) == 1  # 0.5 piastre


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**6))
def test_entries_of_a_settlement_balance_and_come_back(gross: int, returned: int, commission: int) -> None:
    agreed = Settlement(gross, returned, commission)
    made = [one for one in (stated("fawry", "s", agreed), set_aside("fawry", "s", agreed)) if one]
    assert ledger.balanced(made)
    assert all(not held for held in ledger.balances(made).values())


def test_a_settled_day_leaves_commission_and_bank() -> None:
    agreed = Settlement(10_000, 1_000, 150)
    made = [stated("fawry", "s", agreed), received("fawry", "treasury", "b1", 8_800), kept_more("fawry", "s", 50),
            written_off("fawry", "s:2", 25)]
    held = ledger.balances(one for one in made if one)
    assert held == {"settlement:fawry": 0, "commission:fawry": 150, "rail:fawry": -9_025, "bank:treasury": 8_800,
                    "difference:fawry": 75}
