"""The published language of catalog: the unified services guide, and the proposals that change it."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.catalog_problems import PROBLEMS
from contracts.events import EventSchema, event
from contracts.organisation import CHANGED as ORGANISATION_CHANGED

__all__ = ["ORGANISATION_CHANGED", "PROBLEMS"]

KINDS = ("definition", "retirement", "adoption", "organisation")
PROPOSAL_STATES = ("draft", "in_review", "returned", "approved", "withdrawn")
ADOPTION_STATES = ("settled", "blocked")
SCOPES = ("local", "national")
_MOST = 2**31 - 1
_TEXT = validate.Length(max=200)


# -- events ----------------------------------------------------------------------------------------------------------


class DefinitionPublished(EventSchema):
    """An edition of a service definition was published in this governorate, in force from `effective_from` on.
    `definition` is the whole document (contracts.definition), the governorate's own values in place."""

    code = fields.String(required=True)
    version = fields.Integer(required=True)
    effective_from = fields.Date(required=True)
    definition = fields.Dict(required=True)
    national_version = fields.Integer()
    governorate = fields.String()


class DefinitionRetired(EventSchema):
    """A service is not offered in this governorate from `retired_from` on, until an edition takes effect on that day
    or later. What was lodged before goes on under its version."""

    code = fields.String(required=True)
    retired_from = fields.Date(required=True)
    reason = fields.Dict(required=True, keys=fields.String(), values=fields.String())


class NationalPublished(EventSchema):
    """The authority of the guide published a version of a service, from which governorates make their editions."""

    code = fields.String(required=True)
    version = fields.Integer(required=True)
    effective_from = fields.Date(required=True)
    definition = fields.Dict(required=True)


class NationalRetired(EventSchema):
    """The authority of the guide retired a service everywhere from `retired_from` on."""

    code = fields.String(required=True)
    retired_from = fields.Date(required=True)
    reason = fields.Dict(required=True, keys=fields.String(), values=fields.String())


class AdoptionChanged(EventSchema):
    """What a governorate offers of one service now: whether, with which values of its own, made from which national
    version. `blocked`: those values do not fit the newest version, so the edition before it stays in force."""

    governorate = fields.String(required=True)
    code = fields.String(required=True)
    offered = fields.Boolean(required=True)
    overrides = fields.Dict(required=True)
    effective_from = fields.Date(required=True)
    national_version = fields.Integer(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(ADOPTION_STATES))
    faults = fields.List(fields.Dict(), required=True)


PUBLISHED = event("catalog.definition.published.v1", DefinitionPublished)
RETIRED = event("catalog.definition.retired.v1", DefinitionRetired)
NATIONAL_PUBLISHED = event("catalog.national.published.v1", NationalPublished)
NATIONAL_RETIRED = event("catalog.national.retired.v1", NationalRetired)
ADOPTION_CHANGED = event("catalog.adoption.changed.v1", AdoptionChanged)


# -- commands --------------------------------------------------------------------------------------------------------


class LoadNational(Schema):
    """Command `catalog.load_national`: the operator's loader publishes a definition as the next national version, from
    the first free day on unless `effective_from` is given. With `adopt` the governorate offers it as it is when one of
    its kinds of unit can, unless that was decided otherwise. The same content again changes nothing."""

    definition = fields.Dict(required=True)
    effective_from = fields.Date(load_default=None, allow_none=True)
    adopt = fields.Boolean(load_default=False)


