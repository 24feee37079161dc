"""The guide as it travels between systems: whole exports, and imports that say what was refused and why.

`plain` (JSON, YAML) and `xlsx` are lossless both ways; `cpsv` (JSON-LD) is the European vocabulary, one way. What is
imported becomes proposals, never the guide itself. Nothing here knows a door, a database or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rules.refusal import Fault

MAX_BYTES = 32 * 1024 * 1024
"""Largest file taken. 238 services are 8 MB of indented JSON, 5 MB of YAML, 1 MB of XLSX."""
MAX_UNPACKED = 160 * 1024 * 1024
"""Largest content of a packed file (XLSX is a ZIP). 2,000 services are some 120 MB."""
MAX_SERVICES = 2000
MAX_VALUES = 1_500_000
"""Values of a plain file. A service has some 900; two letters of a file are a value too, and take a hundred times their
room and some microseconds each once they are read."""


@dataclass(frozen=True, slots=True)
class Published:
    """One version of one service as it is in force."""

    code: str
    version: int
    effective_from: date
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WholeGuide:
    """All services in force on a Cairo day. `authority` is the ISO code of the governorate that offers them, `address`
    the root of its public pages without a slash at the end, `tag` the guide's tag."""

    authority: str
    address: str
    day: date
    tag: str
    services: Sequence[Published]


@dataclass(frozen=True, slots=True)
class Item:
    """One definition of a file, as it stands there. `at` says where it begins; `locate` where a field of it stands
    (`fees/0/amount` -> `112:9`, line and column, or `fees!F7`). Its `faults` are those of the file's own form."""

    at: str
    raw: Any
    locate: Callable[[str], str]
    faults: Sequence[Fault] = ()

    @property
    def code(self) -> str | None:
        """What the definition calls itself, where it does."""
        code = self.raw.get("code") if isinstance(self.raw, Mapping) else None
        return code if isinstance(code, str) else None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds. `faults` are those that concern no single definition; where there are any, the file was not
    understood as a whole and its items are not to be used."""

    items: Sequence[Item] = ()
    faults: Sequence[Fault] = field(default=())


def service_items(value: Any, at: str, item: Callable[[Any, str], Item]) -> list[Item] | None:
    """The definitions of a plain file: an export of the guide (`services`), a list of definitions, or one. None where
    it is none of these."""
    if isinstance(value, Mapping):
        if isinstance(value.get("services"), list):
            return _all(value["services"], f"{at}services/", item)
        if isinstance(value.get("definition"), Mapping):
            return [item(value["definition"], f"{at}definition")]
        return [item(value, at.rstrip("/"))] if "code" in value else None
    return _all(value, at, item) if isinstance(value, list) else None


def _all(values: Sequence[Any], at: str, item: Callable[[Any, str], Item]) -> list[Item]:
    # One more than may be taken is enough to be told so; millions of nothing would fill the memory.
    return [item(one["definition"], f"{at}{index}/definition") if isinstance(one, Mapping) and "definition" in one
            else item(one, f"{at}{index}") for index, one in enumerate(values[:MAX_SERVICES + 1])]
