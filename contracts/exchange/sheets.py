"""Definitions as rows of tables, and back, without loss; which part of a definition stands in which sheet.

A row is one mapping: a column a value, inner mappings by path (`name/ar`, `period/days`). A list of mappings has a
sheet of its own, whose rows say in `#` columns what they belong to: `#service`, then the key of each owner (`#form`,
`#state` …). Keys are the names that the definition itself uses (a field's name, a fee's code). A list that cannot be
told apart so stands whole in a cell of its owner. A part that no sheet is named for needs none: it becomes columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.exchange import cells
from contracts.exchange.cells import Cell

SERVICE, KEY, NUMBER, VALUE, TEXTS = "#service", "#key", "#n", "(value)", "[]"


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet and what it holds: the list, or with `keyed` the mapping, at `path` of its owner. `key` names the field
    by which its rows are told apart; without one, rows that own others are numbered (`numbered`). `owner` is the
    `#` column in which the rows of `inner` name theirs."""

    name: str
    path: str
    key: str | None = None
    keyed: bool = False
    numbered: bool = False
    owner: str = ""
    inner: tuple[Table, ...] = ()


TABLES = (
    Table("legal_basis", "legal_basis"),
    Table("form", "form", "name", owner="#form", inner=(Table("form_options", "options", "value"),)),
    Table("documents", "documents", "code"),
    Table("fees", "fees", "code", owner="#fee", inner=(Table("fee_tiers", "tiers"),)),
    Table("examples", "examples", numbered=True, owner="#example",
          inner=(Table("example_answers", "answers", keyed=True),)),
    Table("external_bodies", "external_bodies", "code"),
    Table("stage_periods", "stage_periods", "code"),
    Table("states", "workflow/states", keyed=True, owner="#state", inner=(
        Table("actions", "actions", "code"),
        Table("branches", "branches", "code", owner="#branch", inner=(Table("branch_actions", "actions", "code"),)),
    )),
    Table("inputs", "workflow/inputs", "name", owner="#input", inner=(Table("input_options", "options", "value"),)),
    Table("outputs", "outputs", "code"),
    Table("templates", "templates", "code", owner="#template", inner=(Table("blocks", "blocks"),)),
    Table("follow_up", "follow_up", "code"),
    Table("overridable", "overridable"),
)  # fmt: skip


def every(
    tables: tuple[Table, ...] = TABLES, owners: tuple[str, ...] = (SERVICE,)
) -> Iterator[tuple[Table, tuple[str, ...]]]:
    """All tables with the `#` columns in which their rows name their owners, owners before what they own."""
    for table in tables:
        yield table, owners
        yield from every(table.inner, (*owners, table.owner))


Row = dict[str, Cell]


@dataclass(slots=True)
class Rows:
    """The rows of all sheets; the services' own under the name `services`."""

    of: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, definition: Mapping[str, Any], head: Row) -> None:
        """Add one definition; `head` are columns of its own row that are none of its content. ValueError where a key of
        it cannot be a heading."""
        if not _is_row(definition):
            raise ValueError("a key of the definition cannot be a column's heading")
        row: Row = dict(head)
        self.of.setdefault("services", []).append(row)
        row.update(self._columns(definition, "", TABLES, {SERVICE: definition["code"]}))

    def _columns(self, value: Mapping[str, Any], at: str, tables: tuple[Table, ...], owners: Row) -> Row:
        """The columns of one row, whose inner tables have become rows of their own."""
        row: Row = {}
        for key, one in value.items():
            path = f"{at}/{key}" if at else str(key)
            table = next((table for table in tables if table.path == path), None)
            if table is not None and self._is_table(table, one):
                self._add_all(table, one, owners)
            elif isinstance(one, Mapping) and one and all(_is_heading(name) for name in one):
                row.update(self._columns(one, path, tables, owners))
            elif isinstance(one, list) and one and all(isinstance(text, str) for text in one):
                row[path + TEXTS] = cells.write_texts(one)
            else:
                row[path] = cells.write(one)
        return row

    def _add_all(self, table: Table, value: Any, owners: Row) -> None:
        rows = self.of.setdefault(table.name, [])
        if table.keyed:
            for key, one in value.items():
                row = {**owners, KEY: key}
                rows.append(row)
                inner = one if isinstance(one, Mapping) else {VALUE: one}
                row.update(self._columns(inner, "", table.inner, {**owners, table.owner: key}))
            return
        for number, one in enumerate(value, 1):
            row = {**owners, NUMBER: number} if table.numbered else dict(owners)
            rows.append(row)
            own = number if table.numbered else one[table.key] if table.key else 0
            row.update(self._columns(one, "", table.inner, {**owners, table.owner: own} if table.owner else owners))

    def _is_table(self, table: Table, value: Any) -> bool:
        """Whether rows can hold the value: told apart by their keys, each with something in it."""
        if table.keyed:
            return (isinstance(value, Mapping) and bool(value)
                    and all(_is_key(key) and (not isinstance(one, Mapping) or _is_row(one))
                            for key, one in value.items()))
        if not isinstance(value, list) or not value or not all(isinstance(one, Mapping) and _is_row(one)
                                                               for one in value):
            return False
        if table.key is None:
            return True
        keys = [one.get(table.key) for one in value]
        return all(_is_key(key) for key in keys) and len(set(keys)) == len(keys)


def _is_row(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(_is_heading(name) for name in value)


def _is_heading(name: Any) -> bool:
    """Whether a key can stand in a column's heading and be read again as what it was."""
    return (isinstance(name, str) and 0 < len(name) <= 100 and "/" not in name and not name.startswith("#")
            and not name.endswith(TEXTS) and name != VALUE and cells.write(name) == name)


def _is_key(value: Any) -> bool:
    """Whether a cell holds the value as text, so that other rows can name it."""
    return isinstance(value, str) and len(value) <= 200 and "\n" not in value and cells.write(value) == value
