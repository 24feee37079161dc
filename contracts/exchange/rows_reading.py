"""Definitions put together again from the rows of a workbook, with the cell that each part came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.exchange import Item, Reading, cells
from contracts.exchange.sheets import KEY, NUMBER, SERVICE, TEXTS, VALUE, Table, every
from rules.refusal import Fault


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row of a sheet: where it stands, and its filled cells by heading, each with its place (`fees!F7`)."""

    at: str
    cells: Mapping[str, tuple[str, Any]]


@dataclass(slots=True)
class _Owner:
    """A mapping that rows of other sheets may belong to, with its path in its definition."""

    item: _Building
    value: dict[str, Any]
    path: str


@dataclass(slots=True)
class _Building:
    """A definition while its rows are gathered."""

    at: str
    raw: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def locate(self, path: str) -> str:
        """The cell of a path, or of the nearest part that holds it."""
        while path and path not in self.places:
            path = path.rpartition("/")[0]
        return self.places.get(path, self.at)


def definitions(book: Mapping[str, Sequence[ReadRow]], long: Mapping[int, str]) -> Reading:
    """The definitions of a workbook, one for each row of `services`. Rows that belong to nothing are faults of the
    whole file: what they were meant for is incomplete, and nobody knows which it is."""
    return _Reader(book, long).read()


class _Reader:
    def __init__(self, book: Mapping[str, Sequence[ReadRow]], long: Mapping[int, str]) -> None:
        self._book = book
        self._long = long
        self._owners: dict[tuple[tuple[str, str], ...], _Owner] = {}  # by what the `#` columns say
        self._by_rows: set[int] = set()  # ids of the lists and mappings that rows have filled, not a cell
        self._lost: list[Fault] = []

    def read(self) -> Reading:
        items = [self._service(row) for row in self._book.get("services", ())]
        for table, owners in every():
            for row in self._book.get(table.name, ()):
                self._row(table, owners, row)
        if self._lost:
            return Reading(faults=self._lost)
        return Reading([Item(one.at, one.raw, one.locate, one.faults) for one in items])

    def _service(self, row: ReadRow) -> _Building:
        item = _Building(row.at)
        item.places[""] = row.at
        self._fill(item, item.raw, "", row)
        self._owners.setdefault(((SERVICE, str(item.raw.get("code"))),), _Owner(item, item.raw, ""))
        return item

    def _row(self, table: Table, columns: tuple[str, ...], row: ReadRow) -> None:
        named = tuple((column, self._text(row, column)) for column in columns)
        owner = self._owners.get(named)
        if owner is None:
            told = ", ".join(f"{column} = {name}" for column, name in named)
            self._lost.append(Fault("import_row_lost", None, {"at": row.at, "owner": told}))
            return
        held = self._container(table, owner, row)
        if held is None:
            return
        if isinstance(held, dict):
            key = self._text(row, KEY)
            if not key or key in held:
                self._lost.append(Fault("import_row_lost", None, {"at": row.at, "owner": f"{KEY} = {key}"}))
                return
            path = f"{owner.path}{table.path}/{key}"
        else:
            path = f"{owner.path}{table.path}/{len(held)}"
        owner.item.places[path] = row.at
        value: dict[str, Any] = {}
        self._fill(owner.item, value, f"{path}/", row)
        if isinstance(held, dict):
            held[key] = value[VALUE] if set(value) == {VALUE} else value
            own = key
        else:
            held.append(value)
            own = str(value.get(table.key)) if table.key else self._text(row, NUMBER) or str(len(held))
        if table.owner:
            self._owners.setdefault((*named, (table.owner, own)), _Owner(owner.item, value, f"{path}/"))

    def _container(self, table: Table, owner: _Owner, row: ReadRow) -> list[Any] | dict[str, Any] | None:
        """The list or mapping that the rows of a table fill, made at the first. None, and a fault, where a cell of the
        owner has filled it already."""
        *outer, last = table.path.split("/")
        value = owner.value
        for part in outer:
            value = value.setdefault(part, {})
            if not isinstance(value, dict):
                return self._contradicts(owner.item, row.at)
        if last not in value:
            value[last] = {} if table.keyed else []
            self._by_rows.add(id(value[last]))
            owner.item.places.setdefault(f"{owner.path}{table.path}", row.at)
        held: list[Any] | dict[str, Any] = value[last]
        return held if id(held) in self._by_rows else self._contradicts(owner.item, row.at)

    @staticmethod
    def _contradicts(item: _Building, at: str) -> None:
        item.faults.append(Fault("import_cell_conflict", None, {"at": at}))

    def _fill(self, item: _Building, value: dict[str, Any], base: str, row: ReadRow) -> None:
        """Set the row's cells in the mapping that the row is."""
        for heading, (at, cell) in row.cells.items():
            if heading.startswith("#"):
                continue
            path, texts = (heading[:-len(TEXTS)], True) if heading.endswith(TEXTS) else (heading, False)
            try:
                one = cells.read(cell, self._long, texts=texts)
            except cells.CellUnreadable:
                item.faults.append(Fault("import_cell_unreadable", None, {"at": at}))
                continue
            item.places[base + path] = at
            *outer, last = [path] if path == VALUE else path.split("/")
            inner = value
            for part in outer:
                step = inner.setdefault(part, {})
                if not isinstance(step, dict):
                    break
                inner = step
            else:
                if last not in inner:
                    inner[last] = one
                    continue
            self._contradicts(item, at)

    def _text(self, row: ReadRow, heading: str) -> str:
        """What a `#` cell says, as text."""
        at, cell = row.cells.get(heading, (row.at, ""))
        try:
            value = cells.read(cell, self._long)
        except cells.CellUnreadable:
            self._lost.append(Fault("import_cell_unreadable", None, {"at": at}))
            return ""
        return "" if value is None else str(value)
