"""To be filled: trust."""

from alembic import op

revision = "requests0013"
down_revision = "requests0012"
branch_labels = None
depends_on = None

TABLES = ""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
