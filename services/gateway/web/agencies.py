"""What pages and API do alike about agencies where it takes more than one piece of work: secrets that are shown once,
samples that are sent while nothing of the database is held, and the feed that one waits for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.actors import PUBLIC
from services.gateway.agencies import feed, pulling, registry, samples, subscriptions, testing
from services.gateway.agencies.pulling import Head, Page
from services.gateway.web.caller import caller
from services.gateway.web.platform import Platform, platform

MOST_WAITING = 64
"""Who may wait for the feed in one process: they take places among the requests in flight."""
MOST_OF_ONE = 8
"""… of them with one key, so that no agency's program takes the places of all others."""


def make_key(agency_id: UUID, body: Mapping[str, Any], command_id: UUID) -> tuple[dict[str, Any], str | None]:
    """registry.make_key, once: the key as it is shown, and the key itself, which a repetition does not get again."""
    kept: dict[str, str] = {}

    def run(work: Any) -> dict[str, Any]:
        made = registry.make_key(work, agency_id, body, command_id)
        kept["key"] = made.pop("key")
        return made

    found = _once(command_id, "agencies.make_key", {"agency_id": agency_id, **body}, run)
    key = kept.get("key", "")
    return found, key if key.startswith(found["prefix"]) else None


def subscribe(agency_id: UUID, body: Mapping[str, Any], command_id: UUID) -> tuple[dict[str, Any], str | None]:
    """subscriptions.subscribe, once, and its secret, which a repetition does not get again."""
    kept: dict[str, str | None] = {}

    def run(work: Any) -> dict[str, Any]:
        made = subscriptions.subscribe(work, agency_id, body, command_id)
        kept["secret"] = made.pop("secret")
        return made

    found = _once(command_id, "subscriptions.subscribe", {"agency_id": agency_id, **body}, run)
    return found, _same(found, kept)


def rotate(subscription_id: UUID, body: Mapping[str, Any], command_id: UUID) -> dict[str, Any]:
    """subscriptions.rotate, once; the secret is not told again where the same wish comes again."""
    kept: dict[str, str | None] = {}

    def run(work: Any) -> dict[str, Any]:
        made = subscriptions.rotate(work, subscription_id, timedelta(hours=body["overlap_hours"]), body["signing"])
        kept["secret"] = made.pop("secret")
        return made

    found = _once(command_id, "subscriptions.rotate", {"subscription_id": subscription_id, **body}, run)
    return {**found, "secret": _same(found, kept)}


def test(subscription_id: UUID, event_type: str | None, command_id: UUID) -> dict[str, Any]:
    """Send a sample to the receiver of a webhook and keep what became of it; of other ways it is shown. The sample's id
    is that of the wish: where the same wish comes again, the receiver knows it."""
    held, who = platform(), caller().actor
    row, cut, signer = held.run(lambda work: testing.prepared(work, subscription_id, command_id, event_type), who)
    found: dict[str, Any] = {"status": None, "error": None, "seconds": None, "answer": None}
    if signer is not None:  # no unit of work is open here, and no connection held
        found = testing.sent(held.settings, row, cut, signer, int(held.now().timestamp()))
        held.run(lambda work: samples.noted(work, subscription_id, testing.in_words(found)), who)
    return {"subscription_id": str(subscription_id), "event": cut.envelope, **found}


def pull(query: Mapping[str, Any]) -> Page:
    """One page of the feed, waited for as long as the client wants."""
    held, who = platform(), caller().actor

    def page(after: str | None) -> Page:
        return held.run(lambda work: pulling.pull(
            work, query["subscription_id"], after, None if after else query["since"], query["limit"]), who)

    found = page(query["after"])
    ends = held.now() + timedelta(seconds=query["wait"])
    while not found.events and not found.more and (left := (ends - held.now()).total_seconds()) > 0:
        if not _head(held).wait(found.position, left, who.id):
            break
        found = page(found.next)
    return found


def _head(held: Platform) -> Head:
    if not hasattr(held, "feed_head"):
        held.feed_head = Head(lambda: held.run(feed.head, PUBLIC), MOST_WAITING,  # type: ignore[attr-defined]
                              MOST_OF_ONE)
    found: Head = held.feed_head  # type: ignore[attr-defined]
    return found


def _same(found: Mapping[str, Any], kept: Mapping[str, str | None]) -> str | None:
    """The secret, if it is the one that was kept: a repetition made another before it was known for one."""
    secret = kept.get("secret")
    return secret if secret is not None and subscriptions.mark_of(secret) == found["secret_mark"] else None


def _once(command_id: UUID, name: str, told: dict[str, Any], run: Any) -> dict[str, Any]:
    return platform().once(command_id, name, told, run, caller().actor)
