"""The organisation: what was approved of it, version by version."""

from alembic import op

revision = "catalog0003"
down_revision = "catalog0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE organisation_entity (
  kind text NOT NULL,
  code text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  op text NOT NULL CHECK (op IN ('add', 'change', 'close')),
  valid_from date NOT NULL,
  valid_until date CHECK (valid_until > valid_from),
  body jsonb CHECK ((op = 'close') = (body IS NULL)),
  proposal_id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (kind, code, version)
);
CREATE INDEX organisation_of_proposal ON organisation_entity (proposal_id);
CREATE TABLE organisation_state (
  "only" boolean PRIMARY KEY CHECK ("only"),
  version bigint NOT NULL
);
INSERT INTO organisation_state ("only", version) VALUES (true, 0);
"""

UNCHANGING = """
CREATE FUNCTION organisation_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an approved change of the organisation never changes' USING ERRCODE = '42501';
END $$
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(UNCHANGING)
    op.execute(
        "CREATE TRIGGER organisation_entity_stands BEFORE UPDATE OR DELETE ON organisation_entity "
        "FOR EACH ROW EXECUTE FUNCTION organisation_stands()"
    )
