"""Load from wrk (Debian package `wrk`), driven by the small scripts of this folder."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw. `ok` answers were 2xx, `busy` 503, `other` anything else (`other_status` is one of them); `broken`
    connections and `timeouts` got no answer. Latencies are of a closed loop: each connection waits for its answer."""

    seconds: float
    requests: int
    ok: int
    busy: int
    other: int
    other_status: int
    broken: int
    timeouts: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @property
    def rate(self) -> float:
        return round(self.ok / self.seconds, 1)

    def demand_clean(self) -> Load:
        """Itself, when every request was answered 2xx; otherwise a figure would mean nothing."""
        if self.busy or self.other or self.broken or self.timeouts or not self.ok:
            raise RuntimeError(f"the load met failures: {self}")
        return self


def get(
    url: str, *, seconds: float, connections: int, threads: int = 2, headers: Mapping[str, str] | None = None
) -> Load:
    """GET an address for so many seconds, each time with these headers."""
    lines = "\n".join(f"{name}: {value}" for name, value in (headers or {}).items())
    return _run("get.lua", url, seconds, connections, threads, {"WRK_HEADERS": lines})


def post(url: str, path: str, bodies: Path, *, seconds: float, connections: int, threads: int = 2) -> Load:
    """POST prepared bodies, each once, for so many seconds or until they are used up."""
    return _run("post.lua", url, seconds, connections, threads, {"WRK_PATH": path, "WRK_BODIES": str(bodies)})


def post_each(url: str, lines: Path, *, seconds: float, connections: int, threads: int = 2) -> Load:
    """POST prepared requests of paths of their own, each once, as `post` does."""
    return _run("each.lua", url, seconds, connections, threads, {"WRK_BODIES": str(lines)})


def _run(script: str, url: str, seconds: float, connections: int, threads: int, extra: dict[str, str]) -> Load:
    environment = {**os.environ, "WRK_REPORT": str(_HERE / "report.lua"), "WRK_LINES": str(_HERE / "lines.lua"),
                   "WRK_THREADS": str(threads), **extra}
    command = ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds:.0f}s", "--timeout", "15s"]
    done = subprocess.run([*command, "-s", str(_HERE / script), url], env=environment, capture_output=True, text=True)
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT ")), None)
    if done.returncode != 0 or line is None:
        raise RuntimeError(f"wrk failed: {done.stdout}\n{done.stderr}")
    return Load(**json.loads(line.removeprefix("RESULT ")))
