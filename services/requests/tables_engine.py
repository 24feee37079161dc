"""The tables of waits that end by themselves, of inspections after the issue, and of declared relations; part of the
metadata of tables.py."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql

from services.requests.tables import metadata

_moment = DateTime(timezone=True)

# A request that stands in a state with a time limit: how long still, and when a sweep looks at it next.
waiting = Table(
    "waiting",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("since", _moment, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("judge_on", Date, nullable=False),
    Column("extended", Integer, nullable=False, server_default="0"),  # days
    Column("extensions", Integer, nullable=False, server_default="0"),  # how often
    Column("warned_at", _moment),
    Index("waiting_judge", "judge_on"),
)

# An inspection that the definition orders after the issue: planned with the licence, opened as a task when it is due.
follow_up = Table(
    "follow_up",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("serial", Text, nullable=False),  # of the licence; a successor's once it took the licence's place
    Column("request_id", Uuid, nullable=False),  # from which the licence came first
    Column("unit", Text, nullable=False),
    Column("code", Text, nullable=False),  # in the definition
    Column("number", Integer, nullable=False),  # 1 for the first
    Column("due_on", Date, nullable=False),
    Column("status", Text, nullable=False),  # planned | open | done | dropped
    Column("why", Text),  # dropped: what the licence was by then
    Column("task_id", Uuid),
    Column("opened_at", _moment),
    Column("done_at", _moment),
    Column("result", Text),  # compliant | violation
    Column("findings", Text),  # sealed
    Column("done_by", Text),
    UniqueConstraint("request_id", "code", "number"),
    Index("follow_up_planned", "due_on", postgresql_where=sql("status = 'planned'")),
    Index("follow_up_serial", "serial"),
    Index("follow_up_task", "task_id", unique=True, postgresql_where=sql("task_id IS NOT NULL")),
)

# A violation was found: a person is asked what is to become of the licence.
licence_question = Table(
    "licence_question",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("serial", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("follow_up_id", Uuid, nullable=False),
    Column("found_by", Text, nullable=False),  # who inspected, and so does not decide
    Column("opened_at", _moment, nullable=False),
    Column("decision", Text),  # suspend | leave
    Column("reason", Text),  # sealed
    Column("decided_by", Text),
    Column("decided_at", _moment),
    Index("licence_question_open", "unit", "id", postgresql_where=sql("decision IS NULL")),
)

# A member of staff declared a relation with a person or a company, known here by the keyed hash of a number only. What
# was withdrawn stays; the view `relation` has those that stand.
declared_relation = Table(
    "declared_relation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account", Text, nullable=False),
    Column("unit", Text),
    Column("department", Text),
    Column("kind", Text, nullable=False),  # national_id | passport | tax_number | commercial_register
    Column("person_key", LargeBinary, nullable=False),
    Column("number", Text),  # sealed: the hash is computed from it again; NULL for what was declared before it was kept
    Column("declared_at", _moment, nullable=False),
    Column("withdrawn_at", _moment),
    Column("withdrawn_by", Text),
    Column("reason", Text),  # sealed
    Index("declared_relation_stands", "account", "person_key", unique=True,
          postgresql_where=sql("withdrawn_at IS NULL")),
    Index("declared_relation_person", "person_key", postgresql_where=sql("withdrawn_at IS NULL")),
    Index("declared_relation_unit", "unit", "id"),
)
