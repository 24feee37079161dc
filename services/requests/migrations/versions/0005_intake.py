"""Particulars of applicants, documents in pieces and in quarantine, drafts, corrections, the register of numbers."""

from alembic import op

revision = "requests0005"
down_revision = "requests0004"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE request
  ADD COLUMN particulars text,
  ADD COLUMN holder text,
  ADD COLUMN corrected integer DEFAULT 0 NOT NULL;
ALTER TABLE document
  ADD COLUMN status text DEFAULT 'quarantined' NOT NULL,
  ADD COLUMN verdict text,
  ADD COLUMN checked_at timestamp with time zone,
  ADD COLUMN kept_until timestamp with time zone,
  ALTER COLUMN content DROP NOT NULL;
CREATE INDEX document_quarantined ON document (id) WHERE status = 'quarantined';
CREATE TABLE document_piece (
  document_id uuid NOT NULL,
  number integer NOT NULL,
  content bytea NOT NULL,
  size integer NOT NULL,
  PRIMARY KEY (document_id, number)
);
CREATE TABLE draft (
  token_key bytea NOT NULL,
  service_code text NOT NULL,
  owner text NOT NULL,
  body text NOT NULL,
  saved_at timestamp with time zone NOT NULL,
  ends_at timestamp with time zone NOT NULL,
  PRIMARY KEY (token_key)
);
CREATE INDEX draft_ends ON draft (ends_at);
CREATE TABLE correction (
  request_id uuid NOT NULL,
  number integer NOT NULL,
  field text NOT NULL,
  before text,
  after text,
  reason text NOT NULL,
  at timestamp with time zone NOT NULL,
  actor_id text NOT NULL,
  PRIMARY KEY (request_id, number, field)
);
CREATE TABLE number_register (
  serial bigint NOT NULL,
  request_id uuid,
  reason text,
  at timestamp with time zone NOT NULL,
  PRIMARY KEY (serial)
);
CREATE TABLE number_mark (
  since bigint NOT NULL,
  explained bigint NOT NULL,
  seen bigint NOT NULL,
  seen_at timestamp with time zone NOT NULL
);
INSERT INTO number_mark
  SELECT drawn + 1, drawn, drawn, now()
  FROM (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS drawn FROM tracking_serial) AS so_far;
"""


def upgrade() -> None:
    op.execute(TABLES)
