"""The sweep over open requests goes by an index of theirs."""

from alembic import op

revision = "requests0014"
down_revision = "requests0013"
branch_labels = None
depends_on = None

TABLES = """
CREATE INDEX request_open_ids ON request (id) WHERE outcome IS NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
