"""Versions that people write: one writes, another reviews, and then it is in force. A version that was proposed never
changes its words; messages name the version they were made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, func, select, text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from contracts.notifications_templates import NOTES
from rules.refusal import Fault, Refusal, refuse
from services.notifications import template_check, template_states, template_store, templates
from services.notifications.kinds import KINDS, LANGUAGES, MEANINGS, NAME_SAMPLE, name_of
from services.notifications.tables_templates import template_version
from services.notifications.template_states import DRAFT, IN_FORCE, OPEN
from services.notifications.templates import SHIPPED_MOST

_SHOWN = 100  # versions of one kind

_FIND = Statement(select(template_version).where(
    template_version.c.code == bindparam("code"), template_version.c.version == bindparam("version")))
_ALL = Statement(select(template_version).where(template_version.c.code == bindparam("code"))
                 .order_by(template_version.c.version.desc()).limit(bindparam("most", type_=BigInteger)))
_STANDING = Statement(text(
    "SELECT code, version, state, revision, shipped_seen, changed_at FROM template_version "
    "WHERE state IN ('in_force', 'draft', 'proposed', 'returned')"))
_OPEN = Statement(text("SELECT version FROM template_version WHERE code = :code "
                       "AND state IN ('draft', 'proposed', 'returned')"))
_LAST = Statement(select(func.max(template_version.c.version)).where(template_version.c.code == bindparam("code")))
_IN_FORCE = Statement(select(template_version).where(
    template_version.c.code == bindparam("code"), template_version.c.state == IN_FORCE))
_ADD = Statement.insert(template_version, "code", "version", "origin", "state", "revision", "wording", "based_on",
                        "shipped_seen", "authors", "created_at", "changed_at")
_REWRITE = Statement(
    template_version.update()
    .where(template_version.c.code == bindparam("key"), template_version.c.version == bindparam("number"),
           template_version.c.revision == bindparam("seen"))
    .values(state=DRAFT, revision=bindparam("seen") + 1, wording=bindparam("wording"),
            authors=bindparam("authors", type_=ARRAY(Text)), shipped_seen=bindparam("shipped_seen"),
            changed_at=bindparam("changed_at")))
_MOVE = Statement(
    template_version.update()
    .where(template_version.c.code == bindparam("key"), template_version.c.version == bindparam("number"),
           template_version.c.revision == bindparam("seen"))
    .values(revision=bindparam("seen") + 1, **{name: bindparam(name) for name in (
        "state", "changed_at", "proposed_by", "proposed_at", "decided_by", "decided_at", "in_force_at", "remark")}))


def kind_of(code: str) -> str:
    """The code itself, if it is one. Refuses message_kind_unknown."""
    if code not in KINDS:
        raise refuse("message_kind_unknown", "code", code=code)
    return code


def overview(work: UnitOfWork) -> dict[str, Any]:
    """Every kind of message, what is in force of it, and what is being written."""
    template_store.refresh(work)
    rows = work.all(_STANDING)
    standing = {row.code: row for row in rows if row.state == IN_FORCE}
    opened = {row.code: row for row in rows if row.state in OPEN}
    return {"templates": [
        {**_kind(code), **_stands(work, code, standing.get(code)),
         "open": _opened(opened[code]) if code in opened else None} for code in KINDS]}


def show(work: UnitOfWork, code: str) -> dict[str, Any]:
    """One kind with its versions, newest first."""
    rows = work.all(_ALL, code=kind_of(code), most=_SHOWN)
    standing = next((row for row in rows if row.state == IN_FORCE), None)
    now = template_store.refresh(work).templates[code].as_dict()
    own = KINDS[code]
    shipped = templates.library()[code]
    versions = [{**_brief(row), "differences": template_states.differences(now, row.wording)
                 if row.state in OPEN else None} for row in rows]
    if all(one["version"] != shipped.version for one in versions):  # not written down yet: the process just started
        versions.append(_shipped(shipped))
    return {**_kind(code), **_stands(work, code, standing), "wording": now, "versions": versions,
            "samples": {language: {**own.sample[language], "name": NAME_SAMPLE[language]} for language in LANGUAGES},
            "shipped_differences": template_states.differences(now, shipped.as_dict())}


def show_version(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """One version with its wording, and how it differs from another: the one in force unless `against` names it."""
    code, number = kind_of(body["code"]), body["version"]
    found = template_store.version(work, code, number)
    row = work.first(_FIND, code=code, version=number)
    other = (template_store.version(work, code, body["against"]) if body["against"] else
             template_store.refresh(work).templates[code])
    return {**(_brief(row) if row is not None else _shipped(found)), "code": code, "wording": found.as_dict(),
            "against": other.version, "differences": template_states.differences(other.as_dict(), found.as_dict())}


def write(work: UnitOfWork, body: Mapping[str, Any], public_url: str) -> dict[str, Any]:
    """Begin a draft, or write the open one anew. Refuses every fault of the wording at once, template_open where
    another version is open, template_changed where somebody else changed it since."""
    code = kind_of(body["code"])
    work.require(template_states.WRITE)
    wrong = template_check.faults(code, body["wording"])
    if (body["version"] is None) is not (body["revision"] is None):
        wrong.append(Fault("field_required", "revision" if body["revision"] is None else "version"))
    if wrong:
        raise Refusal(wrong)
    given = templates.made(code, body["version"] or 0, body["wording"]).as_dict()
    shipped = templates.library()[code].version
    if body["version"] is None:
        number = _begin(work, code, given, shipped)
        revision = 1
    else:
        number = body["version"]
        row = _at(work, code, number, body["revision"])
        template_states.step(row.state, "write")
        revision = row.revision + 1
        work.write(_REWRITE, expect=1, key=code, number=number, seen=row.revision, wording=given,
                   authors=sorted({*row.authors, work.actor.id}), shipped_seen=shipped, changed_at=work.now)
    work.audit("template.write", code, version=number, revision=revision)
    return {"code": code, "version": number, "revision": revision, "state": DRAFT,
            "notes": noted(template_check.notes(code, given, public_url))}


def _begin(work: UnitOfWork, code: str, given: Mapping[str, Any], shipped: int) -> int:
    """Two who begin at once meet at the unique index, and the second one runs again and finds the first one's."""
    opened = work.scalar(_OPEN, code=code)
    if opened is not None:
        raise refuse("template_open", "code", version=opened)
    number: int = max(work.scalar(_LAST, code=code) or 0, SHIPPED_MOST) + 1
    based_on = template_store.refresh(work).templates[code].version
    work.write(_ADD, code=code, version=number, origin="written", state=DRAFT, revision=1, wording=given,
               based_on=based_on, shipped_seen=shipped, authors=[work.actor.id], created_at=work.now,
               changed_at=work.now)
    return number


