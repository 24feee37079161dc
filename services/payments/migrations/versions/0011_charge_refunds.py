"""Refunds of what the centre's rails took for bills of nodes; a withdrawal that came first is its node's word alone."""

from alembic import op

revision = "payments0011"
down_revision = "payments0010"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE charge_withdrawal ADD COLUMN node text NOT NULL DEFAULT '';
ALTER TABLE charge_withdrawal ALTER COLUMN node DROP DEFAULT;
ALTER TABLE charge_withdrawal DROP CONSTRAINT charge_withdrawal_pkey, ADD PRIMARY KEY (wish_id, node);
CREATE INDEX charge_moment ON charge (coalesce(paid_at, wished_at));
CREATE TABLE charge_refund (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  node text NOT NULL,
  charge_id uuid NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  attempt integer NOT NULL,
  said jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('wished', 'sent', 'under_way', 'done', 'refused', 'uncertain')),
  tries integer NOT NULL,
  next_at timestamptz,
  reference text,
  why text,
  detail text,
  wished_at timestamptz NOT NULL,
  taken_at timestamptz NOT NULL,
  done_at timestamptz,
  settled_by text
);
CREATE INDEX charge_refund_charge ON charge_refund (charge_id);
CREATE UNIQUE INDEX charge_refund_at_rail ON charge_refund (charge_id)
  WHERE state IN ('sent', 'under_way', 'uncertain');
CREATE INDEX charge_refund_due ON charge_refund (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX charge_refund_done ON charge_refund (done_at) WHERE state = 'done';
"""
DOWN = """
DROP TABLE charge_refund;
DROP INDEX charge_moment;
DELETE FROM charge_withdrawal a USING charge_withdrawal b WHERE a.wish_id = b.wish_id AND a.node > b.node;
ALTER TABLE charge_withdrawal DROP CONSTRAINT charge_withdrawal_pkey, ADD PRIMARY KEY (wish_id);
ALTER TABLE charge_withdrawal DROP COLUMN node;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
