"""A backlog for the line without its history: facts like one that a node told, laid into its event log at once."""

from __future__ import annotations

from typing import Any

from chassis import config
from infra.country.places import Place
from rules import numbering
from tests.support.linked import sql

SERVICE, TYPE = "requests", "requests.request.submitted.v1"
AT_ONCE = 50_000
FIRST = 10_000_000  # of their serials; no test comes so far

# As the sequencer places and the relay marks them, but in one statement: they stand in the log, numbered without a gap
# behind what is there, and the node's own bus has had them.
_LAY = """
WITH made AS MATERIALIZED (
  SELECT n, number, gen_random_uuid() AS event_id, gen_random_uuid() AS subject
    FROM unnest(CAST(%(numbers)s AS text[])) WITH ORDINALITY AS given (number, n)
), laid AS (
  INSERT INTO event_log (position, event_id, type, subject, sequence, occurred_at, body)
  SELECT %(last)s + n, event_id, %(type)s, subject, 1, now(),
         convert_to(replace(replace(replace(%(text)s, %(event_id)s, event_id::text), %(subject)s, subject::text),
                            %(number)s, made.number), 'UTF8')
    FROM made RETURNING 1
) SELECT count(*) FROM laid
"""


def pile_up(place: Place, how_many: int) -> int:
    """Lay so many facts into the log of a node whose services do not run; each is a request of its own. Answers the
    bytes of one. The node must have told one such fact before."""
    [sample] = sql(place, SERVICE, "SELECT event_id, subject, convert_from(body, 'UTF8') AS text, "
                                   "convert_from(body, 'UTF8')::jsonb #>> '{data,tracking_number}' AS number "
                                   "FROM event_log WHERE type = %s ORDER BY position LIMIT 1", TYPE)  # fmt: skip
    key = config.load("requests", place.environment("requests")).number_key
    for done in range(0, how_many, AT_ONCE):
        [row] = sql(place, SERVICE, "SELECT max(position) AS last FROM event_log")
        many = range(row.last, row.last + min(AT_ONCE, how_many - done))
        given: dict[str, Any] = {
            "last": row.last, "type": TYPE, "text": sample.text, "event_id": str(sample.event_id),
            "subject": str(sample.subject), "number": sample.number,
            "numbers": [numbering.tracking_number(sample.number[:2], 2026, FIRST + one, key) for one in many],
        }  # fmt: skip
        sql(place, SERVICE, _LAY, given)
    sql(place, SERVICE, "UPDATE event_cursor SET position = (SELECT max(position) FROM event_log) "
                        "WHERE reader IN ('sequencer', 'bus')")
    return len(sample.text.encode())
