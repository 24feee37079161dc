# ruff: noqa: S608  (statements are put together from constants of this module)
"""What the boards count: differences that commits add, totals by day they are folded into, what lies open at the desks,
and the same told from the cases themselves (`board_fact`), against which the totals are checked. What happened before
this version is counted once, here."""

from alembic import op

revision = "requests0017"
down_revision = "requests0016"
branch_labels = None
depends_on = None

# What an end meant and by which day it had to come stands in the step from now on: the request's own columns tell of
# its last end alone.
STEPS = """
ALTER TABLE step ADD COLUMN outcome text, ADD COLUMN due_on date;
UPDATE step SET outcome = definition.body #>> ARRAY['workflow', 'states', step.to_state, 'outcome']
FROM request JOIN definition ON definition.code = request.service_code AND definition.version = request.service_version
WHERE request.id = step.request_id
  AND definition.body #>> ARRAY['workflow', 'states', step.to_state, 'outcome'] IS NOT NULL;
UPDATE step SET due_on = request.due_on FROM request WHERE request.id = step.request_id AND step.outcome IS NOT NULL;
"""

COUNTS = ("lodged", "approved", "rejected", "withdrawn", "lapsed", "finished_late", "reopened", "executed", "delivered",
          "arrived", "acted", "acted_late", "overdue", "rated", "complained",
          "finished_seconds", "acted_seconds", "stars")

TABLES = f"""
CREATE TABLE board_delta (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  day date NOT NULL,
  unit text NOT NULL,
  department text NOT NULL,
  account text NOT NULL,
  service text NOT NULL,
  channel text NOT NULL,
  kind text NOT NULL,
  count integer NOT NULL,
  amount bigint NOT NULL
);
CREATE TABLE board_day (
  place text NOT NULL,
  dimension text NOT NULL CHECK (dimension IN ('all', 'unit', 'department', 'person', 'service', 'channel')),
  day date NOT NULL,
  key text NOT NULL,
  {", ".join(f"{name} bigint NOT NULL" for name in COUNTS)},
  PRIMARY KEY (place, dimension, day, key)
);
CREATE TABLE board_desk (
  unit text NOT NULL,
  department text NOT NULL,
  account text NOT NULL,
  open integer NOT NULL,
  late integer NOT NULL,
  late_week integer NOT NULL,
  late_month integer NOT NULL,
  oldest date,
  PRIMARY KEY (unit, department, account)
);
CREATE TABLE board_open (
  unit text NOT NULL,
  service text NOT NULL,
  channel text NOT NULL,
  open integer NOT NULL,
  waiting integer NOT NULL,
  late integer NOT NULL,
  oldest date,
  PRIMARY KEY (unit, service, channel)
);
CREATE TABLE board_looked (at timestamptz NOT NULL);
INSERT INTO board_looked VALUES ('-infinity');
"""

_CAIRO = "AT TIME ZONE 'Africa/Cairo')::date"
FACTS = f"""
CREATE VIEW board_fact AS
WITH ended AS (
  SELECT step.*, lag(outcome) OVER (PARTITION BY request_id ORDER BY sequence) AS before FROM step
), ends AS (
  SELECT ended.request_id, ended.sequence, ended.at, ended.outcome, ended.due_on, request.unit, request.service_code,
         request.channel, request.lodged_at, coalesce(decided.department, '') AS department,
         coalesce(decided.actor_id, '') AS account
  FROM ended JOIN request ON request.id = ended.request_id LEFT JOIN LATERAL (
    SELECT department, actor_id FROM step AS last WHERE last.request_id = ended.request_id
    AND last.sequence <= ended.sequence AND last.department IS NOT NULL
    AND ended.action IS DISTINCT FROM 'silence' AND ended.outcome IN ('approved', 'rejected')
    ORDER BY last.sequence DESC LIMIT 1) AS decided ON true
  WHERE ended.outcome IS NOT NULL
)
SELECT (lodged_at {_CAIRO} AS day, unit, '' AS department, CASE taken_by WHEN 'public' THEN '' ELSE taken_by END
       AS account, service_code AS service, channel, 'lodged' AS kind, 1 AS count, 0::bigint AS amount FROM request
UNION ALL SELECT (at {_CAIRO}, unit, department, account, service_code, channel, outcome, 1,
       floor(extract(epoch FROM at - lodged_at))::bigint FROM ends
UNION ALL SELECT (at {_CAIRO}, unit, department, account, service_code, channel, 'finished_late', 1, 0 FROM ends
  WHERE (at {_CAIRO} > due_on
UNION ALL SELECT (ended.at {_CAIRO}, request.unit, '', '', service_code, channel, 'reopened', 1, 0
  FROM ended JOIN request ON request.id = ended.request_id WHERE ended.before IS NOT NULL
UNION ALL SELECT (licence.issued_at {_CAIRO}, licence.unit, ends.department, ends.account, ends.service_code,
       ends.channel, 'executed', 1, 0
  FROM licence CROSS JOIN LATERAL (SELECT * FROM ends WHERE ends.request_id = licence.request_id
    AND ends.at <= licence.issued_at ORDER BY ends.sequence DESC LIMIT 1) AS ends
UNION ALL SELECT (delivery.at {_CAIRO}, request.unit, '', delivery.actor_id, request.service_code, request.channel,
       'delivered', 1, 0
  FROM delivery JOIN licence ON licence.id = delivery.licence_id JOIN request ON request.id = licence.request_id
UNION ALL SELECT (task.created_at {_CAIRO}, coalesce(task.raised_from, task.unit), task.department, '',
       request.service_code, request.channel, 'arrived', 1, 0 FROM task JOIN request ON request.id = task.request_id
UNION ALL SELECT (task.done_at {_CAIRO}, task.unit, task.department, task.held_by, request.service_code,
       request.channel, acted.kind, 1, CASE acted.kind WHEN 'acted' THEN
       floor(extract(epoch FROM task.done_at - task.created_at))::bigint ELSE 0 END
  FROM task JOIN request ON request.id = task.request_id
  CROSS JOIN LATERAL (VALUES ('acted'), (CASE WHEN (task.done_at {_CAIRO} > task.due_on THEN 'acted_late' END))
    AS acted (kind) WHERE task.status = 'done' AND acted.kind IS NOT NULL
UNION ALL SELECT (warning.at {_CAIRO}, warning.unit, coalesce(warning.department, ''), '', request.service_code,
       request.channel, 'overdue', 1, 0 FROM warning JOIN request ON request.id = warning.request_id
  WHERE warning.level = 'breached' AND warning.period = 'whole' AND warning.task_id IS NULL
UNION ALL SELECT (rating.at {_CAIRO}, request.unit, '', '', request.service_code, request.channel, 'rated', 1, stars
  FROM rating JOIN request ON request.id = rating.request_id
UNION ALL SELECT (complaint.made_at {_CAIRO}, request.unit, '', '', request.service_code, request.channel,
       'complained', 1, 0 FROM complaint JOIN request ON request.id = complaint.request_id;
"""

# Left to the first fold, as what commits add is.
COUNTED = """
INSERT INTO board_delta (day, unit, department, account, service, channel, kind, count, amount)
SELECT day, unit, department, account, service, channel, kind, sum(count), sum(amount) FROM board_fact
GROUP BY day, unit, department, account, service, channel, kind ORDER BY day;
"""


def upgrade() -> None:
    op.execute(STEPS)
    op.execute(TABLES)
    op.execute(FACTS)
    op.execute(COUNTED)
