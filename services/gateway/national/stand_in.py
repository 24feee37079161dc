"""What at a node requests would answer, answered at the centre, where there is none: drafts and documents of the
national portal, and an application, which is handed down. Everything else of requests is a governorate's own work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Protocol, TypeVar
from uuid import UUID

from marshmallow import Schema

from chassis.actors import Actor
from chassis.answers import load
from chassis.ids import uuid7
from contracts.gateway_national import LodgeNationally
from contracts.requests import AddDocument
from contracts.requests_intake import AddPiece, BeginUpload, Draft, EndUpload, SaveDraft, Upload
from rules.refusal import refuse
from services.gateway.guide import Entry
from services.gateway.national import drafts, guide, lodging, papers

T = TypeVar("T")


class Held(Protocol):
    """What of the web's platform is needed here."""

    national: guide.NationalGuide
    organisation: Any

    def today(self) -> date: ...
    def run(self, work: Callable[[Any], T], actor: Actor) -> T: ...
    def once(self, command_id: UUID, method: str, payload: Any, work: Callable[[Any], dict[str, Any]],
             actor: Actor) -> dict[str, Any]: ...  # fmt: skip


_COMMANDS: dict[str, tuple[type[Schema], Callable[[Any, Any], dict[str, Any]]]] = {
    "requests.add_document": (AddDocument, papers.add),
    "requests.begin_upload": (BeginUpload, papers.begin),
    "requests.add_piece": (AddPiece, papers.add_piece),
    "requests.end_upload": (EndUpload, papers.end),
    "requests.save_draft": (SaveDraft, drafts.save),
    "requests.drop_draft": (Draft, drafts.drop),
}
_QUERIES: dict[str, tuple[type[Schema], Callable[[Any, Any], dict[str, Any]]]] = {
    "requests.upload": (Upload, papers.standing),
    "requests.draft": (Draft, drafts.resume),
}


def answer(
    held: Held, method: str, payload: Mapping[str, Any], actor: Actor, command_id: UUID | None
) -> dict[str, Any]:
    """The answer of the centre to what is asked of requests. Refuses not_at_the_centre for a governorate's own work,
    and as requests does."""
    if method == "requests.submit":
        at = guide.parse(str(payload["service_code"]))
        if at is None:
            raise refuse("service_unknown", "service_code", code=str(payload["service_code"])[:80])
        body = {name: payload[name] for name in ("unit", "applicant", "answers", "documents") if name in payload}
        return lodge(held, {**body, "governorate": at.governorate, "service_code": at.code}, actor, command_id)
    if method == "requests.own_drafts":
        return {"drafts": []}  # nobody has an account of a citizen here
    if method == "requests.quote":
        return {"stages": [], "complete": False}  # what takes the place of a licence, the governorate's register knows
    if method in _QUERIES:
        schema, read = _QUERIES[method]
        asked = load(schema(), dict(payload))
        return held.run(lambda work: read(work, asked), actor)
    if method in _COMMANDS:
        schema, run = _COMMANDS[method]
        given = load(schema(), dict(payload))
        return held.once(command_id or uuid7(), method, payload, lambda work: run(work, given), actor)
    raise refuse("not_at_the_centre")


def lodge(held: Held, payload: Mapping[str, Any], actor: Actor, command_id: UUID | None) -> dict[str, Any]:
    """Take an application for a governorate and hand it down, once for a command. Refuses governorate_unknown,
    service_unknown, and as lodging.lodge does."""
    body = load(LodgeNationally(), dict(payload))
    entry = offered(held, body["governorate"], body["service_code"])
    today = held.today()
    unit = held.organisation.known().unit(body["unit"], today)
    if unit is not None and unit.governorate != body["governorate"]:
        unit = None
    return held.once(
        command_id or uuid7(), "national.lodge", payload,
        lambda work: lodging.lodge(work, body["governorate"], entry, unit, body, today), actor)  # fmt: skip


def offered(held: Held, governorate: str, code: str) -> Entry:
    """The edition in force of a governorate's service, under the service's own code. Refuses governorate_unknown,
    service_unknown."""
    if guide.parse(guide.address(governorate, code)) is None:
        raise refuse("governorate_unknown", "governorate")
    entry = held.national.edition(governorate).get(code)
    if entry is None:
        raise refuse("service_unknown", "service_code", code=code)
    return entry
