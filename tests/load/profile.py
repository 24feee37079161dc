"""Where processes spend their time, by py-spy, which looks from outside: no process knows that it is watched."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RATE = 200  # looks a second
TOP = 12
_OURS = ("chassis", "bus", "requests", "gateway", "web", "api", "notifications", "rules", "contracts", "payments",
         "catalog")  # folders in which our modules lie
_FRAME = re.compile(r"(?P<function>.*) \((?P<file>.*?)(:\d+)?\)$")


@contextmanager
def watching(pids: Mapping[str, int], seconds: float) -> Iterator[dict[str, Any]]:
    """Watch processes while the block runs, for so many seconds. The dict it yields is filled at the end: by process
    {samples, own: {place: share}, within: {place: share}}, or {failed: why}."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="shubbak-profile-") as folder:
        started = {name: _watch(pid, Path(folder) / f"{name}.txt", seconds) for name, pid in pids.items()}
        try:
            yield found
        finally:
            for name, process in started.items():
                found[name] = _result(process, Path(folder) / f"{name}.txt", seconds)


def _watch(pid: int, result: Path, seconds: float) -> subprocess.Popen[bytes] | None:
    program = Path(sys.executable).with_name("py-spy")
    command = str(program) if program.exists() else shutil.which("py-spy")
    if command is None:
        return None
    return subprocess.Popen(
        [command, "record", "--pid", str(pid), "--duration", f"{seconds:.0f}", "--rate", str(RATE), "--format", "raw",
         "--output", str(result), "--nonblocking"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )


def _result(process: subprocess.Popen[bytes] | None, result: Path, seconds: float) -> dict[str, Any]:
    if process is None:
        return {"failed": "py-spy is not installed"}
    try:
        _, error = process.communicate(timeout=seconds + 20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {"failed": "py-spy did not end"}
    if process.returncode or not result.exists():
        return {"failed": error.decode(errors="replace").strip()[-300:]}
    return read(result.read_text(encoding="utf-8"))


def read(stacks: str) -> dict[str, Any]:
    """Shares of the looks at which a place was at the top of the stack (`own`), and in it at all (`within`, of our own
    code), the largest first. `stacks` has a line a stack: frames from the outermost on, `;` between, then how often it
    was seen."""
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    total = 0
    for line in stacks.splitlines():
        stack, _, times = line.rpartition(" ")
        if not times.isdigit():
            continue
        places = [_place(frame) for frame in stack.split(";")]
        count = int(times)
        total += count
        own[places[-1]] += count
        for place in set(places):
            within[place] += count
    return {"samples": total, "own": _shares(own, total), "within": _shares(within, total, ours=True)}


def _place(frame: str) -> str:
    found = _FRAME.match(frame)
    if found is None:
        return frame
    path = found["file"].partition("site-packages/")[2] or found["file"]
    parts = [part for part in path.split("/") if part]
    return f"{'/'.join(parts[-2:])} {found['function']}"


def _shares(counted: Counter[str], total: int, *, ours: bool = False) -> dict[str, float]:
    wanted = [(place, count) for place, count in counted.most_common() if not ours or _is_ours(place)]
    return {place: round(count / total, 3) for place, count in wanted[:TOP]}


def _is_ours(place: str) -> bool:
    return "<" not in place and place.partition("/")[0] in _OURS
