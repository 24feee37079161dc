"""To be filled: speed."""

from alembic import op

revision = "payments0008"
down_revision = "payments0007"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
