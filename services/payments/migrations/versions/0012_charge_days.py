"""Each payment of a charge has its own time, so that sums by day agree with the rail's; what the centre told as given
back is found by its payment."""

from alembic import op

revision = "payments0012"
down_revision = "payments0011"
branch_labels = None
depends_on = None

# Of a charge that was paid more than once the rail's time was kept of the first only; of others it is when we heard.
UP = """
ALTER TABLE charge_report ADD COLUMN paid_at timestamptz;
UPDATE charge_report r SET paid_at = CASE WHEN r.taken_at = (
    SELECT min(o.taken_at) FROM charge_report o WHERE o.charge_id = r.charge_id AND o.status = 'paid')
  THEN coalesce(c.paid_at, r.taken_at) ELSE r.taken_at END FROM charge c WHERE c.id = r.charge_id AND r.status = 'paid';
CREATE INDEX charge_report_paid ON charge_report (paid_at) WHERE status = 'paid';
CREATE INDEX review_given_back ON review (merchant_reference) WHERE reason = 'refund_reported';
"""
DOWN = """
DROP INDEX review_given_back;
DROP INDEX charge_report_paid;
ALTER TABLE charge_report DROP COLUMN paid_at;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
