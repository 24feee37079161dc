"""To be filled: assignment."""

from alembic import op

revision = "requests0004"
down_revision = "requests0003"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
