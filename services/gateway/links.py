"""The links of this place as an operator watches them: at a node its one link to the centre, at the centre all.

Figures are read from the tables of the line (tables_link); nothing here sends or applies anything.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Statement
from rules.calendar import cairo_date
from rules.link_watch import concerns, condition
from rules.refusal import refuse
from services.gateway.link import replaying, writing_off

READ, SETTLE = "link.read", "link.settle"
REASON_LETTERS = 10
DAYS = 14
MOST = 100

_SENT = Statement(text("""
    SELECT s.peer, s.epoch, s.sent, s.applied, s.backed_up, s.incarnation, s.receipt_at, s.heard_at, s.skew_ms,
           s.version, s.state, s.peer_epoch, s.lost,
           (SELECT max(o.sequence) FROM link_out o WHERE o.peer = s.peer AND o.epoch = s.epoch) AS stored,
           (SELECT coalesce(sum(later.most), 0) FROM (SELECT max(o.sequence) AS most FROM link_out o
             WHERE o.peer = s.peer AND o.epoch > s.epoch GROUP BY o.epoch) AS later) AS in_later_epochs,
           (SELECT o.occurred_at FROM link_out o WHERE o.peer = s.peer
               AND (o.epoch, o.sequence) > (s.epoch, s.applied) ORDER BY o.epoch, o.sequence LIMIT 1) AS oldest
      FROM link_sent s WHERE CAST(:peer AS text) IS NULL OR s.peer = :peer"""))
_RECEIVED = Statement(text("""
    SELECT DISTINCT ON (m.peer) m.peer, m.epoch, m.applied, m.backed_up,
           (SELECT count(*) FROM link_held h WHERE h.peer = m.peer) AS held,
           coalesce((SELECT l.received_at FROM link_log l WHERE l.peer = m.peer AND l.epoch = m.epoch
                        AND l.sequence = m.applied AND l.parked IS NULL),
                    (SELECT max(l.received_at) FROM link_log l WHERE l.peer = m.peer AND l.epoch = m.epoch
                        AND l.sequence = m.applied AND l.parked IS NOT NULL)) AS last_at
      FROM link_mark m WHERE CAST(:peer AS text) IS NULL OR m.peer = :peer ORDER BY m.peer, m.epoch DESC"""))
_PARKED = Statement(text("""
    SELECT peer, count(*) AS messages, sum(count) AS deliveries FROM link_parked WHERE settled_at IS NULL
       AND (CAST(:peer AS text) IS NULL OR peer = :peer) GROUP BY peer"""))
_DIFFER = Statement(text("""
    SELECT peer, count(*) AS days FROM link_told WHERE differs <> '{}'::jsonb AND day >= :since
       AND (CAST(:peer AS text) IS NULL OR peer = :peer) GROUP BY peer"""))
_RECOVERED_COUNT = Statement(text("SELECT count(*) FROM link_recovered WHERE peer = :peer"))
_COUNTED = Statement(text("""
    SELECT direction, day, type, sum(count)::bigint AS count FROM link_count WHERE peer = :peer AND day >= :since
     GROUP BY direction, day, type ORDER BY day DESC, type, direction"""))
_TOLD = Statement(text("""
    SELECT day, told_at, differs FROM link_told WHERE peer = :peer AND day >= :since ORDER BY day DESC"""))
_SOURCES = Statement(text("SELECT service, position FROM link_source WHERE peer = :peer ORDER BY service"))
_OPEN = Statement(text("""
    SELECT id, epoch, sequence, type, reason, detail, count, first_at, last_at, octet_length(body) AS bytes,
           position IS NOT NULL AS genuine
      FROM link_parked WHERE peer = :peer AND settled_at IS NULL
       AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :limit"""), fresh=True)  # fmt: skip
_RECOVERED = Statement(text("""
    SELECT epoch, sequence, event_id, type, subject, body, received_at FROM link_recovered
     WHERE peer = :peer AND (epoch, sequence) > (:epoch, :sequence) ORDER BY epoch, sequence LIMIT :limit"""))
_SETTLE = Statement(text("""
    UPDATE link_parked SET settled_at = clock_timestamp(), settled_by = :by, settled_reason = :reason
     WHERE id = :id AND peer = :peer AND settled_at IS NULL"""))
_IS_OPEN = Statement(text("""
    SELECT reason, type, position FROM link_parked WHERE id = :id AND peer = :peer AND settled_at IS NULL"""))


def peers(work: Any) -> tuple[str, ...]:
    """Who is at the other end of this place's links, by its settings: `EG` at a node, nodes' codes at the centre."""
    told = work.settings.env("LINK_PEERS", "") or ""
    return tuple(sorted({one.partition("=")[0].strip() for one in told.split(",") if one.strip()}))


def receipted(work: Any) -> dict[str, str | None]:
    """Up to when each peer has receipted what it was told: the moment of the oldest fact that it has not, null where
    there is none. For whoever must know whether a fact of theirs has arrived."""
    return {row.peer: row.oldest.isoformat() if row.oldest else None for row in work.all(_SENT, peer=None)}


def overview(work: Any) -> dict[str, Any]:
    """{as_of, node, role, epoch, links: [link]}, a link as `_shown` says it. Empty where this place is not linked."""
    work.require(READ)
    return {"as_of": work.now.isoformat(), "node": work.settings.node, "role": work.settings.role.value,
            "epoch": work.settings.epoch, "links": standing(work)}  # fmt: skip


def standing(work: Any) -> list[dict[str, Any]]:
    """The same links for the platform's own eyes (metrics)."""
    found = _links(work, None)
    return [found[peer] for peer in sorted(found)]


