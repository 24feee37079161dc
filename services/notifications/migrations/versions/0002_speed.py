"""To be filled: speed."""

from alembic import op

revision = "notifications0002"
down_revision = "notifications0001"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
