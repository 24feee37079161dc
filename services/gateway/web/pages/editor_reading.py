"""What a form of the editor says, laid over what stood there. A definition taken apart into forms and put together
again unchanged is the same definition; keys that no form shows stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.gateway.web.pages import editor_conditions, editor_values
from services.gateway.web.pages.editor_shapes import ABSENT, Group, Leaf, Rows, Shape, shown_in

OPERATIONS = ("add", "remove", "up", "down")


class Reader:
    """Reads one posted form. `types`: the type of each question of the application form, which conditions read."""

    def __init__(self, posted: Any, types: Mapping[str, str]) -> None:
        self._posted, self._types = posted, types

    def read(self, shape: Shape, was: Any, path: str = "") -> Any:
        """The value of a shape at `path`, or ABSENT."""
        if isinstance(shape, Group):
            return self._group(shape, was, path)
        if isinstance(shape, Rows):
            return self._rows(shape, was, path)
        return self._leaf(shape, was, path)

    def _group(self, group: Group, was: Any, path: str) -> Any:
        before = was if isinstance(was, Mapping) else {}
        here = dict(before)
        filled = False
        for child in group.children:
            if not shown_in(child, before):
                continue
            value = self.read(child, before.get(child.key, ABSENT), joined(path, child.key))
            if value is ABSENT:
                here.pop(child.key, None)
            else:
                here[child.key] = value
                filled = filled or value not in (None, [], False)
        if (group.optional or not isinstance(was, Mapping)) and not filled:
            return was if was is not ABSENT and not isinstance(was, Mapping) else ABSENT
        return here

    def _rows(self, rows: Rows, was: Any, path: str) -> Any:
        if not isinstance(was, list):
            return was
        return [self._group(rows.item, one, joined(path, str(index))) if isinstance(one, Mapping) else one
                for index, one in enumerate(was)]

    def _leaf(self, leaf: Leaf, was: Any, path: str) -> Any:
        kind = leaf.kind
        if kind == "code":
            return was
        if kind == "flag":
            value = path in self._posted
            return ABSENT if was is ABSENT and value == leaf.default else value
        if kind == "condition":
            found = editor_conditions.read(self._posted, path, None if was is ABSENT else was, self._types)
            return ABSENT if found is None else found
        if kind in ("many", "names"):
            return self._chosen(leaf, was, self._posted.getlist(path))
        if path not in self._posted:
            return was
        if kind == "words":
            typed = editor_values.lines(self._posted[path])
            return ABSENT if not typed and (was is ABSENT or leaf.drop) else typed
        value = editor_values.parsed(kind, self._posted[path], None if was is ABSENT else was)
        if value is None:
            return None if leaf.nullable and was is not ABSENT else ABSENT
        return value

    def _chosen(self, leaf: Leaf, was: Any, posted: list[str]) -> Any:
        """Those that were chosen before in their order, then the new ones. One name may stand alone, as it did."""
        before = [was] if isinstance(was, str) else was if isinstance(was, list) else []
        chosen = list(dict.fromkeys(one for one in posted if one))
        kept = [one for one in before if one in chosen]
        found = kept + [one for one in chosen if one not in kept]
        if not found:
            return ABSENT if was is ABSENT or leaf.drop or isinstance(was, str) else []
        return found[0] if leaf.kind == "names" and len(found) == 1 and not isinstance(was, list) else found


def joined(path: str, step: str) -> str:
    """The path of what stands under `step`."""
    return f"{path}/{step}" if path else step


def operate(shape: Group, value: dict[str, Any], wanted: str) -> dict[str, Any]:
    """`add:branches/0/actions`, `remove:…/2`, `up:…/2` or `down:…/2` done to the lists of a read group; anything else
    leaves it as it is. The group's own value is changed and answered."""
    operation, _, path = wanted.partition(":")
    steps = [step for step in path.split("/") if step]
    if operation not in OPERATIONS or not steps:
        return value
    place = steps if operation == "add" else steps[:-1]
    found = _list_at(shape, value, place)
    if found is None:
        return value
    rows, items, around = found
    if operation == "add":
        items.append(rows.fresh(items))
    elif steps[-1].isdigit() and int(steps[-1]) < len(items):
        move(items, int(steps[-1]), operation)
        if not items and rows.drop:
            around.pop(rows.key, None)
    return value


def move(items: list[Any], index: int, operation: str) -> None:
    """Take an item out, or change places with the one before or after it; at an end nothing happens."""
    if operation == "remove":
        items.pop(index)
        return
    other = index + (-1 if operation == "up" else 1)
    if 0 <= other < len(items):
        items[index], items[other] = items[other], items[index]


def _list_at(shape: Shape, value: Any, steps: list[str]) -> tuple[Rows, list[Any], dict[str, Any]] | None:
    """The list at a path with its shape and the mapping around it; made where there is none yet."""
    around: dict[str, Any] = {}
    here: Shape = shape
    for step in steps:
        if isinstance(here, Rows):
            if not isinstance(value, list) or not step.isdigit() or int(step) >= len(value):
                return None
            here, value = here.item, value[int(step)]
            continue
        child = next((one for one in here.children if one.key == step), None) if isinstance(here, Group) else None
        if child is None or not isinstance(value, dict):
            return None
        if isinstance(child, Rows) and not isinstance(value.get(step), list):
            value[step] = []
        around, here, value = value, child, value.get(step)
    return (here, value, around) if isinstance(here, Rows) and isinstance(value, list) else None
