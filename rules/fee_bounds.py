"""What the fees of a definition can come to, proved from the bounds of its form before anybody applies.

The proof is interval arithmetic over the formula's tree, with what is known where each part is computed: the form's
bounds, required fields, the line's `when`, and inside `if(…)`, `and`, `or` what was tested before. It is sound: what
passes `check` is computed for all answers that rules.forms takes. It is not complete: `area - area` may seem to be
negative, and whoever writes the formula then says `max(…, 0)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from rules import conditions, expressions
from rules.expression_bounds import Analysis
from rules.fee_lines import MAX_CHARGE, FeeLine, circular, finished, per, rounded
from rules.implication import FormField, Interval, Knowledge
from rules.refusal import Fault, Refusal

_MOST_FACTORS = 5


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most that a fee line can cost anybody, in piastres; least 0 where it may not apply."""

    least: int
    most: int


def check(fee_lines: Sequence[FeeLine], form: Sequence[FormField]) -> list[Fault]:
    """Everything that is wrong with the fee lines of a definition, given its form; at `fees/<index>/…`. Empty when
    rules.fees.compute succeeds for every answer to the form that rules.forms.validate takes."""
    faults: list[Fault] = []
    codes = [line["code"] for line in fee_lines]
    types = {field["name"]: field["type"] for field in form}
    for index, line in enumerate(fee_lines):
        where = f"fees/{index}"
        if codes.count(line["code"]) > 1:
            faults.append(Fault("fee_code_twice", f"{where}/code", {"line": line["code"]}))
        faults += [Fault("fee_per_not_number", f"{where}/per", {"name": name})
                   for name in per(line) if types.get(name) not in ("integer", "decimal")]
        if len(per(line)) > _MOST_FACTORS:
            faults.append(Fault("fee_per_too_many", f"{where}/per", {"limit": _MOST_FACTORS}))
        for key in ("when", "exempt_when"):
            if line.get(key) is not None:
                faults += [Fault("condition_unsound", f"{where}/{key}", {"reason": reason})
                           for reason in conditions.check(line[key], types)]
        if line["kind"] == "tiered" and not _tiers_ascend(line):
            faults.append(Fault("fee_tiers_disordered", f"{where}/tiers", {"line": line["code"]}))
        for code in line.get("of") or ():
            if code not in codes:
                faults.append(Fault("fee_of_unknown", f"{where}/of", {"line": code}))
        if circular(line["code"], fee_lines):
            faults.append(Fault("fee_of_circular", f"{where}/of", {"line": line["code"]}))
        least, most = line.get("min_amount"), line.get("max_amount")
        if least is not None and most is not None and least > most:
            faults.append(Fault("fee_bounds_unsound", f"{where}/max_amount", {"line": line["code"]}))
    return faults + _Proof(fee_lines, form).faults()


def bounds(fee_lines: Sequence[FeeLine], form: Sequence[FormField]) -> dict[str, Bounds]:
    """What each line can cost, by its code. For lines that `check` found sound; others are left out."""
    proof = _Proof(fee_lines, form)
    return {code: found for code in proof.lines if (found := proof.line(code)) is not None}


def _tiers_ascend(line: FeeLine) -> bool:
    ends = _ends(line)
    bounded = [end for end in ends if end is not None]
    return bool(ends) and None not in ends[:-1] and all(low < high for low, high in pairwise(bounded))


def _ends(line: FeeLine) -> list[Fraction | None]:
    read = [None if tier.get("up_to") is None else conditions.number(tier["up_to"]) for tier in line["tiers"]]
    return [None if end is None else Fraction(end) for end in read]


