"""Published definitions, and the promise that they never change."""

from alembic import op

revision = "catalog0001"
down_revision = None
branch_labels = ("catalog",)
depends_on = ("chassis0001",)

TABLES = """
CREATE TABLE definition (
  code text NOT NULL,
  version integer NOT NULL,
  subject uuid NOT NULL,
  effective_from date NOT NULL,
  published_at timestamptz NOT NULL,
  published_by text NOT NULL,
  digest bytea NOT NULL,
  body jsonb NOT NULL,
  PRIMARY KEY (code, version)
);
CREATE INDEX definition_in_force ON definition (code, effective_from, version);
"""

UNCHANGING = """
CREATE FUNCTION published_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a published definition never changes' USING ERRCODE = '42501';
END $$
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(UNCHANGING)
    op.execute(
        "CREATE TRIGGER definition_stands BEFORE UPDATE OR DELETE ON definition "
        "FOR EACH ROW EXECUTE FUNCTION published_stands()"
    )
