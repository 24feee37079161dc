"""The organisation: what stands, how it came about, and changes of it: proposed by one person, approved for the council
and for the follow-up department by two others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, g, request, url_for

from rules.arabic import fold
from rules.organisation_kinds import EMPLOYEE, HOURS, KINDS
from rules.refusal import Fault, Refusal, refuse
from services.gateway.web.access import FORM, door
from services.gateway.web.pages import editor_base as base
from services.gateway.web.pages import editor_brief, shown
from services.gateway.web.pages.editor_base import FORM_BYTES, Answer
from services.gateway.web.pages.editor_reading import Reader, operate
from services.gateway.web.pages.editor_shapes import ABSENT
from services.gateway.web.pages.editor_units import LABELS, Choices, choosing, operation
from services.gateway.web.pages.editor_view import Builder, under
from services.gateway.web.pages.public import LANG

blueprint = Blueprint("editor_organisation", __name__)
_ROOT = LANG + "/staff/organisation"
_PROPOSAL = _ROOT + "/proposals/<uuid:proposal_id>"
_WRITE = {"permission": "organisation.propose", "media_types": FORM, "csrf": True, "limit": FORM_BYTES}
_FIRST = ("unit", "centre", "window", "department", "employee", "job", "working_hours", "holiday")
ORDER = (*_FIRST, *(kind for kind in KINDS if kind not in _FIRST))
_OPS = ("add", "change", "close")


@door(blueprint, "GET", _ROOT, permission="organisation.read")
def home() -> Answer:
    """What stands today, of one kind, page by page; and changes that are under way."""
    kind = request.args.get("kind", ORDER[0])
    if kind not in KINDS:
        raise refuse("not_found")
    words = request.args.get("q", "").strip()[:100]
    found = base.ask("organisation", kind=kind, after=request.args.get("after") or None, limit=500 if words else 100)
    rows = [one for one in found["entities"] if all(
        word in fold(f"{one['code']} {shown.named(one['body'].get('name'))}") for word in fold(words).split())]
    open_ = [one for state in base.OPEN for one in base.ask("proposals", kind="organisation", state=state)["proposals"]]
    return base.draw("organisation", kind=kind, kinds=ORDER, rows=rows, next=found["next"], words=words, open=open_,
                     names=KINDS)


@door(blueprint, "GET", _ROOT + "/<kind>/<code>", permission="organisation.read")
def entity(kind: str, code: str) -> Answer:
    """One entity with every version of it, who proposed and who approved each."""
    if kind not in KINDS:
        raise refuse("not_found")
    found = base.ask("organisation_history", kind=kind, code=code)
    told = [{"author": one["proposed_by"] or "", "editors": one["edited_by"], "approvals": one["approved_by"]}
            for one in found["versions"]]
    return base.draw("entity", kind=kind, code=code, versions=list(reversed(found["versions"])), names=KINDS,
                     people=base.people(told), field_rows=_field_rows)


@door(blueprint, "POST", _ROOT + "/changes", **_WRITE)  # type: ignore[arg-type]
def begin() -> Answer:
    """A draft with one operation: something added, changed or closed."""
    op, kind, code = (request.form.get(name, "").strip()[:60] for name in ("op", "kind", "code"))
    if op not in _OPS or kind not in KINDS:
        raise refuse("form_expired")
    made = base.command("propose", "begin", kind="organisation", body={"operations": [_operation(op, kind, code)]})
    return base.go(url_for("editor_organisation.show_operation", proposal_id=made["proposal_id"], index=0))


def _operation(op: str, kind: str, code: str) -> dict[str, Any]:
    """An operation as it begins: what is changed begins as it stands."""
    made: dict[str, Any] = {"op": op, "kind": kind, "code": code}
    if op == "add":
        return {**made, "body": {"weekend": ["friday", "saturday"], "days": {}} if kind == HOURS else {}}
    if op == "change":
        if kind == EMPLOYEE:  # who proposes a change of a person reads the name, which is recorded
            known = base.ask("employee", code=code)
            return {**made, "body": {**known["body"], "name": known["name"]}}
        versions = base.ask("organisation_history", kind=kind, code=code)["versions"]
        return {**made, "body": next((one["body"] for one in reversed(versions) if one["body"]), {})}
    return made


@door(blueprint, "GET", _PROPOSAL, permission="organisation.read")
def edit(proposal_id: Any) -> Answer:
    """The operations of a change."""
    return _list(_change(proposal_id), [])


@door(blueprint, "POST", _PROPOSAL, **_WRITE)  # type: ignore[arg-type]
def save(proposal_id: Any) -> Answer:
    """Add or take away an operation."""
    found = _change(proposal_id)
    operations = list(_operations(found))
    wanted, _, place = request.form.get("do", "").partition(":")
    if wanted == "add":
        op, kind, code = (request.form.get(name, "").strip()[:60] for name in ("op", "kind", "code"))
        if op not in _OPS or kind not in KINDS:
            raise refuse("form_expired")
        operations.append(_operation(op, kind, code))
    elif wanted == "remove" and place.isdigit() and int(place) < len(operations):
        operations.pop(int(place))
    else:
        raise refuse("form_expired")
    try:
        _amend(found, operations)
    except Refusal as refusal:
        if refusal.code in ("forbidden", "form_expired", "unauthenticated"):
            raise
        return _list(_change(proposal_id), refusal.faults), 409 if refusal.code == "proposal_changed" else 422
    if wanted == "add":
        return base.go(url_for("editor_organisation.show_operation", proposal_id=proposal_id,
                               index=len(operations) - 1))
    return base.go(url_for("editor_organisation.edit", proposal_id=proposal_id))


@door(blueprint, "GET", _PROPOSAL + "/<int:index>", permission="organisation.read")
def show_operation(proposal_id: Any, index: int) -> Answer:
    return _form(_change(proposal_id), index, ABSENT, [])


@door(blueprint, "POST", _PROPOSAL + "/<int:index>", **_WRITE)  # type: ignore[arg-type]
def save_operation(proposal_id: Any, index: int) -> Answer:
    """Save what is said of one entity. What somebody else saved meanwhile is not written over."""
    found = _change(proposal_id)
    was = _was()
    group = operation(was["kind"], was["op"])
    mine = operate(group, Reader(request.form, {}).read(group, was), request.form.get("do", ""))
    operations = list(_operations(found))
    changed = base.version_shown() != found["version"]
    if changed or index >= len(operations):
        return _form(found, index, mine, [Fault("conflict")]), 409
    operations[index] = mine
    try:
        _amend(found, operations)
    except Refusal as refusal:
        if refusal.code in ("forbidden", "form_expired", "unauthenticated"):
            raise
        return _form(found, index, mine, refusal.faults), 409 if refusal.code == "proposal_changed" else 422
    if request.form.get("do") == "list":
        return base.go(url_for("editor_organisation.edit", proposal_id=proposal_id))
    return base.go(url_for("editor_organisation.show_operation", proposal_id=proposal_id, index=index) + "?saved=1")


# -- small things ----------------------------------------------------------------------------------------------------


def _change(proposal_id: Any) -> dict[str, Any]:
    found = base.proposal_of(proposal_id)
    if found["kind"] != "organisation":
        raise refuse("not_found")
    return found


def _operations(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    operations = found["body"].get("operations")
    return operations if isinstance(operations, list) else []


def _was() -> dict[str, Any]:
    try:
        was = orjson.loads(request.form.get("was", ""))
        orjson.dumps(was)  # nested deeper than can be sent on, it was never ours
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        raise refuse("form_expired") from None
    if not isinstance(was, dict) or was.get("kind") not in KINDS or was.get("op") not in _OPS:
        raise refuse("form_expired")
    return was


def _amend(found: Mapping[str, Any], operations: list[dict[str, Any]]) -> None:
    base.command("amend", "amend", proposal_id=found["proposal_id"], version=base.version_shown(),
                 body={"operations": operations}, effective_from=found["effective_from"], based_on=None)


def _list(found: dict[str, Any], faults: list[Fault]) -> str:
    rows = [{"index": index, "op": one.get("op"), "kind": one.get("kind"), "code": one.get("code"),
             "name": shown.named(name) if isinstance(name := (one.get("body") or {}).get("name"), Mapping) else "",
             "faults": len(under(found["faults"], found["body"], ("operations", str(index))))}
            for index, one in enumerate(_operations(found)) if isinstance(one, Mapping)]
    return base.draw("change", found=found, rows=rows, faults=faults, names=KINDS, kinds=ORDER, ops=_OPS,
                     writable=base.may_write(found), told=base.faults_with_places(found))


def _form(found: dict[str, Any], index: int, value: Any, faults: list[Fault]) -> str:
    operations = _operations(found)
    here = value if value is not ABSENT else operations[index] if index < len(operations) else None
    if not isinstance(here, Mapping) or here.get("kind") not in KINDS or here.get("op") not in _OPS:
        raise refuse("not_found")
    group = operation(str(here["kind"]), str(here["op"]))
    builder = Builder(Choices(_standing), g.language)  # type: ignore[arg-type]
    form = builder.form(group, here, under(found["faults"], found["body"], ("operations", str(index))))
    return base.draw("operation", found=found, index=index, here=here, form=form, faults=faults, names=KINDS,
                     was=orjson.dumps(dict(here)).decode(), writable=base.may_write(found))


def _standing(kind: str) -> list[Any]:
    """What stands of a kind, to choose from."""
    found = base.ask("organisation", kind=kind, limit=500)["entities"]
    return [(one["code"], name if isinstance(name := one["body"].get("name"), Mapping) else
             {"ar": one["code"], "en": one["code"]}) for one in found]


def _field_rows(kind: str, body: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """What is said of an entity, label and value."""
    pick, names = 0 if g.language == "ar" else 1, words_of(kind)
    return [(LABELS[key][pick] if key in LABELS else key,
             names.get(key, {}).get(str(value)) or editor_brief.in_words(value, g.language))
            for key, value in (body or {}).items() if value not in (None, [], {})]


def words_of(kind: str) -> dict[str, dict[str, str]]:
    """What the values of an entity's fields are called that are chosen among words, by field."""
    return {leaf.key: {code: name[g.language] for code, name in Choices(_standing).of(leaf.options)}
            for leaf in choosing(kind) if not leaf.options.startswith("entity:")}
