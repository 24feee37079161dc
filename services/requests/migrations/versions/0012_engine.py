"""The applicant's own time, inspections after the issue, and relations that can be withdrawn with a trace."""

from alembic import op

revision = "requests0012"
down_revision = "requests0011"
branch_labels = None
depends_on = None

# A declared relation was its own key and could only be deleted. It becomes a record that stays; `relation`, which all
# that deals files reads, is now what stands of it.
TABLES = """
CREATE TABLE waiting (
  request_id uuid NOT NULL,
  state text NOT NULL,
  since timestamptz NOT NULL,
  last_day date NOT NULL,
  judge_on date NOT NULL,
  extended integer DEFAULT 0 NOT NULL,
  extensions integer DEFAULT 0 NOT NULL,
  warned_at timestamptz,
  PRIMARY KEY (request_id)
);
CREATE INDEX waiting_judge ON waiting (judge_on);

CREATE TABLE follow_up (
  id uuid NOT NULL,
  version bigint NOT NULL,
  serial text NOT NULL,
  request_id uuid NOT NULL,
  unit text NOT NULL,
  code text NOT NULL,
  number integer NOT NULL,
  due_on date NOT NULL,
  status text NOT NULL,
  why text,
  task_id uuid,
  opened_at timestamptz,
  done_at timestamptz,
  result text,
  findings text,
  done_by text,
  PRIMARY KEY (id),
  UNIQUE (request_id, code, number)
);
CREATE INDEX follow_up_planned ON follow_up (due_on) WHERE status = 'planned';
CREATE INDEX follow_up_serial ON follow_up (serial);
ALTER TABLE step_photo ADD COLUMN follow_up_id uuid;
CREATE UNIQUE INDEX follow_up_task ON follow_up (task_id) WHERE task_id IS NOT NULL;
CREATE TABLE licence_question (
  id uuid NOT NULL,
  version bigint NOT NULL,
  serial text NOT NULL,
  unit text NOT NULL,
  follow_up_id uuid NOT NULL,
  found_by text NOT NULL,
  opened_at timestamptz NOT NULL,
  decision text,
  reason text,
  decided_by text,
  decided_at timestamptz,
  PRIMARY KEY (id)
);
CREATE INDEX licence_question_open ON licence_question (unit, id) WHERE decision IS NULL;

CREATE TABLE declared_relation (
  id uuid NOT NULL,
  account text NOT NULL,
  unit text,
  department text,
  kind text NOT NULL,
  person_key bytea NOT NULL,
  declared_at timestamptz NOT NULL,
  withdrawn_at timestamptz,
  withdrawn_by text,
  reason text,
  PRIMARY KEY (id)
);
INSERT INTO declared_relation (id, account, kind, person_key, declared_at)
  SELECT gen_random_uuid(), account, 'national_id', person_key, declared_at FROM relation;
DROP TABLE relation;
CREATE UNIQUE INDEX declared_relation_stands ON declared_relation (account, person_key) WHERE withdrawn_at IS NULL;
CREATE INDEX declared_relation_person ON declared_relation (person_key) WHERE withdrawn_at IS NULL;
CREATE INDEX declared_relation_unit ON declared_relation (unit, id);
CREATE VIEW relation AS
  SELECT account, person_key, declared_at FROM declared_relation WHERE withdrawn_at IS NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
