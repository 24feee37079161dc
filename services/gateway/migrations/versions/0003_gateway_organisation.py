"""The organisation as catalog published it."""

from alembic import op

revision = "gateway0003"
down_revision = "gateway0002"
branch_labels = None
depends_on = None

TABLES = """
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
