"""A rail's daily statement against the books, line by line. Pure: lines and bookings are handed in, findings come out.

A line and a booking belong together by the rail's own reference and by direction (money that came, money that went
back). Within one reference equal amounts of the same day meet first, then equal amounts of other days, then what is
left over is told apart. Nothing is guessed: whatever does not fit is named and waits for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

PAYMENT, REFUND = "payment", "refund"
DIRECTIONS = (PAYMENT, REFUND)

MATCHED = "matched"  # the same reference, amount and Cairo day
OTHER_DAY = "other_day"  # the same reference and amount; the rail counts it under another day
AMOUNT_DIFFERS = "amount_differs"
DOUBLED = "doubled"  # the rail states once more what it stated before
MISSING_HERE = "missing_here"  # stated by the rail, in no book of ours
MISSING_THERE = "missing_there"  # in our books, in no statement of its day
BROKEN = "broken"  # a line that cannot be read

AGREED = (MATCHED, OTHER_DAY)
OF_LINES = (MATCHED, OTHER_DAY, AMOUNT_DIFFERS, DOUBLED, MISSING_HERE, BROKEN)
FOR_A_PERSON = (AMOUNT_DIFFERS, DOUBLED, MISSING_HERE, MISSING_THERE, BROKEN)

# What a person may decide of each kind.
BOOK, HOLD, ACCEPT, EXPLAIN, LOOK_AGAIN = "book", "hold", "accept", "explain", "look_again"
DECISIONS: dict[str, tuple[str, ...]] = {
    MISSING_HERE: (BOOK, EXPLAIN, LOOK_AGAIN),
    DOUBLED: (HOLD, EXPLAIN),
    AMOUNT_DIFFERS: (ACCEPT, EXPLAIN),
    MISSING_THERE: (EXPLAIN,),
    BROKEN: (EXPLAIN,),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement. `amount` in piastres, above zero in either direction; `day` is the rail's Cairo day."""

    number: int
    reference: str
    direction: str
    amount: int
    day: date


@dataclass(frozen=True, slots=True)
class Booking:
    """What our books say of one movement at the rail. `key` names it in the books."""

    key: str
    reference: str
    direction: str
    amount: int
    day: date


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a line, a booking, or both together."""

    kind: str
    line: Line | None = None
    booking: Booking | None = None


def match(lines: Iterable[Line], bookings: Iterable[Booking],
          stated: Iterable[tuple[str, str, int]] = ()) -> list[Finding]:
    """Every line in exactly one finding, every booking in at most one: what is left of the bookings is not named here,
    for another statement may hold it (`unstated`). All lines of a reference have to come in one call. `stated` is what
    earlier statements said already: (reference, direction, amount)."""
    known = set(stated)
    groups: dict[tuple[str, str], tuple[list[Line], list[Booking]]] = {}
    for line in lines:
        groups.setdefault((line.reference, line.direction), ([], []))[0].append(line)
    for booking in bookings:
        group = groups.get((booking.reference, booking.direction))
        if group is not None:
            group[1].append(booking)
    return [finding for theirs, ours in groups.values() for finding in _of_one(theirs, ours, known)]


def unstated(bookings: Iterable[Booking], days: Sequence[tuple[date, date]]) -> list[Finding]:
    """Those bookings without a line that lie on days of which statements have come (first and last, both included):
    the rail should have stated them."""
    return [Finding(MISSING_THERE, booking=booking) for booking in bookings
            if any(since <= booking.day <= until for since, until in days)]


def _of_one(lines: list[Line], bookings: list[Booking], stated: set[tuple[str, str, int]]) -> list[Finding]:
    found: list[Finding] = []
    if len(lines) == 1 and len(bookings) == 1 and lines[0].amount == bookings[0].amount:  # nearly all
        kind = MATCHED if lines[0].day == bookings[0].day else OTHER_DAY
        return [Finding(kind, lines[0], bookings[0])]
    left, free = sorted(lines, key=lambda line: line.number), sorted(bookings, key=lambda one: (one.day, one.key))
    taken: set[tuple[str, str, int]] = set()
    for kind in AGREED:
        rest: list[Line] = []
        for line in left:
            fits = next((one for one in free if one.amount == line.amount
                         and (kind == OTHER_DAY or one.day == line.day)), None)
            if fits is None:
                rest.append(line)
                continue
            free.remove(fits)
            taken.add((line.reference, line.direction, line.amount))
            found.append(Finding(kind, line, fits))
        left = rest
    for line in left:
        said = (line.reference, line.direction, line.amount)
        if said in taken or said in stated:
            found.append(Finding(DOUBLED, line))
        elif free:
            found.append(Finding(AMOUNT_DIFFERS, line, free.pop(0)))
            taken.add(said)
        else:
            found.append(Finding(MISSING_HERE, line))
            taken.add(said)
    return found


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with a rail: settled so many working days after the statement's last day, for a commission of
    `permyriad` hundredths of a percent and `fixed` piastres on each payment. A refund brings no commission back."""

    days: int = 1
    permyriad: int = 0
    fixed: int = 0

    def commission(self, amount: int) -> int:
        """Of one payment, in piastres; half a piastre is rounded up."""
        share = (Decimal(amount) * self.permyriad / 10_000).quantize(Decimal(1), ROUND_HALF_UP)
        return int(share) + self.fixed


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a rail owes for a statement, in piastres: `gross` came, `returned` went back, `commission` it keeps."""

    gross: int
    returned: int
    commission: int

    @property
    def net(self) -> int:
        """What the bank should show; below zero where the rail wants money back."""
        return self.gross - self.returned - self.commission
