"""Delivery, ratings, complaints, requests to open a request again."""

from alembic import op

revision = "requests0007"
down_revision = "requests0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE delivery (
  licence_id uuid NOT NULL,
  edition integer NOT NULL,
  id uuid NOT NULL,
  at timestamptz NOT NULL,
  actor_id text NOT NULL,
  how text NOT NULL,
  receiver text NOT NULL,
  receiver_name text,
  identity text NOT NULL,
  reference text,
  PRIMARY KEY (licence_id, edition)
);
CREATE TABLE rating_invitation (
  token_key bytea PRIMARY KEY,
  request_id uuid NOT NULL,
  made_at timestamptz NOT NULL
);
CREATE TABLE rating (
  request_id uuid PRIMARY KEY,
  id uuid NOT NULL,
  stars smallint NOT NULL,
  comment text,
  at timestamptz NOT NULL
);
CREATE SEQUENCE complaint_serial;
CREATE TABLE complaint (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  number text NOT NULL UNIQUE,
  request_id uuid NOT NULL,
  unit text NOT NULL,
  kind text NOT NULL,
  text text NOT NULL,
  inquiry_key bytea NOT NULL,
  made_at timestamptz NOT NULL,
  state text NOT NULL,
  level integer NOT NULL,
  due_on date NOT NULL,
  late boolean NOT NULL,
  upheld boolean,
  answer text,
  answered_by text,
  answered_at timestamptz
);
CREATE INDEX complaint_due ON complaint (due_on) WHERE state = 'open' AND NOT late;
CREATE INDEX complaint_open ON complaint (unit, level, due_on, id) WHERE state = 'open';
CREATE INDEX complaint_request ON complaint (request_id);
CREATE TABLE reopening (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  request_id uuid NOT NULL,
  unit text NOT NULL,
  request_version bigint NOT NULL,
  reason text NOT NULL,
  asked_at timestamptz NOT NULL,
  state text NOT NULL,
  decided_by text,
  decided_at timestamptz,
  decision text
);
CREATE UNIQUE INDEX reopening_end ON reopening (request_id, request_version);
CREATE INDEX reopening_asked ON reopening (unit, id) WHERE state = 'asked';
"""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