def propose(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Lay the draft before a reviewer."""
    return _move(work, body, "propose", proposed_by=work.actor.id, proposed_at=work.now, decided_by=None,
                 decided_at=None)


def send_back(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Give it back to who wrote it, saying why. Refuses template_own of a writer."""
    return _move(work, body, "return", decided_by=work.actor.id, decided_at=work.now, remark=body["remark"].strip())


def put_in_force(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """From the commit on messages are made of it, in every process within a second. The one in force before is
    replaced. Refuses template_own of a writer, and what has become a fault since it was written."""
    row = _at(work, kind_of(body["code"]), body["version"], body["revision"])
    wrong = template_check.faults(row.code, row.wording)
    if wrong:
        raise Refusal(wrong)
    before = work.first(_IN_FORCE, code=row.code)
    if before is not None:  # first, because only one may be in force
        work.write(_MOVE, expect=1, **_moved(before, work, template_states.step(IN_FORCE, "replace").to))
    work.write(template_store.NEXT_EDITION, expect=1)
    return _move(work, body, "put_in_force", decided_by=work.actor.id, decided_at=work.now, in_force_at=work.now)


def withdraw(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Take it back. Of one in force: the shipped wording is in force again."""
    row = _at(work, kind_of(body["code"]), body["version"], body["revision"])
    if row.state == IN_FORCE:
        work.write(template_store.NEXT_EDITION, expect=1)
    return _move(work, body, "withdraw", decided_by=work.actor.id, decided_at=work.now)


def _move(work: UnitOfWork, body: Mapping[str, Any], act: str, **new: Any) -> dict[str, Any]:
    row = _at(work, kind_of(body["code"]), body["version"], body["revision"])
    step = template_states.step(row.state, act)
    work.require(step.permission)
    if step.other_person and work.actor.id in (*row.authors, row.proposed_by):
        work.deny(step.permission, row.code)
        raise refuse("template_own", "version")
    work.write(_MOVE, expect=1, **_moved(row, work, step.to, **new))
    work.audit(f"template.{act}", row.code, version=row.version, revision=row.revision + 1)
    return {"code": row.code, "version": row.version, "revision": row.revision + 1, "state": step.to}


def _moved(row: Any, work: UnitOfWork, state: str, **new: Any) -> dict[str, Any]:
    kept = {name: getattr(row, name) for name in
            ("proposed_by", "proposed_at", "decided_by", "decided_at", "in_force_at", "remark")}
    return {"key": row.code, "number": row.version, "seen": row.revision, "state": state, "changed_at": work.now,
            **kept, **new}


def _at(work: UnitOfWork, code: str, number: int, revision: int) -> Any:
    """The version as it was read. Refuses template_version_unknown, and template_changed where it moved on since."""
    row = work.first(_FIND, code=code, version=number)
    if row is None:
        raise refuse("template_version_unknown", "version", version=number)
    if row.revision != revision:
        raise refuse("template_changed", "revision")
    return row


def _kind(code: str) -> dict[str, Any]:
    own = KINDS[code]
    return {"code": code, "name": name_of(code), "lane": own.lane.name.lower(), "legal": own.legal,
            "channels": list(own.channels),
            "placeholders": [{"name": name, "meaning": dict(zip(LANGUAGES, MEANINGS[name], strict=True)),
                              "optional": name in own.optional, "email_only": name in template_check.LONG,
                              "from": list(own.sources[name])}
                             for name in sorted(own.placeholders)]}


def _stands(work: UnitOfWork, code: str, row: Any) -> dict[str, Any]:
    """Which version is in force, and whether a later release ships another file than its writer saw."""
    shipped = templates.library()[code].version
    number = template_store.in_force(work, code).version
    return {"version": number, "origin": "written" if number > SHIPPED_MOST else "shipped", "shipped_version": shipped,
            "shipped_changed": row is not None and row.shipped_seen != shipped}


def _opened(row: Any) -> dict[str, Any]:
    return {"version": row.version, "state": row.state, "revision": row.revision, "changed_at": row.changed_at}


def _brief(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (
        "version", "origin", "state", "revision", "based_on", "shipped_seen", "authors", "created_at", "changed_at",
        "proposed_by", "proposed_at", "decided_by", "decided_at", "in_force_at", "remark")}


def _shipped(found: templates.Template) -> dict[str, Any]:
    return {"version": found.version, "origin": "shipped", "state": "shipped", "revision": 1, "authors": [],
            **dict.fromkeys(("based_on", "shipped_seen", "created_at", "changed_at", "proposed_by", "proposed_at",
                             "decided_by", "decided_at", "in_force_at", "remark", "differences"))}


def noted(notes: Sequence[Fault]) -> list[dict[str, Any]]:
    """Hints with their text in both languages."""
    return [{"code": note.code, "field": note.field, "params": note.params,
             "text": {language: NOTES[note.code][at].format_map(note.params) for at, language in enumerate(LANGUAGES)}}
            for note in notes]
