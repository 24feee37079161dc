"""The cashier's counter: counters, shifts and what moves in their drawers, void numbers of receipt books, prints."""

from alembic import op

revision = "payments0005"
down_revision = "payments0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE counter (
  code text PRIMARY KEY,
  unit text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('window', 'post_office', 'device')),
  name jsonb NOT NULL,
  registered_by text NOT NULL,
  registered_at timestamptz NOT NULL
);
CREATE INDEX counter_unit ON counter (unit);
CREATE TABLE shift (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  counter text NOT NULL REFERENCES counter (code),
  unit text NOT NULL,
  cashier text NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'closed', 'approved')),
  opened_at timestamptz NOT NULL,
  opening bigint NOT NULL CHECK (opening >= 0),
  closed_at timestamptz,
  expected bigint,
  counted bigint CHECK (counted >= 0),
  pieces jsonb,
  difference bigint,
  deposited bigint CHECK (deposited >= 0),
  reason text,
  approved_at timestamptz,
  approved_by text CHECK (approved_by <> cashier),
  note text,
  CHECK (state = 'open' OR (closed_at IS NOT NULL AND difference = counted - expected)),
  CHECK (difference = 0 OR reason IS NOT NULL),
  CHECK ((state = 'approved') = (approved_by IS NOT NULL))
);
CREATE UNIQUE INDEX shift_of_cashier ON shift (cashier) WHERE state = 'open';
CREATE UNIQUE INDEX shift_at_counter ON shift (counter) WHERE state = 'open';
CREATE INDEX shift_unit ON shift (unit, state, opened_at);
CREATE TABLE shift_move (
  journal_id uuid PRIMARY KEY REFERENCES journal (id),
  shift_id uuid NOT NULL REFERENCES shift (id),
  kind text NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0)
);
CREATE INDEX shift_move_shift ON shift_move (shift_id);
CREATE TABLE shift_slip (
  payment_id uuid PRIMARY KEY REFERENCES payment (id),
  shift_id uuid NOT NULL REFERENCES shift (id),
  terminal_id text NOT NULL,
  batch text NOT NULL,
  amount bigint NOT NULL
);
CREATE INDEX shift_slip_shift ON shift_slip (shift_id);
CREATE TABLE receipt_void (
  book text NOT NULL,
  serial bigint NOT NULL CHECK (serial > 0),
  reason text NOT NULL,
  voided_by text NOT NULL,
  voided_at timestamptz NOT NULL,
  PRIMARY KEY (book, serial)
);
CREATE TABLE receipt_print (
  receipt_number text NOT NULL REFERENCES receipt (number),
  copy integer NOT NULL CHECK (copy > 0),
  paper text NOT NULL,
  reason text,
  printed_by text NOT NULL,
  printed_at timestamptz NOT NULL,
  PRIMARY KEY (receipt_number, copy),
  CHECK (copy = 1 OR reason IS NOT NULL)
);
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("shift_move", "shift_slip", "receipt_void", "receipt_print"):
        op.execute(f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                   "FOR EACH STATEMENT EXECUTE FUNCTION books_append_only()")
