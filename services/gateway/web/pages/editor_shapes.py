"""What a definition looks like as forms: leaves (one value), groups (a mapping) and rows (a list of mappings), each
under the key that it has in the definition. Reading and drawing them is for editor_reading and editor_view; which parts
there are, editor_parts says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]
Pair = tuple[str, str]  # Arabic, English
Shown = Callable[[Item], bool]

ABSENT: Any = object()
"""No value at all: the key is not in the mapping."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value. `kind` is how it is written (editor_values.KINDS). `options` names where the values to choose from
    come from (editor_options). `nullable`: left empty it is null. `drop`: an empty list is left out. `default`: what
    the language of definitions takes where a yes/no is not written. `shown` says of the mapping around it whether it
    has a place there; what has none is neither shown nor changed."""

    key: str
    kind: str
    label: Pair | None = None
    help: Pair | None = None
    options: str = ""
    nullable: bool = False
    drop: bool = False
    default: bool = False
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A mapping. `optional`: it is left out while nothing is written in it (null where it was null). `pair`: a text in
    both languages, shown side by side."""

    key: str
    children: tuple[Shape, ...]
    label: Pair | None = None
    help: Pair | None = None
    optional: bool = False
    pair: bool = False
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of mappings that are added, removed and moved. `fresh` makes a new one, given those that are there.
    `drop`: an empty list is left out."""

    key: str
    item: Group
    fresh: Callable[[list[Any]], dict[str, Any]]
    label: Pair | None = None
    help: Pair | None = None
    add: Pair = ("أضف", "Add")
    drop: bool = False
    shown: Shown | None = None


Shape = Leaf | Group | Rows


def texts(key: str, label: Pair | None = None, help: Pair | None = None, *, long: bool = False,  # noqa: A002
          optional: bool = False, shown: Shown | None = None) -> Group:
    """A text in both languages."""
    kind = "long" if long else "text"
    children = (Leaf("ar", kind, ("بالعربية", "In Arabic")), Leaf("en", kind, ("بالإنجليزية", "In English")))
    return Group(key, children, label, help, optional=optional, pair=True, shown=shown)


def days(key: str, label: Pair | None = None, help: Pair | None = None, *, optional: bool = True,  # noqa: A002
         more: tuple[Shape, ...] = (), shown: Shown | None = None) -> Group:
    """A number of days and which days are counted."""
    inner: tuple[Shape, ...] = (Leaf("days", "whole", ("عدد الأيام", "Number of days")),
                                Leaf("kind", "one", ("أي أيام", "Which days"), options="day_kinds"))
    return Group(key, (*inner, *more), label, help, optional=optional, shown=shown)


def is_one_of(key: str, *values: str) -> Shown:
    """Whether the mapping's `key` is one of these."""
    return lambda item: item.get(key) in values


def shown_in(shape: Shape, item: Any) -> bool:
    """Whether a shape has a place in this mapping."""
    return shape.shown is None or shape.shown(item if isinstance(item, Mapping) else {})
