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
    began, ours = machine.running(), time.monotonic()
    while time.monotonic() - ours < 0.05:
        pass
    ended = machine.running()
    assert began is not None
    assert ended is not None
    assert abs((ended[1] - began[1]) - (time.monotonic() - ours)) < 0.05


def test_asking_whether_the_clock_is_kept_right_changes_nothing() -> None:
    before = time.time()
    assert machine.synchronised() in (True, False)
    assert abs(time.time() - before) < 5
