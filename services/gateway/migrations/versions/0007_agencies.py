"""Agencies, their agreements and subscriptions."""

from alembic import op

revision = "gateway0007"
down_revision = "gateway0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE agency (
  id uuid PRIMARY KEY,
  code text NOT NULL UNIQUE,
  name_ar text NOT NULL,
  name_en text NOT NULL,
  bodies text[] NOT NULL,
  made_at timestamptz NOT NULL,
  made_by text NOT NULL,
  closed_at timestamptz,
  closed_by text,
  closed_because text,
  version integer NOT NULL
);
ALTER TABLE partner_key ADD COLUMN agency_id uuid REFERENCES agency (id);
CREATE TABLE agreement (
  id uuid PRIMARY KEY,
  agency_id uuid NOT NULL REFERENCES agency (id),
  reference text NOT NULL,
  events text[] NOT NULL,
  services text[],
  governorates text[],
  fields jsonb NOT NULL,
  valid_from date NOT NULL,
  valid_until date NOT NULL CHECK (valid_until >= valid_from),
  made_at timestamptz NOT NULL,
  made_by text NOT NULL,
  ended_at timestamptz,
  ended_by text,
  ended_because text,
  version integer NOT NULL
);
CREATE INDEX agreement_agency ON agreement (agency_id);
CREATE TABLE subscription (
  id uuid PRIMARY KEY,
  agency_id uuid NOT NULL REFERENCES agency (id),
  agreement_id uuid NOT NULL REFERENCES agreement (id),
  name text NOT NULL,
  way text NOT NULL CHECK (way IN ('webhook', 'amqp', 'feed')),
  events text[],
  services text[],
  governorates text[],
  endpoint text,
  mode text,
  signing text,
  secret text,
  public_key text,
  former_secret text,
  former_until timestamptz,
  at_once integer NOT NULL,
  state text NOT NULL CHECK (state IN ('active', 'paused', 'ended')),
  state_at timestamptz NOT NULL,
  state_by text NOT NULL,
  state_because text,
  made_at timestamptz NOT NULL,
  made_by text NOT NULL,
  version integer NOT NULL,
  tested_at timestamptz,
  tested text
);
CREATE INDEX subscription_agency ON subscription (agency_id);
CREATE TABLE subscription_progress (
  subscription_id uuid PRIMARY KEY REFERENCES subscription (id),
  position bigint NOT NULL,
  run uuid,
  moves integer NOT NULL,
  delivered bigint NOT NULL,
  failed bigint NOT NULL,
  failures integer NOT NULL,
  open_until timestamptz,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  last_failure text,
  seen_at timestamptz
);
CREATE TABLE delivery (
  subscription_id uuid NOT NULL REFERENCES subscription (id),
  position bigint NOT NULL,
  event_id uuid NOT NULL,
  node text NOT NULL,
  type text NOT NULL,
  lane uuid NOT NULL,
  received_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'behind', 'dead')),
  attempts integer NOT NULL,
  first_at timestamptz,
  next_at timestamptz,
  last_status integer,
  last_error text,
  PRIMARY KEY (subscription_id, position)
);
CREATE INDEX delivery_due ON delivery (subscription_id, next_at) WHERE state = 'waiting';
CREATE INDEX delivery_lane ON delivery (subscription_id, lane, position);
CREATE INDEX delivery_dead ON delivery (subscription_id, position) WHERE state = 'dead';
CREATE TABLE agency_letter (
  number text PRIMARY KEY,
  letter_id uuid NOT NULL,
  node text NOT NULL,
  body text NOT NULL,
  status text NOT NULL,
  sent_on date,
  answered_on date,
  sequence bigint NOT NULL,
  as_of timestamptz NOT NULL
);
CREATE INDEX agency_letter_body ON agency_letter (body, number);
CREATE TABLE agency_licence (
  serial text PRIMARY KEY,
  node text NOT NULL,
  service_code text NOT NULL,
  unit text NOT NULL,
  state text NOT NULL,
  valid_from date NOT NULL,
  valid_until date,
  successor text,
  sequence bigint NOT NULL,
  as_of timestamptz NOT NULL
);
CREATE TABLE agency_answer (
  id uuid PRIMARY KEY,
  agency_id uuid NOT NULL REFERENCES agency (id),
  number text NOT NULL UNIQUE,
  node text NOT NULL,
  given_at timestamptz NOT NULL,
  given_by text NOT NULL,
  opinion text NOT NULL
);
CREATE INDEX agency_answer_agency ON agency_answer (agency_id, given_at);
CREATE TABLE agency_reader (
  name text PRIMARY KEY,
  position bigint NOT NULL
);
"""


def upgrade() -> None:
    op.execute(TABLES)
