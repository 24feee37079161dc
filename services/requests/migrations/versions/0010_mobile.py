"""To be filled: mobile."""

from alembic import op

revision = "requests0010"
down_revision = "requests0009"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
