"""Keyed hashes of the words by which requests are found; requests of a unit by state and by service."""

from alembic import op

revision = "requests0009"
down_revision = "requests0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE found_by (
  key bigint NOT NULL,
  unit text NOT NULL,
  request_id uuid NOT NULL,
  PRIMARY KEY (key, unit, request_id)
);
CREATE INDEX request_by_state ON request (unit, state, id);
CREATE INDEX request_by_service ON request (unit, service_code, id);
CREATE INDEX request_by_service_state ON request (unit, service_code, state, id);
"""


def upgrade() -> None:
    op.execute(TABLES)
