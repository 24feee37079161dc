"""When a request was last heard of, so that its contact does not stay for ever."""

from alembic import op

revision = "notifications0003"
down_revision = "notifications0001"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE recipient ADD COLUMN heard_at timestamptz NOT NULL DEFAULT clock_timestamp();
CREATE INDEX recipient_heard ON recipient (heard_at) WHERE contact IS NOT NULL AND outcome IS NOT NULL;
CREATE INDEX message_made ON message (created_at);
"""


def upgrade() -> None:
    op.execute(TABLES)
