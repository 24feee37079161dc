"""The gateway's copy of the guide over its real database: what was taken is what is read, each thing once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.database import Database, Statement
from contracts.events import Event
from rules.search import Filters
from services.gateway import guide
from services.gateway.guide import Guide
from tests.support import guides
from tests.support.gateway_ground import Ground

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Copy:
    """The copy over a database, and what was read of it."""

    def __init__(self, database: Database) -> None:
        self.ground, self.database = Ground(database), database
        self.read: list[Statement] = []
        self.guide = Guide(self._read, lambda: NOW)

    def _read(self, statement: Statement, **params: Any) -> list[Any]:
        self.read.append(statement)
        return self.database.read(statement, params)

    def take(self, one: str, version: int, effective_from: str, **more: Any) -> None:
        name = {"ar": "مرصد فلكي", "en": "Observatory"}
        document = {"code": one, "name": name, "unit_kinds": [], "channels": [], **more}
        data = {"code": one, "version": version, "effective_from": effective_from, "definition": document}
        self.ground.run(lambda work: guide.take(work, event(data)))

    def retire(self, code: str, retired_from: str) -> None:
        data = {"code": code, "retired_from": retired_from, "reason": {"ar": "دُمجت", "en": "Merged"}}
        self.ground.run(lambda work: guide.take_retirement(work, event(data)))

    def in_force(self) -> list[tuple[str, int]]:
        return [(entry.code, entry.version) for entry in self.guide.in_force()]


def event(data: dict[str, Any]) -> Event:
    made: Any = object.__new__(Event)
    object.__setattr__(made, "data", data)
    return made


@pytest.fixture
def copy(database_url: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    monkeypatch.setattr(guide, "FRESH_SECONDS", 0.0)
    database = Database(database_url("gateway"), 4)
    yield Copy(database)
    with database.transaction() as connection:
        for table in (guide.definition, guide.retirement):
            connection.execute(table.delete())
    database.close()


def test_versions_and_retirements_taken_in_any_order_and_twice_are_the_guide_of_today(copy: Copy) -> None:
    for _ in range(2):
        copy.retire("lift", "2026-06-01")
        copy.take("lift", 3, "2027-01-01")
        copy.take("lift", 1, "2026-01-01")
        copy.take("sign", 2, "2026-05-01")
        copy.take("sign", 1, "2026-01-01")
    assert copy.in_force() == [("sign", 2)]
    copy.take("lift", 2, "2026-06-01")
    assert copy.in_force() == [("lift", 2), ("sign", 2)]
    copy.retire("sign", "2026-11-22")
    assert copy.in_force() == [("lift", 2), ("sign", 2)]
    copy.retire("sign", "2026-11-21")
    assert copy.in_force() == [("lift", 2)]


def test_a_version_that_stands_is_not_overwritten(copy: Copy) -> None:
    copy.take("lift", 1, "2026-01-01", summary={"ar": "أ", "en": "first"})
    copy.take("lift", 1, "2026-01-01", summary={"ar": "ب", "en": "second"})
    found = copy.guide.get("lift")
    assert found is not None and found.document["summary"]["en"] == "first"


def test_documents_are_read_once(copy: Copy) -> None:
    for one in guides.definitions(30):
        copy.take(one["code"], 1, "2026-01-01", **one)
    tag = copy.guide.edition().tag
    copy.read.clear()
    assert copy.guide.edition().tag == tag and copy.read == [guide._STAMP]
    copy.take("lift", 1, "2026-01-01")
    assert copy.guide.edition().tag != tag
    assert copy.read.count(guide._DOCUMENTS) == 1
    assert Guide(copy._read, lambda: NOW).edition().tag == copy.guide.edition().tag
    assert [entry.code for entry in copy.guide.edition().find("مرصد", Filters()).entries] == ["lift"]
