"""Remote commands: what the centre orders of a node is one of a few declared acts (rules/link_commands.py), carried out
in the transaction in which it arrived, recorded in the audit at both ends, and answered by an event that travels up.

An order that comes twice is one order; one that comes after its time is answered `lapsed`; one that the node does not
know or cannot carry out is answered with the code that says why. None reads or changes a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.config import Role
from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts.received import COMMAND_ANSWERED, COMMAND_ORDERED
from rules.calendar import cairo_date
from rules.link_commands import COMMANDS, DONE, LAPSED, REFUSED, faults
from rules.refusal import Fault, Refusal, refuse
from services.gateway import tables_commands
from services.gateway.link.arrival import Arrival

ORDER, READ = "link.command", "link.read"
REASON_LETTERS = 10

_KNOWN = Statement(text("SELECT 1 FROM link_command WHERE id = :wanted"))
_KEEP = Statement.insert(tables_commands.link_command)
_ANSWERED = Statement(text("""
    UPDATE link_command SET outcome = :outcome, code = :code, answer = CAST(:answer AS jsonb), answered_at = :at
     WHERE id = :which AND node = :node AND outcome IS NULL"""))
_LISTED = Statement(text("""
    SELECT id AS command_id, node, name, arguments, reason, ordered_by, ordered_at, until, outcome, code, answer,
           answered_at FROM link_command
     WHERE (CAST(:node AS text) IS NULL OR node = :node) AND (CAST(:before AS uuid) IS NULL OR id < :before)
     ORDER BY id DESC LIMIT :size"""), fresh=True)
# The publisher sends what lies beyond `sent`; what the other end has applied already it passes over.
_RESEND = Statement(text("""
    UPDATE link_sent SET sent = least(sent, CAST(:sequence AS bigint) - 1) WHERE peer = :peer AND epoch = :epoch
       AND CAST(:sequence AS bigint) - 1 <= sent"""))
_SENT = Statement(text("SELECT epoch, sent, applied, backed_up FROM link_sent WHERE peer = :peer"))
_STORED = Statement(text("SELECT count(*) AS stored FROM link_out WHERE peer = :peer AND epoch = :epoch "
                         "AND sequence = :sequence"))
_COUNTS = Statement(text("""
    SELECT type, sum(count)::bigint AS count FROM link_count WHERE peer = :peer AND direction = 'out' AND day = :day
     GROUP BY type ORDER BY type"""))
_WAITS = Statement(text("""
    SELECT (SELECT coalesce(max(sequence), 0) FROM link_out o WHERE o.peer = s.peer AND o.epoch = s.epoch) AS stored,
           s.epoch, s.sent, s.applied, s.backed_up, (SELECT count(*) FROM link_parked p WHERE p.peer = s.peer
             AND p.settled_at IS NULL) AS parked, (SELECT count(*) FROM link_held h WHERE h.peer = s.peer) AS held
      FROM link_sent s WHERE s.peer = :peer"""))

_AGENCY = Statement(text("SELECT 1 FROM agency WHERE code = :agency"))
_PAUSE = Statement(text("""
    UPDATE subscription AS s SET state = 'paused', state_at = :at, state_by = :by, state_because = :reason,
           version = s.version + 1
      FROM agency AS g WHERE g.id = s.agency_id AND g.code = :agency AND s.state = 'active'"""))
# What an operator of the node, or the agency itself, paused stays paused.
_RESUME = Statement(text("""
    UPDATE subscription AS s SET state = 'active', state_at = :at, state_by = :by, state_because = NULL,
           version = s.version + 1
      FROM agency AS g WHERE g.id = s.agency_id AND g.code = :agency AND s.state = 'paused' AND s.state_by = :by"""))
_THESE = Statement(text("""
    SELECT count(*) AS n FROM subscription AS s JOIN agency AS g ON g.id = s.agency_id WHERE g.code = :agency
       AND s.state = :state AND (:state = 'active' OR s.state_by = :by)"""))


# -- at the centre ---------------------------------------------------------------------------------------------------


def order(work: UnitOfWork, node: str, name: str, arguments: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Order one act of a node. Refuses forbidden, only_at_the_centre, command_node_unknown, command_unknown,
    command_argument_unfit, field_required, field_unknown, reason_short."""
    work.require(ORDER)
    if work.settings.role is not Role.CENTRE:
        raise refuse("only_at_the_centre")
    found = faults(name, arguments)
    if len(reason.strip()) < REASON_LETTERS:
        found.append(Fault("reason_short", "reason", {"least": REASON_LETTERS}))
    if node not in _nodes(work):
        found.append(Fault("command_node_unknown", "node", {"peer": node}))
    if found:
        raise Refusal(found)
    command_id, until = uuid7(), work.now + timedelta(days=COMMANDS[name].good_days)
    told = {"command_id": command_id, "node": node, "name": name, "arguments": dict(arguments), "by": work.actor.id,
            "reason": reason.strip(), "until": until}
    work.write(_KEEP, id=command_id, node=node, name=name, arguments=dict(arguments), reason=reason.strip(),
               ordered_by=work.actor.id, ordered_at=work.now, until=until, outcome=None, code=None, answer=None,
               answered_at=None)
    work.append(COMMAND_ORDERED, command_id, 1, told)
    work.audit("link.command_ordered", str(command_id), node=node, name=name, arguments=dict(arguments))
    return {"command_id": str(command_id), "node": node, "name": name, "until": until.isoformat()}


