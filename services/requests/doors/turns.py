"""Doors of turns at the windows."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts import requests_turns as language
from services.requests import turn_figures, turns


class TurnDoors:
    """Mixed into the service."""

    @command("requests.take_turn", language.TakeTurn, permission="queue.take")
    def take_turn(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.take(work, body)

    @command("requests.call_turn", language.CallTurn, permission="queue.call")
    def call_turn(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.call(work, body)

    @command("requests.recall_turn", language.ActOnTurn, permission="queue.call")
    def recall_turn(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.recall(work, body)

    @command("requests.serve_turn", language.ActOnTurn, permission="queue.call")
    def serve_turn(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.serve(work, body)

    @command("requests.end_turn", language.ActOnTurn, permission="queue.call")
    def end_turn(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.end(work, body)

    @command("requests.miss_turn", language.ActOnTurn, permission="queue.call")
    def miss_turn(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.miss(work, body)

    @command("requests.move_turn", language.MoveTurn, permission="queue.call")
    def move_turn(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.move(work, body)

    @command("requests.link_turn", language.LinkTurn, permission="queue.call")
    def link_turn(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.link(work, body)

    @query("requests.turn_desk", language.TurnDesk, permission="queue.call")
    def turn_desk(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.desk(work, body)

    @query("requests.turn_of_label", language.TurnOfLabel, permission="queue.call")
    def turn_of_label(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.of_label(work, body)

    @query("requests.turn_display", language.TurnDisplay, permission="guide.read")
    def turn_display(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turns.display(work, body)

    @query("requests.turn_figures", language.TurnFigures, permission="queue.read")
    def turn_figures(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return turn_figures.figures(work, body)

    @timer(seconds=300, name="close-turns")
    def close_turns(self, platform: Platform) -> bool:
        return platform.attempt(turns.close_days)
