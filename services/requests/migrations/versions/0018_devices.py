"""Devices of windows, and the command to wipe one."""

from alembic import op

revision = "requests0018"
down_revision = "requests0017"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE device
  ADD COLUMN kind text NOT NULL DEFAULT 'tablet',
  ADD COLUMN wipe_asked_at timestamp with time zone,
  ADD COLUMN wipe_at_once boolean NOT NULL DEFAULT false,
  ADD COLUMN wiped_at timestamp with time zone,
  ADD COLUMN wiped_lost text,
  ADD COLUMN contacted_at timestamp with time zone;
ALTER TABLE visit_bundle ADD COLUMN channel text NOT NULL DEFAULT 'mobile_district';
"""


def upgrade() -> None:
    op.execute(TABLES)
