"""Accounts, sessions, the local guide, the index of bills, counted failures."""

from alembic import op

revision = "gateway0001"
down_revision = None
branch_labels = ("gateway",)
depends_on = ("chassis0001",)

TABLES = """
CREATE TABLE account (
  id uuid PRIMARY KEY,
  username varchar(64) NOT NULL UNIQUE,
  password_hash text NOT NULL,
  display_name varchar(200) NOT NULL,
  roles varchar(40)[] NOT NULL,
  unit varchar(20),
  department varchar(40),
  window_number varchar(20),
  channel varchar(20) NOT NULL,
  active boolean NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL
);
CREATE TABLE session (
  token_hash bytea PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES account (id),
  opened_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);
CREATE TABLE definition (
  code varchar(60) NOT NULL,
  version integer NOT NULL,
  effective_from date NOT NULL,
  document jsonb NOT NULL,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (code, version)
);
CREATE TABLE bill (
  id uuid PRIMARY KEY,
  number varchar(40) NOT NULL UNIQUE,
  tracking_number varchar(40) NOT NULL,
  request_id uuid NOT NULL,
  unit varchar(20) NOT NULL,
  state varchar(20) NOT NULL,
  total bigint NOT NULL,
  sequence bigint NOT NULL
);
CREATE INDEX bill_tracking_number ON bill (tracking_number);
CREATE TABLE failure (
  key bytea NOT NULL,
  window_start timestamptz NOT NULL,
  count integer NOT NULL,
  PRIMARY KEY (key, window_start)
);
CREATE INDEX failure_window ON failure (window_start);
"""


def upgrade() -> None:
    op.execute(TABLES)
