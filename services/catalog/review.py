"""The life of a proposal: written, submitted, returned or approved, withdrawn. Four eyes at least: whoever wrote or
amended it approves none of it, and no person gives two approvals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.problems import describe
from rules.refusal import Fault, Refusal, refuse
from services.catalog import tables
from services.catalog.kinds import KINDS
from services.catalog.proposals import APPROVED, DRAFT, IN_REVIEW, OPEN, RETURNED, WITHDRAWN, WRITABLE, Approval, Kind
from services.catalog.proposals import Proposal as Proposed

MOST_OPEN = 3000
"""Proposals that one person may have open at a time; an import makes up to 2,000."""
MOST_FAULTS = 1000
"""Faults that are told one by one; of more, how many."""

_INSERT = Statement.insert(tables.proposal)
_OPEN = Statement(
    text("SELECT count(*) FROM proposal WHERE author = :author AND state IN ('draft', 'in_review', 'returned')")
)
# In one statement, so that a proposal is never seen without the approvals that made it what it is.
_READ = Statement(
    text(
        "SELECT p.*, (SELECT coalesce(jsonb_agg(jsonb_build_array(a.permission, a.by, a.at) ORDER BY a.at), '[]') "
        "FROM approval a WHERE a.proposal_id = p.id AND a.round = p.round) AS approvals FROM proposal p WHERE id = :id"
    )
)
_AMEND = Statement(
    text(
        "UPDATE proposal SET version = version + 1, body = CAST(:body AS jsonb), subject = :subject, "
        "effective_from = CAST(:effective_from AS date), based_on = CAST(:based_on AS integer), "
        "editors = CAST(:editors AS jsonb), changed_at = :now WHERE id = :id AND version = :seen"
    )
)
_MOVE = Statement(
    text(
        "UPDATE proposal SET version = version + 1, state = :state, round = :round, remark = CAST(:remark AS text), "
        "decided_at = CAST(:decided_at AS timestamptz), changed_at = :now WHERE id = :id AND version = :seen"
    )
)
_APPROVE = Statement.insert(tables.approval)
_LIST = Statement(
    text(
        "SELECT id, version, kind, subject, effective_from, based_on, state, round, author, editors, created_at, "
        "changed_at, decided_at, remark FROM proposal WHERE kind = ANY(CAST(:kinds AS text[])) "
        "AND (CAST(:state AS text) IS NULL OR state = :state) "
        "AND (CAST(:subject AS text) IS NULL OR subject = :subject) "
        "AND (NOT CAST(:to_decide AS boolean) OR (state = 'in_review' AND author <> :actor "
        "AND NOT jsonb_exists(editors, :actor) AND EXISTS (SELECT 1 "
        "FROM unnest(CAST(:own_kinds AS text[]), CAST(:own AS text[])) AS mine (kind, permission) "
        "WHERE mine.kind = proposal.kind AND NOT EXISTS (SELECT 1 FROM approval AS given "
        "WHERE given.proposal_id = proposal.id AND given.round = proposal.round "
        "AND (given.permission = mine.permission OR given.by = :actor))))) "
        "AND (CAST(:after AS uuid) IS NULL OR id < :after) ORDER BY id DESC LIMIT :most"
    )
)


# -- writing ---------------------------------------------------------------------------------------------------------


def propose(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a proposal as a draft and tell what is still wrong with it. Refuses forbidden, a kind that is not decided
    on this node, proposal_subject_missing, proposals_too_many."""
    kind = _of(body["kind"])
    work.require(kind.propose)
    _demand_open(work, kind)
    if (work.scalar(_OPEN, author=work.actor.id) or 0) >= MOST_OPEN:
        raise refuse("proposals_too_many", limit=MOST_OPEN)
    content, subject = _content(work, kind, body), _subject(kind, body["body"])
    based_on = body["based_on"]
    if based_on is None and kind.standing is not None:
        based_on = kind.standing(work, subject)
    proposal_id = uuid7()
    work.write(_INSERT, id=proposal_id, version=1, kind=kind.code, subject=subject, body=content,
               effective_from=body["effective_from"], based_on=based_on, state=DRAFT, round=0, author=work.actor.id,
               editors=[], created_at=work.now, changed_at=work.now, decided_at=None, remark=None)
    work.audit("proposal.propose", str(proposal_id), kind=kind.code, about=subject)
    faults = _faults(work, kind, content, body["effective_from"], subject, based_on)
    return {"proposal_id": str(proposal_id), "version": 1, "state": DRAFT, "faults": told(faults)}


