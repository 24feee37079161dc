"""Kiosks and windows of one hall, each a process of its own, are SIGKILLed in the middle and go on with the command
they were at: numbers stay dense, every press gives one ticket, every call one turn, and no turn comes to two windows.

`SHUBBAK_KILLS` kills (12 when not said)."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chassis.answers import load
from chassis.database import Database
from chassis.errors import Conflict
from chassis.ids import uuid7
from chassis.uow import Context
from contracts import requests_turns as language
from services.requests import turns
from tests.support.killed import Killable
from tests.support.requests_ground import CLERK
from tests.support.turns_ground import KIOSK, Hall

KILLS = int(os.environ.get("SHUBBAK_KILLS", "12"))
KIOSKS, WINDOWS = 2, 2
TICKETS = 8 * KILLS  # of all kiosks together, so that there is always something under way
GIVE_UP = 240.0


class Worker(Killable):
    """A kiosk, or a window that calls and ends. It notes every answer; one that is started again begins where it was
    killed, with the same commands."""

    def __init__(self, hall: Hall, url: str, window: str | None, commands: list[UUID], notes: Path) -> None:
        self.hall, self.url, self.window, self.commands, self.notes = hall, url, window, commands, notes
        self.start()

    def answers(self) -> list[str]:
        """The label of each command's turn; a line that was cut off by a kill is none."""
        text = self.notes.read_text() if self.notes.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def _work(self) -> None:
        hall = self.hall
        hall.database = Database(self.url, 2)
        hall.context = Context(hall.settings, hall.database, hall.privacy, hall.context.clock)
        kept = self.answers()
        self.notes.write_text("".join(f"{json.dumps(one)}\n" for one in kept))
        with self.notes.open("a") as notes:
            for command in self.commands[len(kept):]:
                label = self._take(command) if self.window is None else self._call(command)
                notes.write(json.dumps(label) + "\n")
                notes.flush()

    def _take(self, command: UUID) -> str:
        body = load(language.TakeTurn(), {"queue": "intake"})
        return str(self._insist(lambda work: turns.take(work, body), KIOSK, command)["label"])

    def _call(self, command: UUID) -> str:
        """Call until somebody is there, and end; an empty queue is asked under another command of this one's."""
        for again in range(100_000):
            asked = UUID(int=command.int ^ again)
            body = load(language.CallTurn(), {"window": self.window, "queues": ["intake"]})
            turn = self._insist(lambda work: turns.call(work, body), CLERK, asked)["turn"]
            if turn is not None:
                end = load(language.ActOnTurn(), {"turn_id": turn["turn_id"], "window": self.window})
                self._insist(lambda work: turns.end(work, end), CLERK, UUID(int=asked.int ^ (1 << 100)))
                return str(turn["label"])
        raise AssertionError("nobody ever came")

    def _insist(self, run: Callable[[Any], Any], actor: Any, command: UUID) -> Any:
        while True:
            try:
                return self.hall.command(run, actor, command)
            except Conflict:  # others were faster five times: as a page does, ask again
                continue


@pytest.fixture
def hall(database_url: Callable[..., str]) -> Iterator[tuple[Hall, str]]:
    url = database_url("requests")
    made = Hall(url, TICKETS_A_MINUTE="1000")  # its clock stands still, so that all come within one minute
    made.fresh()
    yield made, url
    made.close()


def test_kiosks_and_windows_are_killed_and_no_turn_is_lost_doubled_or_given_twice(
    hall: tuple[Hall, str], tmp_path: Path
) -> None:
    ground, url = hall
    ground.database.close()  # a connection is not shared with children
    each = TICKETS // KIOSKS
    windows = [None] * KIOSKS + [str(number + 1) for number in range(WINDOWS)]
    workers = [Worker(ground, url, window, [uuid7() for _ in range(each)], tmp_path / f"{number}.jsonl")
               for number, window in enumerate(windows)]  # fmt: skip
    chance, ends = random.Random(7), time.monotonic() + GIVE_UP
    try:
        for _ in range(KILLS):
            before = sum(len(worker.answers()) for worker in workers)
            while sum(len(worker.answers()) for worker in workers) < before + 2 and time.monotonic() < ends:
                if all(len(worker.answers()) == each for worker in workers):
                    break
                time.sleep(0.002)  # soon enough to meet somebody in the middle of it
            victim = chance.choice(workers)
            victim.kill()
            victim.start()
        for worker in workers:
            _, status = os.waitpid(worker.pid, 0)
            worker.pid = 0
            assert status == 0
    finally:
        for worker in workers:
            if worker.pid:
                worker.kill()
    ground.database = Database(url, 2)
    taken = [label for worker in workers if worker.window is None for label in worker.answers()]
    called = [label for worker in workers if worker.window is not None for label in worker.answers()]
    everybody = {f"A{number}" for number in range(1, TICKETS + 1)}
    assert len(taken) == len(set(taken)) == TICKETS and set(taken) == everybody
    assert len(called) == len(set(called)) == TICKETS and set(called) == everybody
    rows = ground.rows("SELECT state, calls FROM turn")
    assert {(row.state, row.calls) for row in rows} == {("ended", 1)} and len(rows) == TICKETS
