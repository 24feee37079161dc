"""Proposals and their approvals, the national guide, what a governorate offers of it, retirements.

What was published before stands on: each version of it becomes the national version of the same number, offered here
as it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from alembic import op
from sqlalchemy import text

from chassis import config, events
from chassis.ids import named, uuid7
from contracts.catalog import ADOPTION_CHANGED, NATIONAL_PUBLISHED
from contracts.events import EventType

revision = "catalog0002"
down_revision = "catalog0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE service (
  code text PRIMARY KEY,
  version bigint NOT NULL
);
CREATE TABLE national_version (
  code text NOT NULL,
  version integer NOT NULL,
  effective_from date NOT NULL,
  digest bytea NOT NULL,
  body jsonb NOT NULL,
  published_by text NOT NULL,
  approved_by text,
  published_at timestamptz NOT NULL,
  PRIMARY KEY (code, version)
);
CREATE TABLE retirement (
  scope text NOT NULL CHECK (scope IN ('national', 'local')),
  code text NOT NULL,
  retired_from date NOT NULL,
  reason jsonb NOT NULL,
  decided_by text NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (scope, code, retired_from)
);
CREATE TABLE adoption (
  governorate text NOT NULL,
  code text NOT NULL,
  version integer NOT NULL,
  offered boolean NOT NULL,
  overrides jsonb NOT NULL,
  effective_from date NOT NULL,
  state text NOT NULL CHECK (state IN ('settled', 'blocked')),
  faults jsonb NOT NULL,
  national_version integer,
  decided_by text NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (governorate, code, version)
);
CREATE TABLE proposal (
  id uuid PRIMARY KEY,
  version bigint NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  body jsonb NOT NULL,
  effective_from date,
  based_on integer,
  state text NOT NULL CHECK (state IN ('draft', 'in_review', 'returned', 'approved', 'withdrawn')),
  round integer NOT NULL,
  author text NOT NULL,
  editors jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  decided_at timestamptz,
  remark text
);
CREATE INDEX proposal_by_state ON proposal (state, id);
CREATE TABLE approval (
  proposal_id uuid NOT NULL REFERENCES proposal (id),
  round integer NOT NULL,
  permission text NOT NULL,
  by text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (proposal_id, round, permission),
  UNIQUE (proposal_id, round, by)
);
ALTER TABLE definition ADD COLUMN national_version integer, ADD COLUMN overrides jsonb;
ALTER TABLE definition DISABLE TRIGGER definition_stands;
UPDATE definition SET national_version = version, overrides = '{}';
ALTER TABLE definition ENABLE TRIGGER definition_stands;
ALTER TABLE definition ALTER COLUMN national_version SET NOT NULL, ALTER COLUMN overrides SET NOT NULL;
INSERT INTO service SELECT DISTINCT code, 1 FROM definition;
INSERT INTO national_version
  SELECT code, version, effective_from, digest, body, published_by, NULL, published_at FROM definition;
"""

OFFERED = """
INSERT INTO adoption
  SELECT CAST(:governorate AS text), code, 1, true, CAST('{}' AS jsonb), min(effective_from), 'settled',
         CAST('[]' AS jsonb), max(version), (array_agg(published_by ORDER BY version))[1], min(published_at)
  FROM definition GROUP BY code
"""
TELL = """
INSERT INTO event_log (event_id, type, subject, sequence, occurred_at, body)
VALUES (:event_id, :type, :subject, :sequence, :occurred_at, :body)
"""


def upgrade() -> None:
    op.execute(TABLES)
    connection, settings = op.get_bind(), config.load("catalog")
    connection.execute(text(OFFERED), {"governorate": settings.node})
    for row in connection.execute(text("SELECT * FROM national_version ORDER BY code, version")).all():
        data = {"code": row.code, "version": row.version, "effective_from": row.effective_from, "definition": row.body}
        _tell(connection, settings, NATIONAL_PUBLISHED, ("catalog.national", row.code), row.version, row.published_at,
              data)
    for row in connection.execute(text("SELECT * FROM adoption ORDER BY code")).all():
        data = {"governorate": row.governorate, "code": row.code, "offered": True, "overrides": {},
                "effective_from": row.effective_from, "national_version": row.national_version, "state": row.state,
                "faults": []}
        _tell(connection, settings, ADOPTION_CHANGED, ("catalog.adoption", row.governorate, row.code), row.version,
              row.decided_at, data)
    for table in ("national_version", "retirement", "adoption"):
        op.execute(
            f"CREATE TRIGGER {table}_stands BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION published_stands()"
        )


def _tell(connection: Any, settings: config.Settings, event_type: EventType, name: tuple[str, ...], sequence: int,
          occurred: datetime, data: dict[str, Any]) -> None:
    """The event of what now stands: the count of an aggregate's events has no gap."""
    event_id, subject = uuid7(), named(*name)
    body = events.encode(event_type, event_id=event_id, source=settings.source, subject=subject, sequence=sequence,
                         occurred=occurred, correlation_id="migration", data=data)
    connection.execute(text(TELL), {"event_id": event_id, "type": event_type.name, "subject": subject,
                                    "sequence": sequence, "occurred_at": occurred, "body": body})
