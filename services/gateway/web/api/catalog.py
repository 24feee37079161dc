"""Editors and reviewers: proposals, what the governorate offers, and how governorates differ."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from contracts.catalog import (
    ADOPTION_STATES,
    KINDS,
    PROPOSAL_STATES,
    CheckProposal,
    ListAdoptions,
    ListDifferences,
    ListProposals,
    Propose,
)
from contracts.definition import load_definition
from rules import measure
from rules.refusal import refuse
from services.gateway.web import drafts
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.versions import DifferenceShown
from services.gateway.web.caller import caller
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint(
    "api_catalog", __name__, url_prefix=f"{PREFIX}/catalog", description="Changes of the guide and the organisation"
)
DEFINITION_BYTES = 1024 * 1024
_EXAMPLE = {"kind": "adoption", "body": {"code": "shop-licence", "offered": True, "overrides": {}}}


class Version(Schema):
    version = fields.Integer(
        required=True, strict=True, validate=validate.Range(1, 2**31 - 1),
        metadata={"description": "Of the proposal as it was shown"})


class Amendment(Version):
    body = fields.Dict(required=True)
    effective_from = fields.Date(load_default=None, allow_none=True)
    based_on = fields.Integer(
        load_default=None, allow_none=True, validate=validate.Range(0, 2**31 - 1),
        metadata={"description": "The version of its subject that was taken into account"})


class Decision(Version):
    decision = fields.String(required=True, validate=validate.OneOf(("approve", "return")))
    remark = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=2000))


class FaultShown(Shown):
    code = fields.String(required=True)
    field = fields.String(required=True, allow_none=True)
    params = fields.Dict(required=True)
    ar = fields.String(required=True)
    en = fields.String(required=True)


class FaultsShown(Shown):
    faults = fields.List(fields.Nested(FaultShown), required=True)


class ProposalMoved(Shown):
    proposal_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(PROPOSAL_STATES))


class ProposalDrafted(ProposalMoved):
    faults = fields.List(fields.Nested(FaultShown), required=True)


class ProposalDecided(ProposalMoved):
    applied = fields.Dict(
        allow_none=True, metadata={"description": "What came of it, once the last approval was given"}
    )


class ProposalBrief(ProposalMoved):
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    subject = fields.String(required=True)
    effective_from = fields.Date(required=True, allow_none=True)
    based_on = fields.Integer(required=True, allow_none=True)
    author = fields.String(required=True)
    editors = fields.List(fields.String(), required=True)
    created_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    remark = fields.String(required=True, allow_none=True)


class ProposalList(Shown):
    proposals = fields.List(fields.Nested(ProposalBrief), required=True)
    next = fields.UUID(
        required=True, allow_none=True, metadata={"description": "Give it as `after` for the next page; null: no more"}
    )


class ApprovalShown(Shown):
    permission = fields.String(required=True)
    by = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


class ProposalShown(ProposalBrief):
    body = fields.Dict(required=True)
    faults = fields.List(fields.Nested(FaultShown), required=True)
    difference = fields.List(fields.Nested(DifferenceShown), required=True)
    approvals = fields.List(fields.Nested(ApprovalShown), required=True)
    approvals_needed = fields.List(fields.String(), required=True)


class AdoptionShown(Shown):
    code = fields.String(required=True)
    name = fields.Dict(required=True)
    newest_version = fields.Integer(required=True)
    offered = fields.Boolean(required=True)
    overrides = fields.Dict(required=True)
    effective_from = fields.Date(required=True, allow_none=True)
    state = fields.String(required=True, allow_none=True, validate=validate.OneOf(ADOPTION_STATES))
    national_version = fields.Integer(required=True, allow_none=True)
    allowed = fields.List(
        fields.Dict(), metadata={"description": "With one code: the paths that the governorate may set, and bounds"}
    )


class AdoptionList(Shown):
    governorate = fields.String(required=True)
    adoptions = fields.List(fields.Nested(AdoptionShown), required=True)


class ServiceDifferences(Shown):
    code = fields.String(required=True)
    version = fields.Integer(required=True, allow_none=True)
    offered_by = fields.List(fields.String(), required=True)
    not_offered_by = fields.List(fields.String(), required=True)
    unlike = fields.List(fields.Dict(), required=True, metadata={"description": "Whose edition differs, and in what"})


class GovernorateDifferences(Shown):
    as_of = fields.AwareDateTime(required=True)
    governorates = fields.List(fields.Dict(), required=True)
    services = fields.List(fields.Nested(ServiceDifferences), required=True)


class InLanguage(Schema):
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))


class ProposalEffect(Shown):
    code = fields.String(required=True)
    from_version = fields.Integer(required=True)
    before = fields.Dict(required=True, metadata={"description": "Steps, departments, documents, days, visits, fees"})
    after = fields.Dict(required=True)
    difference = fields.Dict(required=True)


class OpenOfVersion(Shown):
    version = fields.Integer(required=True)
    count = fields.Integer(required=True)


class OpenRequests(Shown):
    code = fields.String(required=True)
    open = fields.List(fields.Nested(OpenOfVersion), required=True, metadata={"description": "Newest version first"})


@door(blueprint, "POST", "/proposals", permission="proposal.write", media_types=JSON, idempotent=True,
      limit=DEFINITION_BYTES)
@blueprint.arguments(Propose(), example=_EXAMPLE)
@blueprint.response(201, ProposalDrafted)
def propose(body: dict[str, Any]) -> Response:
    """Write a proposal; the answer tells what is still wrong with it"""
    drafted = _command("catalog.propose", body)
    return answer(drafted, 201, Location=f"{PREFIX}/catalog/proposals/{drafted['proposal_id']}")


@door(blueprint, "GET", "/proposals", permission="proposal.read")
@blueprint.arguments(ListProposals(), location="query")
@blueprint.response(200, ProposalList)
def list_proposals(query: dict[str, Any]) -> Response:
    """Proposals, newest first"""
    return answer(_query("catalog.proposals", query))


@door(blueprint, "GET", "/proposals/<uuid:proposal_id>", permission="proposal.read")
@blueprint.response(200, ProposalShown)
def show_proposal(proposal_id: Any) -> Response:
    """A proposal: its body, what is wrong with it now, what it changes, who approved"""
    return answer(_query("catalog.proposal", {"proposal_id": proposal_id}))


@door(blueprint, "POST", "/proposals/<uuid:proposal_id>/amendments", permission="proposal.write", media_types=JSON,
      idempotent=True, limit=DEFINITION_BYTES)
@blueprint.arguments(Amendment(), example={"version": 1, "body": _EXAMPLE["body"]})
@blueprint.response(200, ProposalDrafted)
def amend(body: dict[str, Any], proposal_id: Any) -> Response:
    """Give a draft, or what was returned, another body"""
    return answer(_command("catalog.amend", {"proposal_id": proposal_id, **body}))


@door(blueprint, "POST", "/proposals/<uuid:proposal_id>/submission", permission="proposal.write", media_types=JSON,
      idempotent=True)
@blueprint.arguments(Version(), example={"version": 1})
@blueprint.response(200, ProposalMoved)
def submit(body: dict[str, Any], proposal_id: Any) -> Response:
    """Hand it to the reviewers; refused with every fault while any stands"""
    return answer(_command("catalog.submit_proposal", {"proposal_id": proposal_id, **body}))


@door(blueprint, "POST", "/proposals/<uuid:proposal_id>/decision", permission="proposal.decide", media_types=JSON,
      idempotent=True)
@blueprint.arguments(Decision(), example={"version": 2, "decision": "approve"})
@blueprint.response(200, ProposalDecided)
def decide(body: dict[str, Any], proposal_id: Any) -> Response:
    """Approve exactly the version shown, or return it with a remark; never one's own"""
    return answer(_command("catalog.decide", {"proposal_id": proposal_id, **body}))


