"""What the centre asks nodes to do over the line: orders at the centre, what came of them at both ends."""

from alembic import op

revision = "gateway0009"
down_revision = "gateway0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE link_command (
  id uuid PRIMARY KEY,
  node text NOT NULL,
  name text NOT NULL,
  arguments jsonb NOT NULL,
  reason text NOT NULL,
  ordered_by text NOT NULL,
  ordered_at timestamptz NOT NULL,
  until timestamptz NOT NULL,
  outcome text CHECK (outcome IN ('done', 'refused', 'lapsed')),
  code text,
  answer jsonb,
  answered_at timestamptz
);
CREATE INDEX link_command_node ON link_command (node, id);
"""


def upgrade() -> None:
    op.execute(TABLES)
