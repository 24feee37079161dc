"""Which account a request was lodged from."""

from alembic import op

revision = "requests0015"
down_revision = "requests0014"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE request ADD COLUMN account_id uuid;
CREATE INDEX request_account ON request (account_id, id) WHERE account_id IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
