"""The API as pages for whoever builds on it, made from its own description: nothing of it is written twice."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, current_app, g, render_template, request

from rules import roles
from rules.refusal import refuse
from services.gateway import partners
from services.gateway.web import limits
from services.gateway.web.access import door
from services.gateway.web.api import openapi
from services.gateway.web.pages.public import LANG

blueprint = Blueprint("api_docs", __name__)
_PAGE = LANG + "/developers"
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the pages list it. `who` names its permission in the page's language."""

    code: str
    method: str
    path: str
    summary: str
    permission: str
    scope: str
    body: dict[str, Any] = field(repr=False)

    @property
    def open_to_all(self) -> bool:
        return "security" not in self.body

    @property
    def who(self) -> str:
        known = roles.load().permissions
        return " · ".join(known[one][g.language] for one in self.permission.split("|") if one in known)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body: its place, what it takes, whether it must be there."""

    name: str
    kind: str
    required: bool
    told: str


@door(blueprint, "GET", _PAGE, permission="guide.read")
def show() -> str:
    """How one begins, and every operation by group, or those that `q` finds."""
    asked = request.args.get("q", "").strip()[:60]
    groups = [(tag, found) for tag, all_of in _groups() if (found := [one for one in all_of if _fits(one, tag, asked)])]
    return render_template(
        "public/developers.html", groups=groups, asked=asked, count=sum(len(found) for _, found in groups),
        scopes=[(one, roles.load().permissions[one][g.language]) for one in partners.scopes()],
        bounds=[(name, limits.LIMITS[name]) for name in limits.CLASSES], root=request.host_url.rstrip("/"))


@door(blueprint, "GET", _PAGE + "/<operation>", permission="guide.read")
def show_operation(operation: str) -> str:
    """One operation: what it asks, what it answers, and a call to copy."""
    groups = _groups()
    found = next((one for _, all_of in groups for one in all_of if one.code == operation), None)
    if found is None:
        raise refuse("not_found")
    parts = _document()["components"]["schemas"]
    asks = [(kind, _fields(content.get("schema", {}), parts), _written(content.get("example")))
            for kind, content in found.body.get("requestBody", {}).get("content", {}).items()]
    answers = [(code, answer.get("description", ""), kind, _fields(content.get("schema", {}), parts),
                _written(content.get("example")))
               for code, answer in found.body["responses"].items() if code != "default"
               for kind, content in (answer.get("content") or {"": {}}).items()]
    parameters = [*_document()["paths"][found.path].get("parameters", ()), *found.body.get("parameters", ())]
    problem = _written(openapi.PROBLEM["example"])
    return render_template(
        "public/developers_operation.html", one=found, parameters=parameters, asks=asks, answers=answers,
        curl=_curl(found, parameters), problem=problem, said=(found.body.get("description") or "").strip())


def _document() -> dict[str, Any]:
    return openapi.document(current_app)


def _groups() -> list[tuple[dict[str, Any], list[Operation]]]:
    """Tags in the order of the description, each with its operations by path."""
    described = _document()
    by_tag: dict[str, list[Operation]] = {}
    for path, methods in described["paths"].items():
        for method, body in methods.items():
            if method == "parameters":
                continue
            one = Operation(body["operationId"], method.upper(), path, body.get("summary", ""), body["x-permission"],
                            body.get("x-scope", ""), body)
            by_tag.setdefault((body.get("tags") or [""])[0], []).append(one)
    tags = {tag["name"]: tag for tag in described.get("tags", ())}
    return [(tags.get(name, {"name": name, "description": name}), found) for name, found in by_tag.items()]


def _fits(one: Operation, tag: Mapping[str, Any], asked: str) -> bool:
    text = " ".join((one.code, one.method, one.path, one.summary, one.permission, one.who, str(tag["description"])))
    return all(word in text.lower() for word in asked.lower().split())


def _fields(schema: Mapping[str, Any], parts: Mapping[str, Any], before: str = "", depth: int = 0) -> list[Field]:
    """The fields of a body, nested ones with their place before them."""
    schema = _resolved(schema, parts)
    if schema.get("type") == "array":
        return _fields(schema.get("items", {}), parts, before + "[]" if before else "[]", depth)
    found = []
    for name, shape in schema.get("properties", {}).items():
        inner, place = _resolved(shape, parts), f"{before}.{name}" if before else name
        told = " ".join(str(shape.get("description") or inner.get("description") or "").split())
        found.append(Field(place, _kind(inner, parts), name in schema.get("required", ()), told))
        if depth < _DEEPEST and (inner.get("properties") or inner.get("type") == "array"):
            found += _fields(inner, parts, place, depth + 1)
    return found


def _resolved(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        return _resolved(parts[schema["$ref"].rpartition("/")[2]], parts)
    for combined in ("anyOf", "oneOf", "allOf"):
        if combined in schema:
            return _resolved(next(one for one in schema[combined] if one.get("type") != "null"), parts)
    return schema


def _kind(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    kinds = schema.get("type", "")
    kind = "/".join(kinds) if isinstance(kinds, list) else str(kinds)
    if kind == "array":
        inner = _kind(_resolved(schema.get("items", {}), parts), parts)
        return f"array of {inner}" if inner else "array"
    if choices := schema.get("enum"):
        return " | ".join(str(one) for one in choices)
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _written(example: Any) -> str:
    if example is None:
        return ""
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)


def _curl(one: Operation, parameters: list[Mapping[str, Any]]) -> str:
    """A call to copy, with the examples in their places."""
    path, query = one.path, []
    lines = []
    for parameter in parameters:
        value = str(parameter.get("example", ""))
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", value)
        elif parameter["in"] == "header":
            lines.append(f"-H {shlex.quote(parameter['name'] + ': ' + value)}")
        elif parameter.get("required"):
            query.append(f"{parameter['name']}={value}")
    if not one.open_to_all:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    for kind, content in one.body.get("requestBody", {}).get("content", {}).items():
        if "json" in kind:
            lines += [f"-H {shlex.quote('Content-Type: ' + kind)}",
                      f"-d {shlex.quote(json.dumps(content.get('example'), ensure_ascii=False))}"]
        elif kind == "multipart/form-data":
            lines.append("-F file=@contract.pdf")
        else:
            lines += [f"-H {shlex.quote('Content-Type: ' + kind)}", "--data-binary @file"]
        break
    address = request.host_url.rstrip("/") + path + ("?" + "&".join(query) if query else "")
    asked = [] if one.method == "GET" else [f"-X {one.method}"]
    return " \\\n  ".join(["curl " + " ".join([*asked, shlex.quote(address)]), *lines])
