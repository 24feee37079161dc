"""What the machine knows of time, whatever its clock is set to."""

from __future__ import annotations

import subprocess
import sys
import time

from chassis import machine


def test_another_process_on_the_same_machine_counts_the_same() -> None:
    here = machine.running()
    assert here is not None
    there = subprocess.run([sys.executable, "-c", "from chassis.machine import running; print(*running())"],
                           capture_output=True, text=True, check=True).stdout.split()
    after = machine.running()
    assert after is not None
    assert there[0] == here[0] == after[0]
    assert here[1] <= float(there[1]) <= after[1]


def test_it_counts_seconds() -> None:
    # Its every reading lies between two of ours, however long the machine leaves us between them.
    before, began, after = time.monotonic(), machine.running(), time.monotonic()
    while time.monotonic() - after < 0.05:
        pass
    sooner, ended, later = time.monotonic(), machine.running(), time.monotonic()
    assert began is not None
    assert ended is not None
    assert sooner - after - 0.001 <= ended[1] - began[1] <= later - before + 0.001


def test_asking_whether_the_clock_is_kept_right_changes_nothing() -> None:
    before = time.time()
    assert machine.synchronised() in (True, False)
    assert abs(time.time() - before) < 5
