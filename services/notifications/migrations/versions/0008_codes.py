"""One-time codes."""

from alembic import op

revision = "notifications0008"
down_revision = "notifications0007"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE code_challenge (
  id uuid PRIMARY KEY,
  purpose text NOT NULL,
  phone text NOT NULL,
  phone_key bytea NOT NULL,
  code_hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  tries uuid[] NOT NULL DEFAULT '{}',
  ended text,
  ended_at timestamptz
);
CREATE INDEX code_challenge_open ON code_challenge (phone_key) WHERE ended IS NULL;
CREATE INDEX code_challenge_expiry ON code_challenge (expires_at);
CREATE TABLE code_count (
  key bytea NOT NULL,
  window_start timestamptz NOT NULL,
  count integer NOT NULL,
  PRIMARY KEY (key, window_start)
);
CREATE INDEX code_count_window ON code_count (window_start);
CREATE TABLE code_last (
  key bytea PRIMARY KEY,
  at timestamptz NOT NULL
);
CREATE INDEX code_last_at ON code_last (at);
"""


def upgrade() -> None:
    op.execute(TABLES)
