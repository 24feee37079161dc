"""What heads do about their people's files: hand one to a colleague, see what is late and say why; how much waits for
whoever asks; what an applicant would read were a file sent back."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests import PLAIN_TEXT, Missing
from contracts.requests_desk import CountLateCauses, ListLate, RecordLateCause, VisitTablets
from rules import lateness
from services.gateway import colleagues
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import day_or_none, named, text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_desk", __name__, url_prefix=PREFIX, description="The work of heads")


class HandingOver(Schema):
    to = fields.String(required=True, validate=validate.Length(1, 100),
                       metadata={"description": "The `account` of one of the colleagues listed"})
    reason = fields.String(required=True, validate=validate.Length(10, 2000))
    version = fields.Integer(load_default=None, allow_none=True)  # of the task as it was listed


class SendingBack(Schema):
    missing = fields.Nested(Missing, load_default=None, allow_none=True)
    reason = fields.String(load_default=None, allow_none=True, validate=PLAIN_TEXT)


class Colleague(Shown):
    account = text()
    name = text()
    in_hand = fields.Integer(required=True)
    given = fields.Integer(required=True, metadata={"description": "Files that they were given today"})


class HandOverShown(Shown):
    task_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    tracking_number = text()
    service_name = named()
    state_name = named()
    department = text()
    role = text()
    holder = text_or_none()
    due_on = day_or_none()
    people = fields.List(fields.Nested(Colleague), required=True)


class TaskHandedOver(Shown):
    task_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    holder = text()


class LateFile(Shown):
    request_id = fields.UUID(required=True)
    task_id = fields.UUID(required=True, allow_none=True)
    version = fields.Integer(required=True, allow_none=True)
    tracking_number = text()
    service_code = text()
    service_name = named()
    state_name = named()
    branch_name = named(allow_none=True)
    department = text_or_none()
    holder = text_or_none()
    held_at = fields.AwareDateTime(required=True, allow_none=True)
    late_since = fields.Date(required=True, metadata={"description": "The date that passed"})
    by_law = fields.Boolean(required=True, metadata={"description": "Past the law's date, not only the desk's own"})
    days_late = fields.Integer(required=True, metadata={"description": "Working days"})
    waits_for = text(validate=validate.OneOf(lateness.WAITS_FOR))
    body_name = named(allow_none=True)
    letter = fields.Dict(required=True, allow_none=True)
    cause = fields.Dict(required=True, allow_none=True, metadata={"description": "What was said of it last"})


class LatePage(Shown):
    files = fields.List(fields.Nested(LateFile), required=True)
    next = text_or_none()


class CauseRecorded(Shown):
    late_cause_id = fields.UUID(required=True)
    tracking_number = text()
    days_late = fields.Integer(required=True)


class CauseCount(Shown):
    unit = text()
    department = text_or_none()
    service_code = text()
    cause = text(validate=validate.OneOf(tuple(lateness.CAUSES)))
    measure = text(validate=validate.OneOf(tuple(lateness.MEASURES)))
    requests = fields.Integer(required=True)
    days_late = fields.Integer(required=True, metadata={"description": "Working days of all of them together"})


class CauseCounts(Shown):
    causes = fields.List(fields.Nested(CauseCount), required=True)


class WorkCounts(Shown):
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class TabletShown(Shown):
    device_id = fields.UUID(required=True)
    label = text()
    planned = fields.Integer(required=True)


class TabletsShown(Shown):
    day = fields.Date(required=True)
    capacity = fields.Integer(required=True, metadata={"description": "Visits that a tablet is given a day"})
    tablets = fields.List(fields.Nested(TabletShown), required=True)


class CompletionText(Shown):
    language = text(validate=validate.OneOf(("ar", "en")))
    text = fields.String(required=True)


def hand_over_choices(task_id: Any) -> dict[str, Any]:
    """To whom the caller may hand a task, with their names."""
    who = caller().actor
    found = platform().call("requests.hand_over_choices", {"task_id": str(task_id)}, who)
    called = platform().run(
        lambda work: colleagues.names(work, [one["account"] for one in found["people"]] + [found["holder"]]), who)
    people = [{**one, "name": called.get(one["account"], one["account"])} for one in found["people"]]
    return {**found, "people": people, "holder_name": called.get(found["holder"] or "")}


@door(blueprint, "GET", "/work", permission="warning.list")
@blueprint.response(200, WorkCounts)
def show_work() -> Response:
    """How much of each kind waits for me, of the kinds that my role may deal with"""
    return answer(platform().call("requests.work_waiting", {}, caller().actor))


@door(blueprint, "GET", "/tasks/<uuid:task_id>/hand-over", permission="task.oversee")
@blueprint.response(200, HandOverShown)
def show_hand_over(task_id: Any) -> Response:
    """The colleagues of its desk to whom I may hand this file"""
    found = hand_over_choices(task_id)
    del found["holder_name"]
    return answer(found)


@door(blueprint, "POST", "/tasks/<uuid:task_id>/hand-over", permission="task.oversee", media_types=JSON,
      idempotent=True)
@blueprint.arguments(HandingOver(), example={"to": "01980c5e-7c00-7000-8000-000000000003",
                                             "reason": "له خبرة بهذا النشاط"})
@blueprint.response(200, TaskHandedOver)
def hand_over_task(body: dict[str, Any], task_id: Any) -> Response:
    """Hand a file of my people to a named colleague of its desk, with a reason: one to whom it could have been dealt"""
    return answer(platform().call("requests.hand_over_task", {"task_id": str(task_id), **body}, caller().actor,
                                  command_id=g.command_id))


@door(blueprint, "POST", "/tasks/<uuid:task_id>/completion-preview", permission="task.act", media_types=JSON,
      idempotent=True)
@blueprint.arguments(SendingBack(), example={"missing": {"documents": ["id_copy"], "answers": []},
                                             "reason": "الصورة غير واضحة"})
@blueprint.response(200, CompletionText)
def preview_completion(body: dict[str, Any], task_id: Any) -> Response:
    """What the applicant would read, in their own language, were this file sent back so; nothing is sent"""
    return answer(platform().call("requests.preview_completion", {"task_id": str(task_id), **body}, caller().actor))


@door(blueprint, "GET", "/late", permission="late.read")
@blueprint.arguments(ListLate(), location="query")
@blueprint.response(200, LatePage)
def list_late(query: dict[str, Any]) -> Response:
    """What is late in my unit or department: whose it is, for whom it waits, and why, the longest late first"""
    return answer(platform().call("requests.late", ListLate().dump(query), caller().actor))


@door(blueprint, "POST", "/late/causes", permission="late.explain", media_types=JSON, idempotent=True)
@blueprint.arguments(RecordLateCause(), example={
    "tracking_number": "01-26-21263991-J", "cause": "absence", "measure": "handed_over",
    "words": "خرج الموظف في إجازة مرضية ولم يُستبدل"})
@blueprint.response(201, CauseRecorded)
def record_late_cause(body: dict[str, Any]) -> Response:
    """Say why a request is late and what was done about it. What was said before stays"""
    return answer(platform().call("requests.record_late_cause", body, caller().actor, command_id=g.command_id), 201)


@door(blueprint, "GET", "/late/causes", permission="late.read")
@blueprint.arguments(CountLateCauses(), location="query")
@blueprint.response(200, CauseCounts)
def count_late_causes(query: dict[str, Any]) -> Response:
    """How many requests were late for which cause, from one day to another"""
    return answer(platform().call("requests.late_causes", CountLateCauses().dump(query), caller().actor))


@door(blueprint, "GET", "/visit-tablets", permission="visit.plan")
@blueprint.arguments(VisitTablets(), location="query")
@blueprint.response(200, TabletsShown)
def list_visit_tablets(query: dict[str, Any]) -> Response:
    """The tablets of my unit that may act now, and how full the day of each is"""
    return answer(platform().call("requests.visit_tablets", VisitTablets().dump(query), caller().actor))