def one(work: Any, peer: str) -> dict[str, Any]:
    """One link with its counts: the figures of `overview`, and {days: [{day, out, in}], types: [{type, out, in}],
    told: [{day, told_at, differs: {type: [theirs, ours]}}], sources: [{service, position}], recovered}, of the last
    DAYS days, newest first. Days are of Cairo, on which the fact happened. Refuses link_unknown."""
    work.require(READ)
    found = _links(work, peer).get(peer)
    if found is None:
        raise refuse("link_unknown")
    since = cairo_date(work.now) - timedelta(days=DAYS - 1)
    days: dict[str, dict[str, int]] = defaultdict(lambda: {"out": 0, "in": 0})
    types: dict[str, dict[str, int]] = defaultdict(lambda: {"out": 0, "in": 0})
    for row in work.all(_COUNTED, peer=peer, since=since):
        days[row.day.isoformat()][row.direction] += row.count
        types[row.type][row.direction] += row.count
    for back in range(DAYS):
        days[(since + timedelta(days=back)).isoformat()]  # a day without facts is a figure as well
    told = [{"day": row.day.isoformat(), "told_at": row.told_at.isoformat(), "differs": row.differs}
            for row in work.all(_TOLD, peer=peer, since=since)]
    return found | {
        "as_of": work.now.isoformat(),
        "days": [{"day": day, **days[day]} for day in sorted(days, reverse=True)],
        "types": [{"type": kind, **types[kind]} for kind in sorted(types)],
        "told": told,
        "sources": [row._asdict() for row in work.all(_SOURCES, peer=peer)],
        "recovered": work.scalar(_RECOVERED_COUNT, peer=peer),
    }


def parked(work: Any, peer: str, after: Any = None, limit: int = 50) -> dict[str, Any]:
    """Messages of this peer that were not applied and that nobody has settled, the oldest first: {rows: [{id, epoch,
    sequence, type, reason, detail, count, first_at, last_at, bytes, genuine}], next}. Only a genuine one can be
    applied; one that is not from the peer, or not whole, has no place in its stream."""
    work.require(READ)
    size = max(1, min(limit, MOST))
    rows = work.all(_OPEN, peer=peer, after=after, limit=size + 1)
    shown = [row._asdict() | {"id": str(row.id), "first_at": row.first_at.isoformat(),
                              "last_at": row.last_at.isoformat()} for row in rows[:size]]  # fmt: skip
    return {"rows": shown, "next": shown[-1]["id"] if len(rows) > size else None}


def recovered(work: Any, peer: str, after: str | None = None, limit: int = 50) -> dict[str, Any]:
    """Facts of this place's own that its backup had lost and the peer gave back, in the order in which they had been
    sent: {rows: [{epoch, sequence, id, type, subject, time, received_at, data}], next}. `after` is the `next` of the
    page before. Refuses field_invalid where it is none."""
    work.require(READ)
    size, (epoch, sequence) = max(1, min(limit, MOST)), _place(after)
    rows = work.all(_RECOVERED, peer=peer, epoch=epoch, sequence=sequence, limit=size + 1)
    shown = [_fact(row) for row in rows[:size]]
    return {"rows": shown, "next": f"{shown[-1]['epoch']}-{shown[-1]['sequence']}" if len(rows) > size else None}


def replay(work: Any, peer: str, message: UUID) -> dict[str, str]:
    """Apply a parked message after all (link.replaying)."""
    work.require(SETTLE)
    return replaying.replay(work, peer, message)


