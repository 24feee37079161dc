"""Applications lodged at the national portal."""

from alembic import op

revision = "requests0020"
down_revision = "requests0019"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE portal_application (
  id uuid NOT NULL,
  version bigint NOT NULL,
  tracking_number text NOT NULL,
  unit text NOT NULL,
  service_code text NOT NULL,
  state text NOT NULL,
  sealed text,
  parts integer NOT NULL,
  lodged_at timestamptz NOT NULL,
  arrived_at timestamptz NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  told integer NOT NULL DEFAULT 0,
  codes text[] NOT NULL,
  faults text,
  request_id uuid,
  settled_at timestamptz,
  settled_by text,
  reason text,
  PRIMARY KEY (id)
);
CREATE INDEX portal_application_open ON portal_application (id) WHERE state IN ('waiting', 'ready', 'review');
CREATE INDEX portal_application_listed ON portal_application (unit, state, id);

CREATE TABLE portal_part (
  document_id uuid NOT NULL,
  number integer NOT NULL,
  application_id uuid NOT NULL,
  PRIMARY KEY (document_id, number)
);
CREATE INDEX portal_part_application ON portal_part (application_id);
"""


def upgrade() -> None:
    op.execute(TABLES)
