"""What the pages of the guide's editor share: asking catalog in the caller's name, a proposal as it stands, and how it
is told."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rules import roles
from rules.organisation_kinds import KINDS
from rules.refusal import Refusal, refuse
from services.gateway import colleagues
from services.gateway.web.caller import caller
from services.gateway.web.pages import editor_brief, kept, shown
from services.gateway.web.pages.editor_options import Options
from services.gateway.web.pages.editor_parts import PARTS
from services.gateway.web.pages.editor_places import part_of
from services.gateway.web.pages.editor_view import fault_words, place_words, steps_of
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import UPLOAD_SECONDS, platform

GUIDE = LANG + "/staff/guide"
PROPOSAL = GUIDE + "/proposals/<uuid:proposal_id>"
FORM_BYTES = 1024 * 1024
WRITABLE, OPEN = ("draft", "returned"), ("draft", "in_review", "returned")
_KINDS_OF_STATE = {"draft": "", "in_review": "warn", "returned": "bad", "approved": "good", "withdrawn": "quiet"}

Answer = str | Response | tuple[str, int]


def ask(method: str, **payload: Any) -> dict[str, Any]:
    """A question to catalog."""
    return platform().call(f"catalog.{method}", payload, caller().actor, timeout=UPLOAD_SECONDS)


def command(method: str, name: str, **payload: Any) -> dict[str, Any]:
    """A command to catalog, once for each form that was shown."""
    return platform().call(f"catalog.{method}", payload, caller().actor, command_id=kept.once(name),
                           timeout=UPLOAD_SECONDS)


def proposal_of(proposal_id: Any) -> dict[str, Any]:
    """The proposal as it stands. Refuses proposal_unknown."""
    return ask("proposal", proposal_id=str(proposal_id))


def may_write(found: Mapping[str, Any]) -> bool:
    """Whether the caller may go on writing it now."""
    permission = {"adoption": "guide.adopt", "organisation": "organisation.propose"}.get(found["kind"], "guide.edit")
    return found["state"] in WRITABLE and caller().actor.permits(permission)


def options_of(body: Mapping[str, Any]) -> Options:
    """What there is to choose from, services of the guide among it."""
    return Options(body, [(entry.code, entry.document["name"]) for entry in platform().guide.in_force()])


def counted(found: Mapping[str, Any]) -> dict[str, int]:
    """How many faults each part of a definition has."""
    counts = dict.fromkeys((part.code for part in PARTS), 0)
    for fault in found["faults"]:
        if fault.get("field") and fault["code"] == "definition_invalid":
            counts[part_of(steps_of(found["body"], fault["field"]))[0].code] += 1
    return counts


def faults_with_places(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every fault with what it says and the page on which it is mended; none for what stands nowhere in a form."""
    told = []
    for fault in found["faults"]:
        url = ""
        if found["kind"] == "definition" and fault.get("field") and fault["code"] == "definition_invalid":
            steps = steps_of(found["body"], fault["field"])
            part, item = part_of(steps)
            name = "-".join(steps[len(part.path) + 1:] if item else steps[len(part.sheet.path):] if part.sheet else ())
            url = place_url(found["proposal_id"], part.code, item) + (f"#f-{name}" if name else "")
        steps_ = str(fault.get("field") or "").split("/")
        if found["kind"] == "organisation" and steps_[0] == "operations" and len(steps_) > 1 and steps_[1].isdigit():
            url = url_for("editor_organisation.show_operation", proposal_id=found["proposal_id"], index=int(steps_[1]))
            url += f"#f-{'-'.join(steps_[2:])}" if len(steps_) > 2 else ""
        where = place_words(found["body"], fault.get("field"), g.language) if url else ""
        text = fault_words(fault, g.language)
        told.append({"text": f"{where}: {text}" if where else text, "url": url, "field": fault.get("field") or "",
                     "code": fault["code"]})
    return told


def place_url(proposal_id: Any, part: str, item: str | None = None) -> str:
    """The page of a part, or of one item of it."""
    if item is None:
        return url_for("editor_draft.show_part", proposal_id=proposal_id, part=part)
    return url_for("editor_draft.show_item", proposal_id=proposal_id, part=part, item=item)


def name_of(found: Mapping[str, Any]) -> str:
    """What a proposal is about, by name where it has one."""
    if found["kind"] == "organisation":
        kind, _, code = str(found["subject"]).partition("/")
        return f"{shown.named(KINDS[kind])} {code}" if kind in KINDS else shown.text("org.several")
    name = found["body"].get("name") if isinstance(found.get("body"), Mapping) else None
    entry = platform().guide.get(found["subject"])
    return shown.named(name if isinstance(name, Mapping) else entry.document["name"] if entry else found["subject"])


def state_tag(state: str) -> tuple[str, str]:
    """Text and kind of the tag that tells a proposal's state."""
    return shown.text(f"ed.state.{state}"), _KINDS_OF_STATE[state]


def draw(template: str, **values: Any) -> str:
    """A page of the editor, with a fresh token for its form."""
    return render_template(f"staff/editor/{template}.html", once=secrets.token_urlsafe(18), state_tag=state_tag,
                           place_url=place_url, name_of=name_of, permission_name=_permission_name,
                           condition_words=_condition_words, pick=lambda pair: pair[0 if g.language == "ar" else 1],
                           **values)


def _permission_name(code: str) -> str:
    return shown.named(roles.load().permissions.get(code, {"ar": code, "en": code}))


def _condition_words(condition: Any, body: Mapping[str, Any]) -> str:
    return editor_brief.condition_words(condition, Options(body), g.language)


def go(url: str) -> Response:
    """Answer a form that was carried out."""
    return redirect(url, 303)


def day_of(text: str) -> str | None:
    """A date that was typed, as commands take it; None for none. Refuses field_invalid."""
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise refuse("field_invalid", "effective_from", reason="YYYY-MM-DD") from None


def people(proposals: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The names of those who wrote, changed and approved proposals, by account."""
    wanted: set[str] = set()
    for one in proposals:
        wanted |= {one["author"], *one["editors"], *(approval["by"] for approval in one.get("approvals", ()))}
    return platform().run(lambda work: colleagues.names(work, sorted(wanted)), caller().actor)


def version_shown() -> int:
    """The version of the proposal that the form was made from. Refuses form_expired."""
    text = request.form.get("version", "")
    if not text.isdigit() or len(text) > 9:
        raise refuse("form_expired")
    return int(text)


def said(refusal: Refusal) -> list[dict[str, Any]]:
    """The faults of a refusal as the pages show them."""
    return [{"text": shown.fault_text(fault), "url": "", "field": fault.field or "", "code": fault.code}
            for fault in refusal.faults]
