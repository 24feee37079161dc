"""Retirements of services, beside the guide's versions."""

from alembic import op

revision = "gateway0002"
down_revision = "gateway0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE retirement (
  code varchar(60) NOT NULL,
  retired_from date NOT NULL,
  reason jsonb,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (code, retired_from)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE retirement")
