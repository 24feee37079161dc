"""The work of departments: the engine hands out, the holder acts."""

from __future__ import annotations

import base64
from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.requests import ListTasks, Missing, Photo
from contracts.requests_assignment import DeclareRelation, Desk
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, answer
from services.gateway.web.api.shapes import (
    ApplicantShown,
    DeskList,
    Moved,
    RelationDeclared,
    TaskFileShown,
    TaskGiven,
    TaskHandedOut,
    TaskList,
)
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint("api_tasks", __name__, url_prefix=f"{PREFIX}/tasks", description="Tasks of departments")


class Language(Schema):
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))


class TakenBack(Schema):
    reason = fields.String(required=True, validate=validate.Length(10, 2000))
    version = fields.Integer(load_default=None, allow_none=True)  # of the task as it was listed


class Action(Schema):
    action = fields.String(required=True, validate=validate.Length(max=60))
    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))
    legal_reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    inputs = fields.Dict(load_default=dict)
    photos = fields.List(fields.Nested(Photo), load_default=list, validate=validate.Length(max=20))
    missing = fields.Nested(Missing, load_default=None, allow_none=True)
    version = fields.Integer(load_default=None, allow_none=True)  # of the task as it was read


@door(blueprint, "GET", "", permission="task.list")
@blueprint.arguments(ListTasks(), location="query")
@blueprint.response(200, TaskList)
def list_tasks(query: dict[str, Any]) -> Response:
    """The tasks I hold, most urgent first"""
    return answer(platform().call("requests.tasks", query, caller().actor))


@door(blueprint, "POST", "/next", permission="task.next", idempotent=True)
@blueprint.response(200, TaskGiven)
def next_task() -> Response:
    """Hand me the next file; nobody chooses whose"""
    return answer(platform().call("requests.next_task", {}, caller().actor, command_id=g.command_id))


@door(blueprint, "GET", "/desk", permission="task.oversee")
@blueprint.arguments(Desk(), location="query")
@blueprint.response(200, DeskList)
def list_desk(query: dict[str, Any]) -> Response:
    """What lies open or held in my department, or in all of my unit"""
    return answer(platform().call("requests.desk", query, caller().actor))


@door(blueprint, "POST", "/relations", permission="relation.declare", media_types=JSON, idempotent=True)
@blueprint.arguments(DeclareRelation())
@blueprint.response(200, RelationDeclared)
def declare_relation(body: dict[str, Any]) -> Response:
    """I am related to this person and want none of their files; kept as a keyed hash, shown to nobody"""
    return answer(platform().call("requests.declare_relation", body, caller().actor, command_id=g.command_id))


@door(
    blueprint,
    "POST",
    "/<uuid:task_id>/take-back",
    permission="task.oversee",
    media_types=JSON,
    idempotent=True,
)
@blueprint.arguments(TakenBack(), example={"reason": "غاب صاحب الملف عن العمل"})
@blueprint.response(200, TaskHandedOut)
def take_back(body: dict[str, Any], task_id: Any) -> Response:
    """Take a file out of a hand, with a reason; it is handed out again, nobody says to whom"""
    return answer(
        platform().call(
            "requests.take_back", {"task_id": str(task_id), **body}, caller().actor, command_id=g.command_id
        )
    )


@door(blueprint, "GET", "/<uuid:task_id>", permission="task.read")
@blueprint.response(200, TaskFileShown)
def show_task(task_id: Any) -> Response:
    """The file of a task I hold, without who the applicant is"""
    return answer(platform().call("requests.task_file", {"task_id": str(task_id)}, caller().actor))


@door(blueprint, "GET", "/<uuid:task_id>/applicant", permission="task.read")
@blueprint.response(200, ApplicantShown)
def show_applicant(task_id: Any) -> Response:
    """Who applied, where this step cannot do without; every look is recorded"""
    return answer(platform().call("requests.task_applicant", {"task_id": str(task_id)}, caller().actor))


@door(blueprint, "GET", "/<uuid:task_id>/graph.svg", permission="task.read")
@blueprint.arguments(Language(), location="query")
@blueprint.response(200, {"type": "string"}, content_type="image/svg+xml")
def draw_task(query: dict[str, Any], task_id: Any) -> Response:
    """The path of the request of a task I hold, with where it stands"""
    drawn = platform().call("requests.task_graph", {"task_id": str(task_id), **query}, caller().actor)
    return Response(drawn["svg"], content_type="image/svg+xml")


@door(blueprint, "GET", "/<uuid:task_id>/documents/<uuid:document_id>", permission="task.read")
@blueprint.response(
    200, {"type": "string", "contentMediaType": "application/octet-stream"}, content_type="application/octet-stream"
)
def show_document(task_id: Any, document_id: Any) -> Response:
    """A document of the file. Opening one that shows who the applicant is, is recorded"""
    return document_of(task_id, document_id)


def document_of(task_id: Any, document_id: Any) -> Response:
    """The document's bytes, to be looked at in the browser."""
    found = platform().call(
        "requests.task_document",
        {"task_id": str(task_id), "document_id": str(document_id)},
        caller().actor,
        timeout=UPLOAD_SECONDS,
    )
    response = Response(base64.b64decode(found["content"]), content_type=found["media_type"])
    response.headers.set("Content-Disposition", "inline", filename=f"{document_id}")
    return response


@door(blueprint, "POST", "/<uuid:task_id>/actions", permission="task.act", media_types=JSON, idempotent=True)
@blueprint.arguments(Action(), example={"action": "approve", "reason": "استوفى الاشتراطات", "inputs": {}})
@blueprint.response(200, Moved)
def act(body: dict[str, Any], task_id: Any) -> Response:
    """Do what the task asks for"""
    return answer(
        platform().call("requests.act", {"task_id": str(task_id), **body}, caller().actor, command_id=g.command_id)
    )