def amend(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Another body for a draft or a returned proposal; whoever amends it becomes one of its editors."""
    proposal, kind = _seen(work, body, WRITABLE)
    work.require(kind.propose)
    _demand_open(work, kind)
    content, subject = _content(work, kind, body), _subject(kind, body["body"])
    based_on = proposal.based_on if body["based_on"] is None else body["based_on"]
    if subject != proposal.subject and body["based_on"] is None and kind.standing is not None:
        based_on = kind.standing(work, subject)
    editors = sorted({*proposal.editors, work.actor.id} - {proposal.author})
    work.write(_AMEND, expect=1, id=proposal.id, seen=proposal.version, body=_json(content), subject=subject,
               effective_from=body["effective_from"], based_on=based_on, editors=_json(editors), now=work.now)
    work.audit("proposal.amend", str(proposal.id), kind=kind.code, about=subject, version=proposal.version + 1)
    faults = _faults(work, kind, content, body["effective_from"], subject, based_on)
    return {"proposal_id": str(proposal.id), "version": proposal.version + 1, "state": proposal.state,
            "faults": told(faults)}


def submit(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Hand it to the reviewers. Refuses with every fault that stands; nothing is changed then."""
    proposal, kind = _seen(work, body, WRITABLE)
    work.require(kind.propose)
    _demand_sound(work, kind, proposal)
    return _move(work, proposal, IN_REVIEW, "proposal.submit", round_=proposal.round + 1, remark=proposal.remark)


def withdraw(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Give it up; it stays on record."""
    proposal, kind = _seen(work, body, OPEN)
    work.require(kind.propose)
    return _move(work, proposal, WITHDRAWN, "proposal.withdraw", decided=True, remark=proposal.remark)


# -- deciding --------------------------------------------------------------------------------------------------------


def decide(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Approve exactly the version that was shown, or return it with a remark. The last approval its kind needs applies
    it in this commit. An attempt to approve one's own, or a second time, or what has become faulty is recorded and
    refused."""
    proposal, kind = _seen(work, body, (IN_REVIEW,))
    mine = [one for one in kind.approvals if work.actor.permits(one)]
    if not mine:
        work.require(kind.approvals[0])
    if body["decision"] == "return":
        remark = (body["remark"] or "").strip()
        if not remark:
            raise refuse("remark_required", "remark")
        return _move(work, proposal, RETURNED, "proposal.return", remark=remark)
    return _approve(work, proposal, kind, mine, body["remark"])


def _approve(
    work: UnitOfWork, proposal: Proposed, kind: Kind, mine: list[str], remark: str | None
) -> dict[str, Any]:
    given = {one.permission for one in proposal.approvals}
    permission = next((one for one in mine if one not in given), mine[0])
    if proposal.written_by(work.actor.id):
        raise _turned_away(work, permission, proposal, "own_approval")
    if permission in given or any(one.by == work.actor.id for one in proposal.approvals):
        raise _turned_away(work, permission, proposal, "approved_already_by_you")
    _demand_sound(work, kind, proposal, permission)
    work.write(_APPROVE, proposal_id=proposal.id, round=proposal.round, permission=permission, by=work.actor.id,
               at=work.now)
    last = given | {permission} == set(kind.approvals)
    answer = _move(work, proposal, APPROVED if last else IN_REVIEW, "proposal.approve", decided=last, remark=remark,
                   permission=permission)
    return {**answer, "applied": kind.apply(work, proposal) if last else None}


def _demand_sound(work: UnitOfWork, kind: Kind, proposal: Proposed, permission: str | None = None) -> None:
    _demand_open(work, kind)
    faults = _faults(work, kind, proposal.body, proposal.effective_from, proposal.subject, proposal.based_on)
    if faults:
        # Each read sees the moment it runs at: what another has just decided shows as a fault before it shows here.
        _seen(work, {"proposal_id": proposal.id, "version": proposal.version}, (proposal.state,))
        if permission is not None:
            work.deny(permission, str(proposal.id))
        raise Refusal(faults)


def _turned_away(work: UnitOfWork, permission: str, proposal: Proposed, code: str) -> Refusal:
    work.deny(permission, str(proposal.id))
    return Refusal(Fault(code))


# -- reading ---------------------------------------------------------------------------------------------------------


def listing(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """A page of proposals of the kinds that the caller may read, newest first, without their bodies; with `to_decide`
    those that the caller may decide now."""
    kinds = [kind.code for kind in KINDS.values()
             if work.actor.permits(kind.read) and body["kind"] in (None, kind.code)]
    own = [(kind.code, one) for kind in KINDS.values() for one in kind.approvals if work.actor.permits(one)]
    rows = work.all(_LIST, kinds=kinds, state=body["state"], subject=body["subject"], after=body["after"],
                    to_decide=body["to_decide"], actor=work.actor.id, own_kinds=[code for code, _ in own],
                    own=[one for _, one in own], most=body["limit"] + 1)  # fmt: skip
    page = rows[: body["limit"]]
    more = len(rows) > body["limit"]
    return {"proposals": [_shown(row) for row in page], "next": str(page[-1].id) if more else None}


def show(work: UnitOfWork, proposal_id: UUID) -> dict[str, Any]:
    """One proposal: its body, its approvals, and, while it is open, what is wrong with it now and what it changes."""
    proposal = _read(work, proposal_id)
    kind = _of(proposal.kind)
    work.require(kind.read)
    faults: list[Fault] = []
    difference: list[dict[str, Any]] = []
    if proposal.state in OPEN:
        faults = _faults(work, kind, proposal.body, proposal.effective_from, proposal.subject, proposal.based_on)
        difference = kind.difference(work, proposal.body)
    return {
        **_shown(proposal),
        "body": proposal.body,
        "faults": told(faults),
        "difference": difference,
        "approvals": [{"permission": one.permission, "by": one.by, "at": one.at.isoformat()}
                      for one in proposal.approvals],
        "approvals_needed": list(kind.approvals),
    }


def check(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that is wrong with a body now; nothing is kept."""
    kind = _of(body["kind"])
    work.require(kind.propose)
    content = _content(work, kind, body)
    found = kind.closed(work) if kind.closed else None
    faults = [found] if found else []
    if not kind.subject(content):
        faults.append(Fault("proposal_subject_missing", "body", {"name": "code"}))
    return {"faults": told(_bounded([*faults, *kind.check(work, content, body["effective_from"])]))}


def told(faults: list[Fault]) -> list[dict[str, Any]]:
    """Faults as an answer carries them, with their text in both languages."""
    return [{**fault.as_dict(), "ar": describe(fault, "ar"), "en": describe(fault, "en")} for fault in faults]


# -- small things ----------------------------------------------------------------------------------------------------


def _faults(
    work: UnitOfWork, kind: Kind, body: Mapping[str, Any], effective_from: date | None, subject: str,
    based_on: int | None,
) -> list[Fault]:
    faults = kind.check(work, body, effective_from)
    if kind.standing is not None and based_on is not None:
        standing = kind.standing(work, subject)
        if standing != based_on:
            faults = [Fault("proposal_outdated", "based_on", {"based_on": based_on, "standing": standing}), *faults]
    return _bounded(faults)


def _bounded(faults: list[Fault]) -> list[Fault]:
    """No more of them than an answer holds, and how many more there are."""
    if len(faults) <= MOST_FAULTS:
        return faults
    return [*faults[:MOST_FAULTS], Fault("faults_more", None, {"count": len(faults) - MOST_FAULTS})]


def _of(code: str) -> Kind:
    kind = KINDS.get(code)
    if kind is None:
        raise refuse("field_invalid", "kind", reason=", ".join(KINDS))
    return kind


def _demand_open(work: UnitOfWork, kind: Kind) -> None:
    fault = kind.closed(work) if kind.closed else None
    if fault is not None:
        raise Refusal(fault)


def _subject(kind: Kind, body: Mapping[str, Any]) -> str:
    subject = kind.subject(body)
    if not subject:
        raise refuse("proposal_subject_missing", "body", name="code")
    return subject


def _content(work: UnitOfWork, kind: Kind, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The body as it is kept, when the database can hold it: a text there has no character NUL."""
    body: Mapping[str, Any] = asked["body"]
    if _holds_nul(body):
        raise refuse("malformed", "body")
    return dict(body) if kind.keep is None else kind.keep(work, body, asked["effective_from"])


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(inner) for pair in value.items() for inner in pair)
    return isinstance(value, list) and any(_holds_nul(inner) for inner in value)


def _read(work: UnitOfWork, proposal_id: UUID) -> Proposed:
    row = work.first(_READ, id=proposal_id)
    if row is None:
        raise refuse("proposal_unknown", "proposal_id")
    approvals = tuple(Approval(permission, by, datetime.fromisoformat(at)) for permission, by, at in row.approvals)
    return Proposed(**{**row._asdict(), "editors": tuple(row.editors), "approvals": approvals})


def _seen(work: UnitOfWork, body: Mapping[str, Any], states: tuple[str, ...]) -> tuple[Proposed, Kind]:
    """The proposal, if it still is the version that the caller saw and in a state that takes what is asked."""
    proposal = _read(work, body["proposal_id"])
    if proposal.state not in states:
        raise refuse("proposal_closed", "proposal_id", state=proposal.state)
    if proposal.version != body["version"]:
        raise refuse("proposal_changed", "version", shown=body["version"], standing=proposal.version)
    return proposal, _of(proposal.kind)


def _move(
    work: UnitOfWork, proposal: Proposed, state: str, action: str, *, round_: int | None = None,
    decided: bool = False, remark: str | None = None, **details: Any,
) -> dict[str, Any]:
    work.write(_MOVE, expect=1, id=proposal.id, seen=proposal.version, state=state,
               round=proposal.round if round_ is None else round_, remark=remark,
               decided_at=work.now if decided else None, now=work.now)
    work.audit(action, str(proposal.id), kind=proposal.kind, about=proposal.subject, version=proposal.version,
               **details)
    return {"proposal_id": str(proposal.id), "version": proposal.version + 1, "state": state}


def _shown(one: Any) -> dict[str, Any]:
    def moment(value: Any) -> str | None:
        return None if value is None else value.isoformat()

    return {
        "proposal_id": str(one.id), "version": one.version, "kind": one.kind, "subject": one.subject,
        "state": one.state, "effective_from": moment(one.effective_from), "based_on": one.based_on,
        "author": one.author, "editors": list(one.editors), "created_at": moment(one.created_at),
        "changed_at": moment(one.changed_at), "decided_at": moment(one.decided_at), "remark": one.remark,
    }


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
