"""To be filled: privacy."""

from alembic import op

revision = "requests0008"
down_revision = "requests0007"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
