"""Second factors, keys of partners, refusals at the door."""

from alembic import op

revision = "gateway0005"
down_revision = "gateway0004"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE account ADD COLUMN external_id text UNIQUE;
ALTER TABLE account ADD COLUMN password_temporary boolean NOT NULL DEFAULT false;
ALTER TABLE account ADD COLUMN version integer NOT NULL DEFAULT 1;
ALTER TABLE session ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE session ADD COLUMN how text NOT NULL DEFAULT 'password';
ALTER TABLE session ADD COLUMN telephone boolean NOT NULL DEFAULT false;
ALTER TABLE session ADD COLUMN seen_at timestamptz;
UPDATE session SET seen_at = opened_at;
ALTER TABLE session ALTER COLUMN seen_at SET NOT NULL;
CREATE UNIQUE INDEX session_id ON session (id);
CREATE TABLE second_factor (
  account_id uuid PRIMARY KEY REFERENCES account (id),
  secret text NOT NULL,
  last_step bigint NOT NULL,
  set_up_at timestamptz NOT NULL
);
CREATE TABLE recovery_code (
  account_id uuid NOT NULL REFERENCES account (id),
  code_hash bytea NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (account_id, code_hash)
);
CREATE TABLE partner_key (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  prefix text NOT NULL,
  token_hash bytea NOT NULL UNIQUE,
  scopes text[] NOT NULL,
  units text[],
  per_minute integer NOT NULL,
  made_at timestamptz NOT NULL,
  made_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  revoked_at timestamptz,
  revoked_by text,
  revoked_because text
);
CREATE INDEX partner_key_made ON partner_key (made_at);
CREATE TABLE denial (
  minute timestamptz NOT NULL,
  who text NOT NULL,
  route text NOT NULL,
  permission text NOT NULL,
  unit text NOT NULL,
  code text NOT NULL,
  count integer NOT NULL,
  PRIMARY KEY (minute, who, route, permission, unit, code)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
