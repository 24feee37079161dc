"""To be filled: visits."""

from alembic import op

revision = "requests0011"
down_revision = "requests0010"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
