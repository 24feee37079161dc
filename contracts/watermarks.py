"""How far a service's own story has been told. A log is read in order, so whoever hears that it was told up to an
instant has been handed everything that happened there before; what they still owe of it stands in their inbox."""

from __future__ import annotations

from marshmallow import fields

from contracts.events import EventSchema


class Reached(EventSchema):
    """Everything that this service did before `until` stands in its log before this."""

    until = fields.AwareDateTime(required=True)
