"""The published language of catalog: the unified services guide."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem


class DefinitionPublished(EventSchema):
    """A version of a service definition took effect. `definition` is the whole document (contracts.definition)."""

    code = fields.String(required=True)
    version = fields.Integer(required=True)
    effective_from = fields.Date(required=True)
    definition = fields.Dict(required=True)


PUBLISHED = event("catalog.definition.published.v1", DefinitionPublished)


class PublishDefinition(Schema):
    """Command `catalog.publish`: publish a definition as the next version of its code. Publishing the same content
    again answers the version that stands."""

    definition = fields.Dict(required=True)


class GetDefinition(Schema):
    """Query `catalog.get`: one definition; without `version`, the one in force."""

    code = fields.String(required=True)
    version = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, 2**31 - 1))


class ListDefinitions(Schema):
    """Query `catalog.list`: code, version, name and summary of all definitions in force."""


PROBLEMS: dict[str, Problem] = {
    "service_unknown": Problem(404, "لا توجد خدمة بهذا الكود: {code}", "There is no service with the code {code}."),
    "definition_invalid": Problem(422, "تعريف الخدمة غير صالح: {reason}",
                                  "The service definition is not valid: {reason}"),
}
