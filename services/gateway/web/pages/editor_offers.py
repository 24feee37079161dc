"""What the governorate offers of a national service, with the values that are its own to set: proposed here, approved
by a second person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, request, url_for

from rules import conditions, overrides
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal, refuse
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import editor_base as base
from services.gateway.web.pages import editor_values, shown
from services.gateway.web.pages.editor_base import FORM_BYTES, GUIDE, Answer
from services.gateway.web.pages.editor_options import Options, path_words

blueprint = Blueprint("editor_offers", __name__)
_OFFER = GUIDE + "/offers/<code>"
_SUBSETS = {"channels": "channels", "unit_kinds": "unit_kinds"}


@door(blueprint, "GET", _OFFER, permission="proposal.read")
def show(code: str) -> Answer:
    """What is offered now, or what the proposal named in the address says."""
    standing = _standing(code)
    found = _draft(request.args.get("proposal", ""), code)
    body = found["body"] if found else {"offered": standing["offered"], "overrides": standing["overrides"]}
    return _page(standing, body, found, [])


@door(blueprint, "POST", _OFFER, permission="guide.adopt", media_types=FORM, csrf=True, limit=FORM_BYTES)
def save(code: str) -> Answer:
    """Begin a proposal, or amend the one that is being written."""
    standing = _standing(code)
    found = _draft(request.form.get("proposal", ""), code)
    body = {"code": code, "offered": request.form.get("offered") == "true", "overrides": _read(standing)}
    try:
        day = base.day_of(request.form.get("effective_from", "").strip()[:10])
        if found:
            made = base.command("amend", "offer", proposal_id=found["proposal_id"], version=base.version_shown(),
                                body=body, effective_from=day, based_on=None)
        else:
            made = base.command("propose", "offer", kind="adoption", body=body, effective_from=day)
    except Refusal as refusal:
        if refusal.code in ("forbidden", "form_expired", "unauthenticated"):
            raise
        return _page(standing, body, found, refusal.faults), 409 if refusal.code == "proposal_changed" else 422
    return base.go(url_for("editor_review.show", proposal_id=made["proposal_id"]))


def _standing(code: str) -> dict[str, Any]:
    """The newest national version, what is allowed in it and what the governorate decided."""
    found = base.ask("adoptions", code=code)["adoptions"]
    if not found:
        raise refuse("service_unknown", "code", code=code)
    version = found[0]["newest_version"]
    return {**found[0], "body": base.ask("get", code=code, version=version, scope="national")["definition"]}


def _draft(proposal_id: str, code: str) -> dict[str, Any] | None:
    """The proposal that is being written, when one is named."""
    if not proposal_id:
        return None
    found = base.proposal_of(proposal_id)
    if found["kind"] != "adoption" or found["subject"] != code:
        raise refuse("not_found")
    return found


def _page(standing: Mapping[str, Any], body: Mapping[str, Any], found: Mapping[str, Any] | None,
          faults: list[Fault]) -> str:
    own = body.get("overrides") or {}
    told = {one["field"]: shown.named(one) for one in (found or {}).get("faults", ()) if one.get("field")}
    fields = [_field(one, own, standing["body"], told) for one in standing["allowed"]]
    return base.draw("offer", standing=standing, offered=body.get("offered", True), fields=fields, found=found,
                     faults=faults, name=shown.named(standing["name"]),
                     writable=g.caller.actor.permits("guide.adopt") and (not found or base.may_write(found)))


def _field(one: Mapping[str, Any], own: Mapping[str, Any], body: Mapping[str, Any], told: Mapping[str, str]
           ) -> dict[str, Any]:
    path, national = one["path"], one["value"]
    field: dict[str, Any] = {"path": path, "label": path_words(body, path, g.language), "own": path in own,
                             "wrong": told.get(f"overrides/{path}", "")}
    if path in _SUBSETS:
        chosen = own.get(path, national)
        names = [(value, name[g.language]) for value, name in Options({}).of(_SUBSETS[path]) if value in national]
        return {**field, "kind": "many", "options": names, "chosen": chosen if isinstance(chosen, list) else []}
    if path == overrides.KEYWORDS:
        words = own.get(path)
        return {**field, "kind": "words", "value": "\n".join(map(str, words)) if isinstance(words, list) else ""}
    kind = _kind(path, national)
    return {**field, "kind": kind, "value": editor_values.shown(kind, own[path]) if path in own else "",
            "national": _told(kind, national), "least": _told(kind, one.get("min")),
            "most": _told(kind, one.get("max"))}


def _told(kind: str, value: Any) -> str:
    return shown.money(value) if kind == "money" and isinstance(value, int) else editor_values.shown(kind, value)


def _kind(path: str, national: Any) -> str:
    if isinstance(national, bool):
        return "yes_no"
    if path.rpartition("/")[2] in ("amount", "min_amount", "max_amount"):
        return "money"
    if isinstance(national, int) or national is None:
        return "whole"
    return "decimal" if conditions.number(national) is not None and "account" not in path else "text"


def _read(standing: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are other than the national ones; what cannot be read stays as it was typed, and is a fault."""
    own: dict[str, Any] = {}
    for one in standing["allowed"]:
        path, national = one["path"], one["value"]
        name = f"own/{path}"
        if path in _SUBSETS:
            value: Any = [value for value in national if value in request.form.getlist(name)]
        elif path == overrides.KEYWORDS:
            value = editor_values.lines(request.form.get(name, "")) or national
        else:
            kind, typed = _kind(path, national), request.form.get(name, "")
            value = editor_values.parsed(kind, typed, None)
            if value is None:
                continue
            value = western_digits(value) if isinstance(value, str) and "account" in path else value
        if value != national:
            own[path] = value
    return own
