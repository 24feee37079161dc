"""Statements that come over the wire, the holidays that move the day on which a rail's transfer is expected, and
collections of the whole node beside those of its units."""

from alembic import op

revision = "payments0009"
down_revision = "payments0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE statement_upload (
  id uuid PRIMARY KEY,
  rail text NOT NULL,
  format text NOT NULL,
  name text NOT NULL,
  since date NOT NULL,
  until date NOT NULL CHECK (until >= since),
  size integer NOT NULL CHECK (size > 0),
  digest bytea,
  state text NOT NULL CHECK (state IN ('coming', 'waiting', 'read', 'refused')),
  begun_by text NOT NULL,
  begun_at timestamptz NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  next_at timestamptz,
  statement_id uuid REFERENCES statement (id),
  faults jsonb,
  CHECK (state <> 'waiting' OR digest IS NOT NULL)
);
CREATE INDEX statement_upload_open ON statement_upload (begun_at) WHERE state IN ('coming', 'waiting');
CREATE TABLE statement_piece (
  upload_id uuid NOT NULL REFERENCES statement_upload (id),
  number integer NOT NULL CHECK (number >= 0),
  content bytea NOT NULL,
  PRIMARY KEY (upload_id, number)
);
CREATE TABLE holiday (
  code text PRIMARY KEY,
  timeline jsonb NOT NULL
);
CREATE INDEX collected_unit ON collected (dimension, unit, day);
CREATE INDEX day_balance_unit ON day_balance (unit, day);
CREATE INDEX day_balance_day ON day_balance (day);
INSERT INTO collected (dimension, unit, key, day, amount, receipts)
SELECT dimension, '*', key, day, sum(amount), sum(receipts) FROM collected GROUP BY dimension, key, day;
"""


def upgrade() -> None:
    op.execute(TABLES)
