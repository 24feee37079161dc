"""Totals kept by day and what commits add to them; those of the books that are there already are counted once."""

from alembic import op

revision = "payments0007"
down_revision = "payments0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE ledger_delta (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  day date NOT NULL,
  account text NOT NULL,
  unit text NOT NULL,
  amount bigint NOT NULL
);
CREATE TABLE collection_delta (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  day date NOT NULL,
  unit text NOT NULL,
  service text NOT NULL,
  way text NOT NULL,
  cashier text NOT NULL,
  amount bigint NOT NULL,
  receipts integer NOT NULL
);
CREATE TABLE day_balance (
  account text NOT NULL,
  unit text NOT NULL,
  day date NOT NULL,
  debit bigint NOT NULL,
  credit bigint NOT NULL,
  closing bigint NOT NULL,
  PRIMARY KEY (account, unit, day)
);
CREATE TABLE balance (
  account text NOT NULL,
  unit text NOT NULL,
  PRIMARY KEY (account, unit)
);
CREATE TABLE collected (
  dimension text NOT NULL CHECK (dimension IN ('unit', 'service', 'way', 'cashier')),
  unit text NOT NULL,
  key text NOT NULL,
  day date NOT NULL,
  amount bigint NOT NULL,
  receipts bigint NOT NULL,
  PRIMARY KEY (dimension, unit, key, day)
);
CREATE INDEX collected_day ON collected (dimension, day);
"""

# Left to the first fold: books from before this version go the way of all others.
COUNTED = """
INSERT INTO ledger_delta (day, account, unit, amount)
SELECT (j.at AT TIME ZONE 'Africa/Cairo')::date, e.account, coalesce(j.unit, ''), e.amount
FROM journal j JOIN entry e ON e.journal_id = j.id ORDER BY e.id;
INSERT INTO collection_delta (day, unit, service, way, cashier, amount, receipts)
SELECT (j.at AT TIME ZONE 'Africa/Cairo')::date, coalesce(j.unit, ''), b.service_code, r.way,
       CASE WHEN r.way = 'cash' THEN r.taken_by ELSE '' END, r.amount, 1
FROM journal j JOIN bill b ON b.id = j.bill_id JOIN receipt r ON r.bill_id = b.id
WHERE j.kind IN ('cash_receipt', 'rail_receipt', 'held_applied') ORDER BY j.at;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(COUNTED)
