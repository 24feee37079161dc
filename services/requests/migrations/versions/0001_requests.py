"""Requests, their steps, tasks and documents, licences, and the guide's versions."""

from alembic import op

revision = "requests0001"
down_revision = None
branch_labels = ("requests",)
depends_on = ("chassis0001",)

TABLES = """
CREATE SEQUENCE tracking_serial START WITH 0 MINVALUE 0;
CREATE SEQUENCE licence_serial;
CREATE TABLE definition (
  code TEXT NOT NULL,
  version INTEGER NOT NULL,
  effective_from DATE NOT NULL,
  body JSONB NOT NULL,
  PRIMARY KEY (code, version)
);
CREATE TABLE document (
  id UUID NOT NULL,
  request_id UUID,
  code TEXT,
  file_name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  content BYTEA NOT NULL,
  added_at TIMESTAMP WITH TIME ZONE NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX document_request ON document (request_id);
CREATE INDEX document_untaken ON document (added_at) WHERE request_id IS NULL;
CREATE TABLE licence (
  id UUID NOT NULL,
  version BIGINT NOT NULL,
  serial TEXT NOT NULL,
  request_id UUID NOT NULL,
  service_code TEXT NOT NULL,
  service_version INTEGER NOT NULL,
  output TEXT NOT NULL,
  unit TEXT NOT NULL,
  qr TEXT NOT NULL,
  fields JSONB NOT NULL,
  valid_from DATE NOT NULL,
  valid_until DATE,
  issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
  document BYTEA,
  media_type TEXT,
  render_attempts INTEGER DEFAULT '0' NOT NULL,
  render_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (serial),
  UNIQUE (request_id)
);
CREATE INDEX licence_unrendered ON licence (render_at) WHERE document IS NULL;
CREATE TABLE request (
  id UUID NOT NULL,
  version BIGINT NOT NULL,
  tracking_number TEXT NOT NULL,
  service_code TEXT NOT NULL,
  service_version INTEGER NOT NULL,
  unit TEXT NOT NULL,
  channel TEXT NOT NULL,
  applicant_kind TEXT NOT NULL,
  name TEXT NOT NULL,
  national_id TEXT,
  national_id_key BYTEA,
  passport TEXT,
  contact TEXT NOT NULL,
  inquiry_key BYTEA NOT NULL,
  language TEXT NOT NULL,
  answers JSONB NOT NULL,
  state TEXT NOT NULL,
  state_kind TEXT NOT NULL,
  outcome TEXT,
  lodged_at TIMESTAMP WITH TIME ZONE NOT NULL,
  due_on DATE,
  taken_by TEXT NOT NULL,
  licence_serial TEXT,
  PRIMARY KEY (id),
  UNIQUE (tracking_number)
);
CREATE INDEX request_national_id ON request (national_id_key);
CREATE INDEX request_open ON request (unit, due_on) WHERE outcome IS NULL;
CREATE TABLE step (
  request_id UUID NOT NULL,
  sequence BIGINT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  from_state TEXT,
  action TEXT,
  to_state TEXT NOT NULL,
  clock TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  department TEXT,
  reason TEXT,
  inputs TEXT,
  PRIMARY KEY (request_id, sequence)
);
CREATE TABLE task (
  id UUID NOT NULL,
  version BIGINT NOT NULL,
  request_id UUID NOT NULL,
  state TEXT NOT NULL,
  unit TEXT NOT NULL,
  department TEXT NOT NULL,
  role TEXT NOT NULL,
  status TEXT NOT NULL,
  held_by TEXT,
  held_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  due_on DATE,
  done_at TIMESTAMP WITH TIME ZONE,
  action TEXT,
  taken_by TEXT NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX task_held ON task (held_by, due_on, id) WHERE status = 'held';
CREATE INDEX task_open ON task (unit, department, role, due_on, created_at) WHERE status = 'open';
CREATE INDEX task_request ON task (request_id);
"""


def upgrade() -> None:
    op.execute(TABLES)
