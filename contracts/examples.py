"""A value that fits a JSON Schema and looks like one: for descriptions, samples and documents. The same each time.
Nothing in them is anybody's: numbers and names are of the demo.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_DEEPEST = 8
UUID = "01980c5e-7c00-7000-8000-000000000001"
MOMENT, DAY = "2026-03-02T08:30:00+00:00", "2026-03-03"

# What a value of this name looks like, whatever route it stands in.
_TEXTS: dict[str, str] = {
    "tracking_number": "01-26-21263991-J", "serial": "C-01-26-000017", "bill_number": "B-26-00000031",
    "receipt_number": "R-26-00000012", "service_code": "shop-licence", "code": "shop-licence", "unit": "EG-C-01",
    "units": "EG-C-01", "department": "licensing", "state": "review", "language": "ar", "channel": "centre",
    "national_id": "28503150101232", "passport": "A12345678", "phone": "01012345678", "phone_last4": "5678",
    "email": "citizen@example.org", "username": "salma", "display_name": "سلمى فؤاد", "name": "سلمى فؤاد",
    "role": "officer", "roles": "officer", "reason": "نقص عقد الإيجار في الملف", "note": "سُلّم باليد",
    "file_name": "contract.pdf", "media_type": "application/pdf", "token": "Q3JlYXRlZC1vbi10aGUtZmx5LTAwMQ",
    "key": "shk_Zm9yLXRoZS1leGFtcGxlLW9ubHktbm90LWEta2V5", "prefix": "shk_Zm9yLXRo", "scopes": "licence.verify",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "edition": "1", "rail": "fawry",
    "method": "cash", "counter": "C-01-1", "account": "EG-C-01", "action": "accept", "next": "eyJhIjoxfQ",
    "after": "eyJhIjoxfQ", "correlation_id": "01980c5e-7c00-7000-8000-000000000002", "q": "ترخيص محل",
    "uri": "otpauth://totp/Shubbak%20EG-C:salma?secret=JBSWY3DPEHPK3PXP&issuer=Shubbak%20EG-C",
    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "recovery_codes": "K7QM-3XVD-9RTA-H2WN", "how": "totp",
    "permission": "request.find", "fee_code": "inspection", "label": "A7",
}  # fmt: skip
_NUMBERS: dict[str, int] = {
    "version": 3, "limit": 20, "days": 3, "count": 2, "size": 48213, "status": 200, "year": 2026, "rating": 5,
    "stars": 5, "per_minute": 300, "codes_left": 10,
}  # fmt: skip
_MONEY = re.compile(r"amount|total|paid|fee|price|piastres|tendered|change|balance|float")
_NAMED = {"ar": "ترخيص محل", "en": "Shop licence"}


def value(schema: Mapping[str, Any], name: str = "", parts: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
    """A value of this schema for a field of this name; `parts` are the schemas that it refers to, by their names."""
    parts = parts or {}
    if "$ref" in schema:
        return value(parts[schema["$ref"].rpartition("/")[2]], name, parts, depth)
    if "example" in schema:
        return schema["example"]
    if choices := schema.get("enum"):
        known = _TEXTS.get(name)
        return known if known and known in choices else next(one for one in choices if one is not None)
    for combined in ("anyOf", "oneOf", "allOf"):
        if combined in schema:
            return value(next(one for one in schema[combined] if one.get("type") != "null"), name, parts, depth)
    kind = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        kind = next(one for one in kind if one != "null")
    if kind == "object":
        return _object(schema, name, parts, depth)
    if kind == "array":
        least = max(1, schema.get("minItems", 0))
        if depth > _DEEPEST and not schema.get("minItems"):
            return []
        return [value(schema.get("items", {}), name, parts, depth + 1)] * least
    if kind == "integer":
        return _within(schema, _NUMBERS.get(name, 25000 if _MONEY.search(name) else 1))
    if kind == "number":
        return float(_within(schema, 1))
    if kind == "boolean":
        return False
    return _text(schema, name) if kind == "string" else {}


def _object(schema: Mapping[str, Any], name: str, parts: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        return {}
    if properties := schema.get("properties"):
        return {one: value(shape, one, parts, depth + 1) for one, shape in properties.items()}
    values = schema.get("additionalProperties")
    if isinstance(values, dict) and values.get("type") == "string":
        return dict(_NAMED)
    return {}


def _within(schema: Mapping[str, Any], value: int) -> int:
    least, most = schema.get("minimum", schema.get("exclusiveMinimum", value - 1) + 1), schema.get("maximum", value)
    return int(max(least, min(value, most)))


def _text(schema: Mapping[str, Any], name: str) -> str:
    form = schema.get("format")
    fixed = {"uuid": UUID, "date": DAY, "date-time": MOMENT, "email": _TEXTS["email"], "byte": "JVBERi0xLjcK",
             "uri": "https://cairo.example", "time": "10:30:00", "binary": "…bytes…"}  # fmt: skip
    if form in fixed:
        return fixed[form]
    of_people = name.endswith(("text", "words", "subject", "body"))
    shown = _TEXTS.get(name) or ("نص" if of_people else name.replace("_", " "))
    pattern = schema.get("pattern")
    if pattern and not _fits(pattern, shown):
        shown = next((one for one in (*_PATTERNED, *_TEXTS.values()) if _fits(pattern, one)), shown)
    least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 10_000))
    return (shown + " …" * max(0, least - len(shown)))[:most]


_PATTERNED = ("10:30", "1001", "EG-C-01", "PL-0001", "9f86d081" * 8, "01012345678", "نص كافٍ للسبب")


def _fits(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern.replace("(?![\\s\\S])", "\\Z"), value) is not None
    except re.error:
        return True
