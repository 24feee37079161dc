"""Agencies, for operators: who they are, what is agreed with them, and how their subscriptions do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, g
from flask_smorest import Blueprint

from services.gateway.agencies import agreements, dead_letters, registry, subscriptions, watching
from services.gateway.web import agencies as doing
from services.gateway.web.access import JSON, door
from services.gateway.web.api import agencies_shown as shown
from services.gateway.web.api.answers import PREFIX, answer
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_agencies", __name__, url_prefix=PREFIX, description="Agencies that consume events")
READ, MANAGE = registry.READ, registry.MANAGE
_AGENCY = "/agencies/<uuid:agency_id>"
_AGREEMENT = _AGENCY + "/agreements/<uuid:agreement_id>"
_SUBSCRIPTION = "/subscriptions/<uuid:subscription_id>"
_WHY = {"reason": "انتهى التعاقد مع الجهة"}
_EVENTS = ["requests.request.moved.v1", "requests.licence.issued.v1"]


def _run(work: Callable[[Any], Any]) -> Any:
    return platform().run(work, caller().actor)


def _once(name: str, told: dict[str, Any], work: Callable[[Any], dict[str, Any]], status: int = 200) -> Response:
    return answer(platform().once(g.command_id, name, told, work, caller().actor), status)


@door(blueprint, "GET", "/agencies", permission=READ)
@blueprint.response(200, shown.AgencyList)
def list_agencies() -> Response:
    """All agencies, those that are closed last"""
    return answer({"agencies": _run(registry.every)})


@door(blueprint, "POST", "/agencies", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.NewAgency(), example={"code": "transport", "name": {
    "ar": "وزارة النقل", "en": "Ministry of Transport"}, "bodies": ["civil_protection"]})
@blueprint.response(201, shown.AgencyShown)
def add_agency(body: dict[str, Any]) -> Response:
    """Register an agency"""
    return _once("agencies.add", body, lambda work: registry.add(work, body, g.command_id), 201)


@door(blueprint, "GET", "/agencies/offer", permission=READ)
@blueprint.response(200, shown.AgencyOffer)
def show_offer() -> Response:
    """Which events and fields an agreement may name, and for which bodies an agency may answer"""
    return answer({"events": agreements.offered(), "bodies": _run(registry.bodies_known)})


@door(blueprint, "GET", _AGENCY, permission=READ)
@blueprint.response(200, shown.AgencyWhole)
def show_agency(agency_id: UUID) -> Response:
    """One agency with its keys"""
    return answer(_run(lambda work: registry.shown(work, agency_id)))


@door(blueprint, "POST", f"{_AGENCY}/changes", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.AgencyChange(), example={"name": {"ar": "وزارة النقل", "en": "Ministry of Transport"},
                                                    "bodies": None})
@blueprint.response(200, shown.AgencyShown)
def change_agency(body: dict[str, Any], agency_id: UUID) -> Response:
    """Another name, or other bodies to answer for"""
    return _once("agencies.change", {"agency_id": agency_id, **body},
                 lambda work: registry.change(work, agency_id, body))


@door(blueprint, "POST", f"{_AGENCY}/closing", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.AgencyReason(), example=_WHY)
@blueprint.response(200, shown.AgencyShown)
def close_agency(body: dict[str, Any], agency_id: UUID) -> Response:
    """End all dealings with it: agreements, subscriptions and keys end at once"""
    return _once("agencies.close", {"agency_id": agency_id, **body},
                 lambda work: registry.close(work, agency_id, body["reason"]))


@door(blueprint, "POST", f"{_AGENCY}/keys", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.NewAgencyKey(), example={"scopes": ["feed.read", "subscription.own"], "days": 365,
                                                    "per_minute": 600})
@blueprint.response(201, shown.AgencyKeyMade)
def make_agency_key(body: dict[str, Any], agency_id: UUID) -> Response:
    """Make a key of the agency; it is shown this once. It is revoked as any other: POST /keys/{key_id}/revocation"""
    made, secret = doing.make_key(agency_id, body, g.command_id)
    return answer({**made, "key": secret}, 201)


@door(blueprint, "GET", f"{_AGENCY}/agreements", permission=READ)
@blueprint.response(200, shown.AgreementList)
def list_agreements(agency_id: UUID) -> Response:
    """The agency's agreements, the newest first"""
    return answer({"agreements": _run(lambda work: agreements.of_agency(work, agency_id))})


