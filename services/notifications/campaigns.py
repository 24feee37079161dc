"""What people do with a campaign: write it, look at it, hand it over, approve it, hold it, stop it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.ids import uuid7
from chassis.uow import UnitOfWork
from contracts import problems
from rules.identity import mask_email, mask_phone
from rules.refusal import Fault, Refusal, refuse
from services.notifications import audience_members as members
from services.notifications import campaign_counts, folding, gate, preference_links, settings_gate
from services.notifications import campaign_records as records
from services.notifications import campaign_texts as texts
from services.notifications.campaign_states import ACTIONS, time_of
from services.notifications.tables_campaigns import campaign
from services.notifications.template_review import noted

REASON_LETTERS = 10
PAGE = 50
SAMPLES = 2  # recipients shown of each channel and language

_ADD = Statement.insert(campaign, "id", "version", "state", "name", "unit", "wording", "not_before", "hours_from",
                        "hours_until", "per_minute", "pause_at_percent", "written_by", "authors", "created_at",
                        "changed_at")
_LIST = Statement(text(
    "SELECT * FROM campaign WHERE (CAST(:unit AS text) IS NULL OR unit = :unit) "
    "AND (CAST(:state AS text) IS NULL OR state = :state) "
    "AND (CAST(:after AS uuid) IS NULL OR id < CAST(:after AS uuid)) ORDER BY id DESC LIMIT :most"))
_FIRST_OF = Statement(text(
    "SELECT picked.* FROM (SELECT DISTINCT channel, language FROM audience_member WHERE audience_id = :audience_id "
    "AND place <= 2000) AS kinds CROSS JOIN LATERAL (SELECT * FROM audience_member AS m "
    "WHERE m.audience_id = :audience_id AND m.channel = kinds.channel AND m.language = kinds.language "
    "AND m.place <= 2000 ORDER BY m.place LIMIT :most) AS picked "
    "ORDER BY picked.channel, picked.language, picked.place"))


def write(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Write a campaign, or write a draft anew (a refused one becomes a draft again). Refuses every fault of its texts
    and times at once; forbidden for another unit's; campaign_unknown, campaign_state, campaign_moved,
    campaign_unit_fixed."""
    unit = body["unit"] or work.actor.unit
    if unit is not None:
        work.require(records.WRITE, unit=unit)
    found = _timing(work, body, body["wording"])
    row = None
    known: list[str] | None = None
    if body["campaign_id"] is not None:
        row = records.find(work, body["campaign_id"], records.WRITE)
        records.demand(row, "write")
        if body["version"] != row.version:
            raise refuse("campaign_moved", "version")
        if body["unit"] is not None and body["unit"] != row.unit:
            raise refuse("campaign_unit_fixed", "unit")
        audience = records.audience_of(work, row)
        if audience is not None and audience.state in ("ready", "faulty"):
            known = list(audience.columns)
    # Before there is an audience nobody knows its placeholders: then only the marks are looked at.
    faults = texts.check(body["wording"], texts.names(body["wording"]) if known is None else known)
    if found or faults:
        raise Refusal([*found, *faults])
    given = {"name": body["name"].strip(), "wording": body["wording"], "pause_at_percent": body["pause_at_percent"],
             **_schedule(body)}
    if row is not None:
        again = {"submitted_by": None, "approved_by": None, "approved_at": None, "reason": None}
        records.act(work, row, "write", estimate=None, written_by=work.actor.id, authors=records.authors(work, row),
                    **again, **given)
        return {"campaign_id": str(row.id), "version": row.version + 1, "state": "draft"}
    campaign_id = uuid7()
    made = {"id": campaign_id, "version": 1, "state": "draft", "unit": unit, "written_by": work.actor.id,
            "authors": [work.actor.id], "created_at": work.now, "changed_at": work.now, **given}  # fmt: skip
    work.write(_ADD, **made)
    records.tell(work, _New(campaign_id, unit), 1, "draft", ACTIONS["write"].done, None,
                 {**made, "recipients": 0}, campaign_counts.Counts())
    return {"campaign_id": str(campaign_id), "version": 1, "state": "draft"}


