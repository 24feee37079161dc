"""The published language of forgetting: a request whose time is over lost what named its applicant."""

from __future__ import annotations

from marshmallow import fields

from contracts.events import EventSchema, event
from contracts.problem import Problem


class Forgotten(EventSchema):
    """Whoever else keeps how this request's applicant is reached lets go of it too."""

    request_id = fields.UUID(required=True)


FORGOTTEN = event("requests.person.forgotten.v1", Forgotten)

PROBLEMS: dict[str, Problem] = {}
