"""Answers of agencies to letters, as they came."""

from alembic import op

revision = "requests0021"
down_revision = "requests0020"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE letter ADD COLUMN answer_opinion text, ADD COLUMN answer_agency jsonb;
CREATE TABLE letter_answer (
  id uuid NOT NULL,
  number text NOT NULL,
  letter_id uuid,
  request_id uuid,
  unit text,
  body text NOT NULL,
  agency text NOT NULL,
  agency_name jsonb NOT NULL,
  opinion text NOT NULL,
  answered_on date NOT NULL,
  reference text,
  note text,
  box text,
  given_at timestamptz NOT NULL,
  arrived_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('recorded', 'aside', 'seen')),
  why text,
  settled_at timestamptz,
  settled_by text,
  remark text,
  PRIMARY KEY (id)
);
CREATE INDEX letter_answer_aside ON letter_answer (id) WHERE state = 'aside';
CREATE INDEX letter_answer_request ON letter_answer (request_id);
"""


def upgrade() -> None:
    op.execute(TABLES)
