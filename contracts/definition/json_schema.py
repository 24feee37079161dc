"""The shape of a definition as JSON Schema (2020-12), for editors and for whoever exchanges definitions. It is made
from the marshmallow schemas and says the same; what only the rules see (does the path lead to an end?) it cannot say.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields, validate

from contracts.definition import basics, schema, values, workflow_shape
from contracts.definition.loading import LARGEST

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = "urn:shubbak:schema:definition"
_DEFS = "#/$defs/"
_DECIMAL = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"
_SCALAR = {"type": ["string", "integer", "boolean", "null"]}
_CUSTOM: dict[type[fields.Field[Any]], list[dict[str, Any]]] = {
    values.DecimalText: [{"type": "integer"}, {"type": "string", "pattern": _DECIMAL}],
    values.Bound: [{"type": "integer"}, {"type": "string"}],
    values.Names: [{"type": "string", "minLength": 1},
                   {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}],
    values.Condition: [{"$ref": f"{_DEFS}Condition"}],
}


@cache
def document() -> dict[str, Any]:
    """The JSON Schema of a definition as it is written (parts not yet expanded) or loaded: the gate takes both."""
    plugin: Any = MarshmallowPlugin(schema_name_resolver=lambda found: (
        found if isinstance(found, type) else type(found)).__name__)
    spec = APISpec(title="definition", version="1", openapi_version="3.1.0", plugins=[plugin])
    for kind in _CUSTOM:
        plugin.map_to_openapi_type(kind, None, None)
    plugin.converter.add_attribute_function(_custom)
    plugin.converter.add_attribute_function(_key_names)
    spec.components.schema("Definition", schema=schema.Definition)
    spec.components.schema("PartUse", schema=schema.PartUse)
    defs: dict[str, Any] = _as_json_schema(spec.to_dict()["components"]["schemas"])
    for name, described in defs.items():
        found = next(vars(room)[name] for room in (schema, workflow_shape, basics) if name in vars(room))
        if found.__doc__:
            described["description"] = " ".join(inspect.cleandoc(found.__doc__).split())
    for name, completed in _COMPLETIONS.items():
        completed(defs[name])
    defs["Condition"] = _CONDITION
    defs["Answer"] = _ANSWER
    _bound(defs)
    return {"$schema": DIALECT, "$id": ID, "title": "Service definition · تعريف خدمة", "$ref": f"{_DEFS}Definition",
            "$defs": dict(sorted(defs.items()))}


def _bound(value: Any) -> None:
    """No number is larger than what stands behind the gate."""
    if isinstance(value, dict):
        kinds = value.get("type")
        if kinds == "integer" or (isinstance(kinds, list) and "integer" in kinds):
            value.setdefault("minimum", -LARGEST)
            value.setdefault("maximum", LARGEST)
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _bound(one)


def _custom(converter: object, field: fields.Field[Any], **kwargs: Any) -> dict[str, Any]:
    choices = next((_CUSTOM[kind] for kind in type(field).__mro__ if kind in _CUSTOM), None)
    if choices is None:
        return {}
    choices = [*choices, {"type": "null"}] if field.allow_none else choices
    return dict(choices[0]) if len(choices) == 1 else {"anyOf": [dict(choice) for choice in choices]}


def _key_names(converter: object, field: fields.Field[Any], **kwargs: Any) -> dict[str, Any]:
    keys = field.key_field if isinstance(field, fields.Dict) else None
    rule = next((one for one in keys.validators if isinstance(one, validate.Regexp)), None) if keys else None
    return {"propertyNames": {"pattern": rule.regex.pattern}} if rule else {}


def _as_json_schema(value: Any, key: str = "") -> Any:
    """OpenAPI's references and Python's `\\Z` in the words of JSON Schema and ECMAScript."""
    if isinstance(value, dict):
        if value.get("type") == "object" and "minLength" in value:  # apispec takes every length for that of a text
            value = {"minProperties" if name == "minLength" else name: one for name, one in value.items()}
        return {name: _as_json_schema(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_json_schema(one) for one in value]
    if isinstance(value, str) and key == "$ref":
        return value.replace("#/components/schemas/", _DEFS)
    return value.replace(r"\Z", "$") if isinstance(value, str) and key == "pattern" else value


def _fee_line(described: dict[str, Any]) -> None:
    """Which keys a fee of each kind has, and which have no place in it."""
    every = frozenset().union(*schema.FEE_NEEDS.values())
    rules: list[dict[str, Any]] = []
    for kind, needs in schema.FEE_NEEDS.items():
        then: dict[str, Any] = {"required": sorted(needs), "properties": dict.fromkeys(sorted(every - needs), False)}
        if kind == "tiered":
            then["properties"]["per"] = {"type": "string"}
        rules.append({"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": then})
    described["allOf"] = rules
    described["properties"]["percent"] = {"anyOf": [
        {"type": "integer", "minimum": 0}, {"type": "string", "pattern": _DECIMAL.replace("-?", "")}]}


def _branch_action(described: dict[str, Any]) -> None:
    described["oneOf"] = [{"required": ["verdict"]}, {"required": ["to"]}]


def _definition(described: dict[str, Any]) -> None:
    described["properties"]["form"]["items"] = {
        "if": {"properties": {"part": {"type": "string"}}, "required": ["part"]},
        "then": {"$ref": f"{_DEFS}PartUse"}, "else": {"$ref": f"{_DEFS}FormField"}}


def _example(described: dict[str, Any]) -> None:
    described["properties"]["answers"]["additionalProperties"] = {"$ref": f"{_DEFS}Answer"}


_COMPLETIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "FeeLine": _fee_line, "BranchAction": _branch_action, "Definition": _definition,
    "Example": _example}

_ANSWER: dict[str, Any] = {
    "description": "What an applicant may answer; a fraction is written as text.",
    "anyOf": [_SCALAR, {"type": "array", "items": {"$ref": f"{_DEFS}Answer"}},
              {"type": "object", "additionalProperties": {"$ref": f"{_DEFS}Answer"}}]}
_SELF = {"$ref": f"{_DEFS}Condition"}
_CONDITION: dict[str, Any] = {
    "description": "When something applies, by the answers of the form. An absent answer fulfils only present: false.",
    "type": "object",
    "anyOf": [
        *({"properties": {word: {"type": "array", "minItems": 1, "items": _SELF}}, "required": [word],
           "additionalProperties": False} for word in ("all", "any")),
        {"properties": {"not": _SELF}, "required": ["not"], "additionalProperties": False},
        {"properties": {"field": {"type": "string"}, "in": {"type": "array"},
                        **{test: _SCALAR for test in values.TESTS if test != "in"}},
         "required": ["field"], "minProperties": 2, "additionalProperties": False},
    ]}
