"""The README of notifications names what is there: tables, kinds, doors, loops, metrics, modules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.notifications import metrics, tables
from services.notifications.kinds import KINDS
from services.notifications.service import Notifications

FOLDER = Path(metrics.__file__).parent
TEXT = (FOLDER / "README.md").read_text(encoding="utf-8")
SOURCES = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.rglob("*.py"))]
_DOOR = re.compile(r'@(?:query|command)\("notifications\.(\w+)"')
_LOOP = re.compile(r'@timer\([^)]*name="([a-z-]+)"')
_METRIC = re.compile(r'"shubbak_notifications(_\w+)"')
# Said with a star, or with what they serve.
_UNNAMED = re.compile(r"__init__|tables_\w+")


def found(pattern: re.Pattern[str]) -> list[str]:
    return sorted({name for source in SOURCES for name in pattern.findall(source)})


def test_the_patterns_find_what_they_look_for() -> None:
    assert "send_code" in found(_DOOR) and "send-sms" in found(_LOOP) and "_held" in found(_METRIC)


@pytest.mark.parametrize("name", sorted({*tables.metadata.tables} & {*Notifications.metadata.tables}))
def test_every_table_is_explained(name: str) -> None:
    assert f"`{name}`" in TEXT


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_of_message_says_when_it_is_told(name: str) -> None:
    assert f"`{name}`" in TEXT


@pytest.mark.parametrize("name", found(_DOOR))
def test_every_door_is_named(name: str) -> None:
    assert f".{name}`" in TEXT


@pytest.mark.parametrize("name", found(_LOOP))
def test_every_loop_is_named(name: str) -> None:
    assert f"`{name}`" in TEXT


@pytest.mark.parametrize("name", found(_METRIC))
def test_every_metric_is_named(name: str) -> None:
    assert name in TEXT


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py") if not _UNNAMED.fullmatch(path.stem)))
def test_every_module_has_its_word(name: str) -> None:
    assert f"`{name}.py`" in TEXT
