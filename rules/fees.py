"""Fees of a service, computed from the answers of its form. Data in, charges out; no text is ever handed to Python to
run. What a fee line is and how it is rounded stands in rules.fee_lines; `check` (rules.fee_bounds) proves before a
definition is published that computing its fees cannot fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rules import conditions, expressions
from rules.expression_tree import Exact
from rules.fee_bounds import check
from rules.fee_lines import KINDS, MAX_CHARGE, ROUNDINGS, FeeLine, finished, per, rounded
from rules.fee_lines import inputs as inputs_of
from rules.refusal import Fault, Refusal, refuse

__all__ = ["KINDS", "MAX_CHARGE", "ROUNDINGS", "Charge", "FeeLine", "check", "compute", "inputs", "stages", "total"]

_LARGEST = 10**15  # a quantity has at most fifteen digits before the point


@dataclass(frozen=True, slots=True)
class Charge:
    """What one fee line costs this applicant: `amount` in piastres, always above zero."""

    code: str
    name: dict[str, str]
    account: str
    amount: int

    def as_dict(self) -> dict[str, Any]:
        """The shape of a bill's line in events."""
        return {"code": self.code, "name": self.name, "account": self.account, "amount": self.amount}


def compute(fee_lines: Sequence[FeeLine], answers: Mapping[str, Any], stage: str | None = None) -> list[Charge]:
    """The charges of one stage (of all stages when None) in the order of the lines. A line that does not apply, is
    exempt or comes to nothing makes no charge; so a stage may cost nothing at all, and then there is no bill.
    Refuses, with all faults: fee_input_missing and fee_input_invalid (`answers/<name>`), fee_above_tiers,
    fee_overflow, fee_divided_by_zero, fee_negative. Lines that `check` found sound and answers that rules.forms took
    are never refused."""
    lines = {line["code"]: line for line in fee_lines}
    amounts: dict[str, int] = {}
    faults: list[Fault] = []
    charges = []
    for line in fee_lines:
        if stage is not None and line["stage"] != stage:
            continue
        try:
            amount = _amount(line, lines, answers, amounts, ())
        except Refusal as refusal:
            faults += [fault for fault in refusal.faults if fault not in faults]
            continue
        if amount:
            charges.append(Charge(line["code"], dict(line["name"]), line["account"], amount))
    if faults:
        raise Refusal(faults)
    return charges


def total(charges: Iterable[Charge]) -> int:
    """The sum in piastres."""
    return sum(charge.amount for charge in charges)


def inputs(fee_lines: Iterable[FeeLine]) -> list[str]:
    """The names of the answers that the lines use, sorted: all that a bill needs to know of a form."""
    names: set[str] = set()
    return sorted(names.union(*map(inputs_of, fee_lines)))


def stages(fee_lines: Iterable[FeeLine]) -> set[str]:
    """The stages at which something is charged."""
    return {line["stage"] for line in fee_lines}


def _amount(line: FeeLine, lines: Mapping[str, FeeLine], answers: Mapping[str, Any], amounts: dict[str, int],
            path: tuple[str, ...]) -> int:
    code = line["code"]
    if code in amounts:
        return amounts[code]
    if code in path:
        raise refuse("fee_of_circular", "fees", line=code)
    if not conditions.holds(line.get("when"), answers) or (
            line.get("exempt_when") and conditions.holds(line["exempt_when"], answers)):
        amounts[code] = 0
        return 0
    exact = _exact(line, lines, answers, amounts, (*path, code))
    if exact < 0 and line.get("min_amount") is None:
        raise refuse("fee_negative", "fees", line=code)
    amount = finished(rounded(exact, line), line)
    if amount > MAX_CHARGE:
        raise refuse("fee_overflow", "fees", line=code)
    amounts[code] = amount
    return amount


def _exact(line: FeeLine, lines: Mapping[str, FeeLine], answers: Mapping[str, Any], amounts: dict[str, int],
           path: tuple[str, ...]) -> Exact:
    kind = line["kind"]
    if kind == "fixed":
        return int(line["amount"])
    if kind == "per_unit":
        product: Exact = line["amount"]
        for name in per(line):
            product *= _input(name, answers)
        return product
    if kind == "tiered":
        return _tier(line, _input(line["per"], answers))
    if kind == "formula":
        return _formula(line, answers)
    base = sum(_amount(lines[code], lines, answers, amounts, path) for code in line["of"])
    percent = conditions.number(line["percent"])
    if percent is None:
        raise refuse("fee_input_invalid", "fees", name=line["code"])
    return Fraction(percent) * base / 100


def _formula(line: FeeLine, answers: Mapping[str, Any]) -> Exact:
    try:
        return expressions.read(line["formula"]).evaluate(answers)
    except Refusal as refusal:
        if refusal.code == "formula_divides_by_zero":
            raise refuse("fee_divided_by_zero", "fees", line=line["code"]) from refusal
        raise


def _tier(line: FeeLine, quantity: Exact) -> int:
    for tier in line["tiers"]:
        end = None if tier.get("up_to") is None else conditions.number(tier["up_to"])
        if end is None or quantity <= end:
            return int(tier["amount"])
    raise refuse("fee_above_tiers", f"answers/{line['per']}", name=line["per"])


def _input(name: str, answers: Mapping[str, Any]) -> Exact:
    value = answers.get(name)
    if value is None:
        raise refuse("fee_input_missing", f"answers/{name}", name=name)
    quantity = value if type(value) is int else conditions.number(value)
    if quantity is None or not 0 <= quantity < _LARGEST:
        raise refuse("fee_input_invalid", f"answers/{name}", name=name)
    return Fraction(quantity) if isinstance(quantity, Decimal) else quantity
