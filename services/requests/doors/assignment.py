"""Doors to handing out: who is kept apart, what heads see and take back, files that go up or come back by the clock;
to appeals and to the picture of where a request stands."""

from __future__ import annotations

from typing import Any

from chassis.service import Platform, command, query, timer
from chassis.uow import UnitOfWork
from contracts import requests_assignment as language
from services.requests import appeals, assignment, graphs, oversight, relations, unmasking


class AssignmentDoors:
    """Mixed into the service."""

    @command("requests.declare_relation", language.DeclareRelation, permission="relation.declare")
    def declare_relation(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return relations.declare(work, body)

    @query("requests.desk", language.Desk, permission="task.oversee")
    def desk(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return oversight.desk(work, body)

    @command("requests.take_back", language.TakeBack, permission="task.oversee")
    def take_back(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return oversight.take_back(work, body)

    @command("requests.appeal", language.Appeal, permission="request.complete")
    def appeal(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return appeals.appeal(work, body)

    @query("requests.graph", language.Graph, permission="request.inquire")
    def graph(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return graphs.of_request(work, body)

    @query("requests.task_graph", language.TaskGraph, permission="task.read")
    def task_graph(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return graphs.of_task(work, body)

    @query("requests.task_applicant", language.TaskApplicant, permission="task.read")
    def task_applicant(self, work: UnitOfWork, body: Any) -> dict[str, Any]:
        return unmasking.applicant(work, body["task_id"])

    @timer(seconds=15, name="raise-tasks")
    def raise_tasks(self, platform: Platform) -> None:
        platform.attempt(assignment.raise_to_the_unit_above)

    @timer(seconds=600, name="return-left-lying")
    def return_left_lying(self, platform: Platform) -> None:
        platform.attempt(oversight.return_left_lying)
