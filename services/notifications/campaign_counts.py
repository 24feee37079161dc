"""How far a campaign came, kept as counts: each change of one of its messages notes a difference in its own commit, a
timer folds the differences in, and nobody goes through 200,000 rows to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.database import Each, Statement
from chassis.uow import UnitOfWork
from services.notifications.states import State

AT_ONCE = 5_000  # differences in one fold
RATE_OVER = 5  # minutes by which the present speed is told
WAITING = ("held", "queued", "failed_temporarily")
GONE_OUT = ("sent", "delivered")
PASSED_OVER = "passed_over"  # no message was made: opted out, no address any more, no value

_NOTE = Each(
    "INSERT INTO campaign_delta (campaign_id, channel, left_state, left_reason, state, reason, count, at) "
    "SELECT * FROM {rows}",
    campaign_id="uuid", channel="text", left_state="text", left_reason="text", state="text", reason="text",
    count="integer", at="timestamptz")
_ANY = Statement(text("SELECT count(*) AS n FROM (SELECT FROM campaign_delta LIMIT :most) AS few"))
_ALONE = Statement(text("SELECT pg_advisory_xact_lock(hashtext('notifications.campaign_counts'))"))
_FOLD = Statement(text(f"""
    WITH taken AS (
      DELETE FROM campaign_delta WHERE id IN (SELECT id FROM campaign_delta ORDER BY id LIMIT {AT_ONCE})
      RETURNING campaign_id, channel, left_state, left_reason, state, reason, count, at
    ), moved AS (
      SELECT campaign_id, channel, state, reason, sum(count) AS count FROM (
        SELECT campaign_id, channel, state, reason, count FROM taken
        UNION ALL SELECT campaign_id, channel, left_state, left_reason, -count FROM taken WHERE left_state IS NOT NULL
      ) AS both_ways WHERE campaign_id IN (SELECT id FROM campaign) GROUP BY campaign_id, channel, state, reason
    ), kept AS (
      INSERT INTO campaign_count AS kept (campaign_id, channel, state, reason, count)
      SELECT campaign_id, channel, state, reason, count FROM moved WHERE count <> 0
      ON CONFLICT (campaign_id, channel, state, reason) DO UPDATE SET count = kept.count + excluded.count
    )
    INSERT INTO campaign_minute AS kept (campaign_id, minute, sent)
    SELECT campaign_id, date_trunc('minute', at), sum(count) FROM taken
    WHERE state IN ('sent', 'delivered') AND left_state IS NOT NULL AND left_state NOT IN ('sent', 'delivered')
    AND campaign_id IN (SELECT id FROM campaign) GROUP BY 1, 2
    ON CONFLICT (campaign_id, minute) DO UPDATE SET sent = kept.sent + excluded.sent"""))  # noqa: S608
_COUNTS = Statement(text("""
    SELECT campaign_id, channel, state, reason, sum(count) AS count FROM (
      SELECT campaign_id, channel, state, reason, count FROM campaign_count WHERE campaign_id = ANY(:ids)
      UNION ALL SELECT campaign_id, channel, state, reason, count FROM campaign_delta WHERE campaign_id = ANY(:ids)
      UNION ALL SELECT campaign_id, channel, left_state, left_reason, -count FROM campaign_delta
                WHERE campaign_id = ANY(:ids) AND left_state IS NOT NULL) AS seen
    GROUP BY 1, 2, 3, 4 HAVING sum(count) <> 0 ORDER BY 1, 2, 3, 4""").bindparams(bindparam("ids", type_=ARRAY(Uuid))))
_RATE = Statement(text(
    "SELECT coalesce(sum(sent), 0) AS sent FROM campaign_minute WHERE campaign_id = :campaign_id "
    "AND minute >= :since AND minute <= :until").bindparams(
        bindparam("since", type_=DateTime(timezone=True)), bindparam("until", type_=DateTime(timezone=True))))


def place(state: str, held: str | None, error: str | None) -> tuple[str, str]:
    """Under which state and reason a message counts. Who holds one at this moment (`sending`) is no progress."""
    if state == State.CREATED:
        return "held", held or ""
    if state in (State.QUEUED, State.SENDING):
        return "queued", ""
    if state in (State.SENT, State.DELIVERED):
        return str(state), ""
    return str(state), error or ""


def note_change(work: UnitOfWork, row: Any, state: str, values: Mapping[str, Any]) -> None:
    """A message goes from what `row` says into `state` with these new values. Gathers the difference, if the message
    is of a campaign and there is one."""
    if row.campaign_id is None:
        return
    before = place(row.state, row.held, row.error)
    after = place(state, values["held"], values["error"])
    if before != after:
        work.write(_NOTE, campaign_id=row.campaign_id, channel=row.channel, left_state=before[0],
                   left_reason=before[1], state=after[0], reason=after[1], count=1, at=work.now)


def note_made(work: UnitOfWork, campaign_id: UUID, made: Mapping[tuple[str, str, str], int]) -> None:
    """So many messages were made, or passed over, by (channel, state, reason)."""
    for (channel, state, reason), count in made.items():
        work.write(_NOTE, campaign_id=campaign_id, channel=channel, left_state=None, left_reason=None, state=state,
                   reason=reason, count=count, at=work.now)


def fold(work: UnitOfWork) -> bool:
    """One sweep: take what waits into the counts. True when there is more."""
    waiting = int(work.scalar(_ANY, most=AT_ONCE + 1))
    if waiting:
        work.write(_ALONE)
        work.write(_FOLD)
    return waiting > AT_ONCE


class Counts:
    """The messages of one campaign by channel, state and reason."""

    def __init__(self, rows: Sequence[Any] = ()) -> None:
        self.rows = [{"channel": row.channel, "state": row.state, "reason": row.reason or None,
                      "count": int(row.count)} for row in rows]

    def of(self, *states: str) -> int:
        return sum(row["count"] for row in self.rows if row["state"] in states)

    @property
    def made(self) -> int:
        """Messages that were made; who was passed over got none."""
        return sum(row["count"] for row in self.rows) - self.of(PASSED_OVER)

    @property
    def failed(self) -> int:
        """Those that say something about the list: who stopped messages meanwhile says nothing."""
        return sum(row["count"] for row in self.rows if row["state"] == "failed" and row["reason"] != "opted_out")

    @property
    def ended(self) -> int:
        """Those of which the provider or the time decided. A delivery that is not known yet counts as good."""
        return self.of(*GONE_OUT, "failed", "expired")


def read(work: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, Counts]:
    """The counts of these campaigns, with what is not folded in yet."""
    found: dict[UUID, list[Any]] = {one: [] for one in ids}
    for row in work.all(_COUNTS, ids=list(ids)):
        found[row.campaign_id].append(row)
    return {one: Counts(rows) for one, rows in found.items()}


def rate(work: UnitOfWork, campaign_id: UUID, started_at: datetime, now: datetime) -> float:
    """Messages a minute that went out over the last full minutes and the present one, or since it started if that is
    less, a minute at least."""
    since = now.replace(second=0, microsecond=0) - timedelta(minutes=RATE_OVER)
    sent = work.scalar(_RATE, campaign_id=campaign_id, since=since, until=now)
    return round(int(sent) * 60 / max(60.0, (now - max(since, started_at)).total_seconds()), 1)