@door(blueprint, "POST", f"{_AGENCY}/agreements", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.NewAgreement(), example={
    "reference": "بروتوكول 7 لسنة 2026", "events": _EVENTS, "services": ["shop-licence"], "governorates": ["EG-C"],
    "fields": {_EVENTS[1]: ["serial", "service_code", "valid_until"]}, "valid_from": "2026-01-01",
    "valid_until": "2027-12-31"})
@blueprint.response(201, shown.AgreementShown)
def make_agreement(body: dict[str, Any], agency_id: UUID) -> Response:
    """Record what was agreed: events, services, governorates, fields, until when"""
    return _once("agreements.agree", {"agency_id": agency_id, **body},
                 lambda work: agreements.agree(work, agency_id, body, g.command_id), 201)


@door(blueprint, "POST", f"{_AGREEMENT}/extension", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.AgreementExtension(), example={"valid_until": "2028-12-31"})
@blueprint.response(200, shown.AgreementShown)
def extend_agreement(body: dict[str, Any], agency_id: UUID, agreement_id: UUID) -> Response:
    """Another last day; what waited since the former one is handed over"""
    return _once("agreements.extend", {"agreement_id": agreement_id, **body},
                 lambda work: agreements.extend(work, agency_id, agreement_id, body["valid_until"]))


@door(blueprint, "POST", f"{_AGREEMENT}/ending", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.AgencyReason(), example=_WHY)
@blueprint.response(200, shown.AgreementShown)
def end_agreement(body: dict[str, Any], agency_id: UUID, agreement_id: UUID) -> Response:
    """End an agreement: nothing more is handed over under it"""
    return _once("agreements.end", {"agreement_id": agreement_id, **body},
                 lambda work: agreements.end(work, agency_id, agreement_id, body["reason"]))


@door(blueprint, "POST", f"{_AGENCY}/subscriptions", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.NewSubscription(), example={
    "agreement_id": "01980c5e-7c00-7000-8000-000000000001", "name": "حركة الطلبات", "way": "webhook",
    "events": _EVENTS[:1], "services": None, "governorates": None, "endpoint": "https://events.transport.example/in",
    "mode": "structured", "signing": "hmac", "at_once": 8, "since": None})
@blueprint.response(201, shown.SubscriptionMade)
def make_subscription(body: dict[str, Any], agency_id: UUID) -> Response:
    """A stream for the agency: by webhook, AMQP or pull feed; its secret is shown this once"""
    made, secret = doing.subscribe(agency_id, body, g.command_id)
    return answer({**made, "secret": secret}, 201)


@door(blueprint, "GET", "/subscriptions", permission=READ)
@blueprint.arguments(shown.SubscriptionQuery, location="query")
@blueprint.response(200, shown.SubscriptionList)
def list_subscriptions(query: dict[str, Any]) -> Response:
    """All subscriptions, or an agency's, and how each does"""
    return answer({"subscriptions": _run(lambda work: watching.watched(work, query["agency_id"]))})


@door(blueprint, "GET", _SUBSCRIPTION, permission=READ)
@blueprint.response(200, shown.SubscriptionWatched)
def show_subscription(subscription_id: UUID) -> Response:
    """One subscription and how it does: lag, failures, last success"""
    return answer(_run(lambda work: watching.watch(work, subscription_id)))


@door(blueprint, "POST", f"{_SUBSCRIPTION}/changes", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.SubscriptionChange(), example={"events": _EVENTS[:1]})
@blueprint.response(200, shown.SubscriptionMoved)
def change_subscription(body: dict[str, Any], subscription_id: UUID) -> Response:
    """Another filter, receiver, name or agreement; what is not said stays"""
    return _once("subscriptions.change", {"subscription_id": subscription_id, **body},
                 lambda work: subscriptions.change(work, subscription_id, body))