class Propose(Schema):
    """Command `catalog.propose`: write a proposal. Its body may be faulty while it is a draft; the answer says how."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    body = fields.Dict(required=True)
    effective_from = fields.Date(load_default=None, allow_none=True)
    based_on = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, _MOST))


class Amend(Schema):
    """Command `catalog.amend`: another body for a draft or a returned proposal. `based_on` says that a newer version of
    its subject was taken into account."""

    proposal_id = fields.UUID(required=True)
    version = fields.Integer(required=True, strict=True, validate=validate.Range(1, _MOST))
    body = fields.Dict(required=True)
    effective_from = fields.Date(load_default=None, allow_none=True)
    based_on = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, _MOST))


class SubmitProposal(Schema):
    """Command `catalog.submit_proposal`: hand a proposal to its reviewers. Refused with every fault while any
    stands."""

    proposal_id = fields.UUID(required=True)
    version = fields.Integer(required=True, strict=True, validate=validate.Range(1, _MOST))


class Decide(Schema):
    """Command `catalog.decide`: approve exactly the version shown, or return it with a remark. The last approval that
    its kind needs applies it, in the same commit."""

    proposal_id = fields.UUID(required=True)
    version = fields.Integer(required=True, strict=True, validate=validate.Range(1, _MOST))
    decision = fields.String(required=True, validate=validate.OneOf(("approve", "return")))
    remark = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


class WithdrawProposal(Schema):
    """Command `catalog.withdraw_proposal`: give a proposal up."""

    proposal_id = fields.UUID(required=True)
    version = fields.Integer(required=True, strict=True, validate=validate.Range(1, _MOST))


# -- queries ---------------------------------------------------------------------------------------------------------


class ListProposals(Schema):
    """Query `catalog.proposals`: proposals of the kinds that the caller may read, newest first. `to_decide`: only those
    that wait for the caller's own approval, who wrote none of them."""

    kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(KINDS))
    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(PROPOSAL_STATES))
    subject = fields.String(load_default=None, allow_none=True, validate=_TEXT)
    to_decide = fields.Boolean(load_default=False)
    after = fields.UUID(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class GetProposal(Schema):
    """Query `catalog.proposal`: one proposal with its body, what is wrong with it now, what it changes, its
    approvals."""

    proposal_id = fields.UUID(required=True)


class CheckProposal(Schema):
    """Query `catalog.check`: everything that is wrong with a body, nothing saved."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    body = fields.Dict(required=True)
    effective_from = fields.Date(load_default=None, allow_none=True)


class GetDefinition(Schema):
    """Query `catalog.get`: one definition; without `version`, the one in force. `scope`: an edition of this governorate
    or a version of the national guide."""

    code = fields.String(required=True)
    version = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, _MOST))
    scope = fields.String(load_default="local", validate=validate.OneOf(SCOPES))


class ListDefinitions(Schema):
    """Query `catalog.list`: code, version, name and summary of all definitions in force."""


class ListVersions(Schema):
    """Query `catalog.versions`: all editions of a service (or all national versions) and when it was retired."""

    code = fields.String(required=True)
    scope = fields.String(load_default="local", validate=validate.OneOf(SCOPES))


class CompareVersions(Schema):
    """Queries `catalog.compare` (what differs, field by field) and `catalog.effect` (steps, departments, documents,
    days, visits and fees before and after) of two versions of a service."""

    code = fields.String(required=True)
    from_version = fields.Integer(required=True, validate=validate.Range(1, _MOST))
    to_version = fields.Integer(required=True, validate=validate.Range(1, _MOST))
    scope = fields.String(load_default="local", validate=validate.OneOf(SCOPES))


class DrawGraph(Schema):
    """Query `catalog.graph`: the workflow of a service as Mermaid text or as a standalone SVG."""

    code = fields.String(required=True)
    version = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1, _MOST))
    scope = fields.String(load_default="local", validate=validate.OneOf(SCOPES))
    form = fields.String(load_default="svg", validate=validate.OneOf(("svg", "mermaid")))
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))


class ListAdoptions(Schema):
    """Query `catalog.adoptions`: for every service of the national guide, what this governorate decided, whether its
    own values fit the newest version (`blocked` and why), and what it may set."""

    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(ADOPTION_STATES))
    code = fields.String(load_default=None, allow_none=True, validate=_TEXT)


class ListDifferences(Schema):
    """Query `catalog.differences`: what each governorate that told does otherwise than the national guide, of one
    service or of all."""

    code = fields.String(load_default=None, allow_none=True, validate=_TEXT)
