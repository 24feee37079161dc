"""To be filled: deadlines."""

from alembic import op

revision = "requests0003"
down_revision = "requests0002"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
