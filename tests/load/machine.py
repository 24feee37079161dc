"""What processes cost: CPU and resident memory of trees of processes, and how busy the machine was by others."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds by name, user and system together."""

    by_name: Mapping[str, float]

    def __sub__(self, earlier: Cpu) -> Cpu:
        return Cpu({name: seconds - earlier.by_name.get(name, 0.0) for name, seconds in self.by_name.items()})

    def milliseconds_per(self, count: int) -> dict[str, float]:
        return {name: round(seconds * 1000 / count, 3) for name, seconds in self.by_name.items()}


class Meter:
    """Named processes, each with its children."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}

    def cpu(self) -> Cpu:
        return Cpu({name: _tree_seconds(process) for name, process in self._processes.items()})

    def resident_mb(self) -> dict[str, float]:
        """Resident memory in MB. A tree counts shared pages once (its proportional set size)."""
        return {name: round(_tree_memory(process) / 1e6, 1) for name, process in self._processes.items()}


def backends(postgres_pid: int) -> Cpu:
    """CPU seconds of a PostgreSQL's back ends by database, by the titles they carry; what else it runs is `others`."""
    found: dict[str, float] = {}
    for one in psutil.Process(postgres_pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            title, times = " ".join(one.cmdline()).split(), one.cpu_times()
            # postgres: <user> <database> <host>(<port>) …
            name = title[2] if len(title) > 3 and "(" in title[3] else "others"
            found[name] = found.get(name, 0.0) + times.user + times.system
    return Cpu(found)


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _tree_seconds(process: psutil.Process) -> float:
    total = 0.0
    for one in _tree(process):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue  # ended in between; its parent has its time from now on
        # A back end that has ended is counted by the process that waited for it.
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _tree_memory(process: psutil.Process) -> int:
    members = _tree(process)
    if len(members) == 1:
        return int(process.memory_info().rss)
    total = 0
    for one in members:
        try:
            total += one.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total


def others(seconds: float = 2.0) -> dict[str, object]:
    """How busy the machine is before we begin: percent of all cores, and which programs take 5 % of a core or more."""
    before = {process.pid: (process, _seconds(process)) for process in psutil.process_iter()}
    busy = psutil.cpu_percent(interval=seconds)
    shares: dict[str, float] = {}
    for pid, (process, spent) in before.items():
        share = (_seconds(process) - spent) / seconds
        if share >= 0.05 and pid != os.getpid():
            with contextlib.suppress(psutil.Error):
                shares[process.name()] = shares.get(process.name(), 0.0) + share
    return {"busy_percent": round(busy), "programs": {name: f"{share:.0%}" for name, share in sorted(shares.items())}}


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def describe() -> dict[str, object]:
    """The machine and what else it was doing."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "python": platform.python_version(),
        "load_average": [round(value, 2) for value in os.getloadavg()],
        "others": others(),
    }


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown")
