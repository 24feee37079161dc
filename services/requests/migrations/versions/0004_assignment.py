"""Who is at which desk, who is kept apart from which request, what was taken back; photos and appeals of a step."""

from alembic import op

revision = "requests0004"
down_revision = "requests0003"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE task ADD COLUMN left_by text[] DEFAULT '{}' NOT NULL, ADD COLUMN raised_from text;
CREATE INDEX task_taken ON task (taken_by) WHERE status = 'open' AND taken_by <> 'public';
CREATE INDEX task_held_since ON task (held_at) WHERE status = 'held';
ALTER TABLE step ADD COLUMN legal_reason jsonb;
CREATE TABLE attendance (
  account text NOT NULL,
  unit text NOT NULL,
  department text NOT NULL,
  roles text[] NOT NULL,
  seen_at timestamptz NOT NULL,
  day date NOT NULL,
  given integer NOT NULL,
  PRIMARY KEY (account)
);
CREATE INDEX attendance_desk ON attendance (unit, department, seen_at);
CREATE TABLE apart (
  request_id uuid NOT NULL,
  account text NOT NULL,
  why text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (request_id, account)
);
CREATE INDEX apart_account ON apart (account);
CREATE TABLE relation (
  account text NOT NULL,
  person_key bytea NOT NULL,
  declared_at timestamptz NOT NULL,
  PRIMARY KEY (account, person_key)
);
CREATE TABLE party (
  request_id uuid NOT NULL,
  person_key bytea NOT NULL,
  PRIMARY KEY (request_id, person_key)
);
CREATE INDEX party_person ON party (person_key);
CREATE VIEW person_of_request AS
  SELECT id AS request_id, national_id_key AS person_key FROM request WHERE national_id_key IS NOT NULL
  UNION ALL SELECT request_id, person_key FROM party;
CREATE INDEX relation_person ON relation (person_key);
CREATE TABLE taken_back (
  task_id uuid NOT NULL,
  version bigint NOT NULL,
  request_id uuid NOT NULL,
  holder text NOT NULL,
  by text NOT NULL,
  reason text,
  at timestamptz NOT NULL,
  PRIMARY KEY (task_id, version)
);
CREATE TABLE step_photo (
  document_id uuid NOT NULL,
  request_id uuid NOT NULL,
  sequence bigint NOT NULL,
  caption text,
  PRIMARY KEY (document_id)
);
CREATE INDEX step_photo_request ON step_photo (request_id);
"""


def upgrade() -> None:
    op.execute(TABLES)