class _New:
    """What `tell` asks of a campaign that is only being written."""

    def __init__(self, campaign_id: UUID, unit: str | None) -> None:
        self.id = campaign_id
        self.unit = unit


def show(work: UnitOfWork, campaign_id: UUID) -> dict[str, Any]:
    """The campaign with audience, estimate and progress. Refuses campaign_unknown, forbidden."""
    return records.shown(work, records.find(work, campaign_id, records.RUN))


def listed(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Campaigns of the own unit, newest first; somebody of no unit sees all."""
    rows = work.all(_LIST, unit=work.actor.unit, state=body["state"], after=body["after"], most=PAGE)
    return {"campaigns": [records.listed(row) for row in rows], "next": str(rows[-1].id) if len(rows) == PAGE else None}


def preview(work: UnitOfWork, campaign_id: UUID, public_url: str) -> dict[str, Any]:
    """What the first recipients of each channel and language would read; addresses masked. Reading them is recorded.
    Refuses campaign_unknown, campaign_audience_missing, campaign_audience_not_ready, forbidden."""
    row = records.find(work, campaign_id, records.RUN)
    _audience(work, row, ("ready", "faulty"))
    work.audit_read("campaign.preview", str(row.id))
    shown: list[dict[str, Any]] = []
    picked = [one for one in work.all(_FIRST_OF, audience_id=row.audience_id, most=SAMPLES)
              if one.channel in row.wording]
    for one in members.opened(work, picked):
        if one.reason is not None:
            continue
        mask = mask_phone if one.row.channel == "sms" else mask_email
        told: dict[str, Any] = {"channel": one.row.channel, "language": one.row.language, "line": one.row.line,
                                "address": mask(one.address)}
        try:
            content = texts.render(row.wording, one.row.channel, one.row.language, one.values, public_url,
                                   preference_links.page(public_url, one.row.language, preference_links.SAMPLE))
        except Refusal as refusal:
            told["faults"] = [problems.told(fault) for fault in refusal.faults]
        else:
            content = dict(folding.content(work.settings, one.row.channel, content))
            weight = texts.weigh(one.row.channel, content)
            told |= {"faults": [], "characters": weight.characters, "parts": weight.parts, **content}
        shown.append(told)
    return {"messages": shown, "estimate": row.estimate,
            "notes": noted(texts.notes(row.wording, public_url))}


def submit(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Hand it over for approval: from here on neither text nor audience changes. Refuses what would stop it later:
    campaign_moved, campaign_audience_missing, campaign_audience_not_ready, campaign_audience_empty, campaign_weighing,
    campaign_placeholder_unknown, campaign_value_missing, campaign_too_long."""
    row = _seen(work, body, records.WRITE, "submit")
    audience = _audience(work, row, ("ready",))
    faults = texts.check(row.wording, audience.columns)
    if faults:
        raise Refusal(faults)
    estimate = row.estimate
    if estimate is None or not estimate["done"]:
        raise refuse("campaign_weighing", "campaign_id")
    if not estimate["recipients"]:
        raise refuse("campaign_audience_empty", "campaign_id")
    if estimate["missing"]:
        raise refuse("campaign_value_missing", "wording", count=estimate["missing"], line=estimate["missing_line"])
    longest = max(one["most_parts"] for one in estimate["by"].values())
    if longest > texts.MOST_PARTS:
        raise refuse("campaign_too_long", "wording", parts=longest, most=texts.MOST_PARTS)
    records.act(work, row, "submit", submitted_by=work.actor.id, recipients=estimate["recipients"])
    return {"campaign_id": str(row.id), "version": row.version + 1, "state": "submitted"}


def decide(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Approve or refuse what others wrote and chose the audience of; the database refuses the same. From approval on
    the audience is frozen and the campaign goes by its schedule. Refuses campaign_own, campaign_moved, campaign_state,
    campaign_reason_required for a refusal without one."""
    action = "approve" if body["approve"] else "refuse"
    row = _seen(work, body, records.APPROVE, action)
    audience = records.audience_of(work, row)
    if work.actor.id in {*row.authors, row.submitted_by, audience.accepted_by if audience is not None else None}:
        raise refuse("campaign_own", "campaign_id")
    if not body["approve"]:
        state = records.act(work, row, "refuse", reason=_reason(body))
    else:
        state = records.act(work, row, "approve", approved_by=work.actor.id, approved_at=work.now,
                            reason=(body["reason"] or "").strip() or None)
    return {"campaign_id": str(row.id), "version": row.version + 1, "state": state}


def schedule(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Other times and another speed, at once. Refuses campaign_hours, campaign_state, campaign_unknown."""
    row = records.find(work, body["campaign_id"], records.RUN)
    faults = _timing(work, body, row.wording)
    if faults:
        raise Refusal(faults)
    state = records.act(work, row, "schedule", **_schedule(body))
    return {"campaign_id": str(row.id), "version": row.version + 1, "state": state}


def pause(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Hold it where it stands: nothing is claimed any more from this commit on."""
    row = records.find(work, body["campaign_id"], records.RUN)
    return _stopped(row, records.act(work, row, "pause", reason=_reason(body)))


def resume(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Go on at the same place. Failures so far are forgiven: from here on it counts anew whether too many fail."""
    row = records.find(work, body["campaign_id"], records.RUN)
    counts = campaign_counts.read(work, [row.id])[row.id]
    return _stopped(row, records.act(work, row, "resume", reason=_reason(body), started_at=row.started_at or work.now,
                                     judged_failed=counts.failed, judged_ended=counts.ended))


def cancel(work: UnitOfWork, body: Mapping[str, Any]) -> dict[str, Any]:
    """Stop it for good: what was not handed over is given up."""
    row = records.find(work, body["campaign_id"], records.RUN)
    return _stopped(row, records.act(work, row, "cancel", reason=_reason(body), ended_at=work.now))


def _stopped(row: Any, state: str) -> dict[str, Any]:
    return {"campaign_id": str(row.id), "version": row.version + 1, "state": state}


def _seen(work: UnitOfWork, body: Mapping[str, Any], permission: str, action: str) -> Any:
    row = records.find(work, body["campaign_id"], permission)
    records.demand(row, action)
    if row.version != body["version"]:
        raise refuse("campaign_moved", "version")
    return row


def _audience(work: UnitOfWork, row: Any, wanted: tuple[str, ...]) -> Any:
    audience = records.audience_of(work, row)
    if audience is None:
        raise refuse("campaign_audience_missing", "campaign_id")
    if audience.state not in wanted:
        raise refuse("campaign_audience_not_ready", "campaign_id", state=audience.state)
    return audience


def _reason(body: Mapping[str, Any]) -> str:
    reason = (body["reason"] or "").strip()
    if len(reason) < REASON_LETTERS:
        raise refuse("campaign_reason_required", "reason")
    return reason


def _schedule(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"not_before": body["not_before"], "hours_from": time_of(body["hours_from"]),
            "hours_until": time_of(body["hours_until"]), "per_minute": body["per_minute"]}


def _timing(work: UnitOfWork, body: Mapping[str, Any], wording: Mapping[str, Any]) -> list[Fault]:
    """A campaign keeps out of the quiet hours by its own hours, so that nothing of it is made to wait for morning."""
    hours = time_of(body["hours_from"]), time_of(body["hours_until"])
    rules = settings_gate.rules(work.settings)
    quiet = rules.quiet if rules.quiet_channels & set(wording) else None
    if hours[0] < hours[1] and (quiet is None or not _meet(hours, quiet)):
        return []
    shown = gate.OFF if quiet is None else f"{quiet[0]:%H:%M}-{quiet[1]:%H:%M}"
    return [Fault("campaign_hours", "hours_until", {"hours_from": body["hours_from"],
                                                    "hours_until": body["hours_until"], "quiet": shown})]


def _meet(hours: tuple[time, time], quiet: tuple[time, time]) -> bool:
    """Whether two spans of a day share a moment; the quiet one may go over midnight."""
    begin, end = quiet
    if begin < end:
        return hours[0] < end and begin < hours[1]
    return hours[1] > begin or hours[0] < end
