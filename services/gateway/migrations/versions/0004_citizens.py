"""Accounts of citizens."""

from alembic import op

revision = "gateway0004"
down_revision = "gateway0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE citizen_account (
  id uuid PRIMARY KEY,
  card text NOT NULL,
  number text NOT NULL,
  number_key bytea NOT NULL,
  phone text NOT NULL,
  phone_key bytea NOT NULL,
  language text NOT NULL,
  made_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  bound_at timestamptz,
  bound_by text,
  bound_unit text,
  bound_reason text,
  ended_at timestamptz,
  tell_since timestamptz
);
CREATE UNIQUE INDEX citizen_account_once ON citizen_account (number_key, phone_key) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX citizen_bound_person ON citizen_account (number_key)
  WHERE bound_at IS NOT NULL AND ended_at IS NULL;
CREATE UNIQUE INDEX citizen_bound_phone ON citizen_account (phone_key)
  WHERE bound_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX citizen_to_tell ON citizen_account (tell_since) WHERE tell_since IS NOT NULL;
CREATE TABLE citizen_session (
  id uuid PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE,
  account_id uuid NOT NULL REFERENCES citizen_account (id),
  telephone boolean NOT NULL,
  opened_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX citizen_session_account ON citizen_session (account_id);
CREATE INDEX citizen_session_expiry ON citizen_session (expires_at);
CREATE TABLE citizen_challenge (
  id uuid PRIMARY KEY,
  purpose text NOT NULL,
  card text NOT NULL,
  number text NOT NULL,
  language text NOT NULL,
  started_by text NOT NULL,
  unit text,
  reason text,
  expires_at timestamptz NOT NULL
);
CREATE INDEX citizen_challenge_expiry ON citizen_challenge (expires_at);
"""


def upgrade() -> None:
    op.execute(TABLES)
