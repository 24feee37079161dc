"""When each retention rule last ran to its end, and how far hashes have come under a new look-up key."""

from alembic import op

from chassis.tables import rekey_progress, retention_run

revision = "chassis0003"
down_revision = "chassis0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    retention_run.create(op.get_bind(), checkfirst=True)
    rekey_progress.create(op.get_bind(), checkfirst=True)
