"""The ground of tests about turns: a unit's hall over a real database."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from chassis.actors import Actor
from chassis.answers import load
from contracts import requests_turns as language
from services.requests import turn_figures, turns
from tests.support.requests_ground import CLERK, Ground, staff

KIOSK = staff("kiosk", "kiosk")
CASHIER = staff("cashier", "cashier")
ELSEWHERE = staff("far", "window_clerk", unit="EG-C-02")


class Hall(Ground):
    """A unit's hall."""

    def fresh(self) -> None:
        super().fresh()
        with self.database.transaction() as connection:
            connection.execute(text("TRUNCATE turn, turn_count, turn_request"))

    def take(self, queue: str = "intake", actor: Actor = KIOSK, **body: Any) -> dict[str, Any]:
        loaded = load(language.TakeTurn(), {"queue": queue, **body})
        found: dict[str, Any] = self.attempt(lambda work: turns.take(work, loaded), actor)
        return found

    def call(self, window: str = "3", *queues: str, actor: Actor = CLERK, **body: Any) -> Any:
        asked = load(language.CallTurn(), {"window": window, "queues": list(queues or ("intake",)), **body})
        return self.attempt(lambda work: turns.call(work, asked), actor)["turn"]

    def do(self, act: str, turn: dict[str, Any], window: str = "3", actor: Actor = CLERK, **body: Any) -> Any:  # type: ignore[override]
        schema = language.MoveTurn() if act == "move" else language.ActOnTurn()
        loaded = load(schema, {"turn_id": turn["turn_id"], "window": window, **body})
        return self.attempt(lambda work: getattr(turns, act)(work, loaded), actor)["turn"]

    def link(self, turn: dict[str, Any], number: str, window: str = "3", actor: Actor = CLERK) -> Any:
        body = load(language.LinkTurn(), {"turn_id": turn["turn_id"], "window": window, "tracking_number": number})
        return self.attempt(lambda work: turns.link(work, body), actor)

    def desk(self, window: str = "3", actor: Actor = CLERK) -> dict[str, Any]:
        return turns.desk(self.unit_of_work(actor), {"window": window})

    def figures(self, since: date, until: date, actor: Actor = CLERK, unit: str | None = None) -> dict[str, Any]:
        return turn_figures.figures(self.unit_of_work(actor), {"unit": unit, "since": since, "until": until})
