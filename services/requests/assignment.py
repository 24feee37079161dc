"""Handing out: what the engine reads of a desk before it deals, and what it keeps of each dealing.

A file is dealt when somebody asks for the next one: only then is known who is there. What is read comes in one round
trip, what is written goes out in one. The audit row has all that `rules.assignment.recompute` needs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import assignment
from rules.assignment import HELD_MOST, KNOWN, PRESENT, Candidate, File, Handing
from rules.calendar import cairo_date
from rules.refusal import refuse
from services.requests import organisation

_LOOKED_AT = 20  # of the most urgent files of a desk
_SWEPT = 200  # files that one sweep looks at
WHY_COLLECTED, WHY_DECIDED = "collected", "decided"

# Files that this process was giving out in the last second: a hint that keeps those apart who ask at once and of whom
# the engine does not know yet, not a claim.
_BEING_GIVEN = timedelta(seconds=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_REMEMBERED = 256
_given_now: OrderedDict[tuple[str, int], datetime] = OrderedDict()

# Persons are looked up in both tables that name them, and not through the view person_of_request: joined with
# relations PostgreSQL reads the whole of the view (300 ms of a million requests; 0.1 ms so).
# The requests from which the actor is kept apart, beside having taken them in. It hangs on nothing else in a statement,
# so it is read once and not for each file of a long queue.
_NOT_FOR_ME = (
    "(SELECT request_id FROM apart WHERE account = :actor UNION ALL "
    "SELECT person.id FROM relation JOIN request AS person ON person.national_id_key = relation.person_key "
    "WHERE relation.account = :actor UNION ALL "
    "SELECT party.request_id FROM relation JOIN party ON party.person_key = relation.person_key "
    "WHERE relation.account = :actor)"
)
# Everybody kept apart from the request of a row of `task`, beside who took it in.
APART = (
    "ARRAY(SELECT apart.account FROM apart WHERE apart.request_id = task.request_id UNION ALL "
    "SELECT relation.account FROM request AS person JOIN relation ON relation.person_key = person.national_id_key "
    "WHERE person.id = task.request_id UNION ALL "
    "SELECT relation.account FROM party JOIN relation ON relation.person_key = party.person_key "
    "WHERE party.request_id = task.request_id)"
)
# Whether the actor is, of one row of `task`.
BARRED = f"(CAST(:actor AS text) = ANY({APART}))"
# Who of them is kept apart from the files that were looked at, in one go for all.
_APART_OF_MINE = (
    "SELECT mine.request_id, apart.account FROM mine JOIN apart ON apart.request_id = mine.request_id UNION ALL "
    "SELECT mine.request_id, relation.account FROM mine JOIN request AS person ON person.id = mine.request_id "
    "JOIN relation ON relation.person_key = person.national_id_key UNION ALL "
    "SELECT mine.request_id, relation.account FROM mine JOIN party ON party.request_id = mine.request_id "
    "JOIN relation ON relation.person_key = party.person_key"
)


@cache
def _desk(roles: int) -> Statement:
    """What is read of a desk for an actor of so many roles. The queue of each role is read in the order of its index
    and no further than is looked at, however long it is.

    Written so that PostgreSQL plans it once and keeps the plan: planning took three times as long as reading. So the
    roles are rows of their own and not an array of unknown length, the limit is a number and no parameter, and
    `taken_by || ''` keeps it from concluding, where all files came from the portal, that none is left of the queue:
    it then read all of it to sort it."""
    queues = ", ".join(f"(CAST(:role_{number} AS text))" for number in range(roles))
    return Statement(
        text(
            f"WITH mine AS (SELECT task.* FROM (VALUES {queues}) AS of (role) CROSS JOIN LATERAL ("  # noqa: S608
            "SELECT id, version, due_on, created_at, role, taken_by, left_by, request_id FROM task "
            "WHERE status = 'open' AND unit = :unit AND department = :department AND role = of.role "
            f"AND taken_by || '' <> :actor AND request_id NOT IN {_NOT_FOR_ME} "
            f"ORDER BY due_on, created_at LIMIT {_LOOKED_AT}) AS task ORDER BY due_on, created_at LIMIT {_LOOKED_AT}) "
            "SELECT (SELECT jsonb_agg(jsonb_build_array(id, version, due_on, role, taken_by, left_by, request_id)) "
            "FROM mine) AS files, "
            f"(SELECT jsonb_agg(jsonb_build_array(request_id, account)) FROM ({_APART_OF_MINE}) AS kept) AS apart, "
            "(SELECT jsonb_agg(jsonb_build_array(person.account, person.roles, "
            "CASE WHEN person.day = :today THEN person.given ELSE 0 END, "
            "person.seen_at >= :present, CASE WHEN person.seen_at >= :present THEN (SELECT count(*) FROM task AS held "
            "WHERE held.held_by = person.account AND held.status = 'held') END)) FROM attendance AS person "
            "WHERE person.unit = :unit AND person.department = :department AND person.roles && CAST(:roles AS text[]) "
            "AND person.seen_at >= :known AND person.account <> :actor) AS others, "
            "(SELECT count(*) FROM task WHERE held_by = :actor AND status = 'held') AS in_hand, "
            "(SELECT given FROM attendance WHERE account = :actor AND day = :today) AS given"
        )
    )


_HOLD = Statement(
    text(
        "UPDATE task SET status = 'held', held_by = :actor, held_at = :at, version = version + 1 "
        "WHERE id = :task_id AND version = :seen AND status = 'open'"
    )
)
_ATTEND = Statement(
    text(
        "INSERT INTO attendance AS known (account, unit, department, roles, seen_at, day, given) "
        "VALUES (:actor, :unit, :department, :roles, :at, :today, :count) ON CONFLICT (account) DO UPDATE SET "
        "unit = excluded.unit, department = excluded.department, roles = excluded.roles, seen_at = excluded.seen_at, "
        "day = excluded.day, "
        "given = excluded.given + CASE WHEN known.day = excluded.day THEN known.given ELSE 0 END"
    )
)
_KEEP_APART = Statement(
    text(
        "INSERT INTO apart (request_id, account, why, at) VALUES (:request_id, :account, :why, :at) "
        "ON CONFLICT DO NOTHING"
    )
)
_OF_TASK = "task.id, task.version, task.unit, task.department, task.role, task.request_id, task.taken_by"
# Open tasks from which somebody of their desk is kept apart; only those can have nobody left.
_TOUCHED = Statement(
    text(
        "WITH known AS (SELECT * FROM attendance WHERE seen_at >= :known), touched AS ("  # noqa: S608
        f"SELECT {_OF_TASK} FROM known JOIN task ON task.taken_by = known.account WHERE task.status = 'open' "
        "AND task.taken_by <> 'public' UNION "
        f"SELECT {_OF_TASK} FROM known JOIN apart ON apart.account = known.account "
        "JOIN task ON task.request_id = apart.request_id WHERE task.status = 'open' UNION "
        f"SELECT {_OF_TASK} FROM known JOIN relation ON relation.account = known.account "
        "JOIN request AS person ON person.national_id_key = relation.person_key "
        "JOIN task ON task.request_id = person.id WHERE task.status = 'open' UNION "
        f"SELECT {_OF_TASK} FROM known JOIN relation ON relation.account = known.account "
        "JOIN party ON party.person_key = relation.person_key "
        "JOIN task ON task.request_id = party.request_id WHERE task.status = 'open') "
        "SELECT task.id, task.version, task.unit, task.request_id, "
        f"{APART} || task.taken_by AS barred, people.accounts, {organisation.STAMP} "
        "FROM touched AS task JOIN LATERAL (SELECT array_agg(account) AS accounts FROM known "
        "WHERE known.unit = task.unit "
        "AND known.department = task.department AND task.role = ANY(known.roles)) AS people ON true "
        "WHERE people.accounts IS NOT NULL "
        f"AND people.accounts <@ ({APART} || task.taken_by) "
        "AND (CAST(:after AS uuid) IS NULL OR task.id > CAST(:after AS uuid)) ORDER BY task.id LIMIT :most"
    )
)
_RAISE = Statement(
    text(
        "UPDATE task SET unit = :above, raised_from = coalesce(raised_from, unit), version = version + 1 "
        "WHERE id = :task_id AND version = :seen AND status = 'open'"
    )
)


def next_task(work: UnitOfWork) -> dict[str, Any]:
    """Hand the actor the file of the own desk that falls to them (rules.assignment). `because` says why there is none:
    nothing_open, or colleagues_first while others at the desk hold less. Refuses enough_in_hand to whoever holds
    HELD_MOST already."""
    actor, today = work.actor, cairo_date(work.now)
    if actor.unit is None or actor.department is None or not actor.roles:
        return {"task": None, "because": "nothing_open"}
    found = work.one(
        _desk(len(actor.roles)), unit=actor.unit, department=actor.department, roles=list(actor.roles), actor=actor.id,
        today=today, present=work.now - PRESENT, known=work.now - KNOWN,
        **{f"role_{number}": role for number, role in enumerate(actor.roles)},
    )  # fmt: skip
    if found.files and found.in_hand >= HELD_MOST:
        raise refuse("enough_in_hand", most=HELD_MOST)
    desk = [Candidate(account, in_hand, given) for account, _, given, present, in_hand in found.others or () if present]
    desk.append(Candidate(actor.id, found.in_hand, found.given or 0))
    roles = {account: set(theirs) for account, theirs, *_ in found.others or ()}
    files = {row[0]: row for row in _not_being_given(work, found.files or [])}
    seed = _seed(work, actor.unit, actor.department, today)
    apart: dict[str, set[str]] = {}
    for request_id, account in found.apart or ():
        apart.setdefault(request_id, set()).add(account)
    handing = assignment.next_file(
        actor.id, [_file(row, roles, apart) for row in files.values()], desk, seed, list(roles))
    work.write(_ATTEND, actor=actor.id, unit=actor.unit, department=actor.department, roles=list(actor.roles),
               at=work.now, today=today, count=1 if handing else 0)  # fmt: skip
    if handing is None:
        return {"task": None, "because": "colleagues_first" if files else "nothing_open"}
    return {"task": _hand(work, handing, files[handing.file.task_id][1], desk, seed, list(roles)), "because": None}


def _hand(
    work: UnitOfWork, handing: Handing, version: int, desk: list[Candidate], seed: str, known: list[str]
) -> dict[str, Any]:
    task_id = handing.file.task_id
    while len(_given_now) >= _REMEMBERED:
        _given_now.popitem(last=False)
    _given_now[task_id, version] = work.now
    work.write(_HOLD, expect=1, task_id=task_id, seen=version, actor=work.actor.id, at=work.now)
    work.audit("task.handed_out", task_id, **assignment.record(handing, desk, seed, known))
    return {"task_id": task_id, "version": version + 1}


def _not_being_given(work: UnitOfWork, rows: list[Any]) -> list[Any]:
    """What two are given all the same (in two processes, say) the commit gives to one, and the other asks again."""
    return [row for row in rows if work.now - _given_now.get((row[0], row[1]), _LONG_AGO) > _BEING_GIVEN] or rows


def _file(row: Any, roles: Mapping[str, set[str]], apart: Mapping[str, set[str]]) -> File:
    """A file of the desk; who lacks its role is as good as barred."""
    task_id, _, due_on, role, taken_by, left_by, request_id = row
    lacking = {account for account, theirs in roles.items() if role not in theirs}
    barred = frozenset({taken_by} | lacking | apart.get(request_id, set()))
    return File(task_id, date.fromisoformat(due_on) if due_on else None, barred, frozenset(left_by))


def _seed(work: UnitOfWork, unit: str, department: str, today: date) -> str:
    """The seed of a desk and day: nobody without the node's key can tell it beforehand; the audit rows show it."""
    return work.privacy.lookup(f"{unit}/{department}/{today.isoformat()}", "requests.assignment")[:12].hex()


