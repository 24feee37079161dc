"""The guide as its editors see it: every service with where it stands, proposals, and the beginnings of new ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, request, url_for

from rules import editions
from rules.arabic import fold
from rules.refusal import Fault, Refusal, refuse
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import editor_base as base
from services.gateway.web.pages import editor_compare, editor_new, shown
from services.gateway.web.pages.editor_base import GUIDE, OPEN, Answer
from services.gateway.web.pages.editor_sheets import code_of
from services.gateway.web.platform import platform

blueprint = Blueprint("editor", __name__)
_SERVICE = GUIDE + "/services/<code>"
_CODE = re.compile(r"[a-z][a-z0-9-]{0,59}")
STANDS = ("in_force", "coming", "not_offered", "blocked")


@door(blueprint, "GET", GUIDE, permission="proposal.read")
def home() -> Answer:
    """All services of the national guide: in force here, offered, being changed, waiting for a decision."""
    words, state = request.args.get("q", "").strip()[:100], request.args.get("state", "")
    proposals = [one for one in _open_proposals() if one["kind"] != "organisation"]
    by_code: dict[str, list[dict[str, Any]]] = {}
    for one in proposals:
        by_code.setdefault(one["subject"], []).append(one)
    rows = [_row(one, by_code.pop(one["code"], [])) for one in base.ask("adoptions")["adoptions"]]
    rows += [{"code": code, "name": code, "stands": "new", "version": None, "proposals": ones}
             for code, ones in by_code.items()]
    shown_rows = [row for row in rows if _wanted(row, words, state)]
    return base.draw("home", rows=shown_rows, total=len(rows), words=words, state=state,
                     waiting=[one for one in proposals if one["state"] == "in_review"], mine=_mine(proposals))


def _open_proposals() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for state in OPEN:
        found += base.ask("proposals", state=state, limit=200)["proposals"]
    return found


def _mine(proposals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    me = g.caller.actor.id
    return [one for one in proposals if one["state"] != "in_review" and me in (one["author"], *one["editors"])]


def _row(one: Mapping[str, Any], proposals: list[dict[str, Any]]) -> dict[str, Any]:
    entry = platform().guide.get(one["code"])
    stands = "blocked" if one["state"] == "blocked" else "in_force" if entry else (
        "coming" if one["offered"] else "not_offered")
    return {"code": one["code"], "name": shown.named(one["name"]), "stands": stands,
            "version": entry.version if entry else None, "national": one["newest_version"], "proposals": proposals,
            "own": len(one["overrides"])}


def _wanted(row: Mapping[str, Any], words: str, state: str) -> bool:
    if state and state != row["stands"] and not any(one["state"] == state for one in row["proposals"]):
        return False
    return all(word in fold(f"{row['name']} {row['code']}") for word in fold(words).split())


@door(blueprint, "GET", _SERVICE, permission="proposal.read")
def service(code: str) -> Answer:
    """One service: its versions in the country and here, proposals about it, and what can be begun."""
    national = base.ask("versions", code=code, scope="national")
    newest = base.ask("get", code=code, version=national["versions"][0]["version"], scope="national")
    entries, retired = platform().guide.history(code)
    states = editions.states(entries, retired, platform().today()) if entries else {}
    proposals = base.ask("proposals", subject=code, limit=100)["proposals"]
    local = [{"version": one.version, "effective_from": one.effective_from, "state": states[one.version]}
             for one in entries]
    return base.draw("service", code=code, name=shown.named(newest["definition"]["name"]), national=national,
                     local=local, proposals=proposals, open=[one for one in proposals if one["state"] in OPEN])


@door(blueprint, "GET", _SERVICE + "/compare", permission="proposal.read")
def compare(code: str) -> Answer:
    """Two versions of a service side by side."""
    scope = "national" if request.args.get("scope") == "national" else "local"
    versions = base.ask("versions", code=code, scope=scope)["versions"]
    numbers = [one["version"] for one in versions]
    chosen = [int(text) if (text := request.args.get(name, "")).isdigit() and len(text) < 10 else None
              for name in ("from", "to")]
    after = chosen[1] if chosen[1] in numbers else numbers[0]
    before = chosen[0] if chosen[0] in numbers else numbers[min(1, len(numbers) - 1)]
    one, other = (base.ask("get", code=code, version=version, scope=scope)["definition"] for version in (before, after))
    found = base.ask("compare", code=code, from_version=before, to_version=after, scope=scope)["differences"]
    return base.draw("compare", code=code, name=shown.named(other["name"]), scope=scope, numbers=numbers,
                     before=before, after=after, sections=editor_compare.rows(found, one, other),
                     effect=editor_compare.effect(one, other))


# -- beginning -------------------------------------------------------------------------------------------------------


@door(blueprint, "POST", _SERVICE + "/changes", permission="guide.edit", media_types=FORM, csrf=True)
def begin_change(code: str) -> Answer:
    """A draft of the next national version, as the newest one stands."""
    newest = base.ask("versions", code=code, scope="national")["versions"][0]["version"]
    body = base.ask("get", code=code, version=newest, scope="national")["definition"]
    made = base.command("propose", "change", kind="definition", body=body, based_on=newest)
    return base.go(url_for("editor_review.show", proposal_id=made["proposal_id"]))


@door(blueprint, "GET", GUIDE + "/new", permission="guide.edit")
def show_new() -> Answer:
    return _new({}, [])


@door(blueprint, "POST", GUIDE + "/new", permission="guide.edit", media_types=FORM, csrf=True)
def begin_new() -> Answer:
    """A draft of a new service, from another one or from the plainest path there is."""
    given = {name: request.form.get(name, "").strip()[:200] for name in ("ar", "en", "code", "base")}
    code = given["code"] or code_of(given["en"], (), "service").replace("_", "-")
    faults = [Fault("field_required", name) for name in ("ar", "en") if not given[name]]
    known = {one["code"] for one in base.ask("adoptions")["adoptions"]}
    if not _CODE.fullmatch(code):
        faults.append(Fault("proposal_subject_missing", "code", {"name": "code"}))
    elif code in known:
        faults.append(Fault("service_code_taken", "code", {"code": code}))
    if given["base"] and given["base"] not in known:
        faults.append(Fault("service_unknown", "base", {"code": given["base"]}))
    if faults:
        return _new(given, faults), 422
    name = {"ar": given["ar"], "en": given["en"]}
    if given["base"]:
        newest = base.ask("versions", code=given["base"], scope="national")["versions"][0]["version"]
        body = editor_new.after(base.ask("get", code=given["base"], version=newest, scope="national")["definition"],
                                code, name)
    else:
        body = editor_new.plain(code, name)
    made = base.command("propose", "new", kind="definition", body=body, based_on=0)
    return base.go(url_for("editor_review.show", proposal_id=made["proposal_id"]))


def _new(given: Mapping[str, str], faults: list[Fault]) -> str:
    services = [(one["code"], shown.named(one["name"])) for one in base.ask("adoptions")["adoptions"]]
    return base.draw("new", given=given, faults=faults, services=services)


@door(blueprint, "GET", _SERVICE + "/retirement", permission="guide.edit")
def show_retirement(code: str) -> Answer:
    return _retirement(code, {}, [])


@door(blueprint, "POST", _SERVICE + "/retirement", permission="guide.edit", media_types=FORM, csrf=True)
def begin_retirement(code: str) -> Answer:
    """Propose that a service is offered no longer."""
    given = {name: request.form.get(name, "").strip()[:1000] for name in ("ar", "en", "effective_from")}
    body = {"code": code, "reason": {"ar": given["ar"], "en": given["en"]}}
    try:
        day = base.day_of(given["effective_from"])
        faults = base.ask("check", kind="retirement", body=body, effective_from=day)["faults"]
        if faults:
            raise Refusal([Fault(one["code"], one["field"], one["params"]) for one in faults])
        made = base.command("propose", "retire", kind="retirement", body=body, effective_from=day)
    except Refusal as refusal:
        if refusal.code in ("forbidden", "form_expired", "unauthenticated"):
            raise
        return _retirement(code, given, refusal.faults), 422
    return base.go(url_for("editor_review.show", proposal_id=made["proposal_id"]))


def _retirement(code: str, given: Mapping[str, str], faults: list[Fault]) -> str:
    versions = base.ask("versions", code=code, scope="national")["versions"]
    name = base.ask("get", code=code, version=versions[0]["version"], scope="national")["definition"]["name"]
    return base.draw("retirement", code=code, name=shown.named(name), given=given, faults=faults)


# -- all proposals ---------------------------------------------------------------------------------------------------


@door(blueprint, "GET", GUIDE + "/proposals", permission="proposal.read")
def proposals() -> Answer:
    """Proposals, newest first, page by page."""
    asked = {name: request.args.get(name) or None for name in ("state", "kind", "after")}
    if (asked["state"] and asked["state"] not in ("draft", "in_review", "returned", "approved", "withdrawn")) or (
            asked["kind"] and asked["kind"] not in ("definition", "retirement", "adoption", "organisation")):
        raise refuse("not_found")
    found = base.ask("proposals", limit=50, **asked)
    return base.draw("proposals", found=found, asked=asked, people=base.people(found["proposals"]))
