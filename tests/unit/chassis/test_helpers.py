"""Helpers of real programs: what they answer, and what becomes of those that die, hang, or say rubbish."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.helpers import HelperLost, Helpers

PROGRAM = """
import os, signal, socket, struct, sys
memory, there = int(sys.argv[1]), socket.socket(fileno=0)
there.setblocking(True)
while len(size := there.recv(8, socket.MSG_WAITALL)) == 8:
    given = os.pread(memory, struct.unpack(">Q", size)[0], 0)
    if given == b"die":
        os.kill(os.getpid(), signal.SIGKILL)
    if given == b"hang":
        signal.pause()
    if given == b"boast":
        there.sendall(struct.pack(">Q", 2**40))
    told = repr(sorted(os.environ)).encode() if given == b"environment" else given[::-1]
    there.sendall(struct.pack(">Q", len(told)) + told)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "turns_round.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def helpers(program: Path) -> Iterator[Helpers]:
    made = Helpers(program, 2, 30.0)
    yield made
    made.stop()
    assert made.pids == []


def there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # before it was opened, or while it was read
        return False


def gone(pid: int) -> bool:
    ends = time.monotonic() + 30
    while there(pid) and time.monotonic() < ends:
        time.sleep(0.01)
    return not there(pid)


def test_each_answers_its_own_piece_and_begins_when_it_first_has_one(helpers: Helpers) -> None:
    assert helpers.pids == []
    assert [one.answer() for one in helpers.hand([b"abc"])] == [b"cba"]
    first = helpers.pids
    large = bytes(range(256)) * 20_000
    for _ in range(2):
        assert [one.answer() for one in helpers.hand([large, b"xyz"])] == [large[::-1], b"zyx"]
    assert len(helpers.pids) == 2 and helpers.pids[0] == first[0]


def test_a_helper_knows_nothing_of_the_platforms_environment(helpers: Helpers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUBBAK_SECRET", "x")
    [handed] = helpers.hand([b"environment"])
    assert b"SHUBBAK" not in handed.answer()


@pytest.mark.parametrize("what", [b"die", b"boast"])
def test_one_that_dies_or_says_rubbish_is_lost_and_another_takes_its_place(helpers: Helpers, what: bytes) -> None:
    one, other = helpers.hand([what, b"abc"])
    with pytest.raises(HelperLost):
        one.answer()
    assert other.answer() == b"cba"
    assert [again.answer() for again in helpers.hand([b"12", b"34"])] == [b"21", b"43"]


def test_one_that_was_killed_between_two_pieces_is_started_again(helpers: Helpers) -> None:
    helpers.hand([b"a"])[0].answer()
    [before] = helpers.pids
    os.kill(before, signal.SIGKILL)
    assert gone(before)
    assert helpers.hand([b"ab"])[0].answer() == b"ba"
    assert helpers.pids != [before]


def test_one_that_hangs_is_waited_for_so_long_and_then_ended(program: Path) -> None:
    helpers = Helpers(program, 1, 0.3)
    try:
        [handed] = helpers.hand([b"hang"])
        [before] = helpers.pids
        with pytest.raises(HelperLost, match="no answer within"):
            handed.answer()
        assert gone(before)
    finally:
        helpers.stop()


def test_an_answer_that_nobody_asked_for_is_never_taken_for_the_next(helpers: Helpers) -> None:
    [forgotten] = helpers.hand([b"first"])
    [handed] = helpers.hand([b"second"])
    assert handed.answer() == b"dnoces"
    with pytest.raises(HelperLost):
        forgotten.answer()
    with pytest.raises(HelperLost):
        handed.answer()


def test_a_program_that_is_not_there_loses_its_work_only(tmp_path: Path) -> None:
    helpers = Helpers(tmp_path / "nowhere.py", 1, 30.0)
    for _ in range(2):
        with pytest.raises(HelperLost):
            helpers.hand([b"x"])[0].answer()
    helpers.stop()


def test_helpers_end_with_whoever_started_them_however_that_ends(program: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", f"""
import chassis.patched, signal
from pathlib import Path
from chassis.helpers import Helpers
helpers = Helpers(Path({str(program)!r}), 2, 30.0)
[one.answer() for one in helpers.hand([b"a", b"b"])]
print(*helpers.pids, flush=True)
signal.pause()
"""], stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert parent.stdout is not None
    pids = [int(one) for one in parent.stdout.readline().split()]
    assert len(pids) == 2 and all(there(pid) for pid in pids)
    parent.kill()
    parent.wait(30)
    assert all(gone(pid) for pid in pids)
