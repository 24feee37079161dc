"""Which of the centre's words about an entity it is that stands here."""

from alembic import op

revision = "catalog0005"
down_revision = "catalog0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE organisation_received ADD COLUMN number bigint NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE organisation_received DROP COLUMN number")