@door(blueprint, "POST", f"{_SUBSCRIPTION}/pause", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.AgencyReason(), example={"reason": "صيانة في مركز بيانات الجهة"})
@blueprint.response(200, shown.SubscriptionMoved)
def pause_subscription(body: dict[str, Any], subscription_id: UUID) -> Response:
    """Hand nothing over until it is resumed; nothing is lost"""
    return _once("subscriptions.pause", {"subscription_id": subscription_id, **body},
                 lambda work: subscriptions.pause(work, subscription_id, body["reason"]))


@door(blueprint, "POST", f"{_SUBSCRIPTION}/resumption", permission=MANAGE, idempotent=True)
@blueprint.response(200, shown.SubscriptionMoved)
def resume_subscription(subscription_id: UUID) -> Response:
    """Go on where it was"""
    return _once("subscriptions.resume", {"subscription_id": subscription_id},
                 lambda work: subscriptions.resume(work, subscription_id))


@door(blueprint, "POST", f"{_SUBSCRIPTION}/ending", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.AgencyReason(), example=_WHY)
@blueprint.response(200, shown.SubscriptionMoved)
def end_subscription(body: dict[str, Any], subscription_id: UUID) -> Response:
    """End it for good"""
    return _once("subscriptions.end", {"subscription_id": subscription_id, **body},
                 lambda work: subscriptions.end(work, subscription_id, body["reason"]))


@door(blueprint, "POST", f"{_SUBSCRIPTION}/test", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.SampleWish(), example={"type": None})
@blueprint.response(200, shown.SampleSent)
def test_subscription(body: dict[str, Any], subscription_id: UUID) -> Response:
    """Send a sample event to its receiver, once; of other ways than webhook it is only shown"""
    return answer(doing.test(subscription_id, body["type"], g.command_id))


@door(blueprint, "POST", f"{_SUBSCRIPTION}/secret", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.Rotation(), example={"overlap_hours": 24, "signing": None})
@blueprint.response(200, shown.Rotated)
def rotate_secret(body: dict[str, Any], subscription_id: UUID) -> Response:
    """A new secret, shown this once; the former one signs beside it for a while"""
    return answer(doing.rotate(subscription_id, body, g.command_id))


@door(blueprint, "POST", f"{_SUBSCRIPTION}/replay", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.ReplaySince(), example={"since": "2026-03-01T00:00:00+02:00"})
@blueprint.response(200, shown.Replayed)
def replay_subscription(body: dict[str, Any], subscription_id: UUID) -> Response:
    """Hand over again what arrived from a moment on"""
    return _once("subscriptions.replay", {"subscription_id": subscription_id, **body},
                 lambda work: subscriptions.replay(work, subscription_id, body["since"]))


@door(blueprint, "GET", f"{_SUBSCRIPTION}/dead-letters", permission=READ)
@blueprint.arguments(shown.DeadLetterQuery, location="query")
@blueprint.response(200, shown.DeadLetters)
def list_dead_letters(query: dict[str, Any], subscription_id: UUID) -> Response:
    """What was given up after 72 hours"""
    return answer(_run(lambda work: dead_letters.listed(work, subscription_id, **query)))


@door(blueprint, "POST", f"{_SUBSCRIPTION}/dead-letters/replay", permission=MANAGE, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.DeadLetterWish(), example={"event_id": None})
@blueprint.response(200, shown.DeadLetterSettled)
def replay_dead_letters(body: dict[str, Any], subscription_id: UUID) -> Response:
    """Have one, or all of them, sent again"""
    return _once("dead_letters.replay", {"subscription_id": subscription_id, **body},
                 lambda work: dead_letters.replay(work, subscription_id, body["event_id"]))


@door(blueprint, "POST", f"{_SUBSCRIPTION}/dead-letters/<uuid:event_id>/letting-go", permission=MANAGE,
      media_types=JSON, idempotent=True)
@blueprint.arguments(shown.AgencyReason(), example={"reason": "الجهة لا تحتاج هذا الحدث"})
@blueprint.response(200, shown.DeadLetterSettled)
def let_dead_letter_go(body: dict[str, Any], subscription_id: UUID, event_id: UUID) -> Response:
    """Give one up for good; what waits behind it goes on"""
    return _once("dead_letters.let_go", {"subscription_id": subscription_id, "event_id": event_id, **body},
                 lambda work: dead_letters.let_go(work, subscription_id, event_id, body["reason"]))
