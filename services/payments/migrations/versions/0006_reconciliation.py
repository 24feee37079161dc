"""To be filled: reconciliation."""

from alembic import op

revision = "payments0006"
down_revision = "payments0005"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
