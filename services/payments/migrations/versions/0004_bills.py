"""To be filled: bills."""

from alembic import op

revision = "payments0004"
down_revision = "payments0003"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
