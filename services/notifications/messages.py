"""The message: made once for a cause, claimed before it is sent, changed only along its transitions.

Each change of a message's state but a claim is an event whose sequence is the message's version. Text and address are
sealed. What may hold a message back is decided in `gate.py`: when it is made, so that one which waits anyway is written
once, and again when it is claimed, which is what counts.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from chassis.database import Each, Statement
from chassis.ids import uuid7
from chassis.privacy import CannotOpen
from chassis.uow import UnitOfWork
from contracts.notifications import CHANGED
from rules.identity import mask_email, mask_phone
from services.notifications import campaign_counts, folding, gate, kinds, metrics, settings_gate, states, tally
from services.notifications.gate import Held, Hold, OptedOut
from services.notifications.keeper import Keeper
from services.notifications.kinds import Lane
from services.notifications.packing import Pack
from services.notifications.preferences import ADDRESS as ADDRESS
from services.notifications.preferences import CHOSEN, DEFAULT, Address, Choice
from services.notifications.providers.base import Outcome, Outgoing, Part, Verdict
from services.notifications.states import PartState, State
from services.notifications.tables import message, message_part

LOG = logging.getLogger(__name__)

CONTENT = "notifications.content"
EXPIRED_AT_ONCE = 500

_IDS = bindparam("ids", type_=ARRAY(Uuid))
# What was told about a request, and in the same go what was chosen for the addresses that it would be told at.
_TOLD = Statement(
    text(
        "SELECT request_id, cause, channel, NULL::bytea AS lookup, NULL::boolean AS opted_out, NULL::text AS language "
        "FROM message WHERE request_id = ANY(:ids) UNION ALL "
        "SELECT NULL, NULL, p.channel, a.lookup, p.opted_out_at IS NOT NULL, p.language FROM preference_address AS a "
        "JOIN preference AS p ON p.id = a.preference_id WHERE a.lookup = ANY(:lookups)"
    ).bindparams(_IDS, bindparam("lookups", type_=ARRAY(LargeBinary))))
_CREATE = Each(
    "INSERT INTO message (id, version, request_id, cause, channel, template, template_version, language, state, "
    "address, address_lookup, content, created_at, expires_at, next_at, queued_at, held, lane, legal, unit, "
    "campaign_id) SELECT * FROM {rows}",
    id="uuid", version="integer", request_id="uuid", cause="uuid", channel="text", template="text",
    template_version="integer", language="text", state="text", address="text", address_lookup="bytea", content="text",
    created_at="timestamptz", expires_at="timestamptz", next_at="timestamptz", queued_at="timestamptz", held="text",
    lane="smallint", legal="boolean", unit="text", campaign_id="uuid")
# Each lane from its head by the index: what waits in one is not read for another. A message of which a part was taken
# goes to the provider that took it and to no other.
_DUE = Statement(
    text(
        "SELECT due.* FROM unnest(CAST(:lanes AS smallint[])) AS wanted (lane) CROSS JOIN LATERAL ("
        "SELECT * FROM message AS m WHERE m.channel = :channel AND m.lane = wanted.lane AND m.next_at <= :now "
        "AND m.state IN ('queued','sending','failed_temporarily') "
        "AND (m.attempts = 0 OR m.provider = :provider OR (NOT (m.state = 'sending' AND m.provider = ANY(:left)) "
        "AND NOT EXISTS (SELECT FROM message_part AS p WHERE p.message_id = m.id "
        "AND p.state IN ('accepted','delivered')))) "
        # From the commit of a pause on nothing more of that campaign is taken.
        "AND (m.campaign_id IS NULL OR EXISTS (SELECT FROM campaign AS c WHERE c.id = m.campaign_id "
        "AND c.state = 'running')) "
        "ORDER BY m.next_at, m.id LIMIT :most) AS due ORDER BY due.lane, due.next_at, due.id LIMIT :most"
    ).bindparams(bindparam("now", type_=DateTime(timezone=True)), bindparam("most", type_=BigInteger),
                 bindparam("left", type_=ARRAY(Text))))
# One whose answer is still waited for is not given up.
_OVER = Statement(
    text(
        "SELECT * FROM message WHERE channel = :channel "
        "AND state IN ('created','queued','sending','failed_temporarily') "
        "AND expires_at <= :now AND (state <> 'sending' OR next_at <= :now) ORDER BY expires_at LIMIT :most"
    ).bindparams(bindparam("now", type_=DateTime(timezone=True)), bindparam("most", type_=BigInteger)))
# What a change of state needs: neither text nor address is fetched for it.
_BY_IDS = Statement(
    select(*(column for column in message.c if column.name not in ("content", "address", "address_lookup")))
    .where(message.c.id == func.any(_IDS)))
_PARTS = Statement(select(message_part).where(message_part.c.message_id == func.any(_IDS))
                   .order_by(message_part.c.message_id, message_part.c.number))
# A claim changes no version, so the count of attempts is demanded too.
_CHANGE = Each(
    "UPDATE message SET version = message.version + new.told, state = new.state, next_at = new.next_at, "
    "attempts = new.attempts, provider = new.provider, parts = new.parts, sent_at = new.sent_at, "
    "delivered_at = new.delivered_at, error = new.error, held = new.held, queued_at = new.queued_at, "
    "counted_on = new.counted_on, price = new.price, "
    "content = CASE WHEN new.blank THEN NULL ELSE message.content END FROM {rows} "
    "WHERE message.id = new.key AND message.version = new.seen AND message.attempts = new.tried",
    key="uuid", seen="integer", tried="smallint", told="integer", state="text", next_at="timestamptz",
    attempts="smallint", provider="text", parts="smallint", sent_at="timestamptz", delivered_at="timestamptz",
    error="text", held="text", queued_at="timestamptz", counted_on="date", price="integer", blank="boolean")
_KEPT = ("next_at", "attempts", "provider", "parts", "sent_at", "delivered_at", "error", "queued_at", "counted_on",
         "price")
_ADD_PART = Each(
    "INSERT INTO message_part (message_id, number, state, reference) SELECT * FROM {rows}",
    message_id="uuid", number="smallint", state="text", reference="integer")
# A receipt may have overtaken the answer: a part that is already delivered stays so.
_ACCEPTED = Each(
    "UPDATE message_part SET state = 'accepted', provider_message_id = new.provider_message_id FROM {rows} "
    "WHERE message_part.message_id = new.key AND message_part.number = new.part AND message_part.state <> 'delivered'",
    key="uuid", part="smallint", provider_message_id="text")
_REFUSED = Each(
    "UPDATE message_part SET state = 'undelivered' FROM {rows} "
    "WHERE message_part.message_id = new.key AND message_part.number = new.part AND message_part.state = 'waiting'",
    key="uuid", part="smallint")
_OLDEST = Statement(
    text("SELECT channel, min(created_at) AS oldest FROM message "
         "WHERE state IN ('queued','sending','failed_temporarily') AND held IS NULL GROUP BY channel"))


@dataclass(frozen=True, slots=True)
class Draft:
    """A message about to be made. `content` is what `packing` turns into bytes: {text} or {subject, plain, html}."""

    channel: str
    address: str
    template: str
    template_version: int
    language: str
    content: Mapping[str, str]
    lane: int = Lane.STEP
    legal: bool = False
    unit: str | None = None
    campaign_id: UUID | None = None
    lifetime: timedelta = states.LIFETIME  # after that it is sent no more
    id: UUID | None = None  # where the text must name it beforehand


def look_up(work: UnitOfWork, ids: Sequence[UUID], addresses: Iterable[Address] = ()) -> None:
    """Read at once what was told about these requests and what was chosen for these addresses."""
    lookups = [_lookup(work, address) for address in addresses]
    work.know(_TOLD, [*ids, *lookups], lambda row: row.request_id or row.lookup, ids=list(ids), lookups=lookups)


def chosen(work: UnitOfWork, address: Address) -> Choice | None:
    """What `look_up` found for an address; None when it was not looked up."""
    rows = work.known(_TOLD, _lookup(work, address))
    if rows is None:
        return None
    return Choice(not rows[0].opted_out, rows[0].language) if rows else DEFAULT


def _lookup(work: UnitOfWork, address: Address) -> bytes:
    return work.privacy.lookup_settled(address.key, CHOSEN)


def create(work: UnitOfWork, request_id: UUID | None, cause: UUID, drafts: Sequence[Draft]) -> int:
    """One message a channel for this cause; channels that were told already are left out. Returns how many are new.
    Two workers at the same cause meet at the unique key, and the second one runs again and finds them. Without a
    request the cause must be new, or the caller must know which were told."""
    told: set[str] = set()
    if request_id is not None:
        if work.known(_TOLD, request_id) is None:
            look_up(work, [request_id])
        told = {row.channel for row in work.known(_TOLD, request_id) or () if row.cause == cause}
    fresh = [draft for draft in drafts if draft.channel not in told]
    for draft in fresh:
        _create(work, request_id, cause, draft)
    return len(fresh)


def _create(work: UnitOfWork, request_id: UUID | None, cause: UUID, draft: Draft) -> None:
    until = None
    if draft.lane != Lane.CODE:
        until = gate.quiet_until(settings_gate.rules(work.settings), work.now, draft.channel)
    state = State.QUEUED if until is None else State.CREATED
    expires_at = work.now + draft.lifetime
    content = folding.content(work.settings, draft.channel, draft.content)
    row: dict[str, Any] = {
        "id": draft.id or uuid7(), "version": 1, "request_id": request_id, "cause": cause, "channel": draft.channel,
        "template": draft.template, "template_version": draft.template_version, "language": draft.language,
        "state": state.value, "address": work.privacy.seal(draft.address, field=ADDRESS),
        "address_lookup": work.privacy.lookup(draft.address, ADDRESS),
        "content": work.privacy.seal(json.dumps(dict(content), ensure_ascii=False), field=CONTENT),
        "created_at": work.now, "expires_at": expires_at, "next_at": min(until or work.now, expires_at),
        "queued_at": work.now if until is None else None, "held": None if until is None else Held.QUIET_HOURS.value,
        "lane": int(draft.lane), "legal": draft.legal, "unit": draft.unit, "campaign_id": draft.campaign_id,
    }  # fmt: skip
    work.write(_CREATE, **row)
    tally.made(work, created_at=work.now, channel=draft.channel, template=draft.template, unit=draft.unit,
               lane=int(draft.lane))
    work.append(CHANGED, row["id"], 1, _told(row, None, None))


def expire(work: UnitOfWork, channel: str) -> int:
    """Give up messages whose time is over, at most so many at once; returns how many. Needs no provider, so it also
    runs while that is away. One whose answer is still waited for is left until its lease is over."""
    rows = work.all(_OVER, channel=channel, now=work.now, most=EXPIRED_AT_ONCE)
    for row in rows:
        change(work, row, State.EXPIRED, error=row.held or row.error or "expired")
    return len(rows)


def claim(work: UnitOfWork, channel: str, provider: str, most: int, lease: timedelta, pack: Pack,
          lanes: Sequence[int] = tuple(Lane), left: Sequence[str] = ()) -> list[Outgoing]:
    """Take the messages that are due, at most `most`, lane by lane, and mark them `sending` with the references under
    which the provider will know them. Until `lease` is over nobody else takes them; after it the rule of the one window
    holds (README): whoever finds one still `sending` hands over again the parts that nobody confirmed, but what may be
    with one of the providers `left` is left to that one. What the gate holds back is put off or given up here
    instead."""
    rows = work.all(_DUE, channel=channel, provider=provider, now=work.now, most=most, lanes=list(map(int, lanes)),
                    left=list(left))
    known = _parts_of(work, [row.id for row in rows if row.attempts])  # one that was never tried has none yet
    opened = {row.id: _open(work, row, pack) for row in rows if row.expires_at > work.now}
    keeper = Keeper(work, [(row, content[0]) for row in rows if (content := opened.get(row.id)) is not None])
    taken: list[Outgoing] = []
    for row in rows:
        if row.expires_at <= work.now:
            change(work, row, State.EXPIRED, error=row.error or "expired")
            continue
        content = opened[row.id]
        if content is None:
            continue
        address, pieces = content
        healed = State(row.state) is State.SENDING
        hold = keeper.decide(row, address)
        if hold is not None:
            _hold(work, row, hold, healed)
            continue
        waiting = {part.number for part in known.get(row.id, ()) if part.state == PartState.WAITING}
        if row.id not in known:
            waiting = {piece.number for piece in pieces}
            for piece in pieces:
                work.write(_ADD_PART, message_id=row.id, number=piece.number, state=PartState.WAITING.value,
                           reference=piece.reference)
        change(work, row, State.SENDING, attempts=row.attempts + 1, next_at=work.now + lease, provider=provider,
               parts=len(pieces), counted_on=keeper.today if keeper.counts(row) else row.counted_on)
        if healed:
            work.after_commit(metrics.HEALED.labels(channel).inc)
        taken.append(Outgoing(row.id, address, tuple(piece for piece in pieces if piece.number in waiting)))
    keeper.write()
    return taken


def _hold(work: UnitOfWork, row: Any, hold: Hold | OptedOut, healed: bool) -> None:
    """Put a message off, or give it up. One that was tried already keeps its state: it has been more than made."""
    if isinstance(hold, OptedOut):
        change(work, row, State.FAILED, error="opted_out")
        return
    state = State.FAILED_TEMPORARILY if row.attempts else State.CREATED
    change(work, row, state, held=hold.why.value, next_at=min(hold.until, row.expires_at),
           error="unanswered" if healed else row.error)


def _open(work: UnitOfWork, row: Any, pack: Pack) -> tuple[str, list[Part]] | None:
    """Address and parts of one message; None when it cannot be read, which is written down and holds up no other."""
    try:
        address = work.privacy.open(row.address, field=ADDRESS)
        return address, pack(row, address, json.loads(work.privacy.open(row.content, field=CONTENT)))
    except CannotOpen:
        # A key that is missing now may be put back within the message's lifetime.
        LOG.error("message %s does not open with the keys of this service", row.id)
        change(work, row, State.FAILED_TEMPORARILY, attempts=row.attempts + 1, error="cannot_open",
               next_at=states.next_attempt(row.attempts + 1, work.now, row.expires_at))
    except ValueError:
        LOG.exception("message %s cannot be packed", row.id)
        change(work, row, State.FAILED, attempts=row.attempts + 1, error="cannot_pack")
    return None


def record(work: UnitOfWork, outcomes: Mapping[UUID, Outcome], price: int | None = None) -> dict[str, int]:
    """Write down what the provider answered; returns how many messages came into which state. A part whose answer was
    lost leaves its message `sending` until a receipt comes or the lease is over. `price`: of a part, in 1/1000 EGP."""
    rows = work.all(_BY_IDS, ids=list(outcomes))
    known = _parts_of(work, list(outcomes))
    counted: dict[str, int] = {}
    for row in rows:
        outcome = outcomes[row.id]
        after = {part.number: PartState(part.state) for part in known.get(row.id, ())}
        for number, answer in outcome.items():
            if answer.verdict is Verdict.ACCEPTED:
                work.write(_ACCEPTED, key=row.id, part=number, provider_message_id=answer.provider_id)
                if after[number] is PartState.WAITING:
                    after[number] = PartState.ACCEPTED
            elif answer.verdict is Verdict.PERMANENT and after[number] is PartState.WAITING:
                work.write(_REFUSED, key=row.id, part=number)
                after[number] = PartState.UNDELIVERED
        state = _conclude(work, row, list(after.values()), outcome, price)
        if state is not None:
            counted[state] = counted.get(state, 0) + 1
    return counted


def _conclude(work: UnitOfWork, row: Any, parts: list[PartState], outcome: Outcome, price: int | None) -> State | None:
    reason = next((answer.reason for answer in outcome.values() if answer.reason), None)
    decided = states.settled(parts)
    if decided is not None:
        taken = sum(part is not PartState.UNDELIVERED for part in parts)
        return settle(work, row, decided, reason if decided is State.FAILED else None,
                      price=None if price is None else price * taken)
    verdicts = {answer.verdict for answer in outcome.values()}
    if State(row.state) is not State.SENDING or Verdict.UNCERTAIN in verdicts:
        return None
    waits = [answer.retry_after for answer in outcome.values() if answer.retry_after]
    again = states.next_attempt(row.attempts, work.now, row.expires_at, max(waits, default=None))
    until = gate.quiet_until(settings_gate.rules(work.settings), again, row.channel) if row.lane != Lane.CODE else None
    change(work, row, State.FAILED_TEMPORARILY, error=reason, held=None if until is None else Held.QUIET_HOURS.value,
           next_at=again if until is None else min(until, row.expires_at))
    return State.FAILED_TEMPORARILY


def settle(work: UnitOfWork, row: Any, decided: State, reason: str | None = None, *,
           price: int | None = None) -> State | None:
    """Bring a message into the state that its parts decide, where its present state lets it; None when nothing
    changes."""
    before = State(row.state)
    if before is decided or not states.may_follow(before, decided):
        return None
    change(work, row, decided, error=reason, sent_at=row.sent_at or (work.now if decided is not State.FAILED else None),
           delivered_at=work.now if decided is State.DELIVERED else None, price=row.price if price is None else price)
    return decided


def change(work: UnitOfWork, row: Any, state: State, **new: Any) -> None:
    """Gather a change of state with its event. `row` is the message as it was read; a change by anybody else in between
    makes the whole unit of work run again. A claim is told to nobody: it says who holds the message at this moment,
    and what came of it is told next. Whatever held the message is over unless `new` says it again. The text of a
    one-time code goes with its first state in which it will not be sent again."""
    if not states.may_follow(State(row.state), state):
        raise AssertionError(f"a message may not go from {row.state} to {state}")
    values: dict[str, Any] = {name: getattr(row, name) for name in _KEPT}
    values["held"] = None
    if state is State.QUEUED:
        values["queued_at"] = work.now
    values.update(new)
    told = state is not State.SENDING
    work.write(_CHANGE, expect=1, key=row.id, seen=row.version, tried=row.attempts, told=int(told), state=state.value,
               blank=row.lane == Lane.CODE and state not in states.UNSENT, **values)
    tally.count(work, row, state, values)
    campaign_counts.note_change(work, row, state.value, values)
    if told:
        known = {**row._asdict(), **values, "state": state.value}
        work.append(CHANGED, row.id, row.version + 1, _told(known, values["parts"], values["provider"]))


def _told(row: Mapping[str, Any], parts: int | None, provider: str | None) -> dict[str, Any]:
    """What a message's event says."""
    return {
        "message_id": row["id"], "request_id": row["request_id"], "channel": row["channel"],
        "template": row["template"], "template_version": row["template_version"], "language": row["language"],
        "state": row["state"], "parts": parts, "provider": provider, "lane": row["lane"],
        "held": row["held"], "held_until": row["next_at"] if row["held"] else None}


