"""Conditions (rules.conditions) as rows of a form: question, test, value; joined by `all` or `any`. What is nested
deeper than that is shown in words and changed in the view of the whole text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.gateway.web.pages import editor_values

EQUALS, ONE_OF, AT_LEAST, AT_MOST, BETWEEN, PRESENT, MISSING = (
    "equals", "in", "at_least", "at_most", "between", "present", "missing")
TESTS_OF = {
    "choice": (EQUALS, ONE_OF, PRESENT, MISSING), "multi_choice": (EQUALS, ONE_OF, PRESENT, MISSING),
    "boolean": (EQUALS, PRESENT, MISSING),
    "integer": (AT_LEAST, AT_MOST, BETWEEN, EQUALS, ONE_OF, PRESENT, MISSING),
    "decimal": (AT_LEAST, AT_MOST, BETWEEN, EQUALS, ONE_OF, PRESENT, MISSING),
    "date": (AT_LEAST, AT_MOST, BETWEEN, EQUALS, PRESENT, MISSING)}
OTHER_TESTS = (EQUALS, ONE_OF, PRESENT, MISSING)
_VALUES = {EQUALS: ("equals",), AT_LEAST: ("at_least",), AT_MOST: ("at_most",), BETWEEN: ("at_least", "at_most")}


@dataclass(frozen=True, slots=True)
class Row:
    """One test of one answer. `values` are those of the test in order; `negated`: it must not hold."""

    field: str
    test: str = ""
    values: tuple[Any, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A condition as rows. `join` is empty for a single row that stands alone."""

    join: str
    rows: tuple[Row, ...]


def table_of(condition: Any) -> Table | None:
    """The rows of a condition, none for no condition; None where it is deeper than rows can say."""
    if condition is None:
        return Table("", ())
    if not isinstance(condition, Mapping):
        return None
    for join in ("all", "any"):
        if join in condition:
            parts = condition[join]
            rows = [_row(part) for part in parts] if len(condition) == 1 and isinstance(parts, list) else [None]
            return None if None in rows else Table(join, tuple(row for row in rows if row is not None))
    row = _row(condition)
    return None if row is None else Table("", (row,))


def condition_of(table: Table) -> Any:
    """The condition that the rows say; None for no rows."""
    parts = [_condition(row) for row in table.rows]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 and not table.join else {table.join or "all": parts}


def read(posted: Any, path: str, was: Any, types: Mapping[str, str]) -> Any:
    """The condition that a form says at `path`, None for none. Rows whose question was left empty are taken away. What
    a row says of another question than before is asked anew: it stands without a test until it is answered."""
    before = table_of(was)
    if before is None:
        return was
    rows: list[Row] = []
    index = 0
    while f"{path}/{index}/field" in posted:
        at = f"{path}/{index}"
        old = before.rows[index] if index < len(before.rows) else None
        name = posted.get(f"{at}/field", "").strip()
        if name:
            rows.append(_read_row(posted, at, name, old, types.get(name, "")))
        index += 1
    join = posted.get(f"{path}/join", "")
    if len(rows) < 2 and len(rows) != len(before.rows):
        join = ""
    return condition_of(Table(join if join in ("all", "any") else "", tuple(rows)))


def _read_row(posted: Any, at: str, name: str, old: Row | None, kind: str) -> Row:
    negated = f"{at}/not" in posted
    test = posted.get(f"{at}/test", "")
    if old is None or old.field != name:
        return Row(name)
    if test in (PRESENT, MISSING) or not test:
        return Row(name, test, (), negated)
    typed = posted.getlist(f"{at}/value")
    if test == ONE_OF and len(typed) == 1 and kind not in ("choice", "multi_choice"):
        typed = editor_values.lines(typed[0].replace("،", "\n").replace(",", "\n"))
    if test == BETWEEN:
        typed = [*typed[:1], *posted.getlist(f"{at}/until")[:1]]
    elif test != ONE_OF:
        typed = typed[:1]
    kept = {editor_values.shown("bound", value): value for value in old.values}
    values = tuple(kept[one] if one in kept else _value(one, kind) for one in typed if one.strip())
    return Row(name, test, values, negated)


def _value(text: str, kind: str) -> Any:
    reader = {"integer": "bound", "decimal": "bound", "boolean": "yes_no"}.get(kind, "text")
    return editor_values.parsed(reader, text, None)


def _row(condition: Any) -> Row | None:
    if not isinstance(condition, Mapping):
        return None
    if set(condition) == {"not"}:
        inner = _row(condition["not"])
        return None if inner is None or inner.negated else Row(inner.field, inner.test, inner.values, True)
    name, tests = condition.get("field"), set(condition) - {"field"}
    if not isinstance(name, str):
        return None
    if not tests:
        return Row(name)
    if tests == {"present"} and isinstance(condition["present"], bool):
        return Row(name, PRESENT if condition["present"] else MISSING)
    if tests == {"in"} and isinstance(condition["in"], list):
        return Row(name, ONE_OF, tuple(condition["in"]))
    for test, keys in _VALUES.items():
        if tests == set(keys):
            return Row(name, test, tuple(condition[key] for key in keys))
    return None


def _condition(row: Row) -> dict[str, Any]:
    told: dict[str, Any] = {"field": row.field}
    if row.test in (PRESENT, MISSING):
        told["present"] = row.test == PRESENT
    elif row.test == ONE_OF:
        told["in"] = list(row.values)
    elif row.test:
        told |= dict(zip(_VALUES.get(row.test, ()), _padded(row.values, len(_VALUES.get(row.test, ()))), strict=True))
    return {"not": told} if row.negated else told


def _padded(values: Sequence[Any], length: int) -> list[Any]:
    """As many values as the test has; what was not given is an empty text, and shows as a fault."""
    return [*values[:length], *[""] * (length - len(values))]
