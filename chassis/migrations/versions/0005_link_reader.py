"""The line to the centre reads every service's log, and nothing else of it, as the database user `link`."""

from alembic import op

revision = "chassis0005"
down_revision = "chassis0004"
branch_labels = None
depends_on = None

# The user belongs to the server and is made with the databases (infra/database); a server without it has no line.
GRANT = """
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'link') THEN
    GRANT SELECT ON event_log TO link;
  END IF;
END $$
"""


def upgrade() -> None:
    op.execute(GRANT)
