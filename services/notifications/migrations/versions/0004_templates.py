"""Wordings that people write and review."""

from alembic import op

revision = "notifications0004"
down_revision = "notifications0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE template_version (
  code text NOT NULL,
  version integer NOT NULL,
  origin text NOT NULL,
  state text NOT NULL,
  revision integer NOT NULL DEFAULT 1,
  wording jsonb NOT NULL,
  based_on integer,
  shipped_seen integer,
  authors text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  proposed_by text,
  proposed_at timestamptz,
  decided_by text,
  decided_at timestamptz,
  in_force_at timestamptz,
  remark text,
  CONSTRAINT template_version_pkey PRIMARY KEY (code, version),
  CONSTRAINT template_version_two_people
    CHECK (state <> 'in_force' OR (decided_by IS NOT NULL AND proposed_by IS NOT NULL
           AND decided_by <> proposed_by AND NOT decided_by = ANY (authors))),
  CONSTRAINT template_version_origin
    CHECK ((origin = 'shipped') = (state = 'shipped') AND (origin = 'shipped') = (version <= 1000))
);
CREATE UNIQUE INDEX template_version_in_force ON template_version (code) WHERE state = 'in_force';
CREATE UNIQUE INDEX template_version_open ON template_version (code) WHERE state IN ('draft','proposed','returned');
CREATE TABLE template_edition (id smallint PRIMARY KEY, edition bigint NOT NULL);
INSERT INTO template_edition VALUES (1, 1);
"""
# A message names the version it was made of, so what was once proposed says for ever what it said; and nobody is
# struck from those who wrote it.
STANDS = """
CREATE FUNCTION template_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a version of a wording is never deleted' USING ERRCODE = '42501';
  END IF;
  IF NEW.code <> OLD.code OR NEW.version <> OLD.version OR NEW.origin <> OLD.origin
     OR NOT NEW.authors @> OLD.authors
     OR (NEW.wording <> OLD.wording AND OLD.state NOT IN ('draft', 'returned'))
     OR (NEW.state <> OLD.state AND OLD.state IN ('shipped', 'replaced', 'withdrawn')) THEN
    RAISE EXCEPTION 'a version of a wording that was proposed never changes' USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER template_version_stands BEFORE UPDATE OR DELETE ON template_version
  FOR EACH ROW EXECUTE FUNCTION template_stands();
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(STANDS)
