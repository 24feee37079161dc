"""Letters of a body that wait for its answer, for whoever looks which one an answer belongs to."""

from alembic import op

revision = "requests0022"
down_revision = "requests0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX letter_waiting ON letter (body, id) WHERE status <> 'answered'")


def downgrade() -> None:
    op.execute("DROP INDEX letter_waiting")