def keep_apart(work: UnitOfWork, request_id: UUID, account: str, why: str) -> None:
    """From now on the account may act in no task of the request."""
    work.write(_KEEP_APART, request_id=request_id, account=account, why=why, at=work.now)


def raise_to_the_unit_above(work: UnitOfWork) -> int:
    """Files from which all of their desk are kept apart go to the same desk of the unit above; answers how many. The
    unit above is the parent that the organisation names, else the governorate's diwan. Where there is none the file
    stays for the heads to see (`requests.desk`)."""
    raised = 0
    after: UUID | None = None
    while True:
        rows = work.all(_TOUCHED, known=work.now - KNOWN, after=after, most=_SWEPT)
        for row in rows:
            file = File(str(row.id), None, frozenset(row.barred))
            above = organisation.known(work, row.organisation_stamp).above(row.unit, cairo_date(work.now))
            if above is None or not assignment.nobody_left(file, row.accounts):
                continue
            work.write(_RAISE, expect=1, task_id=row.id, seen=row.version, above=above)
            work.audit("task.raised", str(row.id), request=str(row.request_id), unit=row.unit, above=above,
                       barred=sorted(row.accounts))  # fmt: skip
            raised += 1
        if len(rows) < _SWEPT or raised >= _SWEPT:
            return raised
        after = rows[-1].id
