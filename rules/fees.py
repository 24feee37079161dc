"""Fees of a service, computed from the answers of its form. Data in, charges out; no expression is ever evaluated.

A fee line is {code, stage, name, account, kind, source} and, by kind,
    fixed       amount
    per_unit    amount, per (an answer's name, or a list of names that are multiplied)
    tiered      per (one name), tiers [{up_to, amount}] ascending, up_to inclusive, null in the last: no upper end
    percentage  percent, of [codes of other lines]
and optionally when, exempt_when (rules.conditions), min_amount, max_amount, round_to, rounding. Amounts are piastres.

Rounding: each line is computed exactly and then rounded on its own, to `round_to` piastres (1 when not stated) by
`rounding`: half_up (when not stated), up or down. A percentage is taken of the rounded lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from itertools import pairwise
from typing import Any

from rules import conditions
from rules.refusal import Fault, Refusal, refuse

FeeLine = Mapping[str, Any]

KINDS = ("fixed", "per_unit", "tiered", "percentage")
ROUNDINGS = {"half_up": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}
MAX_CHARGE = 10**12  # piastres on one line: ten milliard pounds; more is an error in an answer or in the guide
_EXACT = Context(prec=120)  # products of answers (15 + 6 digits each) and an amount stay exact


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
    fee_overflow."""
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
    for line in fee_lines:
        names.update(_per(line))
        names |= conditions.fields(line.get("when")) | conditions.fields(line.get("exempt_when"))
    return sorted(names)


def stages(fee_lines: Iterable[FeeLine]) -> set[str]:
    """The stages at which something is charged."""
    return {line["stage"] for line in fee_lines}


def check(fee_lines: Sequence[FeeLine], types: Mapping[str, str]) -> list[Fault]:
    """What is wrong with the fee lines of a definition, given the type of each answer of its form. Fields are
    `fees/<index>/…`. An empty list means that `compute` can only be refused for its answers."""
    faults: list[Fault] = []
    codes = [line["code"] for line in fee_lines]
    for index, line in enumerate(fee_lines):
        where = f"fees/{index}"
        if codes.count(line["code"]) > 1:
            faults.append(Fault("fee_code_twice", f"{where}/code", {"line": line["code"]}))
        faults += [Fault("fee_per_not_number", f"{where}/per", {"name": name})
                   for name in _per(line) if types.get(name) not in ("integer", "decimal")]
        for key in ("when", "exempt_when"):
            if line.get(key) is not None:
                faults += [Fault("condition_unsound", f"{where}/{key}", {"reason": reason})
                           for reason in conditions.check(line[key], types)]
        if line["kind"] == "tiered":
            faults += _check_tiers(line, where)
        for code in line.get("of") or ():
            if code not in codes:
                faults.append(Fault("fee_of_unknown", f"{where}/of", {"line": code}))
        if _circular(line["code"], fee_lines):
            faults.append(Fault("fee_of_circular", f"{where}/of", {"line": line["code"]}))
    return faults


def _check_tiers(line: FeeLine, where: str) -> list[Fault]:
    ends = [None if tier.get("up_to") is None else conditions.number(tier["up_to"]) for tier in line["tiers"]]
    bounded = [end for end in ends if end is not None]
    sound = ends and None not in ends[:-1] and all(low < high for low, high in pairwise(bounded))
    return [] if sound else [Fault("fee_tiers_disordered", f"{where}/tiers", {"line": line["code"]})]


def _circular(start: str, fee_lines: Sequence[FeeLine]) -> bool:
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
    amount = _rounded(exact, line)
    amount = max(amount, line.get("min_amount") or 0)
    if line.get("max_amount") is not None:
        amount = min(amount, line["max_amount"])
    if amount > MAX_CHARGE:
        raise refuse("fee_overflow", "fees", line=code)
    amounts[code] = amount
    return amount


def _exact(line: FeeLine, lines: Mapping[str, FeeLine], answers: Mapping[str, Any], amounts: dict[str, int],
           path: tuple[str, ...]) -> Decimal:
    kind = line["kind"]
    if kind == "fixed":
        return Decimal(line["amount"])
    if kind == "per_unit":
        product = Decimal(line["amount"])
        for name in _per(line):
            product = _EXACT.multiply(product, _input(name, answers))
        return product
    if kind == "tiered":
        return Decimal(_tier(line, _input(line["per"], answers)))
    base = sum(_amount(lines[code], lines, answers, amounts, path) for code in line["of"])
    percent = conditions.number(line["percent"])
    if percent is None:
        raise refuse("fee_input_invalid", "fees", name=line["code"])
    return _EXACT.divide(_EXACT.multiply(Decimal(base), percent), Decimal(100))


def _tier(line: FeeLine, quantity: Decimal) -> int:
    for tier in line["tiers"]:
        end = None if tier.get("up_to") is None else conditions.number(tier["up_to"])
        if end is None or quantity <= end:
            return int(tier["amount"])
    raise refuse("fee_above_tiers", f"answers/{line['per']}", name=line["per"])


def _input(name: str, answers: Mapping[str, Any]) -> Decimal:
    value = answers.get(name)
    if value is None:
        raise refuse("fee_input_missing", f"answers/{name}", name=name)
    quantity = conditions.number(value)
    if quantity is None or quantity < 0 or quantity.adjusted() > 14:
        raise refuse("fee_input_invalid", f"answers/{name}", name=name)
    return quantity


def _rounded(exact: Decimal, line: FeeLine) -> int:
    step = line.get("round_to") or 1
    mode = ROUNDINGS[line.get("rounding") or "half_up"]
    return int(_EXACT.divide(exact, Decimal(step)).to_integral_value(rounding=mode, context=_EXACT)) * step


def _per(line: FeeLine) -> list[str]:
    per = line.get("per")
    return [] if per is None else [per] if isinstance(per, str) else list(per)
