"""Deadlines: what is to be judged when, warnings, extensions, acts by silence and what a person must look at."""

from alembic import op

revision = "requests0003"
down_revision = "requests0002"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE request ADD COLUMN judge_on date, ADD COLUMN silence_on date;
CREATE INDEX request_to_judge ON request (judge_on, id) WHERE outcome IS NULL AND judge_on IS NOT NULL;
CREATE INDEX request_silent ON request (silence_on, id) WHERE outcome IS NULL AND silence_on IS NOT NULL;
ALTER TABLE task ADD COLUMN judge_on date, ADD COLUMN warned_at timestamptz, ADD COLUMN breached_at timestamptz,
  ADD COLUMN escalated_to text, ADD COLUMN escalated_at timestamptz;
CREATE INDEX task_to_judge ON task (judge_on, id) WHERE status IN ('open', 'held') AND judge_on IS NOT NULL;
CREATE TABLE warning (
  id uuid NOT NULL,
  request_id uuid NOT NULL,
  task_id uuid,
  period text NOT NULL,
  level text NOT NULL,
  allowance integer NOT NULL,
  due_on date,
  unit text NOT NULL,
  department text,
  role text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX warning_once ON warning (request_id, period, level, allowance, task_id) NULLS NOT DISTINCT;
CREATE INDEX warning_desk ON warning (unit, role, at);
CREATE TABLE extension (
  request_id uuid NOT NULL,
  sequence bigint NOT NULL,
  period text NOT NULL,
  days integer NOT NULL,
  reason text NOT NULL,
  actor_id text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (request_id, sequence)
);
CREATE TABLE deemed (
  request_id uuid NOT NULL,
  period text NOT NULL,
  kind text NOT NULL,
  number text NOT NULL,
  unit text NOT NULL,
  from_state text NOT NULL,
  to_state text NOT NULL,
  due_on date NOT NULL,
  effective_at timestamptz NOT NULL,
  issued_at timestamptz NOT NULL,
  issued_on date NOT NULL,
  signed text NOT NULL,
  PRIMARY KEY (request_id, period),
  UNIQUE (number)
);
CREATE INDEX deemed_day ON deemed (issued_on);
CREATE SEQUENCE deemed_serial;
CREATE TABLE silence_review (
  id uuid NOT NULL,
  version bigint NOT NULL,
  kind text NOT NULL,
  request_id uuid,
  unit text,
  facts jsonb NOT NULL,
  opened_at timestamptz NOT NULL,
  decision text,
  reason text,
  decided_by text,
  decided_at timestamptz,
  PRIMARY KEY (id)
);
CREATE UNIQUE INDEX silence_review_open ON silence_review (kind, request_id) NULLS NOT DISTINCT
  WHERE decided_at IS NULL;
CREATE TABLE silence_clock (seen_until timestamptz);
INSERT INTO silence_clock VALUES (NULL);
CREATE TABLE due_sweep (stamp bigint NOT NULL, after uuid, done boolean NOT NULL);
INSERT INTO due_sweep VALUES (-1, NULL, false);
CREATE TABLE heard (
  source text NOT NULL,
  until timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (source, until)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
