"""Where each form of the editor stands in a definition, and values taken out there and laid back in."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from rules.refusal import Refusal
from rules.workflow import Workflow
from services.gateway.web.pages.editor_parts import PARTS, Part
from services.gateway.web.pages.editor_shapes import ABSENT, Group

Body = Mapping[str, Any]
Place = tuple[str, ...]


def forms_of(part: Part, body: Body) -> Iterator[tuple[Place, Group]]:
    """The forms of a part: one, or one for each item that is there."""
    if part.sheet is not None:
        yield part.sheet.path, part.sheet.group
    elif part.item is not None:
        group = part.item(body)
        for key in keys_of(part, body):
            yield (*part.path, key), group


def keys_of(part: Part, body: Body) -> list[str]:
    """What the items of a part are asked for by: places in a list; codes of states, in the order of the path."""
    items = value_at(body, part.path)
    if isinstance(items, list):
        return [str(index) for index in range(len(items))]
    return in_order(body, items) if isinstance(items, Mapping) else []


def in_order(body: Body, states: Mapping[str, Any]) -> list[str]:
    """States as a request goes through them, then those that nothing leads to; by code where the path cannot be read.
    A database keeps no order of keys, so the order written says nothing."""
    try:
        workflow = Workflow.parse(body["workflow"])
    except (AttributeError, KeyError, TypeError, ValueError, Refusal):  # a draft may be faulty; its states are listed
        return sorted(states)
    ordered: list[str] = []
    ahead = [workflow.initial]
    while ahead:
        code = ahead.pop(0)
        if code in ordered or code not in workflow.states:
            continue
        ordered.append(code)
        ahead += [exit_.to for exit_ in workflow.states[code].exits]
    ends = [code for code in ordered if workflow.states[code].kind == "end"]
    return [code for code in ordered if code not in ends] + ends + sorted(set(states) - set(ordered))


def value_at(body: Any, place: Place) -> Any:
    """The value at a place; ABSENT where there is none."""
    here = body
    for step in place:
        if isinstance(here, Mapping) and step in here:
            here = here[step]
        elif isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            return ABSENT
    return here


def lay(body: Body, place: Place, value: Any) -> dict[str, Any]:
    """A copy of the definition with a value laid in at a place; mappings on the way are made where there are none. A
    place beyond the end of a list is its end."""
    made: Any = copy.deepcopy(dict(body))
    if not place:
        return dict(value) if isinstance(value, Mapping) else made
    here = made
    for step in place[:-1]:
        inner = here[int(step)] if isinstance(here, list) else here.get(step)
        if not isinstance(inner, (dict, list)):
            inner = here[step] = {}
        here = inner
    if isinstance(here, list):
        here[int(place[-1]):int(place[-1]) + 1] = [value]
    elif value is ABSENT:
        here.pop(place[-1], None)
    else:
        here[place[-1]] = value
    return made


def form_value(part: Part, body: Any, place: Place) -> Any:
    """What a form is about: an item as a whole, of a mapping that several parts share only this part's own keys."""
    value = value_at(body, place)
    if part.sheet is None or not isinstance(value, Mapping):
        return value
    return {key: value[key] for key in _own(part) if key in value}


def lay_form(part: Part, body: Body, place: Place, value: Any) -> dict[str, Any]:
    """A copy of the definition with what a form is about laid in; what other parts say beside it stays."""
    if part.sheet is None:
        return lay(body, place, value)
    around = value_at(body, place)
    rest = {key: one for key, one in around.items() if key not in _own(part)} if isinstance(around, Mapping) else {}
    return lay(body, place, {**rest, **value})


def _own(part: Part) -> list[str]:
    return [child.key for child in part.sheet.group.children] if part.sheet else []


def part_of(steps: Place) -> tuple[Part, str | None]:
    """The part, and the item of it, in whose form a fault at these steps is mended; the first part where none fits."""
    best: tuple[int, Part] = (0, PARTS[0])
    for part in PARTS:
        for key in part.keys:
            length = len(key.split("/"))
            if steps[:length] == tuple(key.split("/")) and length > best[0]:
                best = (length, part)
    part = best[1]
    own = len(part.path)
    item = steps[own] if part.item is not None and len(steps) > own and steps[:own] == part.path else None
    return part, item
