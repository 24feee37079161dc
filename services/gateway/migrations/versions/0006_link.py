"""The line between node and centre."""

from alembic import op

revision = "gateway0006"
down_revision = "gateway0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE link_source (
  peer text NOT NULL,
  service text NOT NULL,
  epoch integer NOT NULL,
  position bigint NOT NULL,
  PRIMARY KEY (peer, service)
);
CREATE TABLE link_out (
  peer text NOT NULL,
  epoch integer NOT NULL,
  sequence bigint NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  subject uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  body bytea NOT NULL,
  key_id text NOT NULL,
  signature bytea NOT NULL,
  stored_at timestamptz NOT NULL,
  PRIMARY KEY (peer, epoch, sequence)
);
CREATE UNIQUE INDEX link_out_event ON link_out (peer, event_id);
CREATE TABLE link_sent (
  peer text PRIMARY KEY,
  epoch integer NOT NULL,
  sent bigint NOT NULL,
  applied bigint NOT NULL,
  backed_up bigint NOT NULL,
  incarnation integer NOT NULL,
  receipt_at timestamptz,
  heard_at timestamptz,
  skew_ms integer,
  version text,
  state text NOT NULL,
  peer_epoch integer NOT NULL,
  peer_counter bigint NOT NULL,
  counter bigint NOT NULL
);
CREATE TABLE link_mark (
  peer text NOT NULL,
  epoch integer NOT NULL,
  applied bigint NOT NULL,
  backed_up bigint NOT NULL,
  PRIMARY KEY (peer, epoch)
);
CREATE TABLE link_held (
  peer text NOT NULL,
  epoch integer NOT NULL,
  sequence bigint NOT NULL,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  key_id text NOT NULL,
  signature bytea NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (peer, epoch, sequence)
);
CREATE TABLE link_parked (
  id uuid PRIMARY KEY,
  peer text NOT NULL,
  epoch integer NOT NULL,
  sequence bigint NOT NULL,
  type text NOT NULL,
  reason text NOT NULL,
  detail text NOT NULL,
  digest bytea NOT NULL,
  position bigint,
  body bytea,
  count bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  settled_at timestamptz,
  settled_by text,
  settled_reason text
);
CREATE UNIQUE INDEX link_parked_same ON link_parked (peer, reason, digest);
CREATE INDEX link_parked_open ON link_parked (peer, last_at) WHERE settled_at IS NULL;
CREATE TABLE link_log (
  position bigint PRIMARY KEY,
  peer text NOT NULL,
  epoch integer NOT NULL,
  sequence bigint NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  subject uuid,
  occurred_at timestamptz,
  body bytea NOT NULL,
  key_id text NOT NULL,
  signature bytea NOT NULL,
  received_at timestamptz NOT NULL,
  parked text,
  hash bytea NOT NULL
);
CREATE UNIQUE INDEX link_log_place ON link_log (peer, epoch, sequence) WHERE parked IS NULL;
CREATE UNIQUE INDEX link_log_event ON link_log (peer, event_id) WHERE parked IS NULL;
CREATE INDEX link_log_parked ON link_log (peer, epoch, sequence) WHERE parked IS NOT NULL;
CREATE INDEX link_log_received ON link_log USING brin (received_at);
CREATE TABLE link_head (
  one boolean PRIMARY KEY CHECK (one),
  position bigint NOT NULL,
  hash bytea NOT NULL
);
INSERT INTO link_head (one, position, hash) VALUES (true, 0, '');
CREATE TABLE link_key (
  peer text NOT NULL,
  key_id text NOT NULL,
  public bytea NOT NULL,
  since_epoch integer NOT NULL,
  since_sequence bigint NOT NULL,
  revoked_epoch integer,
  revoked_sequence bigint,
  PRIMARY KEY (peer, key_id)
);
CREATE TABLE link_count (
  peer text NOT NULL,
  direction text NOT NULL,
  epoch integer NOT NULL,
  day date NOT NULL,
  type text NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (peer, direction, epoch, day, type)
);
CREATE TABLE link_told (
  peer text NOT NULL,
  day date NOT NULL,
  differs jsonb NOT NULL,
  told_at timestamptz NOT NULL,
  PRIMARY KEY (peer, day)
);
CREATE TABLE link_recovered (
  peer text NOT NULL,
  epoch integer NOT NULL,
  sequence bigint NOT NULL,
  event_id uuid NOT NULL,
  type text NOT NULL,
  subject uuid NOT NULL,
  body bytea NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (peer, epoch, sequence)
);
CREATE INDEX link_recovered_subject ON link_recovered (subject);
"""

# What came in is evidence: nothing of it is changed, and only the keeping of logs lets go of the oldest.
APPEND_ONLY = """
CREATE FUNCTION link_log_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('shubbak.retention', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'link_log is append-only' USING ERRCODE = '42501';
END $$;
CREATE TRIGGER link_log_append_only BEFORE UPDATE OR DELETE ON link_log
  FOR EACH ROW EXECUTE FUNCTION link_log_kept();
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(APPEND_ONLY)
