"""How far the sealing anew under a new key has come, and the one other change that the log allows: the same event with
its sealed values under another key."""

from alembic import op

from chassis.tables import reseal_progress

revision = "chassis0002"
down_revision = "chassis0001"
branch_labels = None
depends_on = None

# Reached only where the trigger's condition holds, so that placing an event stays free of charge.
EVENT_PLACED = """
CREATE OR REPLACE FUNCTION event_placed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('shubbak.resealing', true) = 'on'
     AND to_jsonb(OLD) - 'body' IS NOT DISTINCT FROM to_jsonb(NEW) - 'body' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'event_log is append-only' USING ERRCODE = '42501';
END $$
"""


def upgrade() -> None:
    reseal_progress.create(op.get_bind(), checkfirst=True)
    op.execute(EVENT_PLACED)
