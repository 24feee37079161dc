"""Providers of a channel: their shares, and how these came about; signatures of callbacks that were taken."""

from alembic import op

revision = "notifications0006"
down_revision = "notifications0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE provider_share (
  name text PRIMARY KEY,
  channel text NOT NULL,
  version integer NOT NULL,
  weight smallint NOT NULL CHECK (weight BETWEEN 1 AND 100),
  set_weight smallint CHECK (set_weight BETWEEN 1 AND 100),
  health smallint NOT NULL CHECK (health BETWEEN 10 AND 100),
  is_on boolean NOT NULL,
  stepped_at timestamptz
);
CREATE TABLE provider_change (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL,
  channel text NOT NULL,
  name text NOT NULL,
  what text NOT NULL,
  reason text NOT NULL,
  actor_id text NOT NULL,
  actor_kind text NOT NULL,
  before jsonb,
  after jsonb,
  figures jsonb NOT NULL
);
CREATE INDEX provider_change_channel ON provider_change (channel, id);
CREATE TABLE provider_callback (
  signature bytea PRIMARY KEY,
  provider text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX provider_callback_at ON provider_callback (at);
"""
STANDS = """
CREATE FUNCTION provider_change_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END $$;
"""
TRIGGER = """
CREATE TRIGGER provider_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON provider_change
  FOR EACH STATEMENT EXECUTE FUNCTION provider_change_stands();
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(STANDS)
    op.execute(TRIGGER)