def answered(work: UnitOfWork, arrival: Arrival) -> None:
    """Note what a node made of an order; the first answer stands, and one to an order of another node is none."""
    data = arrival.event.data
    work.write(_ANSWERED, which=UUID(str(data["command_id"])), node=arrival.peer, outcome=data["outcome"],
               code=data["code"], answer=orjson.dumps(data["answer"]).decode(), at=work.now)
    work.audit("link.command_answered", str(data["command_id"]), node=arrival.peer, outcome=data["outcome"],
               code=data["code"])


def listed(work: UnitOfWork, node: str | None, before: UUID | None, limit: int = 50) -> dict[str, Any]:
    """Orders to a node, newest first, with what came of them; at a node all that were given to it. Refuses
    forbidden."""
    work.require(READ)
    of = node if work.settings.role is Role.CENTRE else None
    rows = work.all(_LISTED, node=of, before=before, size=limit + 1)
    return {"commands": [row._asdict() for row in rows[:limit]],
            "next": str(rows[limit - 1].command_id) if len(rows) > limit else None}


# -- at a node -------------------------------------------------------------------------------------------------------


def take(work: UnitOfWork, arrival: Arrival) -> None:
    """Carry out an order that arrived, once, and answer it."""
    data = arrival.event.data
    command_id, until = UUID(str(data["command_id"])), datetime.fromisoformat(data["until"])
    if work.first(_KNOWN, wanted=command_id) is not None:
        return
    outcome, code, answer = _carried_out(work, arrival.peer, data, until)
    work.write(_KEEP, id=command_id, node=work.settings.node, name=data["name"], arguments=data["arguments"],
               reason=data["reason"], ordered_by=f"{arrival.peer}/{data['by']}", ordered_at=arrival.event.time,
               until=until, outcome=outcome, code=code, answer=answer, answered_at=work.now)
    work.append(COMMAND_ANSWERED, command_id, 1, {
        "command_id": command_id, "name": data["name"], "outcome": outcome, "code": code, "answer": answer})
    work.audit("link.command_carried_out", str(command_id), name=data["name"], arguments=data["arguments"],
               by=f"{arrival.peer}/{data['by']}", reason=data["reason"], outcome=outcome, code=code)


def _carried_out(work: UnitOfWork, peer: str, data: Mapping[str, Any],
                 until: datetime) -> tuple[str, str | None, dict[str, Any]]:
    if work.now > until:
        return LAPSED, None, {}
    found = faults(data["name"], data["arguments"])  # a centre of a later version may know acts that are not ours
    if found:
        return REFUSED, found[0].code, {}
    before = work.mark()
    try:
        return DONE, None, _ACTS[data["name"]](work, peer, data["arguments"])
    except Refusal as refusal:
        work.back_to(before)
        return REFUSED, refusal.faults[0].code, {}


def _resend(work: UnitOfWork, peer: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    epoch, sequence = arguments["epoch"], arguments["sequence"]
    kept = work.one(_STORED, peer=peer, epoch=epoch, sequence=sequence).stored
    sent = work.first(_SENT, peer=peer)
    if not kept or sent is None or sent.epoch != epoch:
        raise refuse("command_nothing_to_resend")
    work.write(_RESEND, peer=peer, epoch=epoch, sequence=sequence)
    return {"epoch": epoch, "from": sequence, "sent": sent.sent}


def _recount(work: UnitOfWork, peer: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    day = cairo_date(work.now) - timedelta(days=arguments["days_ago"])
    return {"day": day.isoformat(), "counts": {row.type: row.count for row in work.all(_COUNTS, peer=peer, day=day)}}


def _report(work: UnitOfWork, peer: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    row = work.first(_WAITS, peer=peer)
    return {"version": work.settings.env("VERSION"), "epoch": work.settings.epoch,
            "line": None if row is None else row._asdict()}


def _pause(work: UnitOfWork, peer: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return _feed(work, peer, arguments["agency"], _PAUSE, "active", reason=f"ordered by {peer}")


def _resume(work: UnitOfWork, peer: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return _feed(work, peer, arguments["agency"], _RESUME, "paused")


def _feed(work: UnitOfWork, peer: str, agency: str, change: Statement, state: str, **more: Any) -> dict[str, Any]:
    """Pause or resume what an agency takes at this node. Refuses agency_unknown."""
    if work.first(_AGENCY, agency=agency) is None:
        raise refuse("agency_unknown", "agency")
    by = f"link:{peer}"
    found = work.one(_THESE, agency=agency, state=state, by=by).n
    work.write(change, agency=agency, at=work.now, by=by, **more)
    return {"agency": agency, "subscriptions": found}


_ACTS: Mapping[str, Callable[[UnitOfWork, str, Mapping[str, Any]], dict[str, Any]]] = {
    "resend": _resend, "recount": _recount, "report": _report, "pause_feed": _pause, "resume_feed": _resume}


def _nodes(work: UnitOfWork) -> tuple[str, ...]:
    told = work.settings.env("LINK_PEERS", "") or ""
    return tuple(one.partition("=")[0].strip() for one in told.split(",") if one.strip())
