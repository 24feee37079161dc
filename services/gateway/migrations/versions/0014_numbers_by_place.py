"""Blocks of numbers from before a writing-off are told by their places in the node's stream, no more by times.

Of what is here no place is known: after a writing-off it counts as reserved before, and where one was, the next hello
of the node says from where on blocks count. Going back, blocks count that are reserved from then on.
"""

from alembic import op

revision = "gateway0014"
down_revision = "gateway0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE national_number ADD COLUMN epoch integer, ADD COLUMN sequence bigint")
    op.execute("ALTER TABLE link_sent ALTER COLUMN numbers_since TYPE jsonb "
               "USING CASE WHEN numbers_since IS NOT NULL THEN CAST('{}' AS jsonb) END, "
               "ADD COLUMN numbers_awaited jsonb NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    # The last UUIDv7 of this moment.
    op.execute("ALTER TABLE link_sent DROP COLUMN numbers_awaited, ALTER COLUMN numbers_since TYPE uuid "
               "USING CASE WHEN numbers_since IS NOT NULL THEN CAST(lpad(to_hex(CAST(extract(epoch FROM now()) * 1000 "
               "AS bigint)), 12, '0') || '7fffbfffffffffffffff' AS uuid) END")
    op.execute("ALTER TABLE national_number DROP COLUMN epoch, DROP COLUMN sequence")
