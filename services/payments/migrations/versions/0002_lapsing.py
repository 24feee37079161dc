"""Which payment states of a definition a request leaves when its bill expires: only those bills have a last day."""

from alembic import op

revision = "payments0002"
down_revision = "payments0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE definition ADD COLUMN lapsing jsonb NOT NULL DEFAULT '[]'")
    op.execute("ALTER TABLE definition ALTER COLUMN lapsing DROP DEFAULT")
