"""Requests are found in the index of words also from their own side; the number under which a relation was declared is
kept sealed, so that its hash can be computed under another key; what silence measures time by over a restart."""

from alembic import op

revision = "requests0013"
down_revision = "requests0012"
branch_labels = None
depends_on = None

TABLES = """
CREATE INDEX found_by_request ON found_by (request_id);
ALTER TABLE declared_relation ADD COLUMN number text;
CREATE INDEX audit_reopenings ON audit USING gin ((details -> 'requests')) WHERE action = 'reopening.read';
ALTER TABLE silence_clock ADD COLUMN boot_id text, ADD COLUMN boot_seconds double precision;
"""


def upgrade() -> None:
    op.execute(TABLES)
