"""Bills of several kinds, refunds, credits of citizens, disputes, exemptions and amendments; what a request is billed
under is kept from its first event, so that a fine can be billed to one that never owed a fee."""

from alembic import op

revision = "payments0004"
down_revision = "payments0003"
branch_labels = None
depends_on = None

BILL = """
ALTER TABLE bill DROP CONSTRAINT bill_state_check;
ALTER TABLE bill ADD CONSTRAINT bill_state_check CHECK (state IN ('created','pending','paid','failed','expired',
  'cancelled','under_review','refund_requested','partly_refunded','refunded','disputed'));
ALTER TABLE bill ADD COLUMN kind text NOT NULL DEFAULT 'fee' CHECK (kind IN ('fee','fine','difference'));
ALTER TABLE bill ALTER COLUMN kind DROP DEFAULT;
ALTER TABLE bill ADD COLUMN refunded bigint NOT NULL DEFAULT 0;
ALTER TABLE bill ADD CONSTRAINT bill_refunded_check CHECK (refunded >= 0 AND refunded <= total);
ALTER TABLE bill ALTER COLUMN refunded DROP DEFAULT;
ALTER TABLE request_seen ADD COLUMN tracking_number text;
ALTER TABLE request_seen ADD COLUMN service_code text;
ALTER TABLE request_seen ADD COLUMN service_version integer;
ALTER TABLE request_seen ADD COLUMN unit text;
"""

TABLES = """
CREATE INDEX payment_unreferenced ON payment (rail, started_at) WHERE state = 'created';
CREATE TABLE credit (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  bill_id uuid NOT NULL REFERENCES bill (id),
  payment_id uuid,
  unit text NOT NULL,
  account text NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  refunded bigint NOT NULL CHECK (refunded >= 0 AND refunded <= amount),
  raised_at timestamptz NOT NULL
);
CREATE INDEX credit_bill ON credit (bill_id);
CREATE TABLE refund (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  bill_id uuid NOT NULL REFERENCES bill (id),
  credit_id uuid REFERENCES credit (id),
  payment_id uuid,
  unit text NOT NULL,
  state text NOT NULL
    CHECK (state IN ('requested','approved','sent','under_way','refused','uncertain','done','rejected')),
  way text NOT NULL CHECK (way IN ('rail','cash','bank','terminal')),
  rail text CHECK (rail IS NOT NULL OR way IN ('cash','bank')),
  amount bigint NOT NULL CHECK (amount > 0),
  parts jsonb NOT NULL,
  reason text NOT NULL,
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL,
  decided_by text CHECK (decided_by <> requested_by OR state = 'rejected'),
  decided_at timestamptz,
  decision_reason text,
  attempts integer NOT NULL,
  next_at timestamptz,
  reference text,
  error text,
  done_by text,
  done_at timestamptz,
  CHECK (state IN ('requested','rejected') OR decided_by IS NOT NULL),
  CHECK ((state = 'done') = (done_at IS NOT NULL))
);
CREATE INDEX refund_bill ON refund (bill_id);
CREATE INDEX refund_due ON refund (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX refund_waiting ON refund (requested_at)
  WHERE state IN ('requested','approved','sent','under_way','refused','uncertain');
CREATE UNIQUE INDEX refund_one ON refund (coalesce(credit_id, bill_id))
  WHERE state IN ('requested','approved','sent','under_way','refused','uncertain');
CREATE TABLE dispute (
  id uuid PRIMARY KEY,
  bill_id uuid NOT NULL REFERENCES bill (id),
  state text NOT NULL CHECK (state IN ('opened','won','lost')),
  amount bigint NOT NULL CHECK (amount > 0),
  reason text NOT NULL,
  reference text,
  opened_by text NOT NULL,
  opened_at timestamptz NOT NULL,
  closed_by text,
  closed_at timestamptz,
  closing_reason text,
  CHECK ((state = 'opened') = (closed_at IS NULL))
);
CREATE UNIQUE INDEX dispute_open ON dispute (bill_id) WHERE state = 'opened';
CREATE TABLE bill_change (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  bill_id uuid NOT NULL REFERENCES bill (id),
  kind text NOT NULL CHECK (kind IN ('exemption','amendment')),
  state text NOT NULL CHECK (state IN ('requested','approved','rejected','void')),
  unit text NOT NULL,
  old_lines jsonb NOT NULL,
  old_total bigint NOT NULL,
  new_lines jsonb NOT NULL,
  new_total bigint NOT NULL CHECK (new_total >= 0),
  reason text NOT NULL,
  legal_basis text CHECK (legal_basis IS NOT NULL OR kind <> 'exemption'),
  requested_by text NOT NULL,
  requested_at timestamptz NOT NULL,
  decided_by text,
  decided_at timestamptz,
  decision_reason text,
  -- what lowers a bill takes a second person
  CHECK (state <> 'approved' OR decided_by <> requested_by OR new_total > old_total)
);
CREATE INDEX bill_change_bill ON bill_change (bill_id);
CREATE UNIQUE INDEX bill_change_one ON bill_change (bill_id) WHERE state = 'requested';
"""


def upgrade() -> None:
    op.execute(BILL)
    op.execute(TABLES)
