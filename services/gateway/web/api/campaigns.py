"""Messages to many citizens: written, shown to somebody else, sent by a schedule, held and stopped."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g, request
from flask_smorest import Blueprint
from marshmallow import fields, validate

from contracts.notifications_campaigns import (
    AUDIENCE_STATES,
    LIST_BYTES,
    STATES,
    AcceptAudience,
    ChooseApplicants,
    DecideCampaign,
    ListAudienceFaults,
    ListCampaigns,
    ScheduleCampaign,
    StopCampaign,
    SubmitCampaign,
    WriteCampaign,
)
from rules.refusal import refuse
from services.gateway.web import campaign_lists
from services.gateway.web.access import JSON, door
from services.gateway.web.api.answers import PREFIX, Shown, answer
from services.gateway.web.api.shapes import text, text_or_none
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_campaigns", __name__, url_prefix=f"{PREFIX}/campaigns",
                      description="Messages to many citizens at once")

WRITE, APPROVE, RUN = "campaign.write", "campaign.approve", "campaign.run"
LISTS = {"text/csv": "csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx"}
_WORDING = {
    "sms": {"ar": "يعمل المركز التكنولوجي غداً من التاسعة صباحاً.", "en": "The centre opens at nine tomorrow."},
    "email": {"ar": {"subject": "مواعيد المركز", "body": ["يعمل المركز غداً من التاسعة صباحاً."]},
              "en": {"subject": "Opening hours", "body": ["[[name? {name}, ]]the centre opens at nine tomorrow."]}},
}
_TIMES = {"not_before": "2026-03-04T07:00:00Z", "hours_from": "09:00", "hours_until": "20:00", "per_minute": 600}
_EXAMPLE = {"name": "مواعيد رمضان", "wording": _WORDING, **_TIMES, "pause_at_percent": 20}


class CampaignDraft(WriteCampaign):
    class Meta:
        exclude = ("campaign_id", "version")


class CampaignRewrite(WriteCampaign):
    class Meta:
        exclude = ("campaign_id",)


class ApplicantsChosen(ChooseApplicants):
    class Meta:
        exclude = ("campaign_id",)


class FaultsAsked(ListAudienceFaults):
    class Meta:
        exclude = ("campaign_id",)


class BrokenAccepted(AcceptAudience):
    class Meta:
        exclude = ("campaign_id",)


class CampaignSeen(SubmitCampaign):
    class Meta:
        exclude = ("campaign_id",)


class CampaignDecision(DecideCampaign):
    class Meta:
        exclude = ("campaign_id",)


class CampaignTimes(ScheduleCampaign):
    class Meta:
        exclude = ("campaign_id",)


class CampaignReason(StopCampaign):
    class Meta:
        exclude = ("campaign_id",)


class CampaignMoved(Shown):
    campaign_id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    state = text(validate=validate.OneOf(STATES))


class CampaignListed(CampaignMoved):
    name = text()
    unit = text_or_none(metadata={"description": "Null: the governorate's own"})
    channels = fields.List(fields.String(), required=True)
    not_before = fields.AwareDateTime(required=True, allow_none=True)
    hours_from = text(metadata={"description": "Cairo time"})
    hours_until = text()
    per_minute = fields.Integer(required=True)
    pause_at_percent = fields.Integer(required=True)
    recipients = fields.Integer(required=True, metadata={"description": "0 until it is submitted"})
    reason = text_or_none(metadata={"description": "Of the last decision; `too_many_failed` where it paused itself"})
    written_by = text()
    submitted_by = text_or_none()
    approved_by = text_or_none()
    approved_at = fields.AwareDateTime(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    changed_at = fields.AwareDateTime(required=True)
    started_at = fields.AwareDateTime(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    possible = fields.List(fields.String(), required=True, metadata={"description": "What may be done now"})


class CampaignPage(Shown):
    campaigns = fields.List(fields.Nested(CampaignListed), required=True)
    next = fields.UUID(required=True, allow_none=True)


class AudienceShown(Shown):
    audience_id = fields.UUID(required=True)
    kind = text(validate=validate.OneOf(("applicants", "list")))
    state = text(validate=validate.OneOf(AUDIENCE_STATES))
    chosen = fields.Dict(required=True, allow_none=True)
    format = text_or_none()
    size = fields.Integer(required=True, allow_none=True)
    sha256 = text_or_none()
    columns = fields.List(fields.String(), required=True, metadata={"description": "Placeholders that it fills in"})
    fault = fields.Dict(required=True, allow_none=True, metadata={"description": "Why the file cannot be read at all"})
    lines = fields.Integer(required=True, metadata={"description": "Read so far"})
    broken = fields.Integer(required=True)
    doubles = fields.Integer(required=True)
    unreachable = fields.Integer(required=True, metadata={"description": "Applicants without a usable address"})
    members = fields.Integer(required=True)
    tally = fields.Dict(required=True, metadata={"description": "Members by channel and language"})
    made_at = fields.AwareDateTime(required=True)
    read_at = fields.AwareDateTime(required=True, allow_none=True)
    accepted_by = text_or_none()


class CampaignCount(Shown):
    channel = text()
    state = text()
    reason = text_or_none()
    count = fields.Integer(required=True)


class CampaignProgress(Shown):
    recipients = fields.Integer(required=True)
    made = fields.Integer(required=True)
    waiting = fields.Integer(required=True)
    sent = fields.Integer(required=True, metadata={"description": "Delivered ones among them"})
    delivered = fields.Integer(required=True)
    failed = fields.Integer(required=True, metadata={"description": "For good, expired ones among them"})
    passed_over = fields.Integer(required=True, metadata={"description": "Not written to: `counts` says why"})
    share = fields.Float(required=True, metadata={"description": "Percent of the recipients dealt with"})
    per_minute = fields.Float(required=True, metadata={"description": "Over the last five minutes"})
    expected_end = fields.AwareDateTime(required=True, allow_none=True)
    counts = fields.List(fields.Nested(CampaignCount), required=True)


class CampaignShown(CampaignListed):
    wording = fields.Dict(required=True)
    audience = fields.Nested(AudienceShown, required=True, allow_none=True)
    estimate = fields.Dict(required=True, allow_none=True,
                           metadata={"description": "recipients, parts, price (millièmes) of the whole, by channel "
                                                    "and language too; null or not `done` while it is worked out"})
    progress = fields.Nested(CampaignProgress, required=True)


class CampaignPreview(Shown):
    messages = fields.List(fields.Dict(), required=True)
    estimate = fields.Dict(required=True, allow_none=True)
    notes = fields.List(fields.Dict(), required=True, metadata={"description": "Hints on tone; they hold up nothing"})


class AudienceTaken(Shown):
    audience_id = fields.UUID(required=True)
    state = text(validate=validate.OneOf(AUDIENCE_STATES))


class AudienceFaults(Shown):
    faults = fields.List(fields.Dict(), required=True)
    next = fields.Integer(required=True, allow_none=True)


def _ask(method: str, payload: dict[str, Any]) -> Response:
    return answer(platform().call(method, payload, caller().actor))


def _tell(method: str, campaign_id: UUID | None, payload: dict[str, Any], status: int = 200) -> Response:
    named = {} if campaign_id is None else {"campaign_id": str(campaign_id)}
    return answer(platform().call(method, {**payload, **named}, caller().actor, command_id=g.command_id), status)


@door(blueprint, "GET", "", permission=RUN)
@blueprint.arguments(ListCampaigns(), location="query")
@blueprint.response(200, CampaignPage)
def list_campaigns(query: dict[str, Any]) -> Response:
    """Campaigns of the own unit, newest first"""
    return _ask("notifications.campaigns", ListCampaigns().dump(query))


@door(blueprint, "POST", "", permission=WRITE, media_types=JSON, idempotent=True)
@blueprint.arguments(CampaignDraft(), example=_EXAMPLE)
@blueprint.response(201, CampaignMoved)
def write_campaign(body: dict[str, Any]) -> Response:
    """Write a campaign; refused with all its faults, and then nothing is kept"""
    return _tell("notifications.write_campaign", None, CampaignDraft().dump(body), 201)


@door(blueprint, "GET", "/<uuid:campaign_id>", permission=RUN)
@blueprint.response(200, CampaignShown)
def show_campaign(campaign_id: UUID) -> Response:
    """A campaign: its words, whom it is for, what it will cost, how far it came"""
    return _ask("notifications.campaign", {"campaign_id": str(campaign_id)})


@door(blueprint, "POST", "/<uuid:campaign_id>/amendments", permission=WRITE, media_types=JSON, idempotent=True)
@blueprint.arguments(CampaignRewrite(), example={**_EXAMPLE, "version": 1})
@blueprint.response(200, CampaignMoved)
def rewrite_campaign(body: dict[str, Any], campaign_id: UUID) -> Response:
    """Write a draft, or what was refused, anew"""
    return _tell("notifications.write_campaign", campaign_id, CampaignRewrite().dump(body))


@door(blueprint, "POST", "/<uuid:campaign_id>/applicants", permission=WRITE, media_types=JSON, idempotent=True)
@blueprint.arguments(ApplicantsChosen(), example={"services": ["shop-licence"], "outcomes": ["approved"],
                                                  "since": "2026-01-01"})
@blueprint.response(200, AudienceTaken)
def choose_applicants(body: dict[str, Any], campaign_id: UUID) -> Response:
    """Whom it is for: everybody who lodged requests like these, each address once"""
    return _tell("notifications.choose_applicants", campaign_id, ApplicantsChosen().dump(body))


@door(blueprint, "POST", "/<uuid:campaign_id>/list", permission=WRITE, idempotent=True, media_types=tuple(LISTS),
      limit=LIST_BYTES)
@blueprint.doc(
    parameters=[{"name": "file_name", "in": "query", "schema": {"type": "string", "maxLength": 200}}],
    requestBody={"required": True, "content": {
        "text/csv": {"schema": {"type": "string"},
                     "example": "phone,email,language,name\n01012345678,,ar,منى\n,john@example.org,en,John\n"},
        **{one: {"schema": {"type": "string", "format": "binary"}} for one in LISTS if one != "text/csv"}}})
@blueprint.response(200, AudienceTaken)
def upload_list(campaign_id: UUID) -> Response:
    """Whom it is for: a list as the body, CSV (UTF-8) or XLSX, the first line naming the columns: phone, email,
    language, and placeholders. It is handed on while it comes in and read afterwards; `audience` says how far"""
    kind = LISTS[request.mimetype]
    size = request.content_length
    if size is None:
        raise refuse("length_required", "Content-Length")
    name = request.args.get("file_name", "").strip()[:200] or f"list.{kind}"
    return answer(campaign_lists.hand_on(campaign_id, name, kind, request.stream, size, g.command_id))


@door(blueprint, "GET", "/<uuid:campaign_id>/faults", permission=RUN)
@blueprint.arguments(FaultsAsked(), location="query")
@blueprint.response(200, AudienceFaults)
def audience_faults(query: dict[str, Any], campaign_id: UUID) -> Response:
    """The broken lines of its list: their numbers and faults"""
    return _ask("notifications.audience_faults", {**query, "campaign_id": str(campaign_id)})


@door(blueprint, "POST", "/<uuid:campaign_id>/acceptance", permission=WRITE, media_types=JSON, idempotent=True)
@blueprint.arguments(BrokenAccepted(), example={"broken": 3})
@blueprint.response(200, AudienceShown)
def accept_audience(body: dict[str, Any], campaign_id: UUID) -> Response:
    """Go on without the broken lines"""
    return _tell("notifications.accept_audience", campaign_id, body)


@door(blueprint, "GET", "/<uuid:campaign_id>/preview", permission=RUN)
@blueprint.response(200, CampaignPreview)
def preview_campaign(campaign_id: UUID) -> Response:
    """What its first recipients would read, hints on tone, and what all of it will cost"""
    return _ask("notifications.preview_campaign", {"campaign_id": str(campaign_id)})


@door(blueprint, "POST", "/<uuid:campaign_id>/submission", permission=WRITE, media_types=JSON, idempotent=True)
@blueprint.arguments(CampaignSeen(), example={"version": 3})
@blueprint.response(200, CampaignMoved)
def submit_campaign(body: dict[str, Any], campaign_id: UUID) -> Response:
    """Hand it over for approval; words and audience stay as they are from then on"""
    return _tell("notifications.submit_campaign", campaign_id, body)


@door(blueprint, "POST", "/<uuid:campaign_id>/decision", permission=APPROVE, media_types=JSON, idempotent=True)
@blueprint.arguments(CampaignDecision(), example={"version": 4, "approve": True})
@blueprint.response(200, CampaignMoved)
def decide_campaign(body: dict[str, Any], campaign_id: UUID) -> Response:
    """Approve or refuse what another person wrote"""
    return _tell("notifications.decide_campaign", campaign_id, body)


@door(blueprint, "POST", "/<uuid:campaign_id>/schedule", permission=RUN, media_types=JSON, idempotent=True)
@blueprint.arguments(CampaignTimes(), example=_TIMES)
@blueprint.response(200, CampaignMoved)
def schedule_campaign(body: dict[str, Any], campaign_id: UUID) -> Response:
    """Other times and another speed, at once"""
    return _tell("notifications.schedule_campaign", campaign_id, CampaignTimes().dump(body))


@door(blueprint, "POST", "/<uuid:campaign_id>/pause", permission=RUN, media_types=JSON, idempotent=True)
@blueprint.arguments(CampaignReason(), example={"reason": "الموعد تغير وينتظر التأكيد"})
@blueprint.response(200, CampaignMoved)
def pause_campaign(body: dict[str, Any], campaign_id: UUID) -> Response:
    """Hold it where it stands, with what was made and not handed over yet"""
    return _tell("notifications.pause_campaign", campaign_id, body)


@door(blueprint, "POST", "/<uuid:campaign_id>/resumption", permission=RUN, media_types=JSON, idempotent=True)
@blueprint.arguments(CampaignReason(), example={"reason": "تأكد الموعد من رئاسة الحي"})
@blueprint.response(200, CampaignMoved)
def resume_campaign(body: dict[str, Any], campaign_id: UUID) -> Response:
    """Go on at the same place"""
    return _tell("notifications.resume_campaign", campaign_id, body)


@door(blueprint, "POST", "/<uuid:campaign_id>/cancellation", permission=RUN, media_types=JSON, idempotent=True)
@blueprint.arguments(CampaignReason(), example={"reason": "ألغيت الفعالية بقرار المحافظ"})
@blueprint.response(200, CampaignMoved)
def cancel_campaign(body: dict[str, Any], campaign_id: UUID) -> Response:
    """Stop it for good; what was not handed over is given up"""
    return _tell("notifications.cancel_campaign", campaign_id, body)
