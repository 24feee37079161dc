"""Published definitions, and the promise that they never change."""

from alembic import op

from services.catalog.tables import metadata

revision = "catalog0001"
down_revision = None
branch_labels = ("catalog",)
depends_on = ("chassis0001",)

UNCHANGING = """
CREATE FUNCTION published_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a published definition never changes' USING ERRCODE = '42501';
END $$
"""


def upgrade() -> None:
    metadata.create_all(op.get_bind())
    op.execute(UNCHANGING)
    op.execute(
        "CREATE TRIGGER definition_stands BEFORE UPDATE OR DELETE ON definition "
        "FOR EACH ROW EXECUTE FUNCTION published_stands()"
    )
