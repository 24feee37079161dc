"""To be filled: counter."""

from alembic import op

revision = "payments0005"
down_revision = "payments0004"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
