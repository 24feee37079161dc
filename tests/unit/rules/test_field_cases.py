"""The cases to which the field app's own checks are held answer so in the rules too (tests/shared/field_cases.json;
tests/journeys/test_field_checks.py holds the app to them)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rules import applicants, conditions, forms, identity
from rules.refusal import Refusal

CASES = json.loads((Path(__file__).parents[2] / "shared" / "field_cases.json").read_text(encoding="utf-8"))
READERS: dict[str, Any] = {
    "national_id": lambda text: identity.parse_national_id(text).digits, "mobile": identity.parse_mobile,
    "email": identity.parse_email, "passport": identity.parse_passport, "name": applicants.parse_name,
    "commercial_register": lambda text: applicants.parse_commercial_register(text, "x"),
    "number": lambda text: applicants.parse_number(text, "x"),
    "tax_number": lambda text: applicants.parse_tax_number(text, "x"),
}  # fmt: skip


@pytest.mark.parametrize(("condition", "answers", "holds"), CASES["conditions"])
def test_conditions(condition: Any, answers: dict[str, Any], holds: bool) -> None:
    assert conditions.holds(condition, answers) is holds


@pytest.mark.parametrize(("field", "value", "wanted"), CASES["fields"])
def test_fields(field: dict[str, Any], value: Any, wanted: Any) -> None:
    form = [{"name": "x", "required": True, **field}]
    if not isinstance(wanted, dict):
        assert forms.validate(form, {"x": value}) == {"x": wanted}
        return
    with pytest.raises(Refusal) as refused:
        forms.validate(form, {"x": value})
    [fault] = refused.value.faults
    # An empty answer is missed by the form before its type is looked at.
    assert fault.code == ("field_required" if value == "" else wanted["fault"])
    assert fault.params == wanted.get("params", {})


@pytest.mark.parametrize(("form", "answers", "cleaned", "faults"), CASES["forms"])
def test_forms(form: Any, answers: dict[str, Any], cleaned: Any, faults: list[list[str]]) -> None:
    if cleaned is not None:
        assert forms.validate(form, answers) == cleaned
        return
    with pytest.raises(Refusal) as refused:
        forms.validate(form, answers)
    assert [[fault.code, fault.field] for fault in refused.value.faults] == faults


@pytest.mark.parametrize(("reader", "text", "wanted"), CASES["identity"])
def test_identity(reader: str, text: str, wanted: Any) -> None:
    if not isinstance(wanted, dict):
        assert READERS[reader](text) == wanted
        return
    with pytest.raises(Refusal) as refused:
        READERS[reader](text)
    assert refused.value.code == wanted["fault"]


@pytest.mark.parametrize(("flat", "today", "faults"), CASES["applicants"])
def test_applicants(flat: dict[str, str], today: str, faults: list[list[str]]) -> None:
    found = applicants.read(_nested(flat), date.fromisoformat(today))[1]
    assert sorted([fault.code, fault.field] for fault in found) == sorted(faults)


def _nested(flat: dict[str, str]) -> dict[str, Any]:
    """As the API takes an applicant."""
    found: dict[str, Any] = {}
    for path, value in flat.items():
        group, _, name = path.partition("/")
        if path == "heirs":
            found["heirs"] = [dict(zip(("name", "national_id"), (*line.split("، "), None), strict=False))
                              for line in value.splitlines()]
        elif not name:
            found[path] = value
        elif name == "year":
            found.setdefault(group, {})[name] = int(value)
        elif name == "died_on":
            found.setdefault(group, {})[name] = date.fromisoformat(value)
        else:
            found.setdefault(group, {})[name] = value
    return found
