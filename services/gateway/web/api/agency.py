"""The agency's own door: its program comes in by a key of the agency and does what the key's scopes say."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
from flask import Response, g
from flask_smorest import Blueprint

from services.gateway.agencies import dead_letters, letters, registry, subscriptions, watching
from services.gateway.web import agencies as doing
from services.gateway.web.access import JSON, door
from services.gateway.web.api import agencies_shown as shown
from services.gateway.web.api.answers import PREFIX, answer, confirmed, tagged
from services.gateway.web.caller import caller
from services.gateway.web.platform import platform

blueprint = Blueprint("api_agency", __name__, url_prefix=f"{PREFIX}/agency",
                      description="The door of agencies: events, own subscriptions, letters, licences")
FEED, OWN, REPLY = "feed.read", subscriptions.OWN, letters.REPLY
_ONE = "/subscriptions/<uuid:subscription_id>"
_KEPT = "private, no-cache"


def _run(work: Callable[[Any], Any]) -> Any:
    def own(unit: Any) -> Any:
        registry.own(unit)
        return work(unit)

    return platform().run(own, caller().actor)


def _once(name: str, told: dict[str, Any], work: Callable[[Any], dict[str, Any]], status: int = 200) -> Response:
    _run(lambda _: None)
    return answer(platform().once(g.command_id, name, told, work, caller().actor), status)


@door(blueprint, "GET", "/feed", permission=FEED)
@blueprint.arguments(shown.FeedQuery, location="query")
@blueprint.response(200, shown.FeedPage)
def read_feed(query: dict[str, Any]) -> Response:
    """The next events of a subscription by feed; with `wait` one waits for them

    Go on with `next` as `after` for as long as you like: asking from a cursor says that everything before it was
    dealt with. The same cursor gives the same events again. `If-None-Match` spares the body of a page that is held."""
    page = doing.pull(query)
    body = {"events": page.events, "next": page.next, "more": page.more}
    tag = hashlib.sha256(orjson.dumps(body)).hexdigest()[:32]
    same = confirmed(tag, _KEPT)
    if same is not None:
        return same
    found = tagged(answer(body), tag)
    found.headers["Cache-Control"] = _KEPT
    return found


@door(blueprint, "GET", "/subscriptions", permission=f"{OWN}|{FEED}")
@blueprint.response(200, shown.SubscriptionList)
def own_subscriptions() -> Response:
    """The agency's own subscriptions and how each does"""
    return answer({"subscriptions": _run(watching.owned)})


@door(blueprint, "GET", _ONE, permission=f"{OWN}|{FEED}")
@blueprint.response(200, shown.SubscriptionWatched)
def own_subscription(subscription_id: UUID) -> Response:
    """One of them"""
    return answer(_run(lambda work: watching.watch(work, subscription_id)))


@door(blueprint, "POST", f"{_ONE}/pause", permission=OWN, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.AgencyReason(), example={"reason": "صيانة في مركز بياناتنا"})
@blueprint.response(200, shown.SubscriptionMoved)
def pause_own(body: dict[str, Any], subscription_id: UUID) -> Response:
    """Get nothing until it is resumed; nothing is lost"""
    return _once("subscriptions.pause", {"subscription_id": subscription_id, **body},
                 lambda work: subscriptions.pause(work, subscription_id, body["reason"]))


@door(blueprint, "POST", f"{_ONE}/resumption", permission=OWN, idempotent=True)
@blueprint.response(200, shown.SubscriptionMoved)
def resume_own(subscription_id: UUID) -> Response:
    """Go on where it was"""
    return _once("subscriptions.resume", {"subscription_id": subscription_id},
                 lambda work: subscriptions.resume(work, subscription_id))


@door(blueprint, "POST", f"{_ONE}/replay", permission=OWN, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.ReplaySince(), example={"since": "2026-03-01T00:00:00+02:00"})
@blueprint.response(200, shown.Replayed)
def replay_own(body: dict[str, Any], subscription_id: UUID) -> Response:
    """Get again what arrived from a moment on, under the same ids"""
    return _once("subscriptions.replay", {"subscription_id": subscription_id, **body},
                 lambda work: subscriptions.replay(work, subscription_id, body["since"]))


@door(blueprint, "POST", f"{_ONE}/test", permission=OWN, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.SampleWish(), example={"type": None})
@blueprint.response(200, shown.SampleSent)
def test_own(body: dict[str, Any], subscription_id: UUID) -> Response:
    """Have a sample event sent to the own receiver, once"""
    return answer(doing.test(subscription_id, body["type"], g.command_id))


@door(blueprint, "POST", f"{_ONE}/secret", permission=OWN, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.Rotation(), example={"overlap_hours": 24, "signing": None})
@blueprint.response(200, shown.Rotated)
def rotate_own(body: dict[str, Any], subscription_id: UUID) -> Response:
    """A new secret of the own webhook, shown this once"""
    return answer(doing.rotate(subscription_id, body, g.command_id))


@door(blueprint, "GET", f"{_ONE}/dead-letters", permission=OWN)
@blueprint.arguments(shown.DeadLetterQuery, location="query")
@blueprint.response(200, shown.DeadLetters)
def own_dead_letters(query: dict[str, Any], subscription_id: UUID) -> Response:
    """What the own receiver did not take in 72 hours"""
    return answer(_run(lambda work: dead_letters.listed(work, subscription_id, **query)))


@door(blueprint, "POST", f"{_ONE}/dead-letters/replay", permission=OWN, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.DeadLetterWish(), example={"event_id": None})
@blueprint.response(200, shown.DeadLetterSettled)
def replay_own_dead_letters(body: dict[str, Any], subscription_id: UUID) -> Response:
    """Have one, or all of them, sent again"""
    return _once("dead_letters.replay", {"subscription_id": subscription_id, **body},
                 lambda work: dead_letters.replay(work, subscription_id, body["event_id"]))


@door(blueprint, "GET", "/letters", permission=REPLY)
@blueprint.arguments(shown.LetterQuery, location="query")
@blueprint.response(200, shown.LetterList)
def own_letters(query: dict[str, Any]) -> Response:
    """Letters of governorates to the own agency"""
    return answer(_run(lambda work: letters.mine(work, only_open=query["open"], after=query["after"],
                                                 limit=query["limit"])))  # fmt: skip


@door(blueprint, "POST", "/letters/<number>/answer", permission=REPLY, media_types=JSON, idempotent=True)
@blueprint.arguments(shown.LetterReply(), example={"opinion": "agreed", "answered_on": "2026-03-10",
                                                   "reference": "صادر 118", "note": None})
@blueprint.response(201, shown.LetterReplied)
def reply_to_letter(body: dict[str, Any], number: str) -> Response:
    """Answer a letter; what follows from it is decided in its governorate"""
    return _once("letters.answer", {"number": number, **body},
                 lambda work: letters.answer(work, number, body, g.command_id), 201)


@door(blueprint, "GET", "/licences/<serial>", permission="licence.verify")
@blueprint.response(200, shown.LicenceValidity)
def ask_licence(serial: str) -> Response:
    """Whether a licence of any governorate is in force, with the moment up to which that is known"""
    return answer(_run(lambda work: letters.licence(work, serial)))
