"""Money is whole piastres: no fraction is taken at a door, none is posted, and no code computes with floating point."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import marshmallow
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields

from chassis.platform import RpcDoor
from rules import ledger, rail_signatures
from rules.fees import Charge
from rules.refusal import Refusal
from services.payments.rails import wire
from services.payments.service import Payments

ROOT = Path(__file__).resolve().parents[3]
OF_MONEY = ("fee*", "ledger*", "refunds", "payment_states", "reconciliation", "rail_signatures", "counter*",
            "treasury*", "slips")
MODULES = sorted({*(ROOT / "services" / "payments").rglob("*.py"),
                  *(path for name in OF_MONEY for path in (ROOT / "rules").glob(f"{name}.py"))})
# Divisions that are of no money (milliseconds), exact (Fraction, Decimal), or what a rail is sent and no more.
EXACT = {"int(at) / 1000", "Fraction(percent) / 100", "Fraction(percent) * base / 100",
         "Decimal(amount) * self.permyriad / 10000"}
SENT = "piastres / 100"
NOT_WHOLE: tuple[Any, ...] = (1.5, 1.0, "1.5", "100", True, math.nan, math.inf, -math.inf, Decimal("1"), None)


def computed_with_floats(path: Path) -> Iterator[str]:
    """Divisions, float(…) and round(…) of a module, but for those that are known to be exact."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        text = ast.unparse(node) if isinstance(node, ast.BinOp | ast.Call) else ""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and text not in EXACT and not of_paths(node):
            yield text
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("float", "round"):
            yield text


def of_paths(node: ast.BinOp) -> bool:
    """Whether it joins names to a path."""
    if isinstance(node.left, ast.BinOp) and of_paths(node.left):
        return True
    return isinstance(node.right, ast.JoinedStr) or (
        isinstance(node.right, ast.Constant) and isinstance(node.right.value, str))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_money_is_computed_with_floating_point(path: Path) -> None:
    allowed = [SENT] if path.name == "wire.py" else ["float(value)"] if path.name == "fee_bounds.py" else []
    assert list(computed_with_floats(path)) == allowed


def numbers_of(schema: marshmallow.Schema, where: str = "") -> Iterator[tuple[str, fields.Integer]]:
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        inner = inner.value_field if isinstance(inner, fields.Dict) and inner.value_field else inner
        if isinstance(inner, fields.Nested):
            yield from numbers_of(inner.schema, f"{where}{name}.")
        elif isinstance(inner, fields.Float | fields.Decimal):
            raise AssertionError(f"{where}{name} takes fractions")
        elif isinstance(inner, fields.Integer):
            yield f"{where}{name}", inner


COMMANDS = [door.declared for name in dir(Payments)
            for door in getattr(getattr(Payments, name), "nameko_entrypoints", ())
            if isinstance(door, RpcDoor) and door.declared.changes]
NUMBERS = [(f"{declared.method}: {name}", field) for declared in COMMANDS
           for name, field in numbers_of(declared.schema)]


def test_the_doors_that_take_money_are_found() -> None:
    assert {"payments.take_cash: tendered", "payments.take_slip: amount"} <= {name for name, _ in NUMBERS}


@pytest.mark.parametrize(("name", "field"), NUMBERS, ids=[name for name, _ in NUMBERS])
def test_a_door_takes_whole_numbers_only(name: str, field: fields.Integer) -> None:
    for value in NOT_WHOLE:
        if value is None and field.allow_none:
            continue
        with pytest.raises(marshmallow.ValidationError):
            field.deserialize(value)


@pytest.mark.parametrize("amount", [*NOT_WHOLE, 0, -1])
def test_the_books_take_whole_piastres_above_nothing_only(amount: Any) -> None:
    charge = Charge("fee", {"ar": "رسم", "en": "Fee"}, "1101", amount)
    for make in (lambda: ledger.rail_receipt("fawry", "R-1", [charge]),
                 lambda: ledger.money_held("fawry", "r", amount)):
        with pytest.raises((ValueError, TypeError)):
            make()


@given(st.integers(1, 10**14))
def test_what_a_rail_is_sent_is_the_amount_to_the_piastre(piastres: int) -> None:
    assert Decimal(orjson.dumps(wire.pounds(piastres)).decode()) * 100 == piastres
    assert rail_signatures.piastres(orjson.loads(orjson.dumps(wire.pounds(min(piastres, 10**13)))), "amount") == min(
        piastres, 10**13)


@pytest.mark.parametrize("amount", [0.001, 1e13, 1e300, math.nan, math.inf, True, "12,5", "1e400"])
def test_an_amount_that_is_not_to_the_piastre_is_no_amount(amount: Any) -> None:
    with pytest.raises(Refusal):
        rail_signatures.piastres(amount, "paymentAmount")
