"""Held money that goes back as a refund of two persons, disputes that two persons decide, forged callbacks counted,
requests found by tracking number."""

from alembic import op

revision = "payments0008"
down_revision = "payments0007"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE review ADD COLUMN refund_id uuid;
ALTER TABLE refund ADD COLUMN review_id uuid REFERENCES review (id);
ALTER TABLE refund ALTER COLUMN bill_id DROP NOT NULL;
ALTER TABLE refund ADD CONSTRAINT refund_of_something
  CHECK ((bill_id IS NOT NULL OR review_id IS NOT NULL) AND (credit_id IS NULL OR review_id IS NULL));
ALTER TABLE refund DROP CONSTRAINT refund_way_check;
ALTER TABLE refund ADD CONSTRAINT refund_way_check CHECK (way IN ('rail','cash','bank','terminal','portal'));
DROP INDEX refund_one;
CREATE UNIQUE INDEX refund_one ON refund (coalesce(review_id, credit_id, bill_id))
  WHERE state IN ('requested','approved','sent','under_way','refused','uncertain');
ALTER TABLE payment DROP CONSTRAINT payment_state_check;
ALTER TABLE payment ADD CONSTRAINT payment_state_check CHECK (state IN
  ('created','pending','paid','failed','expired','cancelled','under_review','returned'));
CREATE INDEX review_payment ON review (payment_id) WHERE settled_at IS NULL AND payment_id IS NOT NULL;
CREATE INDEX request_seen_tracking ON request_seen (tracking_number);
ALTER TABLE dispute ADD CONSTRAINT dispute_two_persons CHECK (closed_by <> opened_by) NOT VALID;
CREATE TABLE forged_callback (
  rail text NOT NULL,
  source text NOT NULL,
  minute timestamptz NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (minute, rail, source)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
