"""Charges at the centre's rails for bills of nodes, and what was reported of them."""

from alembic import op

revision = "payments0010"
down_revision = "payments0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE charge (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  node text NOT NULL,
  bill_id uuid NOT NULL,
  bill_number text NOT NULL,
  service_code text NOT NULL,
  rail text NOT NULL,
  merchant_reference text NOT NULL,
  state text NOT NULL CHECK (state IN ('wished', 'pending', 'paid', 'failed', 'expired', 'cancelled', 'refused',
                                       'withdrawn')),
  amount bigint NOT NULL CHECK (amount > 0),
  shares jsonb NOT NULL,
  expires_at timestamptz,
  wished_at timestamptz NOT NULL,
  taken_at timestamptz NOT NULL,
  reference text,
  pay_url text,
  paid_amount bigint,
  paid_at timestamptz,
  attempts integer NOT NULL,
  next_at timestamptz,
  error text,
  UNIQUE (rail, merchant_reference)
);
CREATE INDEX charge_reference ON charge (rail, reference) WHERE reference IS NOT NULL;
CREATE INDEX charge_due ON charge (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX charge_unreferenced ON charge (rail, taken_at) WHERE state = 'wished';
CREATE INDEX charge_node ON charge (node, id);
CREATE TABLE charge_withdrawal (
  wish_id uuid PRIMARY KEY,
  taken_at timestamptz NOT NULL
);
CREATE TABLE charge_report (
  charge_id uuid NOT NULL REFERENCES charge (id),
  news text NOT NULL,
  status text NOT NULL,
  amount bigint NOT NULL,
  source text NOT NULL,
  body text,
  digest bytea,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (charge_id, news, status, amount)
);
CREATE INDEX charge_report_kept ON charge_report (taken_at) WHERE body IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
