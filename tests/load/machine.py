"""What processes cost: CPU and resident memory of trees of processes, and how busy the machine was by others."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds by name, user and system together."""

    by_name: Mapping[str, float]

    def __sub__(self, earlier: Cpu) -> Cpu:
        return Cpu({name: seconds - earlier.by_name[name] for name, seconds in self.by_name.items()})

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


def others() -> list[str]:
    """Processes of others that take a noticeable share of a core during half a second."""
    ours = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    seen = {process: _seconds(process) for process in psutil.process_iter() if process.pid not in ours}
    time.sleep(0.5)
    found = []
    for process, before in seen.items():
        share = (_seconds(process) - before) / 0.5
        if share >= 0.1:
            try:
                found.append(f"{process.name()} {share:.0%}")
            except psutil.NoSuchProcess:
                continue
    return sorted(found)


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
