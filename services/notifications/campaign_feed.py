"""Campaigns at work: their messages are made some at a time, as fast as the throttle lets them go and never many ahead
of what is sent. How far it came and the messages of that stretch are one transaction, so that a process that is killed
anywhere makes each of them once.

A campaign that is not running is not claimed from (messages.py asks), so that a pause holds from its commit on; what it
left in the lane is marked here as held, moved out of the way of its own expiry, and given up after a cancellation.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import DateTime, bindparam, select, text, update

from chassis.database import Statement
from chassis.errors import Unavailable
from chassis.ids import named, uuid7
from chassis.service import Platform
from chassis.uow import UnitOfWork
from rules.refusal import Refusal
from services.notifications import audience_members as members
from services.notifications import campaign_counts as counts
from services.notifications import campaign_records as records
from services.notifications import campaign_states as states
from services.notifications import campaign_texts as texts
from services.notifications import gate, messages, preference_links, settings_gate
from services.notifications.audience_members import Opened
from services.notifications.gate import Held
from services.notifications.kinds import EMAIL, Lane
from services.notifications.messages import Draft
from services.notifications.settings import NotificationSettings
from services.notifications.states import LIFETIME
from services.notifications.states import State as MessageState
from services.notifications.tables import message
from services.notifications.tables_campaigns import campaign

LOG = logging.getLogger(__name__)

AT_ONCE = 100  # members in one transaction
UNSENT_MOST = 5_000  # made and not ended, wherever they wait: retries of a provider that is ill stay bounded
SWEEP = 200
NO_VALUE, NO_TEXT = "no_value", "no_text"
PAUSED_FOR = timedelta(days=3650)  # a paused message is looked at when it is resumed, and not before
CANCELLED, TOO_MANY_FAILED = "campaign_cancelled", "too_many_failed"

_AT_WORK = Statement(text(
    "SELECT * FROM campaign WHERE state IN ('approved', 'running', 'paused') ORDER BY approved_at, id"))
_ENDED = Statement(text(
    "SELECT c.id, c.state FROM campaign AS c WHERE c.state = 'cancelled' AND EXISTS (SELECT FROM message AS m "
    "WHERE m.campaign_id = c.id AND m.state IN ('created','queued','sending','failed_temporarily'))"))
_STANDING = Statement(text(
    "SELECT count(*) AS unsent, count(*) FILTER (WHERE next_at <= :now) AS ahead FROM message "
    "WHERE campaign_id = :campaign_id AND campaign_id IS NOT NULL "
    "AND state IN ('created','queued','sending','failed_temporarily')"
).bindparams(bindparam("now", type_=DateTime(timezone=True))), fresh=True)
_FED = Statement(
    update(campaign)
    .where(campaign.c.id == bindparam("key"), campaign.c.version == bindparam("seen"),
           campaign.c.position == bindparam("stood"), campaign.c.state == "running")
    .values(position=bindparam("position"), used_until=bindparam("used_until", type_=DateTime(timezone=True))))
_COLUMNS = [column for column in message.c if column.name not in ("content", "address", "address_lookup")]
_OF = (message.c.campaign_id == bindparam("campaign"),
       text("message.campaign_id IS NOT NULL"),
       text("message.state IN ('created','queued','sending','failed_temporarily')"))
# Whoever holds a message at this moment settles it; after its lease nobody does.
_FREE = text("(message.state <> 'sending' OR message.next_at <= :now)").bindparams(
    bindparam("now", type_=DateTime(timezone=True)))
_TO_HOLD = Statement(select(*_COLUMNS).where(
    *_OF, _FREE, text("message.held IS DISTINCT FROM 'campaign_paused'"))
    .limit(SWEEP), fresh=True)
_HELD = Statement(select(*_COLUMNS).where(*_OF, text("message.held = 'campaign_paused'")).limit(SWEEP), fresh=True)
_TO_GIVE_UP = Statement(select(*_COLUMNS).where(*_OF, _FREE).limit(SWEEP), fresh=True)
_LIVE_ON = Statement(text(
    "UPDATE message SET expires_at = :until WHERE campaign_id = :campaign_id AND campaign_id IS NOT NULL "
    "AND state IN ('created','queued','sending','failed_temporarily') AND expires_at < :soon"
).bindparams(bindparam("until", type_=DateTime(timezone=True)), bindparam("soon", type_=DateTime(timezone=True))))


def step(platform: Platform, settings: NotificationSettings) -> bool:
    """One round over the campaigns at work. True when one of them wants the next round at once."""
    more = bool(platform.attempt(counts.fold))
    for row in platform.unit_of_work().all(_AT_WORK):
        more |= _round(platform, settings, row)
    for row in platform.unit_of_work().all(_ENDED):
        more |= bool(platform.attempt(lambda work, row=row: give_up(work, row.id)))  # type: ignore[misc]
    return more


def _round(platform: Platform, settings: NotificationSettings, row: Any) -> bool:
    """What there is to do for one campaign. What goes wrong with it is logged and holds up no other."""
    try:
        if row.state == states.State.PAUSED:
            return bool(platform.attempt(lambda work: hold(work, row.id)))
        if row.state == states.State.APPROVED:
            return bool(platform.attempt(lambda work: start(work, row)))
        released = bool(platform.attempt(lambda work: release(work, row.id)))
        return bool(platform.attempt(lambda work: feed(work, row.id, settings.public_url))) or released
    except Unavailable:
        raise
    except Exception:
        LOG.exception("campaign %s could not go on and is tried again", row.id)
        return False


def start(work: UnitOfWork, row: Any) -> bool:
    """Begin when its time has come."""
    if not states.open_at(work.now, row.not_before, (row.hours_from, row.hours_until)):
        return False
    records.act(work, row, "start", started_at=work.now)
    return True


def feed(work: UnitOfWork, campaign_id: Any, public_url: str) -> bool:
    """Make the next messages of a running campaign, pause it when too many fail, end it when nothing is left. True
    when there is more to do at once."""
    row = work.first(records.FIND, campaign_id=campaign_id)
    if row is None or row.state != states.State.RUNNING:
        return False
    known = counts.read(work, [row.id])[row.id]
    failed, ended = known.failed - row.judged_failed, known.ended - row.judged_ended
    if states.fails_too_often(failed, ended, row.pause_at_percent):
        LOG.warning("campaign %s paused itself: %d of %d failed", row.id, failed, ended)
        records.act(work, row, "pause", why=TOO_MANY_FAILED, reason=TOO_MANY_FAILED)
        return True
    standing = work.one(_STANDING, campaign_id=row.id, now=work.now)
    room = _room(work, row, standing)
    stretch = members.following(work, row.audience_id, row.position, AT_ONCE) if room else []
    if room and not stretch:
        if not standing.unsent and not known.of(*counts.WAITING):
            records.act(work, row, "finish", ended_at=work.now)
        return False
    if not stretch:
        return False
    return _make(work, row, stretch, room, public_url)


def _room(work: UnitOfWork, row: Any, standing: Any) -> int:
    """How many messages may be made now."""
    if not states.open_at(work.now, row.not_before, (row.hours_from, row.hours_until)):
        return 0
    rules = settings_gate.rules(work.settings)
    if any(gate.quiet_until(rules, work.now, channel) for channel in row.wording):
        return 0
    allowed = min(states.allowance(work.now, row.used_until, row.per_minute),
                  states.ahead(row.per_minute) - standing.ahead, UNSENT_MOST - standing.unsent)
    return max(allowed, 0)


def _make(work: UnitOfWork, row: Any, stretch: Sequence[Any], room: int, public_url: str) -> bool:
    """Messages for the next members, as many as there is room for; who gets none is counted with the reason."""
    wanted = [one for one in stretch if one.channel in row.wording]
    taken = wanted[:room]
    # Members of a channel that this campaign does not have are no recipients of it.
    position = taken[-1].place if len(wanted) > room else stretch[-1].place
    noted: dict[tuple[str, str, str], int] = {}
    made = 0
    for one in members.reachable(work, taken):
        reason = one.reason or _write(work, row, one, public_url)
        made += reason is None
        key = (one.row.channel, "queued", "") if reason is None else (one.row.channel, counts.PASSED_OVER, reason)
        noted[key] = noted.get(key, 0) + 1
    counts.note_made(work, row.id, noted)
    work.write(_FED, expect=1, key=row.id, seen=row.version, stood=row.position, position=position,
               used_until=states.used(work.now, row.used_until, row.per_minute, made))
    return made < room


def _write(work: UnitOfWork, row: Any, one: Opened, public_url: str) -> str | None:
    """The message of one member; or why there is none."""
    message_id, stop = uuid7(), {}
    page = None
    if one.row.channel == EMAIL:
        key = preference_links.token(work.privacy, message_id)
        page = preference_links.page(public_url, one.language, key)
        stop = {"stop": preference_links.one_click(public_url, one.language, key)}
    try:
        content = texts.render(row.wording, one.row.channel, one.language, one.values, public_url, page)
    except Refusal:  # weighed as whole, yet a contact may have lost its name, or the citizen chose the other language
        return NO_VALUE
    if not content.get("text", content.get("plain", "")).strip():
        return NO_TEXT
    draft = Draft(one.row.channel, one.address, texts.TEMPLATE, 1, one.language, {**content, **stop},
                  lane=Lane.CAMPAIGN, unit=row.unit, campaign_id=row.id, id=message_id)
    messages.create(work, None, named("notifications.campaign", str(row.id), str(one.row.place)), [draft])
    return None


def hold(work: UnitOfWork, campaign_id: Any) -> bool:
    """Mark what a paused campaign left in the lane, and let nothing of it expire meanwhile. True when there is more."""
    row = work.first(records.FIND, campaign_id=campaign_id)
    if row is None or row.state != states.State.PAUSED:
        return False
    work.write(_LIVE_ON, campaign_id=row.id, until=work.now + LIFETIME, soon=work.now + LIFETIME / 2)
    left = work.all(_TO_HOLD, campaign=row.id, now=work.now)
    for one in left:
        state = MessageState.FAILED_TEMPORARILY if one.attempts else MessageState.CREATED
        if state is MessageState.CREATED and one.state == MessageState.CREATED:
            # From one reason to wait to another is no step of a message: it is put back into its lane first.
            messages.change(work, one, MessageState.QUEUED, next_at=work.now)
            continue
        messages.change(work, one, state, held=Held.CAMPAIGN_PAUSED.value, next_at=work.now + PAUSED_FOR,
                        error="unanswered" if one.state == MessageState.SENDING else one.error)
    return bool(left)


def release(work: UnitOfWork, campaign_id: Any) -> bool:
    """Put back into the lane what a pause held. The gate decides when it is claimed. True when there is more."""
    left = work.all(_HELD, campaign=campaign_id)
    for one in left:
        state = MessageState.FAILED_TEMPORARILY if one.attempts else MessageState.QUEUED
        messages.change(work, one, state, next_at=work.now, error=one.error)
    return len(left) == SWEEP


def give_up(work: UnitOfWork, campaign_id: Any) -> bool:
    """End what a cancelled campaign left. Whoever hands one over at this moment settles it. True when there is more."""
    left = work.all(_TO_GIVE_UP, campaign=campaign_id, now=work.now)
    for one in left:
        messages.change(work, one, MessageState.FAILED, error=CANCELLED)
    return len(left) == SWEEP
