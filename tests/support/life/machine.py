"""The ground under the model: commands sent as doors send them, refusals that must change nothing, and everything that
must hold between two steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import wraps
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chassis import audit
from chassis.actors import Actor, public_key_of
from chassis.events import decode
from chassis.ids import uuid7
from contracts.problems import catalogue
from contracts.requests_deadlines import DUE_CHANGED
from rules.refusal import Refusal
from services.requests import board, numbers
from services.requests import life as life_of_requests
from tests.support.deadlines_ground import Sweeping
from tests.support.life.definitions import Choices, composed
from tests.support.life.model import Desk, Life, Step
from tests.support.requests_ground import CLERK, HEAD, LAST4, Ground, staff

BOTH = staff("both", "window_clerk", "licensing")  # takes files in and is of the desk, too
BOTH = Actor(id=BOTH.id, kind="staff", roles=("window_clerk", "officer"), unit=BOTH.unit, department="licensing")
DESKS = {
    "licensing": (staff("officer", "officer", "licensing"), BOTH),
    "engineering": (staff("engineer", "officer", "engineering"), staff("second-engineer", "officer", "engineering")),
    "health": (staff("physician", "officer", "health"),),
    "leadership": (HEAD, staff("deputy", "unit_head", "leadership")),
}  # fmt: skip
PEOPLE = tuple(actor for desk in DESKS.values() for actor in desk)
TAKERS = (CLERK, BOTH)

# What a refusal may touch: audit, since an attempt leaves its trace; the register of numbers, where the gap of what was
# refused is explained; what the machinery keeps for itself. It may touch no other table.
MAY_CHANGE = {"audit", "audit_seal", "number_register", "number_mark", "attendance", "event_cursor", "alembic_version",
              "silence_clock", "due_sweep", "heard", "inbox", "inbox_stream", "definition", "organisation_stamp"}


# The chance of one step. Steps draw nothing else once they run: what may be chosen then depends on the database.
luck = st.integers(0, 9_999).map(Random)


class NotNow(Exception):
    """The step has nothing to be done to."""


def step(**given: Any) -> Callable[[Any], Any]:
    """A rule of the machine; where it has nothing to be done to, nothing is done."""
    def made(function: Callable[..., None]) -> Any:
        @wraps(function)
        def run(self: Any, **values: Any) -> None:
            with suppress(NotNow):
                function(self, **values)

        return rule(**given)(run)

    return made


def ended(life: Life) -> bool:
    return life.outcome is not None


class Machine(RuleBasedStateMachine):
    """`lives` are the requests as they must be, `held` the tasks in somebody's hands, `sent` the commands that were
    accepted, to be sent again, `met` what was seen so far in all runs."""

    met: Counter[str] = Counter()

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground
        ground.fresh()
        with ground.database.transaction() as connection:  # the test's clock is behind that of the tables
            connection.exec_driver_sql("UPDATE number_mark SET seen_at = '2020-01-01'")
        self.sweeping = Sweeping(ground)
        self.lives: list[Life] = []
        self.held: dict[str, tuple[Life, str | None, Actor]] = {}
        self.decreed = 0
        self.ids = Random(1)
        life_of_requests.uuid7 = self._task_id  # type: ignore[attr-defined]
        self.relations: set[tuple[str, str]] = set()
        self.sent: list[tuple[Callable[[Any], Any], Actor, UUID, Any, Any]] = []

    # -- doors --------------------------------------------------------------------------------------------------------

    def define(self, choices: Choices) -> Mapping[str, Any]:
        known = self.ground.__dict__.setdefault("composed", {})
        if choices not in known:
            known[choices] = composed(choices)
            self.ground.publish(known[choices])
        found: Mapping[str, Any] = known[choices]
        return found

    def do(self, actor: Actor, payload: Any, run: Callable[[Any], Any]) -> Any:
        """Send a command as a door does, once."""
        self.ground.wait(minutes=1)
        command = uuid7()
        answer = self.ground.command(run, actor, command, payload)
        self.sent = [*self.sent[-7:], (run, actor, command, payload, answer)]
        return answer

    def refused(self, actor: Actor, run: Callable[[Any], Any], *codes: str) -> str:
        """Send what must be refused with one of these codes, in both languages; it changes nothing."""
        before = self.dump()
        with pytest.raises(Refusal) as refusal:
            self.ground.command(run, actor, uuid7(), None)
        found = [fault.code for fault in refusal.value.faults]
        assert set(found) & set(codes), (found, codes)
        for fault in refusal.value.faults:
            problem = catalogue()[fault.code]
            assert problem.ar and problem.en and problem.ar != problem.en
        assert self.dump() == before
        self.met[f"refused {found[0]}"] += 1
        return found[0]

    def dump(self) -> dict[str, str]:
        """A digest of every row of every table that a refusal may not touch."""
        if "dumped" not in self.ground.__dict__:
            found = self.ground.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
            self.ground.__dict__["dumped"] = " UNION ALL ".join(
                f"SELECT '{name}' AS name, md5(coalesce(string_agg(r::text, ';' ORDER BY r::text), '')) AS digest "
                f"FROM {name} r" for (name,) in found if name not in MAY_CHANGE)
        return {row.name: row.digest for row in self.ground.rows(self.ground.__dict__["dumped"])}

    def denied(self) -> int:
        """Attempts that were recorded."""
        return int(self.ground.rows("SELECT count(*) AS n FROM audit WHERE action = 'denied'")[0].n)

    # -- what the model says ------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.ground.now

    def one(self, chance: Random, predicate: Callable[[Life], bool] = lambda _: True) -> Life:
        """Some request that is so."""
        places = [place for place, life in enumerate(self.lives) if predicate(life)]
        if not places:
            raise NotNow
        return self.lives[chance.choice(places)]

    def some(self, chance: Random, actions: list[Mapping[str, Any]]) -> Mapping[str, Any]:
        """One of these actions."""
        code = chance.choice([action["code"] for action in actions])
        return next(action for action in actions if action["code"] == code)

    def named(self, life: Life, **more: Any) -> dict[str, Any]:
        """What whoever holds the number and the digits sends."""
        return {"tracking_number": life.number, "phone_last4": LAST4, **more}

    def open_lives(self) -> list[Life]:
        return [life for life in self.lives if life.outcome is None]

    def barred(self, life: Life, account: str) -> bool:
        return life.barred(account) or (account, life.person) in self.relations

    def lead(self, life: Life, action: str, to: str, actor: Actor | str, *, at: datetime | None = None,
             branch: str | None = None, verdict: str | None = None, out_of: str | None = None) -> None:
        """The model takes the step that was accepted; tasks that nobody needs any more are in no hand."""
        account = actor if isinstance(actor, str) else actor.id
        life.lead(action, to, account, at or self.now, self.now, branch=branch, verdict=verdict, out_of=out_of)
        stays = verdict is not None and life.steps[-1].to_state == life.steps[-1].from_state
        self.held = {task: one for task, one in self.held.items()
                     if one[0] is not life or (stays and one[1] != branch)}
        self.met[f"step {action}"] += 1
        if verdict is not None and not stays:
            self.met["joined"] += 1

    # -- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def requests_stand_where_the_model_says(self) -> None:
        rows = {str(row.id): row for row in self.ground.rows("SELECT * FROM request")}
        assert set(rows) == {life.id for life in self.lives}
        for life in self.lives:
            row = rows[life.id]
            assert (row.state, row.state_kind, row.outcome, row.version, row.corrected, row.due_on) == (
                life.state, life.kind, life.outcome, life.version, life.corrected, life.due_on)
            assert (row.licence_serial is not None) == (life.licence is not None)

    @invariant()
    def steps_are_those_taken_and_each_is_told_once(self) -> None:
        steps: dict[str, dict[int, Step]] = {life.id: {} for life in self.lives}
        for row in self.ground.rows("SELECT * FROM step"):
            steps[str(row.request_id)][row.sequence] = Step(row.from_state, row.action, row.to_state, row.branch,
                                                            row.verdict)
        told: dict[str, dict[int, str]] = {life.id: {} for life in self.lives}
        for row in self.ground.rows("SELECT subject, sequence, type FROM event_log ORDER BY sequence"):
            if str(row.subject) in told:
                assert row.sequence not in told[str(row.subject)]
                told[str(row.subject)][row.sequence] = row.type
        for life in self.lives:
            assert life.within_the_graph(), life.steps
            found = steps[life.id]
            assert [found[number] for number in sorted(found)] == life.steps
            events = told[life.id]
            assert sorted(events) == list(range(1, life.version + 1))
            moved = {number for number, kind in events.items() if kind == DUE_CHANGED.name}
            assert (set(events) - moved, len(moved)) == (set(found), life.dues)

    @invariant()
    def tasks_are_open_exactly_where_the_state_says(self) -> None:
        rows = self.ground.rows("SELECT * FROM task WHERE status IN ('open', 'held')")
        for life in self.lives:
            desks = [Desk(row.branch, row.department, row.role) for row in rows if str(row.request_id) == life.id]
            assert sorted(desks, key=str) == sorted(life.desks, key=str)
        assert len(rows) == sum(len(life.desks) for life in self.lives)
        holders = {str(row.id): row.held_by for row in rows if row.status == "held"}
        assert holders == {task: actor.id for task, (_, _, actor) in self.held.items()}

    @invariant()
    def at_most_one_licence_and_one_document_of_silence_each(self) -> None:
        licences = self.ground.rows("SELECT request_id, state FROM licence")
        assert sorted((str(row.request_id), row.state) for row in licences) == sorted(
            (life.id, life.licence) for life in self.lives if life.licence is not None)
        deemed = [str(row.request_id) for row in self.ground.rows("SELECT request_id FROM deemed")]
        spoken = [life.id for life in self.lives for step in life.steps if step.action == "silence"]
        assert sorted(deemed) == sorted(spoken)

    def teardown(self) -> None:
        """At the end of a run: what was told keeps its contract and tells what happened, every number is explained,
        and the trace is whole."""
        life_of_requests.uuid7 = uuid7  # type: ignore[attr-defined]
        for life in self.lives:
            events = self.ground.events(life.id)
            moves = [event for event in events if event.type != DUE_CHANGED.name]
            assert [(event.data["from_state"], event.data["action"], event.data["state"], event.data["branch"],
                     event.data["verdict"]) for event in moves] == [tuple(step) for step in life.steps]
        for _ in range(2):
            self.ground.wait(seconds=61)
            while self.ground.attempt(numbers.explain):
                pass
        proof = numbers.prove(self.ground.unit_of_work())
        assert (proof.wrong, proof.open, proof.used) == ([], 0, len(self.lives))
        self._the_trace_is_whole()
        with self.ground.database.transaction() as connection:
            assert board.check(connection) == []
        self.met["lives"] += len(self.lives)
        for life in self.lives:
            self.met[f"end {life.outcome}"] += 1

    def _the_trace_is_whole(self) -> None:
        session = self.ground.database.session()
        try:
            with session.cursor() as cursor:
                while audit.seal(cursor):
                    pass
            key = public_key_of(self.ground.settings.audit_private_key)
            verdict = audit.verify("requests", audit.sealed_rows(session), audit.seals(session), (key,))
            assert verdict.good, verdict
        finally:
            session.close()

    def _task_id(self) -> UUID:
        """What is dealt hangs on the tasks' ids: the same in every run of the same steps."""
        return UUID(int=self.ids.getrandbits(128))

    # -- reading ------------------------------------------------------------------------------------------------------

    def rating_token(self, life: Life) -> str | None:
        """The token of the link in the last message, as notifications opens it."""
        row = self.ground.rows("SELECT body FROM event_log WHERE subject = :s ORDER BY sequence DESC LIMIT 1",
                               s=life.id)[0]
        sealed = decode(bytes(row.body)).data.get("rating")
        return self.ground.privacy.open(sealed, ring="contact", field="requests.rating.token") if sealed else None
