"""The path of a request as a picture, with where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.uow import UnitOfWork
from rules import drawing
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
    svg = drawing.svg(case.definition.workflow, language, case.row.state, bodies)
    return {"tracking_number": case.row.tracking_number, "state": case.row.state, "svg": svg}
