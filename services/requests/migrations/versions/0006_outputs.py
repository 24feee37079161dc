"""To be filled: outputs."""

from alembic import op

revision = "requests0006"
down_revision = "requests0005"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
