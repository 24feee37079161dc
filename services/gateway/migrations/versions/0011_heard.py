"""Which word of the centre's about an entity stands behind a node's, and in which epoch a check was corrected."""

from alembic import op

revision = "gateway0011"
down_revision = "gateway0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE national_entity ADD COLUMN heard bigint NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE national_request ADD COLUMN corrections_epoch integer NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE national_request DROP COLUMN corrections_epoch")
    op.execute("ALTER TABLE national_entity DROP COLUMN heard")
