"""The shape of a fee line of a definition, and what computing a fee and proving things of it have in common.

A fee line is {code, stage, name, account, kind, source} and, by kind,
    fixed       amount
    per_unit    amount, per (an answer's name, or a list of names that are multiplied)
    tiered      per (one name), tiers [{up_to, amount}] ascending, up_to inclusive, null in the last: no upper end
    percentage  percent, of [codes of other lines]
    formula     formula (rules.expressions) that gives piastres
and optionally when, exempt_when (rules.conditions), min_amount, max_amount, round_to, rounding. Amounts are piastres.

Rounding: each line is computed exactly and then rounded on its own, to `round_to` piastres (1 when not stated) by
`rounding`: half_up (when not stated), up or down. Then min_amount and max_amount bound it. A percentage is taken of
the finished lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rules import conditions, expressions
from rules.expression_tree import Exact
from rules.refusal import Refusal

FeeLine = Mapping[str, Any]

KINDS = ("fixed", "per_unit", "tiered", "percentage", "formula")
ROUNDINGS = ("half_up", "up", "down")
MAX_CHARGE = 10**12  # piastres on one line: ten milliard pounds; more is an error in an answer or in the guide


def per(line: FeeLine) -> list[str]:
    """The names of the answers that a per_unit or tiered line counts."""
    names = line.get("per")
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def inputs(line: FeeLine) -> set[str]:
    """The names of all answers that the line uses. Of a formula that cannot be read, none."""
    names = set(per(line)) | conditions.fields(line.get("when")) | conditions.fields(line.get("exempt_when"))
    if line.get("formula") is not None:
        try:
            names |= expressions.read(line["formula"]).names
        except Refusal:
            return names
    return names


def rounded(exact: Exact, line: FeeLine) -> int:
    """The exact amount, not below zero, rounded as the line says."""
    step: int = line.get("round_to") or 1
    above, below = exact.numerator, exact.denominator * step
    mode = line.get("rounding") or "half_up"
    if mode == "up":
        return -(-above // below) * step
    if mode == "down":
        return above // below * step
    return (2 * above + below) // (2 * below) * step


def finished(amount: int, line: FeeLine) -> int:
    """The rounded amount between the line's least and greatest."""
    amount = max(amount, line.get("min_amount") or 0)
    most = line.get("max_amount")
    return amount if most is None else min(amount, most)


def circular(start: str, fee_lines: Sequence[FeeLine]) -> bool:
    """Whether a line is a percentage of itself, through however many others."""
    of = {line["code"]: tuple(line.get("of") or ()) for line in fee_lines}
    seen: set[str] = set()
    ahead = list(of.get(start, ()))
    while ahead:
        code = ahead.pop()
        if code == start:
            return True
        if code not in seen:
            seen.add(code)
            ahead += of.get(code, ())
    return False
