"""Every column that a service marks as sealed is registered for the laying of a new key, once."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

SERVICES = Path(__file__).resolve().parents[3] / "services"
_TABLE = re.compile(r'^\w+ = Table\(\s*(?:"(\w+)")?')
_NAME = re.compile(r'^    "(\w+)",')
_COLUMN = re.compile(r'^\s+Column\("(\w+)".*#[^#]*\bsealed\b')


def marked(service: str) -> set[str]:
    """Columns whose line in the tables says that they are sealed."""
    found = set()
    for path in sorted((SERVICES / service).glob("*tables*.py")):
        table = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if match := _TABLE.match(line):
                table = match[1] or ""
            elif not table and (match := _NAME.match(line)):
                table = match[1]
            elif match := _COLUMN.match(line):
                found.add(f"{table}.{match[1]}")
    return found


@pytest.mark.parametrize("service", ["catalog", "requests", "payments", "notifications", "gateway"])
def test_every_column_marked_as_sealed_is_registered(service: str) -> None:
    columns = importlib.import_module(f"services.{service}.sealed").SEALED
    assert marked(service) - {column.target for column in columns} == set()
    each = [(column.target, column.ring) for column in columns]
    assert len(each) == len(set(each))


def test_the_marks_are_found() -> None:
    assert {"request.name", "request.contact", "complaint.text", "letter.document"} <= marked("requests")
