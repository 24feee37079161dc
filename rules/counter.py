"""The cashier's counter: what a drawer should hold, what was counted in it, and the life of a shift.

Amounts are integer piastres. The pieces of money are those of the Central Bank of Egypt in circulation: notes of 200,
100, 50, 20, 10, 5 and 1 pound, coins of 1 pound, 50, 25, 20, 10 and 5 piastres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.refusal import Fault, Refusal, refuse

PIECES = (20_000, 10_000, 5_000, 2_000, 1_000, 500, 100, 50, 25, 20, 10, 5)
"""What one piece of money is worth, in piastres, the greatest first."""
MOST_PIECES = 1_000_000
REASON_LETTERS = 10

KINDS = ("window", "post_office", "device")
"""A window of the unit, a post office's counter under its own code, a tablet of the mobile district."""

OPEN, CLOSED, APPROVED = "open", "closed", "approved"
_STEPS = {(OPEN, "close"): CLOSED, (CLOSED, "approve"): APPROVED}
_REFUSALS = {OPEN: "shift_open", CLOSED: "shift_closed", APPROVED: "shift_approved"}


@dataclass(frozen=True, slots=True)
class Closing:
    """How a shift ends: what was counted against what had to be there. `returned` of it is the float, `deposited` goes
    to the treasury; `difference` is above zero when there is too much."""

    expected: int
    counted: int
    difference: int
    returned: int
    deposited: int


def step(state: str, act: str) -> str:
    """The state of a shift after `close` or `approve`. Refuses shift_open, shift_closed, shift_approved."""
    after = _STEPS.get((state, act))
    if after is None:
        raise refuse(_REFUSALS[state], "shift_id")
    return after


def counted(pieces: Mapping[str, int]) -> int:
    """Piastres of a count: how many there are of each piece, which is named by its worth in piastres. Every piece that
    is not money (denomination_unknown) and every number that is not one (count_malformed) is refused."""
    worth = {str(piece): piece for piece in PIECES}
    faults = [Fault("denomination_unknown", f"count/{name}", {"denomination": name[:20]})
              for name in pieces if name not in worth]
    faults += [Fault("count_malformed", f"count/{name}") for name, number in pieces.items()
               if name in worth and (type(number) is not int or not 0 <= number <= MOST_PIECES)]
    if faults:
        raise Refusal(faults)
    return sum(worth[name] * number for name, number in pieces.items())


def close(opening: int, expected: int, found: int, reason: str | None) -> Closing:
    """How a shift that began with `opening` piastres ends. A difference takes a reason of ten letters or more: refuses
    difference_reason_required, which names the difference. Where less than the float is left, all of it is returned
    and the float is no longer whole."""
    difference = explained(expected, found, reason)
    returned = min(opening, found)
    return Closing(expected, found, difference, returned, found - returned)


def explained(expected: int, found: int, reason: str | None) -> int:
    """What was found above (or, below zero, under) what was expected. Refuses difference_reason_required."""
    difference = found - expected
    if difference and not enough(reason):
        raise refuse("difference_reason_required", "reason", difference=difference, expected=expected, counted=found,
                     pounds=_pounds(difference))
    return difference


def _pounds(piastres: int) -> str:
    """As a text names it: `-50.00`, in one piece whichever way the text runs."""
    whole, part = divmod(abs(piastres), 100)
    return f"\u2066{'-' if piastres < 0 else '+'}{whole}.{part:02d}\u2069"


def enough(reason: str | None) -> bool:
    """Whether a reason says something: ten letters or more."""
    return sum(letter.isalnum() for letter in reason or "") >= REASON_LETTERS
