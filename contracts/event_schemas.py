"""The schema of every event's data as JSON Schema, made from its marshmallow schema, and what may change in one.

A published event is read by programs that nobody here can change, and stays in logs that are replayed years later. So
the schema of a type only grows. Held against the record of what was published (`docs/event-schemas.json`):

| change | may be made | because |
|---|---|---|
| a new event type, a new field that need not be there | yes | readers pass over what they do not know |
| a new value of a closed list, a bound made wider | yes | readers treat a value that they do not know as "another" |
| a field or a type taken away or renamed | no | somebody reads it |
| another kind of value: text for a number, a list, null | no | readers would fail on it |
| a field that must be there need not be any more | no | readers count on it |
| a field that need not be there must be, or a new field that must be | no | kept events have none, and replay fails |
| a value taken from a closed list, a bound made narrower | no | kept events hold it |

Whatever may not be made is a new type, `….v2`, beside the old one; the old one is sent on until its readers are gone.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

import contracts
from contracts.events import REGISTRY, EventType

_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_OTHER = ("format", "pattern", "const")


@cache
def every() -> Mapping[str, EventType]:
    """Every event type of the published language by its name, whichever module tells it."""
    for module in pkgutil.iter_modules(contracts.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"contracts.{module.name}")
    return dict(sorted(REGISTRY.items()))


def data_schema(event_type: EventType) -> dict[str, Any]:
    """The JSON Schema of a type's `data`, whole: nothing in it refers elsewhere."""
    schema: dict[str, Any] = _plain(_converter().schema2jsonschema(event_type.schema()))
    return schema


def record() -> dict[str, dict[str, Any]]:
    """What `docs/event-schemas.json` holds: the schema of every type by its name."""
    return {name: data_schema(one) for name, one in every().items()}


def broken(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What a new record changes of an old one that may not be changed, a line each; nothing when it only grew."""
    found = [f"{name}: the type is gone" for name in sorted(before.keys() - after.keys())]
    for name in sorted(before.keys() & after.keys()):
        found += [f"{name}: {line}" for line in _broken(before[name], after[name], "data")]
    return found


def _broken(before: Mapping[str, Any], after: Mapping[str, Any], at: str) -> Iterator[str]:
    if _kinds(before) != _kinds(after):
        yield f"{at} was {'/'.join(_kinds(before)) or 'anything'} and is {'/'.join(_kinds(after)) or 'anything'}"
        return
    for keyword in _OTHER:
        if before.get(keyword) != after.get(keyword):
            yield f"{at}: {keyword} was {before.get(keyword)} and is {after.get(keyword)}"
    yield from _narrower(before, after, at)
    yield from _fields(before, after, at)
    if "items" in before or "items" in after:
        yield from _broken(before.get("items", {}), after.get("items", {}), f"{at}[]")
    inner, now = before.get("additionalProperties", True), after.get("additionalProperties", True)
    if isinstance(inner, dict) or isinstance(now, dict):
        yield from _broken(inner if isinstance(inner, dict) else {}, now if isinstance(now, dict) else {}, f"{at}.*")
    elif inner and not now:
        yield f"{at} takes no further fields any more"


def _narrower(before: Mapping[str, Any], after: Mapping[str, Any], at: str) -> Iterator[str]:
    if "enum" in after:
        gone = set(before["enum"]) - set(after["enum"]) if "enum" in before else {"any other value"}
        for value in sorted(gone, key=str):
            yield f"{at}: {value} may not stand there any more"
    for keyword in _LEAST:
        if keyword in after and after[keyword] > before.get(keyword, float("-inf")):
            yield f"{at}: {keyword} is {after[keyword]}, narrower than before"
    for keyword in _MOST:
        if keyword in after and after[keyword] < before.get(keyword, float("inf")):
            yield f"{at}: {keyword} is {after[keyword]}, narrower than before"


def _fields(before: Mapping[str, Any], after: Mapping[str, Any], at: str) -> Iterator[str]:
    old, new = before.get("properties", {}), after.get("properties", {})
    must, musts = set(before.get("required", ())), set(after.get("required", ()))
    for name in old:
        place = f"{at}.{name}"
        if name not in new:
            yield f"{place} is gone"
            continue
        if name in must and name not in musts:
            yield f"{place} need not be there any more"
        if name in musts and name not in must:
            yield f"{place} must be there now"
        yield from _broken(old[name], new[name], place)
    for name in sorted(musts & new.keys() - old.keys()):
        yield f"{at}.{name} is new and must be there"


def _kinds(schema: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = schema.get("type", ())
    return tuple(sorted([kinds] if isinstance(kinds, str) else kinds))


@cache
def _converter() -> Any:
    """apispec's, for OpenAPI 3.1, whose schemas are plain JSON Schema; a nested schema is written where it stands."""
    plugin = MarshmallowPlugin(schema_name_resolver=lambda _: "")
    APISpec("events", "v1", "3.1.0", plugins=[plugin])
    return plugin.converter


def _plain(value: Any) -> Any:
    """Mappings, lists and plain values: what JSON holds."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
