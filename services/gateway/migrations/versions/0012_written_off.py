"""What a restored place still waits for, what of it was written off, and which numbers of a governorate then count."""

from alembic import op

revision = "gateway0012"
down_revision = "gateway0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE link_sent ADD COLUMN lost jsonb NOT NULL DEFAULT '{}', "
               "ADD COLUMN written_off jsonb NOT NULL DEFAULT '{}', ADD COLUMN numbers_since uuid")


def downgrade() -> None:
    op.execute("ALTER TABLE link_sent DROP COLUMN lost, DROP COLUMN written_off, DROP COLUMN numbers_since")
