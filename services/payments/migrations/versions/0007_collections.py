"""To be filled: collections."""

from alembic import op

revision = "payments0007"
down_revision = "payments0006"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