@door(blueprint, "POST", "/proposals/<uuid:proposal_id>/withdrawal", permission="proposal.write", media_types=JSON,
      idempotent=True)
@blueprint.arguments(Version(), example={"version": 1})
@blueprint.response(200, ProposalMoved)
def withdraw(body: dict[str, Any], proposal_id: Any) -> Response:
    """Give it up; it stays on record"""
    return answer(_command("catalog.withdraw_proposal", {"proposal_id": proposal_id, **body}))


@door(blueprint, "GET", "/proposals/<uuid:proposal_id>/graph.svg", permission="proposal.read")
@blueprint.arguments(InLanguage(), location="query")
@blueprint.response(200, {"type": "string"}, content_type="image/svg+xml")
def draw_proposal(query: dict[str, Any], proposal_id: Any) -> Response:
    """The path of a proposed definition, drawn as far as it can be. Refuses workflow_malformed where it cannot"""
    body = _definition(proposal_id)
    drawn = drafts.drawn(body, query["language"])
    return Response(drawn, content_type="image/svg+xml")


@door(blueprint, "GET", "/proposals/<uuid:proposal_id>/effect", permission="proposal.read")
@blueprint.response(200, ProposalEffect)
def show_proposal_effect(proposal_id: Any) -> Response:
    """What a proposed definition changes for people, against the newest national version: steps, documents, days,
    visits and fees. Refuses definition_invalid while it has faults"""
    body = load_definition(_definition(proposal_id))
    newest = _query("catalog.versions", {"code": body["code"], "scope": "national"})["versions"][0]["version"]
    before = _query("catalog.get", {"code": body["code"], "scope": "national", "version": newest})["definition"]
    return answer({"code": body["code"], "from_version": newest, **measure.effect(before, body).as_dict()})


