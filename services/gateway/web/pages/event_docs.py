"""The events as pages for whoever consumes them, made from their own description: nothing of it is written twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request

from rules.refusal import refuse
from services.gateway.web.access import door
from services.gateway.web.api import asyncapi
from services.gateway.web.pages.public import LANG

blueprint = Blueprint("event_docs", __name__)
_PAGE = LANG + "/developers/events"
WAYS = ("agencyQueue", "agencyWebhook", "agencyFeed")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event's data: its place, what it holds, whether it is always there."""

    name: str
    kind: str
    always: bool


@door(blueprint, "GET", _PAGE, permission="guide.read")
def show() -> str:
    """How one consumes, and every type that agencies may get, by service, or those that `q` finds."""
    asked = request.args.get("q", "").strip()[:60]
    messages = [one for one in _messages().values() if _fits(one, asked)]
    services = list(dict.fromkeys(one["tags"][0]["name"] for one in messages))
    groups = [(name, [one for one in messages if one["tags"][0]["name"] == name]) for name in services]
    return render_template("public/events.html", groups=groups, asked=asked, count=len(messages),
                           channels=[(way, asyncapi.document()["channels"][way]) for way in WAYS])  # fmt: skip


@door(blueprint, "GET", _PAGE + "/<event_type>", permission="guide.read")
def show_type(event_type: str) -> str:
    """One type: what it says, its fields, and a sample."""
    found = _messages().get(event_type)
    if found is None:
        raise refuse("not_found")
    schemas = asyncapi.document()["components"]["schemas"]
    schema = schemas[f"{event_type}.data"]
    return render_template(
        "public/event.html", one=found, fields=list(_fields(schema, set(schema["x-always"]))),
        envelope=list(_fields(schemas["Envelope"], set(schemas["Envelope"]["required"]))),
        sample=json.dumps(found["examples"][0]["payload"], ensure_ascii=False, indent=2))  # fmt: skip


def _messages() -> dict[str, dict[str, Any]]:
    """What agencies may get, by type."""
    messages = asyncapi.document()["components"]["messages"]
    return {key: one for key, one in messages.items() if not key.startswith("bus.")}


def _fits(one: Mapping[str, Any], asked: str) -> bool:
    text = f"{one['name']} {one['description']}".lower()
    return all(word in text for word in asked.lower().split())


def _fields(schema: Mapping[str, Any], always: set[str], before: str = "") -> Iterator[Field]:
    for name, shape in schema.get("properties", {}).items():
        inner = shape.get("items", shape)
        place = f"{before}{name}" + ("[]" if "items" in shape else "")
        yield Field(place, _kind(shape), name in always)
        yield from _fields(inner, set(inner.get("required", ())), f"{place}.")


def _kind(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return " | ".join("null" if one is None else str(one) for one in schema["enum"])
    kinds = schema.get("type", "")
    kind = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    if "items" in schema:
        return f"array of {_kind(schema['items']) or 'values'}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind
