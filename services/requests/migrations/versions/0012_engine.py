"""To be filled: engine."""

from alembic import op

revision = "requests0012"
down_revision = "requests0011"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