def find(work: UnitOfWork, ids: Sequence[UUID]) -> tuple[list[Any], dict[UUID, list[Any]]]:
    """Messages and their parts, by message id."""
    return work.all(_BY_IDS, ids=list(ids)), _parts_of(work, ids)


def shown(work: UnitOfWork, row: Any) -> dict[str, Any]:
    """One message as staff see it: no text, the address masked, or None where it is gone."""
    address = None if row.address is None else _masked(row.channel, work.privacy.open(row.address, field=ADDRESS))
    return {
        "message_id": row.id, "channel": row.channel, "template": row.template,
        "template_name": kinds.name_of(row.template), "template_version": row.template_version,
        "language": row.language, "state": row.state, "held": row.held,
        "held_until": row.next_at if row.held else None, "address": address, "parts": row.parts, "price": row.price,
        "attempts": row.attempts, "provider": row.provider, "error": row.error, "created_at": row.created_at,
        "sent_at": row.sent_at, "delivered_at": row.delivered_at, "expires_at": row.expires_at,
        "receipt": states.receipt(row.channel, row.state, row.sent_at, work.now)}


def oldest_unsent(work: UnitOfWork) -> dict[str, timedelta]:
    """By channel, how long the oldest message that nothing holds, and that is neither sent nor given up, has been
    waiting."""
    return {row.channel: max(work.now - row.oldest, timedelta()) for row in work.all(_OLDEST)}


def _masked(channel: str, address: str) -> str:
    return mask_phone(address) if channel == "sms" else mask_email(address)


def _parts_of(work: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    grouped: dict[UUID, list[Any]] = {}
    for part in work.all(_PARTS, ids=list(ids)) if ids else ():
        grouped.setdefault(part.message_id, []).append(part)
    return grouped
