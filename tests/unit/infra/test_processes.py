"""A free port is given once, whoever asks: several parts of the tests look for theirs at the same time."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from infra import processes

ROOT = Path(__file__).resolve().parents[3]
# Is drawn one port first, and others by chance if that one is not to be had.
DRAWING = """
import random, sys
from infra import processes

class Drawing(random.SystemRandom):
    first = [int(one) for one in sys.argv[1:]]

    def randrange(self, *range_):
        return self.first.pop(0) if self.first else super().randrange(*range_)

processes.random.SystemRandom = Drawing
print(processes.free_port())
"""


def given_to_another(*drawn: int) -> int:
    """The port that another process is given, which draws these first."""
    done = subprocess.run([sys.executable, "-c", DRAWING, *map(str, drawn)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_a_port_that_nobody_listens_on_yet_is_not_given_again() -> None:
    mine = processes.free_port()
    assert given_to_another(mine) != mine
    assert given_to_another(mine) != mine, "a process that was refused it lets go of nothing"


def test_a_port_is_to_be_had_again_when_the_process_that_it_was_given_to_has_ended(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = given_to_another()
    assert given_to_another(theirs) == theirs
    monkeypatch.setattr(random.SystemRandom, "randrange", lambda *_: theirs)
    assert processes.free_port() == theirs
    with pytest.raises(processes.NotStarted):
        processes.free_port()  # one process is not given it twice either
