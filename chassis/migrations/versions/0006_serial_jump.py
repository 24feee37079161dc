"""Numbers that were left out after a restore."""

from alembic import op

from chassis.tables import serial_jump

revision = "chassis0006"
down_revision = "chassis0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    serial_jump.create(op.get_bind(), checkfirst=True)
