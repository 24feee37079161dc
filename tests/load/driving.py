"""The load of one service on another: so many green threads that each call, wait and call again."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import eventlet
import psutil

TEXT = "نص قصير"
CONCURRENCY = int(os.environ.get("BENCH_CONCURRENCY", "50"))
WARM_UP, MEASURED = 1.0, float(os.environ.get("BENCH_SECONDS", "3"))


def drive(call: Callable[[], Any], *, callee_pid: int) -> None:
    """Call for WARM_UP and MEASURED seconds, then print one line of JSON: calls, seconds, and the CPU seconds that the
    two processes, this one and the callee, took in between."""
    state = {"calls": 0}

    def loop() -> None:
        while True:
            if call()["pong"] != TEXT:
                raise RuntimeError("wrong answer")
            state["calls"] += 1

    threads = [eventlet.spawn(loop) for _ in range(CONCURRENCY)]
    processes = {"caller": psutil.Process(), "callee": psutil.Process(callee_pid)}
    eventlet.sleep(WARM_UP)
    begun, calls, cpu = time.monotonic(), state["calls"], _cpu(processes)
    eventlet.sleep(MEASURED)
    seconds, calls, spent = time.monotonic() - begun, state["calls"] - calls, _cpu(processes)
    for thread in threads:
        if thread.dead:
            thread.wait()  # raises what ended it: callers end only by failing
        thread.kill()
    took = {name: spent[name] - cpu[name] for name in cpu}
    sys.stdout.write("RESULT " + json.dumps({"calls": calls, "seconds": seconds, "cpu": took}) + "\n")
    sys.stdout.flush()


def _cpu(processes: dict[str, psutil.Process]) -> dict[str, float]:
    return {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}
