"""Branches of parallel states, retired services, the organisation as catalog published it."""

from alembic import op

revision = "requests0002"
down_revision = "requests0001"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE step ADD COLUMN branch text, ADD COLUMN verdict text;
ALTER TABLE task ADD COLUMN branch text;
CREATE TABLE retirement (
  code text NOT NULL,
  retired_from date NOT NULL,
  reason jsonb,
  PRIMARY KEY (code, retired_from)
);
CREATE TABLE organisation (
  kind text NOT NULL,
  code text NOT NULL,
  timeline jsonb NOT NULL,
  PRIMARY KEY (kind, code)
);
CREATE TABLE organisation_stamp (stamp bigint NOT NULL);
INSERT INTO organisation_stamp VALUES (0);
"""


def upgrade() -> None:
    op.execute(TABLES)
