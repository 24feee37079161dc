"""To be filled: afterwards."""

from alembic import op

revision = "requests0007"
down_revision = "requests0006"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
