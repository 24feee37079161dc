"""To be filled: intake."""

from alembic import op

revision = "requests0005"
down_revision = "requests0004"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
