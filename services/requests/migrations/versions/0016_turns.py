"""Turns in the queue of a unit's windows."""

from alembic import op

revision = "requests0016"
down_revision = "requests0015"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE turn (
    id uuid PRIMARY KEY,
    version bigint NOT NULL,
    ticket_id uuid NOT NULL,
    leg integer NOT NULL,
    unit text NOT NULL,
    day date NOT NULL,
    issued_in text NOT NULL,
    number integer NOT NULL,
    queue text NOT NULL,
    place integer NOT NULL,
    priority boolean NOT NULL,
    state text NOT NULL,
    taken_at timestamptz NOT NULL,
    taken_by text NOT NULL,
    called_at timestamptz,
    called_by text,
    called_last timestamptz,
    calls integer NOT NULL,
    counter text,
    served_at timestamptz,
    ended_at timestamptz,
    waiting_seconds integer,
    service_seconds integer
);
CREATE UNIQUE INDEX turn_number ON turn (unit, day, issued_in, number, leg);
CREATE UNIQUE INDEX turn_place ON turn (unit, day, queue, place);
CREATE UNIQUE INDEX turn_at_window ON turn (unit, day, counter) WHERE state IN ('called', 'serving');
CREATE INDEX turn_waiting ON turn (unit, day, queue, priority, place) WHERE state = 'waiting';
CREATE INDEX turn_open ON turn (day) WHERE state IN ('waiting', 'called', 'serving');

CREATE TABLE turn_count (
    unit text NOT NULL,
    day date NOT NULL,
    queue text NOT NULL,
    number integer NOT NULL,
    place integer NOT NULL,
    PRIMARY KEY (unit, day, queue)
);

CREATE TABLE turn_request (
    ticket_id uuid NOT NULL,
    request_id uuid NOT NULL,
    unit text NOT NULL,
    day date NOT NULL,
    visit integer NOT NULL,
    PRIMARY KEY (ticket_id, request_id)
);
CREATE INDEX turn_request_visits ON turn_request (request_id, day);
CREATE INDEX turn_request_of_unit ON turn_request (unit, day);
"""


def upgrade() -> None:
    op.execute(TABLES)
