"""Files that a head handed to a colleague, why requests were late, and what of a request was to be completed."""

from alembic import op

revision = "requests0019"
down_revision = "requests0018"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE handed_over (
  task_id uuid NOT NULL,
  version bigint NOT NULL,
  request_id uuid NOT NULL,
  holder text,
  receiver text NOT NULL,
  by text NOT NULL,
  reason text,
  at timestamptz NOT NULL,
  PRIMARY KEY (task_id, version)
);
CREATE INDEX handed_over_request ON handed_over (request_id);

CREATE TABLE late_cause (
  id uuid NOT NULL,
  request_id uuid NOT NULL,
  unit text NOT NULL,
  department text,
  service_code text NOT NULL,
  state text NOT NULL,
  due_on date NOT NULL,
  days_late integer NOT NULL,
  cause text NOT NULL,
  measure text NOT NULL,
  words text,
  by text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX late_cause_request ON late_cause (request_id, at);
CREATE INDEX late_cause_unit ON late_cause (unit, at);

CREATE INDEX task_at_desk ON task (unit, due_on) WHERE status IN ('open', 'held');

ALTER TABLE step ADD COLUMN missing jsonb;
"""


def upgrade() -> None:
    op.execute(TABLES)