@door(blueprint, "GET", "/services/<code>/open-requests", permission="proposal.read")
@blueprint.response(200, OpenRequests)
def count_open_requests(code: str) -> Response:
    """How many requests of a service are open, by the version that they were lodged under and go on by"""
    return answer(_query("requests.open_of_service", {"code": code}))


@door(blueprint, "POST", "/checks", permission="proposal.write", media_types=JSON, idempotent=True,
      limit=DEFINITION_BYTES)
@blueprint.arguments(CheckProposal(), example=_EXAMPLE)
@blueprint.response(200, FaultsShown)
def check(body: dict[str, Any]) -> Response:
    """Everything that is wrong with a body; nothing is kept"""
    return answer(_query("catalog.check", body))


@door(blueprint, "GET", "/adoptions", permission="proposal.read")
@blueprint.arguments(ListAdoptions(), location="query")
@blueprint.response(200, AdoptionList)
def list_adoptions(query: dict[str, Any]) -> Response:
    """What the governorate offers of the national guide, and what is blocked"""
    return answer(_query("catalog.adoptions", query))


@door(blueprint, "GET", "/differences", permission="proposal.read")
@blueprint.arguments(ListDifferences(), location="query")
@blueprint.response(200, GovernorateDifferences)
def list_differences(query: dict[str, Any]) -> Response:
    """What each governorate does otherwise than the national guide"""
    return answer(_query("catalog.differences", query))


def _definition(proposal_id: Any) -> dict[str, Any]:
    """The definition that a proposal says. Refuses not_found where it proposes something else."""
    found = _query("catalog.proposal", {"proposal_id": proposal_id})
    if found["kind"] != "definition":
        raise refuse("not_found")
    body: dict[str, Any] = found["body"]
    return body


def _command(method: str, payload: dict[str, Any]) -> dict[str, Any]:
    return platform().call(method, payload, caller().actor, command_id=g.command_id, timeout=UPLOAD_SECONDS)


def _query(method: str, payload: dict[str, Any]) -> dict[str, Any]:
    return platform().call(method, payload, caller().actor, timeout=UPLOAD_SECONDS)
