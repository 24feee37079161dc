"""What somebody did, and what was done in a period, is found without reading the whole audit."""

from alembic import op

revision = "chassis0004"
down_revision = "chassis0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE INDEX audit_actor ON audit (actor_id, id);
CREATE INDEX audit_time ON audit USING brin (at) WITH (pages_per_range = 32);
"""


def upgrade() -> None:
    op.execute(TABLES)
