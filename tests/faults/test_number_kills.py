"""Several processes of requests lodge into one database, get the same commands at once, sweep the register, and are
SIGKILLed in the middle: every serial is used once or its gap is explained, and each command is one request.

`SHUBBAK_KILLS` kills (20 when not said)."""

from __future__ import annotations

import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.database import Database
from chassis.errors import Conflict
from chassis.ids import uuid7
from chassis.uow import Context
from contracts.requests import Submit
from rules.refusal import Refusal
from services.requests import intake, numbers
from tests.support.killed import Killable
from tests.support.requests_ground import MORNING, Ground, shop

KILLS = int(os.environ.get("SHUBBAK_KILLS", "20"))
PROCESSES = 3
EACH = 8  # commands for a kill, so that there is always something under way
HURRY = 600  # seconds of the test's clock to one of ours: a serial is given up a tenth of a second after it was drawn
GIVE_UP = 240.0

Commands = list[tuple[UUID, dict[str, Any]]]


class Worker(Killable):
    """A process of its own, with connections of its own, that sends the commands one after the other and notes what
    was answered. One that is started again begins where it was killed, with the same command."""

    def __init__(self, ground: Ground, url: str, commands: Commands, notes: Path) -> None:
        self.ground, self.url, self.commands, self.notes = ground, url, commands, notes
        self.start()

    def answers(self) -> list[list[str]]:
        """[command, what was answered] of each; a line that was cut off by a kill is none."""
        text = self.notes.read_text() if self.notes.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def done(self) -> bool:
        return len(self.answers()) >= len(self.commands)

    def _work(self) -> None:
        ground = self.ground
        ground.database = Database(self.url, 2)
        ground.context = Context(ground.settings, ground.database, ground.privacy, _hurried)
        kept = "".join(f"{json.dumps(one)}\n" for one in self.answers())
        self.notes.write_text(kept)
        with self.notes.open("a") as notes:
            for number, (command, body) in list(enumerate(self.commands))[kept.count("\n"):]:
                notes.write(json.dumps([str(command), self._lodge(command, body)]) + "\n")
                notes.flush()
                if number % 5 == 0:
                    _sweep(ground)

    def _lodge(self, command: UUID, body: dict[str, Any]) -> str:
        loaded = load(Submit(), dict(body))
        while True:
            try:
                answer = self.ground.command(lambda work: intake.submit(work, loaded), PUBLIC, command, body)
                return str(answer["tracking_number"])
            except Refusal as refusal:
                return refusal.code
            except Conflict:  # the register gave every number up before it was written: as a door, ask again
                continue


def _hurried() -> Any:
    return MORNING + timedelta(seconds=(time.time() - STARTED) * HURRY)


def _sweep(ground: Ground) -> None:
    try:
        while ground.attempt(numbers.explain):
            pass
    except Conflict:  # another process swept
        return


STARTED = 0.0


@pytest.fixture(scope="module")
def lodged(database_url: Callable[..., str], seed: int, tmp_path_factory: pytest.TempPathFactory
           ) -> Iterator[tuple[Ground, Commands, list[Worker]]]:
    global STARTED  # the test's clock begins with it, however long ago its module was read
    STARTED = time.time()
    url, chance = database_url("requests"), random.Random(f"{seed}:numbers")
    ground = Ground(url)
    ground.rows("SELECT nextval('tracking_serial')")  # a register begins after a number that was drawn
    ground.publish({**shop(), "documents": []})
    ground.fresh()
    with ground.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE number_mark SET seen_at = '2020-01-01'")
    commands = [(uuid7(), ground.application(papers=(), **({} if chance.random() < 0.8 else {"applicant__phone": "1"})))
                for _ in range(KILLS * EACH)]
    folder = tmp_path_factory.mktemp("numbers")
    workers = [Worker(ground, url, commands, folder / f"{number}.jsonl") for number in range(PROCESSES)]
    ends = time.monotonic() + GIVE_UP + KILLS
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.01, 0.12))
        unlucky = chance.choice(workers)
        if not unlucky.done():
            unlucky.kill()
            unlucky.start()
    while not all(worker.done() for worker in workers):
        assert time.monotonic() < ends, [len(worker.answers()) for worker in workers]
        time.sleep(0.05)
    for worker in workers:
        os.waitpid(worker.pid, 0)
    for _ in range(2):
        ground.now = max(ground.now, _hurried()) + timedelta(seconds=61)
        _sweep(ground)
    yield ground, commands, workers
    ground.close()


def test_the_same_command_has_one_answer_in_every_process(lodged: tuple[Ground, Commands, list[Worker]]) -> None:
    _, commands, workers = lodged
    told: dict[str, set[str]] = defaultdict(set)
    for worker in workers:
        for command, answer in worker.answers():
            told[command].add(answer)
    assert set(told) == {str(command) for command, _ in commands}
    assert {len(answers) for answers in told.values()} == {1}
    accepted = [answer for answers in told.values() for answer in answers if answer != "phone_invalid"]
    assert len(set(accepted)) == len(accepted)


def test_each_command_is_one_request(lodged: tuple[Ground, Commands, list[Worker]]) -> None:
    ground, commands, workers = lodged
    answered = {answer for worker in workers for _, answer in worker.answers()} - {"phone_invalid"}
    kept = [row.tracking_number for row in ground.rows("SELECT tracking_number FROM request")]
    assert sorted(kept) == sorted(answered)
    assert len(kept) == sum(body["applicant"]["phone"] != "1" for _, body in commands)


def test_every_serial_is_used_once_or_its_gap_is_explained(lodged: tuple[Ground, Commands, list[Worker]]) -> None:
    ground, _, _ = lodged
    proof = numbers.prove(ground.unit_of_work())
    assert (proof.wrong, proof.open) == ([], 0)
    assert proof.used == ground.rows("SELECT count(*) AS n FROM request")[0].n
    assert proof.used + proof.gaps.total() == proof.drawn - proof.since + 1
    assert proof.gaps["refused: phone_invalid"] and proof.gaps[numbers.NEVER_LODGED]
