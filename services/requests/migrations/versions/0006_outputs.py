"""The register of licences: states, acts and prints; what supersedes what; letters to outside bodies."""

from alembic import op

revision = "requests0006"
down_revision = "requests0005"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE licence
  ADD COLUMN state text NOT NULL DEFAULT 'in_force',
  ADD COLUMN state_at timestamptz,
  ADD COLUMN supersedes text,
  ADD COLUMN succession text,
  ADD COLUMN successor text,
  ADD COLUMN successor_request uuid,
  ADD COLUMN edition integer NOT NULL DEFAULT 1,
  ADD COLUMN copies integer NOT NULL DEFAULT 0;
CREATE INDEX licence_listed ON licence (unit, id);
CREATE INDEX licence_successor_request ON licence (successor_request) WHERE successor_request IS NOT NULL;
CREATE TABLE licence_act (
  licence_id uuid NOT NULL,
  version bigint NOT NULL,
  at timestamptz NOT NULL,
  act text NOT NULL,
  state text NOT NULL,
  edition integer NOT NULL,
  actor_id text NOT NULL,
  reason text,
  other text,
  PRIMARY KEY (licence_id, version)
);
CREATE TABLE licence_print (
  licence_id uuid NOT NULL,
  copy integer NOT NULL,
  edition integer NOT NULL,
  at timestamptz NOT NULL,
  actor_id text NOT NULL,
  actor_kind text NOT NULL,
  purpose text NOT NULL,
  sha256 text NOT NULL,
  PRIMARY KEY (licence_id, copy)
);
CREATE SEQUENCE letter_serial;
CREATE TABLE letter (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  number text UNIQUE,
  request_id uuid NOT NULL,
  entered bigint NOT NULL,
  state text NOT NULL,
  branch text,
  body text NOT NULL,
  unit text NOT NULL,
  status text NOT NULL,
  created_at timestamptz NOT NULL,
  draw_at timestamptz NOT NULL,
  document bytea,
  media_type text,
  sent_on date,
  sent_by text,
  sent_how text,
  sent_reference text,
  answered_on date,
  answered_by text,
  answer_reference text,
  answer_document uuid,
  answer_note text,
  recorded_at timestamptz
);
CREATE INDEX letter_request ON letter (request_id, state, entered);
CREATE INDEX letter_undrawn ON letter (draw_at) WHERE document IS NULL;
"""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
