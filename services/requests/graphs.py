"""The path of a request as a picture, with where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.uow import UnitOfWork
from rules import drawing, withdrawal
from rules.workflow import Action
from services.requests import inquiry, tasks
from services.requests.life import Case


def of_request(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """For whoever knows the tracking number and the phone's last four digits. Refuses tracking_unknown."""
    return _drawn(inquiry.admitted(work, body), body["language"])


def of_task(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """For whoever holds a task of the request. Refuses what reading the file refuses."""
    return _drawn(tasks.held(work, body["task_id"])[0], body["language"])


def _drawn(case: Case, language: str) -> dict[str, Any]:
    """The workflow of the version that the request was lodged under; nothing of who applied or what was answered."""
    bodies = {body["code"]: body["name"] for body in case.definition.body.get("external_bodies") or ()}
    svg = drawing.svg(case.definition.workflow, language, case.row.state, bodies, _withdrawal(case))
    return {"tracking_number": case.row.tracking_number, "state": case.row.state, "svg": svg}


def _withdrawal(case: Case) -> dict[str, Action]:
    """The way on which the request was taken back, or on which it still may be."""
    left = case.row.steps[-1][2] if case.row.outcome == withdrawal.OUTCOME else case.row.state
    way = withdrawal.way(case.definition.workflow, left)
    return {left: way} if way is not None else {}
