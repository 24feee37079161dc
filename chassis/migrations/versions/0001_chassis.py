"""The chassis's tables, what protects them, and the function that makes a gathered write demand its rows."""

from alembic import op

from chassis.tables import metadata

revision = "chassis0001"
down_revision = None
branch_labels = ("chassis",)
depends_on = None

# Raised inside a gathered write when an update touched another number of rows than it demanded: SQLSTATE 40001, so
# that the whole implicit transaction is undone and the unit of work runs again.
EXPECT = """
CREATE FUNCTION expect_rows(wanted bigint, got bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF wanted <> got THEN
    RAISE EXCEPTION 'expected % rows, touched %', wanted, got USING ERRCODE = '40001';
  END IF;
END $$
"""

# The log and the audit are appended to. The one change allowed is the placing of a row that had no position yet.
APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF TG_TABLE_NAME = 'event_log' AND current_setting('shubbak.retention', true) = 'on' THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  IF OLD.position IS NOT NULL
     OR to_jsonb(OLD) - 'position' - 'hash' IS DISTINCT FROM to_jsonb(NEW) - 'position' - 'hash' THEN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$
"""

EVENT_PLACED = """
CREATE FUNCTION event_placed_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'event_log is append-only' USING ERRCODE = '42501';
END $$
"""


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    op.execute(EXPECT)
    op.execute(APPEND_ONLY)
    op.execute(EVENT_PLACED)
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION append_only()"
    )
    op.execute("CREATE TRIGGER event_log_kept BEFORE DELETE ON event_log FOR EACH ROW EXECUTE FUNCTION append_only()")
    # Placing is the hot path: a WHEN clause on the columns costs nothing, a function body per row would.
    op.execute(
        "CREATE TRIGGER event_log_append_only BEFORE UPDATE ON event_log FOR EACH ROW "
        "WHEN (OLD.position IS NOT NULL OR OLD.body IS DISTINCT FROM NEW.body OR OLD.event_id <> NEW.event_id "
        "OR OLD.type <> NEW.type OR OLD.subject <> NEW.subject OR OLD.sequence <> NEW.sequence "
        "OR OLD.occurred_at <> NEW.occurred_at OR OLD.recorded_at <> NEW.recorded_at) "
        "EXECUTE FUNCTION event_placed_once()"
    )
    op.execute("INSERT INTO event_cursor (reader, position) VALUES ('sequencer', 0), ('bus', 0)")
