"""Bills, payments through rails, callbacks, receipts, and a ledger that the database itself keeps balanced."""

from alembic import op

revision = "payments0001"
down_revision = None
branch_labels = ("payments",)
depends_on = ("chassis0001",)

TABLES = """
CREATE SEQUENCE bill_serial;
CREATE SEQUENCE receipt_serial;
CREATE TABLE definition (
  code text NOT NULL,
  version integer NOT NULL,
  fees jsonb NOT NULL,
  name jsonb NOT NULL,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (code, version)
);
CREATE TABLE request_seen (
  request_id uuid PRIMARY KEY,
  sequence bigint NOT NULL,
  state_kind text NOT NULL,
  outcome text
);
CREATE TABLE bill (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  number text NOT NULL UNIQUE,
  request_id uuid NOT NULL,
  entry bigint NOT NULL,
  stage text NOT NULL,
  tracking_number text NOT NULL,
  service_code text NOT NULL,
  service_version integer NOT NULL,
  unit text NOT NULL,
  state text NOT NULL CHECK (state IN ('created','pending','paid','failed','expired','cancelled','under_review')),
  total bigint NOT NULL CHECK (total >= 0),
  lines jsonb NOT NULL,
  issued_at timestamptz NOT NULL,
  correlation_id text NOT NULL,
  expires_at timestamptz,
  rail text,
  reference text,
  paid_at timestamptz CHECK (state <> 'paid' OR paid_at IS NOT NULL),
  receipt_number text,
  CONSTRAINT bill_entry UNIQUE (request_id, stage, entry)
);
CREATE INDEX bill_open ON bill (expires_at) WHERE state IN ('created','pending','failed');
CREATE TABLE payment (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  bill_id uuid NOT NULL REFERENCES bill (id),
  rail text NOT NULL,
  merchant_reference text NOT NULL,
  reference text,
  pay_url text,
  state text NOT NULL CHECK (state IN ('created','pending','paid','failed','expired','cancelled','under_review')),
  amount bigint NOT NULL CHECK (amount > 0),
  paid_amount bigint,
  started_at timestamptz NOT NULL,
  expires_at timestamptz,
  settled_at timestamptz,
  attempts integer NOT NULL,
  next_at timestamptz,
  error text,
  CONSTRAINT payment_merchant_reference UNIQUE (rail, merchant_reference)
);
CREATE INDEX payment_bill ON payment (bill_id);
CREATE UNIQUE INDEX payment_live ON payment (bill_id, rail) WHERE state IN ('created','pending');
CREATE UNIQUE INDEX payment_reference ON payment (rail, reference) WHERE reference IS NOT NULL;
CREATE INDEX payment_due ON payment (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE callback (
  rail text NOT NULL,
  reference text NOT NULL,
  status text NOT NULL,
  amount bigint NOT NULL,
  payment_id uuid,
  source text NOT NULL,
  outcome text NOT NULL,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (rail, reference, status, amount)
);
CREATE TABLE review (
  id uuid PRIMARY KEY,
  reason text NOT NULL,
  rail text NOT NULL,
  reference text,
  merchant_reference text,
  payment_id uuid,
  bill_id uuid,
  amount bigint NOT NULL,
  body text,
  raised_at timestamptz NOT NULL,
  settled_at timestamptz,
  settled_by text,
  decision text
);
CREATE INDEX review_open ON review (raised_at) WHERE settled_at IS NULL;
CREATE INDEX review_bill ON review (bill_id);
CREATE TABLE receipt (
  number text PRIMARY KEY,
  bill_id uuid NOT NULL UNIQUE REFERENCES bill (id),
  payment_id uuid,
  way text NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  tendered bigint,
  change bigint CHECK (change = tendered - amount AND change >= 0),
  unit text NOT NULL,
  book text,
  book_serial bigint,
  taken_by text NOT NULL,
  taken_at timestamptz NOT NULL,
  CONSTRAINT receipt_book_serial UNIQUE (book, book_serial)
);
CREATE TABLE receipt_book (
  book text PRIMARY KEY,
  last bigint NOT NULL CHECK (last > 0)
);
CREATE TABLE journal (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  source text NOT NULL UNIQUE,
  bill_id uuid,
  payment_id uuid,
  unit text,
  at timestamptz NOT NULL
);
CREATE TABLE entry (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  journal_id uuid NOT NULL REFERENCES journal (id),
  account text NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0)
);
CREATE INDEX entry_journal ON entry (journal_id);
CREATE INDEX entry_account ON entry (account);
"""

# Books of account are corrected by a further posting, never by changing one.
APPEND_ONLY = """
CREATE FUNCTION books_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '42501';
END $$
"""

# Judged at commit, when all entries of the journal are there: at least two, and their sum is zero.
BALANCED = """
CREATE FUNCTION journal_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  which uuid := CASE TG_TABLE_NAME WHEN 'journal' THEN to_jsonb(NEW)->>'id' ELSE to_jsonb(NEW)->>'journal_id' END;
  entries bigint;
  balance numeric;
BEGIN
  SELECT count(*), coalesce(sum(amount), 0) INTO entries, balance FROM entry WHERE journal_id = which;
  IF entries < 2 OR balance <> 0 THEN
    RAISE EXCEPTION 'journal % has % entries and a balance of %', which, entries, balance USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(APPEND_ONLY)
    op.execute(BALANCED)
    for table in ("journal", "entry", "receipt", "callback"):
        op.execute(f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                   "FOR EACH STATEMENT EXECUTE FUNCTION books_append_only()")
    for table in ("journal", "entry"):
        op.execute(f"CREATE CONSTRAINT TRIGGER {table}_balanced AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED "
                   "FOR EACH ROW EXECUTE FUNCTION journal_balanced()")
