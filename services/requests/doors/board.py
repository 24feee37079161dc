"""Doors to the boards."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, query, timer
from chassis.uow import UnitOfWork
from contracts import requests_board as language
from services.requests import board as boards


class BoardDoors:
    """Mixed into the service."""

    @query("requests.board", language.Board, permission=boards.READ)
    def board(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return boards.show(work, body)

    @query("requests.board_open", language.BoardOpen, permission=boards.READ)
    def board_open(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return boards.lies_open(work, body)

    @timer(seconds=1, name="fold-boards")
    def fold_boards(self, platform: Platform) -> bool:
        return bool(platform.attempt(boards.fold))

    @timer(seconds=10, name="look-at-desks")
    def look_at_desks(self, platform: Platform) -> None:
        platform.attempt(boards.look)
