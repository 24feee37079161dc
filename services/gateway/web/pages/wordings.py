"""What citizens are told is written, previewed and proposed by editors, returned or put in force by reviewers."""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.refusal import Fault, Refusal
from services.gateway import colleagues
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("wordings", __name__)
_KIND = LANG + "/staff/messages/wordings/<string:code>"
_WRITE = _KIND + "/writing"
_MOVE = _KIND + "/versions/<int:version>/<any(propose,withdraw,return,approve):move>"
WRITER, REVIEWER = "template.write", "template.review"
LANGUAGES = ("ar", "en")
OPEN, WRITABLE = ("draft", "proposed", "returned"), ("draft", "returned")
MOVES = {"propose": "notifications.propose_template", "withdraw": "notifications.withdraw_template",
         "return": "notifications.return_template", "approve": "notifications.put_template_in_force"}
MOST_TEXT, MOST_PARAGRAPHS = 20_000, 100
_PARAGRAPH = re.compile(r"(wording/(?:ar|en)/body)/([0-9]+)\Z")


@door(blueprint, "GET", _WRITE, permission=WRITER)
def show_writing(code: str) -> str:
    """The draft, or what was returned, to be written on; else what is in force, to begin a draft from."""
    one = _kind(code)
    opened = opened_of(one)
    if opened is None or opened["state"] not in WRITABLE:
        return _writing(one, opened, one["wording"], [])
    asked = {"code": code, "version": opened["version"]}
    found = platform().call("notifications.template_version", asked, caller().actor)
    return _writing(one, opened, found["wording"], [])


@door(blueprint, "POST", _WRITE, permission=WRITER, media_types=FORM, csrf=True)
def write(code: str) -> ResponseReturnValue:
    """Keep a draft, or with `look` only show how it reads and what its text message costs. What was typed stays."""
    wording = typed()
    one = _kind(code)
    try:
        if request.form.get("look"):
            looks = [(language, platform().call("notifications.preview_template", {
                "code": code, "language": language, "wording": wording}, caller().actor)) for language in LANGUAGES]
            return _writing(one, opened_of(one), wording, [], looks, _number("version"), _number("revision"))
        body = {"code": code, "version": _number("version"), "revision": _number("revision"), "wording": wording}
        platform().call("notifications.write_template", body, caller().actor, command_id=kept.once("write"))
    except Refusal as refusal:
        if refusal.code in ("forbidden", "message_kind_unknown"):
            raise
        page = _writing(one, opened_of(one), wording, refusal.faults, (), _number("version"), _number("revision"))
        return page, 422
    return redirect(url_for("messages.wording", code=code, done="written"), 303)


@door(blueprint, "POST", _MOVE, permission=f"{WRITER}|{REVIEWER}", media_types=FORM, csrf=True)
def move(code: str, version: int, move: str) -> ResponseReturnValue:
    """Propose, withdraw, return with a remark, put in force. The revision says what was read."""
    body: dict[str, Any] = {"code": code, "version": version, "revision": _number("revision") or 0}
    if move == "return":
        body["remark"] = request.form.get("remark", "").strip()[:1000]
        if not body["remark"]:
            return _refused(code, [Fault("field_required", "remark")])
    try:
        platform().call(MOVES[move], body, caller().actor, command_id=kept.once(move))
    except Refusal as refusal:
        if refusal.code in ("forbidden", "message_kind_unknown", "template_version_unknown"):
            raise
        return _refused(code, [Fault(one.code, "remark" if one.field == "remark" else None, one.params)
                               for one in refusal.faults])
    return redirect(url_for("messages.wording", code=code, done=move), 303)


def _refused(code: str, faults: list[Fault]) -> ResponseReturnValue:
    from services.gateway.web.pages import messages  # its page shows what was not done, with all there is to see

    return messages.show(code, faults, request.form.get("remark", "")[:1000]), 422


def acts(one: dict[str, Any]) -> dict[str, Any]:
    """What the caller may do with a kind: `write`, and of which version what. Who wrote a version does not review it;
    the command holds that, the page says it beforehand."""
    permits, own = caller().actor.permits, caller().actor.id
    found: list[tuple[dict[str, Any], list[str]]] = []
    for version in one["versions"]:
        state, may = version["state"], []
        wrote = own in (*version["authors"], version["proposed_by"])
        if permits(WRITER) and state in WRITABLE:
            may.append("propose")
        if permits(REVIEWER) and state == "proposed" and not wrote:
            may += ["approve", "return"]
        if (permits(WRITER) and state in OPEN) or (permits(REVIEWER) and state == "in_force"):
            may.append("withdraw")
        if state in (*OPEN, "in_force"):
            found.append((version, may))
    opened = opened_of(one)
    names = platform().run(lambda work: colleagues.names(
        work, [who for version, _ in found for who in (*version["authors"], version["decided_by"])]), caller().actor)
    return {"may_write": permits(WRITER) and (opened is None or opened["state"] in WRITABLE), "standing": found,
            "opened": opened, "names": names, "once": lambda: secrets.token_urlsafe(18)}


def opened_of(one: dict[str, Any]) -> dict[str, Any] | None:
    """The version that is being written or reviewed; there is at most one."""
    return next((version for version in one["versions"] if version["state"] in OPEN), None)


def typed() -> dict[str, Any]:
    """The wording as the form has it. A line that is empty parts two paragraphs."""
    form = request.form
    found: dict[str, Any] = {}
    for language in LANGUAGES:
        texts: dict[str, Any] = {name: form.get(f"wording/{language}/{name}", "").strip()[:MOST_TEXT]
                                 for name in ("sms", "subject", "button")}
        body = form.get(f"wording/{language}/body", "").replace("\r\n", "\n")
        texts["body"] = [one.strip()[:MOST_TEXT] for one in re.split(r"\n\s*\n", body) if one.strip()][:MOST_PARAGRAPHS]
        found[language] = texts
    return found


def _kind(code: str) -> dict[str, Any]:
    return platform().call("notifications.template", {"code": code}, caller().actor)


def _number(name: str) -> int | None:
    given = request.form.get(name, "")
    return int(given) if given.isdecimal() and len(given) < 8 else None


def _writing(one: dict[str, Any], opened: dict[str, Any] | None, wording: dict[str, Any], faults: list[Fault],
             looks: Any = (), version: int | None = None, revision: int | None = None) -> str:  # fmt: skip
    if not looks and not faults and opened is not None and opened["state"] in WRITABLE:
        version, revision = opened["version"], opened["revision"]
    # A fault of one paragraph is shown at the field that holds them all.
    shown = [Fault(fault.code, _PARAGRAPH.sub(r"\1", fault.field or "") or None, fault.params) for fault in faults]
    return render_template("staff/wording_writing.html", one=one, opened=opened, wording=wording, faults=shown,
                           looks=looks, version=version, revision=revision, languages=LANGUAGES,
                           email="email" in one["channels"], once=secrets.token_urlsafe(18))  # fmt: skip


@blueprint.app_template_filter("colleague")
def _colleague(account_id: str, names: dict[str, str]) -> str:
    """The name of one of the staff by the account's id; the id where there is no such account."""
    return names.get(account_id, account_id)
