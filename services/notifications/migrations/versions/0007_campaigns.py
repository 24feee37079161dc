"""Messages to many citizens at once."""

from alembic import op

revision = "notifications0007"
down_revision = "notifications0006"
branch_labels = None
depends_on = None

CAMPAIGNS = """
CREATE TABLE campaign (
  id uuid PRIMARY KEY,
  version integer NOT NULL,
  state text NOT NULL CHECK (state IN
    ('draft','submitted','approved','running','paused','done','cancelled','refused')),
  name text NOT NULL,
  unit text,
  wording jsonb NOT NULL,
  not_before timestamptz,
  hours_from time NOT NULL,
  hours_until time NOT NULL CHECK (hours_until > hours_from),
  per_minute integer NOT NULL CHECK (per_minute > 0),
  pause_at_percent smallint NOT NULL CHECK (pause_at_percent BETWEEN 1 AND 100),
  audience_id uuid,
  estimate jsonb,
  written_by text NOT NULL,
  submitted_by text,
  approved_by text,
  approved_at timestamptz,
  reason text,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  recipients integer NOT NULL DEFAULT 0,
  position integer NOT NULL DEFAULT 0,
  used_until timestamptz,
  judged_failed integer NOT NULL DEFAULT 0,
  judged_ended integer NOT NULL DEFAULT 0,
  CONSTRAINT campaign_four_eyes CHECK (approved_by <> written_by AND approved_by <> submitted_by),
  CONSTRAINT campaign_approved CHECK
    (state NOT IN ('approved', 'running', 'paused', 'done') OR approved_by IS NOT NULL)
);
CREATE INDEX campaign_at_work ON campaign (state) WHERE state IN ('approved','running','paused');
CREATE TABLE audience (
  id uuid PRIMARY KEY,
  campaign_id uuid NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('applicants', 'list')),
  state text NOT NULL CHECK (state IN ('receiving', 'reading', 'faulty', 'ready', 'unreadable')),
  chosen jsonb,
  file_name text,
  format text,
  size integer,
  sha256 text,
  columns jsonb NOT NULL DEFAULT '[]',
  fault text,
  fault_params jsonb,
  reached text,
  lines integer NOT NULL DEFAULT 0,
  broken integer NOT NULL DEFAULT 0,
  doubles integer NOT NULL DEFAULT 0,
  unreachable integer NOT NULL DEFAULT 0,
  members integer NOT NULL DEFAULT 0,
  tally jsonb NOT NULL DEFAULT '{}',
  made_by text NOT NULL,
  made_at timestamptz NOT NULL,
  read_at timestamptz,
  accepted_by text
);
CREATE INDEX audience_of ON audience (campaign_id);
CREATE INDEX audience_reading ON audience (made_at) WHERE state = 'reading';
CREATE TABLE audience_piece (
  audience_id uuid NOT NULL REFERENCES audience (id) ON DELETE CASCADE,
  number integer NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (audience_id, number)
);
CREATE TABLE audience_member (
  audience_id uuid NOT NULL REFERENCES audience (id) ON DELETE CASCADE,
  place integer NOT NULL,
  channel text NOT NULL CHECK (channel IN ('sms', 'email')),
  language text NOT NULL,
  address_lookup bytea NOT NULL,
  line integer,
  content text,
  request_id uuid,
  PRIMARY KEY (audience_id, place),
  CHECK ((content IS NULL) <> (request_id IS NULL))
);
CREATE UNIQUE INDEX audience_member_once ON audience_member (audience_id, channel, address_lookup);
CREATE TABLE audience_fault (
  audience_id uuid NOT NULL REFERENCES audience (id) ON DELETE CASCADE,
  line integer NOT NULL,
  number smallint NOT NULL,
  field text,
  code text NOT NULL,
  params jsonb NOT NULL,
  PRIMARY KEY (audience_id, line, number)
);
"""

# One counter is never written by two: what changed is noted beside it and folded in by a timer.
COUNTS = """
CREATE TABLE campaign_delta (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  campaign_id uuid NOT NULL,
  channel text NOT NULL,
  left_state text,
  left_reason text,
  state text NOT NULL,
  reason text NOT NULL,
  count integer NOT NULL,
  at timestamptz NOT NULL
);
CREATE TABLE campaign_count (
  campaign_id uuid NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
  channel text NOT NULL,
  state text NOT NULL,
  reason text NOT NULL,
  count integer NOT NULL,
  PRIMARY KEY (campaign_id, channel, state, reason)
);
CREATE TABLE campaign_minute (
  campaign_id uuid NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
  minute timestamptz NOT NULL,
  sent integer NOT NULL,
  PRIMARY KEY (campaign_id, minute)
);
"""

# What of a campaign was made and not handed over yet; and what narrows an audience of applicants.
OF_MESSAGES = """
CREATE INDEX message_of_campaign ON message (campaign_id)
  WHERE campaign_id IS NOT NULL AND state IN ('created','queued','sending','failed_temporarily');
ALTER TABLE recipient ADD COLUMN service text;
ALTER TABLE recipient ADD COLUMN lodged_at timestamptz;
"""


def upgrade() -> None:
    op.execute(CAMPAIGNS)
    op.execute(COUNTS)
    op.execute(OF_MESSAGES)
