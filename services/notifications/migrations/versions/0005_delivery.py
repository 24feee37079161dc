"""Lanes, what holds a message back, and what a citizen chose."""

from alembic import op

revision = "notifications0005"
down_revision = "notifications0004"
branch_labels = None
depends_on = None

MESSAGES = """
ALTER TABLE message ALTER COLUMN request_id DROP NOT NULL;
ALTER TABLE message ALTER COLUMN address DROP NOT NULL;
ALTER TABLE message ALTER COLUMN address_lookup DROP NOT NULL;
ALTER TABLE message ALTER COLUMN content DROP NOT NULL;
ALTER TABLE message ADD COLUMN lane smallint NOT NULL DEFAULT 1;
ALTER TABLE message ADD COLUMN legal boolean NOT NULL DEFAULT false;
ALTER TABLE message ADD COLUMN unit text;
ALTER TABLE message ADD COLUMN held text;
ALTER TABLE message ADD COLUMN campaign_id uuid;
ALTER TABLE message ADD COLUMN queued_at timestamptz;
ALTER TABLE message ADD COLUMN counted_on date;
ALTER TABLE message ADD COLUMN price integer;
CREATE UNIQUE INDEX message_cause_once ON message (cause, channel) WHERE request_id IS NULL;
DROP INDEX message_due;
CREATE INDEX message_due ON message (channel, lane, next_at, id)
  WHERE state IN ('queued','sending','failed_temporarily');
CREATE INDEX message_readable ON message (created_at) WHERE address IS NOT NULL;
CREATE INDEX message_held ON message (channel, next_at) WHERE state = 'created';
CREATE INDEX message_over ON message (channel, expires_at)
  WHERE state IN ('created','queued','sending','failed_temporarily');
"""

PREFERENCES = """
CREATE TABLE preference (
  id uuid PRIMARY KEY,
  version integer NOT NULL,
  channel text NOT NULL,
  address text NOT NULL,
  opted_out_at timestamptz,
  language text,
  changed_at timestamptz NOT NULL
);
CREATE INDEX preference_changed ON preference (changed_at);
CREATE TABLE preference_address (
  lookup bytea PRIMARY KEY,
  preference_id uuid NOT NULL REFERENCES preference (id) ON DELETE CASCADE
);
CREATE INDEX preference_address_of ON preference_address (preference_id);
CREATE TABLE preference_choice (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  preference_id uuid NOT NULL REFERENCES preference (id) ON DELETE CASCADE,
  at timestamptz NOT NULL,
  door text NOT NULL,
  actor_id text,
  opted_out boolean NOT NULL,
  language text
);
CREATE INDEX preference_choice_of ON preference_choice (preference_id, id);
CREATE TABLE address_day (
  lookup bytea NOT NULL,
  day date NOT NULL,
  count integer NOT NULL,
  PRIMARY KEY (lookup, day)
);
CREATE INDEX address_day_day ON address_day (day);
"""


def upgrade() -> None:
    op.execute(MESSAGES)
    op.execute(PREFERENCES)