class _Proof:
    """The bounds of each line, worked out once, and what stands in the way."""

    def __init__(self, fee_lines: Sequence[FeeLine], form: Sequence[FormField]) -> None:
        self.lines = {line["code"]: (index, line) for index, line in reversed(list(enumerate(fee_lines)))}
        self.order = fee_lines
        self.types = {field["name"]: field["type"] for field in form}
        self.options = {field["name"]: [option["value"] for option in field.get("options") or ()]
                        for field in form if field["type"] == "choice"}
        self.knowledge = Knowledge(form)
        self.circular = {code for code in self.lines if circular(code, fee_lines)}
        self.found: dict[str, Bounds | None] = {}
        self.told: dict[int, list[Fault]] = {}

    def faults(self) -> list[Fault]:
        for code in dict.fromkeys(line["code"] for line in self.order):
            self.line(code)
        return [fault for index in sorted(self.told) for fault in self.told[index]]

    def line(self, code: str) -> Bounds | None:
        if code not in self.found:
            index, line = self.lines[code]
            told: list[Fault] = []
            self.found[code] = self._bounds(line, f"fees/{index}", told)
            self.told[index] = told
        return self.found[code]

    def _bounds(self, line: FeeLine, where: str, told: list[Fault]) -> Bounds | None:
        knowledge = self.knowledge
        for key, holds in (("when", True), ("exempt_when", False)):
            if line.get(key):
                if conditions.check(line[key], self.types):
                    return None
                knowledge = knowledge.given(line[key], holds)
        optional = bool(line.get("when") or line.get("exempt_when"))
        exact = self._exact(line, knowledge, where, told)
        if told or exact is None:
            return Bounds(0, 0) if exact is None and not told and optional and self._computable(line) else None
        if exact.low < 0 and line.get("min_amount") is None:
            told.append(_fault(line, where, "fee_may_be_negative", least=rounded(exact.low, line)))
            return None
        low, high = (finished(rounded(end, line), line) for end in (exact.low, exact.high))
        if high > MAX_CHARGE:
            told.append(_fault(line, where, "fee_may_overflow", most=high, limit=MAX_CHARGE))
            return None
        return Bounds(0 if optional else low, high)

    def _computable(self, line: FeeLine) -> bool:
        """Whether nothing was found because no answers lead here, and not because something is wrong."""
        return line["kind"] in ("per_unit", "tiered", "formula") and all(
            self.types.get(name) in ("integer", "decimal") for name in per(line))

    def _exact(self, line: FeeLine, knowledge: Knowledge, where: str, told: list[Fault]) -> Interval | None:
        """Between what the line comes to before it is rounded, where it applies."""
        kind = line["kind"]
        if kind == "fixed":
            return Interval(Fraction(line["amount"]), Fraction(line["amount"]))
        if kind == "percentage":
            return self._percentage(line)
        if kind == "formula":
            return self._formula(line, knowledge, where, told)
        ranges = [self._quantity(name, line, knowledge, where, told) for name in dict.fromkeys(per(line))
                  if self.types.get(name) in ("integer", "decimal")]
        known = dict(zip(dict.fromkeys(per(line)), ranges, strict=False))
        if told or None in ranges or len(ranges) < len(set(per(line))) or not ranges:
            return None
        if kind == "tiered":
            return _tiers(line, ranges[0], where, told) if ranges[0] and _tiers_ascend(line) else None
        low = high = Fraction(line["amount"])
        for name in per(line):
            found = known[name]
            assert found is not None  # noqa: S101 - for the type checker; None went out above
            low, high = low * found.low, high * found.high
        return Interval(low, high)

    def _quantity(self, name: str, line: FeeLine, knowledge: Knowledge, where: str,
                  told: list[Fault]) -> Interval | None:
        if not knowledge.is_present(name):
            told.append(_fault(line, where, "fee_input_may_be_missing", name=name))
        found = knowledge.range_of(name)
        if found is None:
            told.append(_fault(line, where, "fee_input_unbounded", name=name))
        elif found.low > found.high:
            return None
        elif found.low < 0:
            told.append(_fault(line, where, "fee_may_be_negative", least=found.low))
        return found

    def _percentage(self, line: FeeLine) -> Interval | None:
        percent = conditions.number(line["percent"])
        if percent is None or line["code"] in self.circular or any(code not in self.lines for code in line["of"]):
            return None
        bases = [None if code in self.circular else self.line(code) for code in line["of"]]
        if None in bases:
            return None
        share = Fraction(percent) / 100
        return Interval(share * sum(base.least for base in bases if base),
                        share * sum(base.most for base in bases if base))

    def _formula(self, line: FeeLine, knowledge: Knowledge, where: str, told: list[Fault]) -> Interval | None:
        try:
            expression = expressions.parse(line["formula"], self.types, self.options)
        except Refusal as refusal:
            told += [Fault(fault.code, f"{where}/formula", {"line": line["code"], **fault.params})
                     for fault in refusal.faults]
            return None
        analysis = Analysis(expression.text)
        found = analysis.number(expression.tree, knowledge)
        told += [_fault(line, where, fault.code, **fault.params) for fault in analysis.faults]
        return found


def _fault(line: FeeLine, where: str, code: str, **params: Any) -> Fault:
    place = {"formula": "formula", "per_unit": "per", "tiered": "per"}.get(line["kind"], "amount")
    if line["kind"] == "percentage":
        place = "percent"
    shown = {name: str(value) if isinstance(value, Fraction) else value for name, value in params.items()}
    return Fault(code, f"{where}/{place}", {"line": line["code"], **shown})


def _tiers(line: FeeLine, quantity: Interval, where: str, told: list[Fault]) -> Interval | None:
    """Between the amounts of the tiers that the quantity can fall into."""
    amounts: list[int] = []
    start: Fraction | None = None
    for tier, end in zip(line["tiers"], _ends(line), strict=True):
        if (start is None or quantity.high > start) and (end is None or quantity.low <= end):
            amounts.append(tier["amount"])
        start = end
    if start is not None and quantity.high > start:
        told.append(Fault("fee_tiers_short", f"{where}/tiers", {
            "line": line["code"], "name": line["per"], "max": _plain(quantity.high)}))
        return None
    return Interval(Fraction(min(amounts)), Fraction(max(amounts)))


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else str(float(value))
