"""To be filled: speed."""

from alembic import op

revision = "requests0014"
down_revision = "requests0013"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
