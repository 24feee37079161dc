"""Catalog's doors of the organisation as a desk of three uses them, on a database of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from chassis import actors
from chassis.actors import Actor
from tests.support.catalog_ground import Desk

__all__ = ["office", "opened"]  # what a module of tests takes by *

EDITOR = Actor(id="staff:organiser", kind="staff", roles=("organisation_editor",))
COUNCIL = Actor(id="staff:council", kind="staff", roles=("council_reviewer",))
FOLLOW_UP = Actor(id="staff:follow-up", kind="staff", roles=("follow_up_reviewer",))
EVERYTHING = Actor(id="staff:all", kind="staff",
                   roles=("organisation_editor", "council_reviewer", "follow_up_reviewer"))
NAME = {"ar": "اسم", "en": "Name"}
PERSON, NATIONAL_ID = "منى أحمد عبد الله", "28503150101232"


class Office(Desk):
    def fresh(self) -> None:
        super().fresh()
        with self.database.transaction() as connection:
            connection.execute(text("TRUNCATE organisation_entity"))
            connection.execute(text("UPDATE organisation_state SET version = version + 1"))

    def op(self, op: str, kind: str, code: str, days: int = 10, /, **body: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"op": op, "kind": kind, "code": code, "from": self.day(days)}
        if op != "close":
            given["body"] = body if kind in ("employee", "working_hours") else {"name": NAME, **body}
        return given

    def change(self, *operations: Any) -> dict[str, Any]:
        return {"operations": list(operations)}

    def put_forward(self, *operations: Any, **more: Any) -> dict[str, Any]:
        return self.submitted("organisation", self.change(*operations), EDITOR, **more)

    def carry(self, *operations: Any, **more: Any) -> dict[str, Any]:
        """Proposed, and approved by both."""
        first = self.decide(self.put_forward(*operations, **more), actor=COUNCIL)
        assert first["applied"] is None
        return self.decide(first, actor=FOLLOW_UP)

    def list(self, kind: str, actor: Actor = EDITOR, **more: Any) -> dict[str, Any]:
        found = self.ask(actor, "catalog.organisation", kind=kind, **more)
        return {one["code"]: one["body"] for one in found["entities"]}

    def history(self, kind: str, code: str) -> list[dict[str, Any]]:
        versions: list[dict[str, Any]] = self.ask(EDITOR, "catalog.organisation_history", kind=kind, code=code)[
            "versions"]
        return versions

    def calendar(self, year: int, unit: str | None = None) -> dict[str, dict[str, Any]]:
        return {day["date"]: day
                for day in self.ask(actors.PUBLIC, "catalog.calendar", year=year, unit=unit)["days"]}


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Office]:
    made = Office(database_url("catalog"))
    yield made
    made.close()


@pytest.fixture
def office(opened: Office) -> Office:
    opened.fresh()
    return opened


def unit(office: Office, op: str = "add", code: str = "EG-C-16", days: int = 10, **body: Any) -> dict[str, Any]:
    return office.op(op, "unit", code, days,
                     **{"kind": "district", "governorate": "EG-C", "status": "open", **body})


def clerk(office: Office, code: str = "1024", op: str = "add", days: int = 10, **body: Any) -> dict[str, Any]:
    return office.op(op, "employee", code, days, **{"name": PERSON, "job": "window", "centre": "EG-C-01-TC", **body})


def job(office: Office) -> dict[str, Any]:
    return office.op("add", "job", "window", role="window_clerk")
