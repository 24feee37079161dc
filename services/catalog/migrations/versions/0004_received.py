"""Entities of the organisation that the centre keeps, as it told them last."""

from alembic import op

revision = "catalog0004"
down_revision = "catalog0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE organisation_received (
  kind text NOT NULL,
  code text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  timeline jsonb NOT NULL,
  epoch integer NOT NULL,
  sequence bigint NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (kind, code)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
