"""Visits of the mobile district, the bundles that tablets took along, and what they did without a line."""

from alembic import op

revision = "requests0011"
down_revision = "requests0010"
branch_labels = None
depends_on = None

TABLES = """
CREATE SEQUENCE visit_serial;
CREATE TABLE visit (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  number text NOT NULL UNIQUE,
  inquiry_key bytea NOT NULL,
  request_id uuid,
  unit text NOT NULL,
  service_code text NOT NULL,
  purpose text NOT NULL,
  state text NOT NULL,
  contact text,
  person_key bytea,
  address text,
  note text,
  language text NOT NULL,
  ordered_at timestamptz NOT NULL,
  ordered_by text NOT NULL,
  preferred_on date,
  device_id uuid,
  clerk_id text,
  day date,
  ended_at timestamptz,
  reason text
);
CREATE INDEX visit_to_plan ON visit (unit, state, id);
CREATE INDEX visit_of_day ON visit (device_id, day) WHERE state IN ('planned', 'out');
CREATE UNIQUE INDEX visit_open_request ON visit (request_id) WHERE state IN ('ordered', 'planned', 'out');
CREATE UNIQUE INDEX visit_open_person ON visit (person_key) WHERE state IN ('ordered', 'planned', 'out');
CREATE INDEX visit_request ON visit (request_id);
CREATE TABLE visit_day (
  device_id uuid NOT NULL,
  day date NOT NULL,
  planned integer NOT NULL,
  PRIMARY KEY (device_id, day)
);
CREATE TABLE visit_bundle (
  id uuid PRIMARY KEY,
  device_id uuid NOT NULL,
  clerk_id text NOT NULL,
  day date NOT NULL,
  issued_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX visit_bundle_once ON visit_bundle (device_id, clerk_id, day);
CREATE TABLE offline_item (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  device_id uuid NOT NULL,
  unit text NOT NULL,
  number bigint NOT NULL,
  kind text NOT NULL,
  told_time text NOT NULL,
  device_time timestamptz,
  arrived_at timestamptz NOT NULL,
  uploaded_by text NOT NULL,
  clerk_id text NOT NULL,
  bundle_id uuid,
  visit_id uuid,
  request_id uuid,
  after_id uuid,
  body text,
  signature text NOT NULL,
  documents jsonb NOT NULL,
  state text NOT NULL,
  codes text[] NOT NULL,
  faults text,
  answer text,
  outcome text,
  waits text,
  again_at timestamptz,
  tries integer NOT NULL,
  accepted text[] NOT NULL,
  happened_at timestamptz,
  settled_at timestamptz,
  settled_by text,
  reason text
);
CREATE INDEX offline_item_device ON offline_item (device_id, number);
CREATE INDEX offline_item_quarantine ON offline_item (unit, id) WHERE state = 'quarantined';
CREATE INDEX offline_item_waiting ON offline_item (again_at) WHERE state = 'quarantined' AND waits IS NOT NULL;
CREATE INDEX offline_item_request ON offline_item (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX offline_item_after ON offline_item (after_id) WHERE after_id IS NOT NULL;
"""


def upgrade() -> None:
    if TABLES:
        op.execute(TABLES)
