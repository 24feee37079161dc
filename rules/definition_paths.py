"""Where a value stands in a definition, as people write it: `fees/permit/amount`, `workflow/states/inspection/target`.
An item of a list is named by its code, name or value, never by its place in the list, which changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final


class _Nothing:
    """Stands for a value that is not there; None is one that is."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING: Final = _Nothing()


def find(definition: Any, path: str) -> Any:
    """The value at a path; NOTHING where it leads nowhere."""
    here = definition
    for step in path.split("/"):
        here = _inside(here, step)
        if here is NOTHING:
            break
    return here


def key(item: Any) -> str | None:
    """What an item of a list is called by: its code, its name (when that is a text and not one in two languages), its
    value; None where it has none of them."""
    if not isinstance(item, Mapping):
        return None
    return next((item[name] for name in ("code", "name", "value") if isinstance(item.get(name), str)), None)


def _inside(here: Any, step: str) -> Any:
    if isinstance(here, Mapping):
        return here.get(step, NOTHING)
    if isinstance(here, list):
        return next((item for item in here if key(item) == step), NOTHING)
    return NOTHING
