"""Statements of rails and what was found of them, transfers of the bank, periods told to the treasury."""

from alembic import op

revision = "payments0006"
down_revision = "payments0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE statement (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  rail text NOT NULL,
  format text NOT NULL,
  name text NOT NULL,
  digest bytea NOT NULL,
  since date NOT NULL,
  until date NOT NULL CHECK (until >= since),
  state text NOT NULL CHECK (state IN ('reading', 'matching', 'matched', 'received', 'set_aside')),
  last_line integer NOT NULL,
  lines integer NOT NULL,
  imported_by text NOT NULL,
  started_at timestamptz NOT NULL,
  matched_at timestamptz,
  expected_on date,
  gross bigint NOT NULL,
  returned bigint NOT NULL,
  commission bigint NOT NULL,
  agreed_commission bigint NOT NULL,
  received bigint NOT NULL,
  let_go bigint NOT NULL
);
CREATE UNIQUE INDEX statement_digest ON statement (rail, digest) WHERE state <> 'set_aside';
CREATE INDEX statement_days ON statement (rail, since);
CREATE TABLE statement_line (
  statement_id uuid NOT NULL REFERENCES statement (id),
  number integer NOT NULL,
  rail text NOT NULL,
  reference text COLLATE "C",
  merchant_reference text,
  direction text CHECK (direction IN ('payment', 'refund')),
  amount bigint CHECK (amount > 0),
  fee bigint CHECK (fee >= 0),
  at timestamptz,
  day date,
  kind text CHECK (kind IN ('matched', 'other_day', 'amount_differs', 'doubled', 'missing_here', 'broken')),
  journal_id uuid,
  raw text,
  faults jsonb,
  PRIMARY KEY (statement_id, number)
);
CREATE INDEX statement_line_open ON statement_line (statement_id, reference) WHERE kind IS NULL;
CREATE INDEX statement_line_stated ON statement_line (rail, reference);
CREATE INDEX statement_line_raw ON statement_line (statement_id) WHERE raw IS NOT NULL;
CREATE UNIQUE INDEX statement_line_journal ON statement_line (journal_id) WHERE journal_id IS NOT NULL;
CREATE TABLE difference (
  id uuid PRIMARY KEY,
  rail text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('amount_differs', 'doubled', 'missing_here', 'missing_there', 'broken')),
  statement_id uuid NOT NULL REFERENCES statement (id),
  line integer,
  journal_id uuid,
  reference text,
  direction text,
  stated bigint,
  booked bigint,
  day date,
  raised_at timestamptz NOT NULL,
  settled_at timestamptz,
  settled_by text,
  decision text,
  reason text,
  CONSTRAINT difference_of_line UNIQUE (statement_id, line)
);
CREATE INDEX difference_open ON difference (rail, raised_at) WHERE settled_at IS NULL;
CREATE UNIQUE INDEX difference_journal ON difference (journal_id)
  WHERE kind = 'missing_there' AND (decision IS NULL OR decision NOT IN ('found_later', 'set_aside'));
CREATE TABLE bank_line (
  rail text NOT NULL,
  reference text NOT NULL,
  statement_id uuid NOT NULL REFERENCES statement (id),
  account text NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0),
  received_on date NOT NULL,
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (rail, reference)
);
CREATE INDEX journal_at ON journal (at);
CREATE INDEX journal_payment ON journal (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX journal_source_c ON journal (source COLLATE "C") WHERE kind = 'money_held' AND payment_id IS NULL;
CREATE TABLE treasury_period (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  number integer NOT NULL UNIQUE,
  since date NOT NULL,
  until date NOT NULL CHECK (until >= since),
  state text NOT NULL CHECK (state IN ('prepared', 'closed')),
  total bigint NOT NULL,
  prepared_by text NOT NULL,
  prepared_at timestamptz NOT NULL,
  closed_by text CHECK (closed_by <> prepared_by),
  closed_at timestamptz CHECK ((closed_at IS NULL) = (state <> 'closed')),
  csv_digest bytea,
  xml_digest bytea,
  key_id text,
  signature text CHECK ((signature IS NULL) = (state <> 'closed'))
);
CREATE UNIQUE INDEX treasury_one_open ON treasury_period (state) WHERE state = 'prepared';
CREATE TABLE treasury_row (
  period_id uuid NOT NULL REFERENCES treasury_period (id),
  edition bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('collection', 'correction')),
  unit text NOT NULL,
  account text NOT NULL,
  collected bigint NOT NULL,
  returned bigint NOT NULL,
  PRIMARY KEY (period_id, edition, kind, unit, account)
);
"""

# What the treasury was told stands; a preparation writes a new edition.
KEPT = """
CREATE FUNCTION treasury_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'closed' THEN
    RAISE EXCEPTION 'treasury period % is closed', OLD.number USING ERRCODE = '42501';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(KEPT)
    op.execute("CREATE TRIGGER treasury_kept BEFORE UPDATE OR DELETE ON treasury_period "
               "FOR EACH ROW EXECUTE FUNCTION treasury_kept()")
    for table in ("treasury_row", "bank_line"):
        op.execute(f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                   "FOR EACH STATEMENT EXECUTE FUNCTION books_append_only()")
