"""Requests are found in the index of words also from their own side."""

from alembic import op

revision = "requests0013"
down_revision = "requests0012"
branch_labels = None
depends_on = None

TABLES = """
CREATE INDEX found_by_request ON found_by (request_id);
"""


def upgrade() -> None:
    op.execute(TABLES)
