"""The mobile district: devices, numbers reserved for them, tickets and releases; the register of licence serials."""

from alembic import op

revision = "requests0010"
down_revision = "requests0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE device (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  unit text NOT NULL,
  label text NOT NULL,
  public_key text NOT NULL UNIQUE,
  state text NOT NULL,
  state_at timestamp with time zone NOT NULL,
  registered_at timestamp with time zone NOT NULL,
  registered_by text NOT NULL,
  certificate text,
  certified_by text,
  valid_from timestamp with time zone,
  valid_until timestamp with time zone,
  revoked_at timestamp with time zone
);
CREATE INDEX device_listed ON device (unit, id);
CREATE TABLE device_act (
  device_id uuid NOT NULL,
  version bigint NOT NULL,
  at timestamp with time zone NOT NULL,
  act text NOT NULL,
  state text NOT NULL,
  actor_id text NOT NULL,
  reason text,
  PRIMARY KEY (device_id, version)
);
CREATE TABLE serial_block (
  id uuid PRIMARY KEY,
  device_id uuid NOT NULL,
  kind text NOT NULL,
  reserved_at timestamp with time zone NOT NULL,
  ends_at timestamp with time zone NOT NULL,
  closed_at timestamp with time zone,
  reason text
);
CREATE INDEX serial_block_open ON serial_block (device_id, kind) WHERE closed_at IS NULL;
CREATE INDEX serial_block_ends ON serial_block (ends_at) WHERE closed_at IS NULL;
CREATE TABLE reserved_serial (
  kind text NOT NULL,
  serial bigint NOT NULL,
  number text NOT NULL UNIQUE,
  block_id uuid NOT NULL,
  device_id uuid NOT NULL,
  state text NOT NULL,
  reason text,
  at timestamp with time zone NOT NULL,
  PRIMARY KEY (kind, serial)
);
CREATE INDEX reserved_serial_block ON reserved_serial (block_id);
CREATE INDEX reserved_serial_left ON reserved_serial (device_id, kind) WHERE state = 'reserved';
CREATE TABLE ticket (
  id uuid PRIMARY KEY,
  request_id uuid NOT NULL,
  device_id uuid NOT NULL,
  serial bigint NOT NULL UNIQUE,
  number text NOT NULL UNIQUE,
  stage text NOT NULL,
  amount bigint NOT NULL,
  body text NOT NULL,
  valid_from date NOT NULL,
  valid_until date,
  issued_at timestamp with time zone NOT NULL,
  release_by timestamp with time zone NOT NULL,
  report_by timestamp with time zone NOT NULL,
  state text NOT NULL,
  state_at timestamp with time zone NOT NULL,
  reason text,
  qr text,
  released_at timestamp with time zone,
  device_time timestamp with time zone,
  receipt_number integer,
  clerk text,
  reported_at timestamp with time zone
);
CREATE UNIQUE INDEX ticket_live ON ticket (request_id) WHERE state IN ('issued', 'reported');
CREATE INDEX ticket_device ON ticket (device_id, id);
CREATE UNIQUE INDEX ticket_receipt ON ticket (device_id, receipt_number) WHERE receipt_number IS NOT NULL;
CREATE TABLE release_told (
  id uuid PRIMARY KEY,
  ticket_id uuid NOT NULL,
  device_id uuid NOT NULL,
  receipt_number integer NOT NULL,
  applied text NOT NULL,
  at timestamp with time zone NOT NULL
);
CREATE INDEX release_told_ticket ON release_told (ticket_id);
CREATE INDEX release_told_device ON release_told (device_id, receipt_number);
CREATE TABLE licence_number (
  serial bigint PRIMARY KEY,
  licence_id uuid,
  reason text,
  at timestamp with time zone NOT NULL
);
CREATE TABLE licence_number_mark (
  since bigint NOT NULL,
  explained bigint NOT NULL,
  seen bigint NOT NULL,
  seen_at timestamp with time zone NOT NULL
);
INSERT INTO licence_number_mark
  SELECT drawn + 1, drawn, drawn, now()
  FROM (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS drawn FROM licence_serial) AS so_far;
"""


def upgrade() -> None:
    op.execute(TABLES)
