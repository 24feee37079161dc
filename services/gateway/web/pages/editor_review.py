"""A proposal as a whole: what it changes and means, what is still wrong with it; handed in, decided by a second person,
returned, withdrawn; and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, request, url_for

from chassis.errors import Unavailable
from rules.refusal import Fault, Refusal
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import editor_base as base
from services.gateway.web.pages import editor_compare
from services.gateway.web.pages.editor_base import PROPOSAL, Answer
from services.gateway.web.pages.editor_parts import PARTS
from services.gateway.web.pages.editor_places import part_of
from services.gateway.web.platform import platform

blueprint = Blueprint("editor_review", __name__)
_SHOWN_AGAIN = ("proposal_changed", "proposal_closed", "remark_required", "own_approval", "approved_already_by_you",
                "field_invalid", "proposal_outdated", "nothing_changed", "definition_invalid", "effective_date_past",
                "effective_date_overlaps", "retirement_too_early", "retired_already", "guide_kept_by_centre")


@door(blueprint, "GET", PROPOSAL, permission="proposal.read")
def show(proposal_id: Any) -> Answer:
    return _page(base.proposal_of(proposal_id), [])


@door(blueprint, "POST", PROPOSAL + "/settings", permission="proposal.write", media_types=FORM, csrf=True)
def settle(proposal_id: Any) -> Answer:
    """The day from which it is to hold, or that a newer version was taken into account."""
    found = base.proposal_of(proposal_id)

    def amend() -> None:
        day, based_on = found["effective_from"], None
        if "effective_from" in request.form:
            day = base.day_of(request.form["effective_from"].strip()[:10])
        if request.form.get("based_on", "").isdigit():
            based_on = int(request.form["based_on"][:9])
        base.command("amend", "settle", proposal_id=str(proposal_id), version=base.version_shown(), body=found["body"],
                     effective_from=day, based_on=based_on)

    return _done(found, amend)


@door(blueprint, "POST", PROPOSAL + "/submission", permission="proposal.write", media_types=FORM, csrf=True)
def submit(proposal_id: Any) -> Answer:
    return _done(base.proposal_of(proposal_id), lambda: base.command(
        "submit_proposal", "submit", proposal_id=str(proposal_id), version=base.version_shown()))


@door(blueprint, "POST", PROPOSAL + "/withdrawal", permission="proposal.write", media_types=FORM, csrf=True)
def withdraw(proposal_id: Any) -> Answer:
    return _done(base.proposal_of(proposal_id), lambda: base.command(
        "withdraw_proposal", "withdraw", proposal_id=str(proposal_id), version=base.version_shown()))


@door(blueprint, "POST", PROPOSAL + "/decision", permission="proposal.decide", media_types=FORM, csrf=True)
def decide(proposal_id: Any) -> Answer:
    """Approve exactly the version shown, or return it with a reason."""
    decision = "approve" if request.form.get("decision") == "approve" else "return"
    remark = request.form.get("remark", "").strip()[:2000] or None
    return _done(base.proposal_of(proposal_id), lambda: base.command(
        "decide", "decide", proposal_id=str(proposal_id), version=base.version_shown(), decision=decision,
        remark=remark))


def _done(found: Mapping[str, Any], act: Any) -> Answer:
    """Carry it out and show the proposal again; with what was refused and why, and what was typed."""
    try:
        act()
    except Refusal as refusal:
        if refusal.code not in _SHOWN_AGAIN and not found["kind"] == "organisation":
            raise
        # What is wrong with a definition the page tells in any case, with links to where it is mended.
        faults = [fault for fault in refusal.faults if fault.code != "definition_invalid"]
        return _page(base.proposal_of(found["proposal_id"]), faults), 422
    return base.go(url_for("editor_review.show", proposal_id=found["proposal_id"]) + "?done=1")


def _page(found: dict[str, Any], faults: list[Fault]) -> str:
    who, me = g.caller.actor, g.caller.actor.id
    wrote = me in (found["author"], *found["editors"])
    given = {one["permission"] for one in found["approvals"]}
    missing = [one for one in found["approvals_needed"] if one not in given]
    decides = found["state"] == "in_review" and not wrote and any(who.permits(one) for one in missing)
    before = _before(found) if found["kind"] in ("definition", "retirement") else {}
    told = base.faults_with_places(found)
    return base.draw(
        "proposal", found=found, faults=faults, told=told, parts=PARTS, part=None,
        counts=base.counted(found) if found["kind"] == "definition" else {}, writable=base.may_write(found),
        wrote=wrote, decides=decides, people=base.people([found]), missing=missing,
        may_withdraw=found["state"] in base.OPEN and who.permits("proposal.write"),
        sections=editor_compare.rows(found["difference"], before, found["body"]),
        changed={part_of(tuple(str(one["path"]).split("/")))[0].code for one in found["difference"]},
        effect=editor_compare.effect(before, found["body"]) if before and found["kind"] == "definition" else None,
        open_requests=_open_requests(found["subject"]) if before else [],
        outdated=next((one for one in found["faults"] if one["code"] == "proposal_outdated"), None))


def _open_requests(code: str) -> list[dict[str, Any]]:
    """How many requests go on under which version; nothing where the service that knows does not answer."""
    try:
        found = platform().call("requests.open_of_service", {"code": code}, g.caller.actor)
    except Unavailable:
        return []
    counted: list[dict[str, Any]] = found["open"]
    return counted


def _before(found: Mapping[str, Any]) -> dict[str, Any]:
    """The newest version of the country, which a proposal changes; empty for a new service."""
    try:
        newest = base.ask("versions", code=found["subject"], scope="national")["versions"][0]["version"]
        body: dict[str, Any] = base.ask("get", code=found["subject"], version=newest, scope="national")["definition"]
    except Refusal as refusal:
        if refusal.code != "service_unknown":
            raise
        return {}
    return body
