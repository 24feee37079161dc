"""A request may be billed again for the same entry, when money that did not fit was sent back. `collection`: the
journals by which a bill counts as collected."""

from alembic import op

revision = "payments0003"
down_revision = "payments0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE bill ADD COLUMN attempt integer NOT NULL DEFAULT 1")
    op.execute("ALTER TABLE bill ALTER COLUMN attempt DROP DEFAULT")
    op.execute("ALTER TABLE bill DROP CONSTRAINT bill_entry")
    op.execute("ALTER TABLE bill ADD CONSTRAINT bill_entry UNIQUE (request_id, stage, entry, attempt)")
    op.execute("CREATE VIEW collection AS SELECT id, bill_id, at FROM journal "
               "WHERE kind IN ('cash_receipt', 'rail_receipt', 'held_applied')")
