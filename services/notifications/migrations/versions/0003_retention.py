"""To be filled: retention."""

from alembic import op

revision = "notifications0003"
down_revision = "notifications0002"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
