"""What a node has lived through before it is measured: requests, closed and open, with all that their life left.

The rows are made by PostgreSQL (tests.load.million makes requests and words). A closed request went through three
tasks; an open one waits before a desk, or lies in a hand. Not made: events, audit and the other services' tables, which
are written at their right edge only, however long they are, and read by nobody here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tests.load import million

OPEN_MOST = 15_000  # open requests among a million: what two million a year leave open at some three days each
COMMANDS_MOST = 660_000  # stored answers: those of 30 days, four a request

# A key of the same moment as the request's, so that it lies where it would.
_KEY = "CAST(overlay(made.id::text placing lpad(to_hex({number}), 3, '0') from 16 for 3) AS uuid)"
_TAKEN_BY = "CASE WHEN made.i % 3 = 0 THEN 'public' ELSE 'made-clerk-' || made.i % 90 END"  # two in three at a window
_STEPS = """
INSERT INTO step (request_id, sequence, at, from_state, action, to_state, clock, actor_id, department)
SELECT made.id, number, made.lodged_at + (number - 1) * interval '1 day',
  CASE WHEN number > 1 THEN 'document_review' END, CASE WHEN number > 1 THEN 'accept' END,
  CASE WHEN made.open = 0 AND number = :steps THEN :ended ELSE 'document_review' END,
  CASE WHEN made.open = 0 AND number = :steps THEN 'ended' ELSE 'running' END,
  CASE WHEN number = 1 THEN 'public' ELSE 'made-' || (made.i + number) % 400 END,
  CASE WHEN number > 1 THEN 'licensing' END
FROM made CROSS JOIN LATERAL generate_series(1, CASE WHEN made.open = 0 THEN :steps ELSE :open_steps END) AS number
ORDER BY made.i
"""
_DONE_TASKS = f"""
INSERT INTO task (id, version, request_id, state, unit, department, role, status, held_by, held_at, created_at, due_on,
  done_at, action, taken_by)
SELECT {_KEY.format(number="number")}, 3, made.id, 'document_review', made.unit, 'licensing', 'officer', 'done',
  'made-' || (made.i + number) % 400, made.lodged_at + number * interval '20 hours',
  made.lodged_at + (number - 1) * interval '1 day', CAST(made.lodged_at AS date) + 3 + number,
  made.lodged_at + number * interval '1 day', 'accept', {_TAKEN_BY}
FROM made CROSS JOIN LATERAL generate_series(1, CASE WHEN made.open = 0 THEN 3 ELSE 1 END) AS number ORDER BY made.i
"""
# Half wait, half lie in hands; those that wait come after what the run lodges, whose desks give it a single day.
_OPEN_TASKS = f"""
INSERT INTO task (id, version, request_id, state, unit, department, role, status, held_by, held_at, created_at, due_on,
  judge_on, taken_by)
SELECT {_KEY.format(number="9")}, CASE WHEN made.i % 2 = 0 THEN 1 ELSE 2 END, made.id, 'document_review', made.unit,
  'licensing', 'officer', CASE WHEN made.i % 2 = 0 THEN 'open' ELSE 'held' END,
  CASE WHEN made.i % 2 = 1 THEN 'made-' || made.i % 4000 END, CASE WHEN made.i % 2 = 1 THEN now() END,
  made.lodged_at + interval '1 day', current_date + 30 + CAST(made.i % 30 AS integer),
  current_date + 20 + CAST(made.i % 30 AS integer), {_TAKEN_BY}
FROM made WHERE made.open > 0
"""
_OPEN_DATES = """
UPDATE request SET due_on = current_date + 30 + CAST(random() * 30 AS integer),
  judge_on = current_date + 20 + CAST(random() * 20 AS integer) WHERE outcome IS NULL
"""
_DOCUMENTS = f"""
INSERT INTO document (id, request_id, code, file_name, media_type, size, sha256, added_at, status, checked_at)
SELECT {_KEY.format(number="16 + number")}, made.id, 'id_copy', 'v1.none', 'application/pdf', 300000,
  encode(sha256(CAST((made.i * 2 + number)::text AS bytea)), 'hex'), made.lodged_at, 'clean', made.lodged_at
FROM made CROSS JOIN generate_series(0, 1) AS number ORDER BY made.i
"""
_NUMBERS = "INSERT INTO number_register (serial, request_id, at) SELECT i, id, lodged_at FROM made ORDER BY i"
# A cashier of the window collected the money of one in three.
_APART = """
INSERT INTO apart (request_id, account, why, at)
SELECT id, 'made-cashier-' || i % 60, 'collected', lodged_at FROM made WHERE i % 3 = 1 ORDER BY i
"""
_COMMANDS = """
INSERT INTO command (id, method, request_hash, answer, applied_at)
SELECT gen_random_uuid(), 'requests.act', sha256(CAST(n::text AS bytea)),
  decode(repeat(md5(n::text), 20), 'hex'), now() - (:count - n) * interval '3 seconds'
FROM generate_series(1, :count) AS n
"""


class Lived(million.Store):
    """A million requests, or fewer, in the database of a node that is not running yet."""

    steps, open_steps = 4, 2

    def __init__(self, url: str, stored: int, *, guide: bool = False) -> None:
        """`guide`: publish the services here too, for capabilities without a node around them."""
        open_share = min(0.12, OPEN_MOST / stored)
        super().__init__(url, stored, open_share=open_share / 2, open_newest=open_share / 2, guide=guide)
        self.open_states = ["document_review"]

    def fill(self) -> None:
        """Make everything, with fresh statistics."""
        super().fill()
        with self.ground.database.transaction() as connection:
            def run(sql: str, **params: Any) -> None:
                connection.execute(text(sql), params)

            run("SET LOCAL statement_timeout = 0")
            run("SET LOCAL synchronous_commit = off")
            run("SET LOCAL maintenance_work_mem = '512MB'")
            run(_STEPS, ended=self.ended, steps=self.steps, open_steps=self.open_steps)
            for statement in (_DONE_TASKS, _OPEN_TASKS, _OPEN_DATES, _DOCUMENTS, _NUMBERS, _APART):
                run(statement)
            run("ALTER TABLE command DROP CONSTRAINT command_pkey")
            run(_COMMANDS, count=min(4 * self.stored, COMMANDS_MOST))
            run("ALTER TABLE command ADD PRIMARY KEY (id)")
            run("SELECT setval('tracking_serial', :last)", last=self.stored)
            run("UPDATE number_mark SET explained = :last, seen = :last", last=self.stored)
            run("UPDATE due_sweep SET done = true, stamp = (SELECT stamp FROM organisation_stamp)")
        for table in ("request", "step", "task", "document", "number_register", "command", "apart"):
            self._vacuum(table)
        with self.ground.database.transaction() as connection:
            connection.execute(text("DROP TABLE made"))

    def relate(self, accounts: Sequence[UUID | str]) -> None:
        """Each of these accounts has declared three relations with people who applied."""
        people = self.random.sample(range(1, self.stored + 1), 3 * len(accounts))
        with self.ground.database.transaction() as connection:
            connection.execute(
                text("INSERT INTO declared_relation (id, account, kind, person_key, declared_at) SELECT "
                     "gen_random_uuid(), :account, 'national_id', sha256(CAST(CAST(:i AS text) AS bytea)), now()"),
                [{"account": str(accounts[place // 3]), "i": i} for place, i in enumerate(people)])
        self._vacuum("declared_relation")

    def open_count(self) -> int:
        [row] = self.ground.rows("SELECT count(*) AS n FROM request WHERE outcome IS NULL")
        return int(row.n)