def settle(work: Any, peer: str, message: UUID, reason: str) -> dict[str, Any]:
    """Lay a parked message aside for good, with the reason. Answers {peer, id}. Refuses link_message_settled where it
    waits for nobody (any more), skip_reason_required."""
    work.require(SETTLE)
    told = reason.strip()
    if len(told) < REASON_LETTERS:
        raise refuse("skip_reason_required", "reason")
    row = _open(work, peer, message)
    work.write(_SETTLE, expect=1, id=message, peer=peer, by=work.actor.id, reason=told)
    work.audit("link.settle", str(message), peer=peer, type=row.type, why=row.reason, reason=told)
    return {"peer": peer, "id": str(message)}


def write_off(work: Any, peer: str, reason: str) -> dict[str, Any]:
    """Wait no longer for facts of this place that the peer does not give back (link.writing_off)."""
    work.require(SETTLE)
    return writing_off.write_off(work, peer, reason)


def _open(work: Any, peer: str, message: UUID) -> Any:
    row = work.first(_IS_OPEN, id=message, peer=peer)
    if row is None:
        raise refuse("link_message_settled")
    return row


def _place(after: str | None) -> tuple[int, int]:
    if not after:
        return 0, 0
    epoch, _, sequence = after.partition("-")
    if not (epoch.isdecimal() and sequence.isdecimal() and len(epoch) < 9 and len(sequence) < 19):
        raise refuse("field_invalid", "after", reason="<epoch>-<sequence>")
    return int(epoch), int(sequence)


def _fact(row: Any) -> dict[str, Any]:
    told = orjson.loads(bytes(row.body))
    return {"epoch": row.epoch, "sequence": row.sequence, "id": str(row.event_id), "type": row.type,
            "subject": str(row.subject), "time": told.get("time"), "received_at": row.received_at.isoformat(),
            "data": told.get("data", {})}  # fmt: skip


def _links(work: Any, peer: str | None) -> dict[str, dict[str, Any]]:
    sent = {row.peer: row for row in work.all(_SENT, peer=peer)}
    received = {row.peer: row for row in work.all(_RECEIVED, peer=peer)}
    waiting = {row.peer: row for row in work.all(_PARKED, peer=peer)}
    since = cairo_date(work.now) - timedelta(days=DAYS - 1)
    differ = {row.peer: row.days for row in work.all(_DIFFER, peer=peer, since=since)}
    known = {one for one in peers(work) if peer in (None, one)} | set(sent) | set(received) | set(waiting)
    return {one: _shown(work.now, one, sent.get(one), received.get(one), waiting.get(one), differ.get(one, 0))
            for one in known}  # fmt: skip


def _shown(now: datetime, peer: str, sent: Any, received: Any, waiting: Any, differ: int) -> dict[str, Any]:
    """One link. Sequences count the messages of the sender's epoch; `backlog` are those without a receipt."""
    heard, oldest = (sent.heard_at, sent.oldest) if sent else (None, None)
    stands = condition(now, heard, oldest)
    stored = (sent.stored or 0) if sent else 0
    return {
        "peer": peer,
        "condition": stands,
        "concerns": concerns(stands, sent.skew_ms if sent else None, waiting.messages if waiting else 0, differ,
                             bool(sent) and sent.state == "restored"),
        "state": sent.state if sent else "new",
        "lost": writing_off.lost(sent.lost) if sent else [],
        "heard_at": _moment(heard),
        "skew_ms": sent.skew_ms if sent else None,
        "version": sent.version if sent else None,
        "sending": {
            "epoch": sent.epoch if sent else None,
            "stored": stored,
            "sent": sent.sent if sent else 0,
            "applied": sent.applied if sent else 0,
            "backed_up": sent.backed_up if sent else 0,
            "incarnation": sent.incarnation if sent else None,
            "backlog": max(0, stored - sent.applied) + int(sent.in_later_epochs) if sent else 0,
            "oldest_at": _moment(oldest),
            "oldest_seconds": int((now - oldest).total_seconds()) if oldest else None,
            "receipt_at": _moment(sent.receipt_at) if sent else None,
        },
        "receiving": {
            "epoch": received.epoch if received else None,
            "applied": received.applied if received else 0,
            "backed_up": received.backed_up if received else 0,
            "held": received.held if received else 0,
            "last_at": _moment(received.last_at) if received else None,
        },
        "parked": waiting.messages if waiting else 0,
        "parked_deliveries": int(waiting.deliveries) if waiting else 0,
        "differing_days": differ,
    }  # fmt: skip


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
