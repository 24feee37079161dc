"""To be filled: finding."""

from alembic import op

revision = "requests0009"
down_revision = "requests0008"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
