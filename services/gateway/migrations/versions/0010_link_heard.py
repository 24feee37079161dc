"""In which of our own epochs a peer was last heard that had nothing of our former ones to give back any more."""

from alembic import op

revision = "gateway0010"
down_revision = "gateway0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE link_sent ADD COLUMN heard_epoch integer NOT NULL DEFAULT 0")
