"""What a governorate with older software said reaches agencies, and the letters' reader, in today's version."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest

from chassis.config import Role
from contracts import asyncapi, event_schemas
from contracts.agency_events import OFFERED
from contracts.requests_outputs import LETTER_CHANGED
from contracts.upcasting import STEPS
from services.gateway.agencies import feed, letters
from services.gateway.agencies.terms import Terms

LETTER, MOVED = "requests.letter.changed.v1", "requests.request.moved.v1"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


class Row(SimpleNamespace):
    """As a database's row: by name, and in order."""

    def __iter__(self) -> Any:
        return iter(vars(self).values())


class Work:
    """The centre's log with these envelopes in it."""

    def __init__(self, *envelopes: dict[str, Any]) -> None:
        self.settings = SimpleNamespace(role=Role.CENTRE, node="EG")
        self.rows = [Row(position=at, node="EG-C", id=UUID(one["id"]), type=one["type"],
                         subject=UUID(one["subject"]), time=NOW, received_at=NOW, body=orjson.dumps(one))
                     for at, one in enumerate(envelopes, 1)]  # fmt: skip
        self.written: list[dict[str, Any]] = []

    def all(self, statement: Any, **said: Any) -> list[Any]:
        return self.rows

    def scalar(self, statement: Any, **said: Any) -> int:
        return 0

    def write(self, statement: Any, **said: Any) -> None:
        self.written.append(said)


def second(name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """From today on `name` is told in its second version, which has a field more."""
    types = event_schemas.every()
    today = name.replace(".v1", ".v2")
    monkeypatch.setattr(feed, "every", lambda: {**types, today: replace(types[name], name=today)})
    monkeypatch.setitem(STEPS, name, lambda data: {**data, "told_anew": True})
    return today


def sample(name: str) -> dict[str, Any]:
    return asyncapi.sample(event_schemas.every()[name])


def test_a_stored_event_of_a_former_version_is_read_as_todays(monkeypatch: pytest.MonkeyPatch) -> None:
    today, said = second(MOVED, monkeypatch), sample(MOVED)
    work: Any = Work(said)
    for entry in (feed.read(work, 0, 10)[0], feed.these(work, [1])[1]):
        assert entry.type == today
        assert orjson.loads(entry.body) == {**said, "type": today, "data": {**said["data"], "told_anew": True}}


def test_an_agreement_on_todays_version_is_kept_by_a_governorate_with_older_software(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    today = second(MOVED, monkeypatch)
    monkeypatch.setitem(OFFERED, today, OFFERED[MOVED])
    terms = Terms(SimpleNamespace(
        agreed_events=[today], events=None, agreed_governorates=None, governorates=None, agreed_services=None,
        services=None, valid_from=date(2026, 1, 1), valid_until=date(2027, 1, 1), agreement_ended_at=None,
        fields={today: ["state"]}))  # fmt: skip
    work: Any = Work(sample(MOVED))
    cut = terms.take(feed.read(work, 0, 10)[0])
    assert cut is not None and cut.envelope["type"] == today and set(cut.envelope["data"]) == {"state"}


def test_the_letters_of_a_governorate_with_older_software_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    today, said = second(LETTER, monkeypatch), sample(LETTER)
    monkeypatch.setattr(letters, "LETTER_CHANGED", replace(LETTER_CHANGED, name=today))
    work: Any = Work(said)
    letters.follow(work)
    assert [one["number"] for one in work.written if "number" in one] == [said["data"]["number"]]


def test_what_is_too_old_to_be_read_stays_as_it_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STEPS, MOVED, dict)  # leads to a version that is not there
    work: Any = Work(sample(MOVED))
    assert feed.read(work, 0, 10)[0].type == MOVED


def test_what_is_of_today_goes_on_byte_by_byte() -> None:
    work: Any = Work(sample(MOVED))
    assert feed.read(work, 0, 10)[0].body == work.rows[0].body
