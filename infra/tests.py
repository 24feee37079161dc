"""All tests in parts, three at a time: `python -m infra.tests [pytest options]`.

Each part is a pytest of its own, with its own servers; the longest begin first. Tests of faults and of integration
mostly wait, for processes that start again, for the broker, for a disk: three parts keep two cores busy. Prints each
part's summary, the whole log of those that failed, and at the end all counts together; its status is 0 when all passed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "build"
AT_ONCE = 3


def _parts() -> dict[str, list[str]]:
    """Name and paths of every part. Whatever lies in tests/ is in one of them."""
    faults = _dealt("faults", "tests/faults", 2)
    integration = _dealt("integration", "tests/integration", 3)
    integration["integration 1"].append("tests/integration/chassis")
    # What mostly waits, for a killed process or a page, runs beside what mostly computes.
    journeys = _dealt("journeys", "tests/journeys", 2)
    first = {name: paths for pair in zip(journeys.items(), faults.items(), strict=True) for name, paths in pair}
    return {**first, "unit": ["tests/unit"], **integration}


def _dealt(name: str, folder: str, count: int) -> dict[str, list[str]]:
    """A folder's modules dealt out like cards: those of one subject are alike, so that parts become about as long."""
    modules = sorted(f"{folder}/{path.name}" for path in (ROOT / folder).glob("test_*.py"))
    return {f"{name} {number + 1}": modules[number::count] for number in range(count)}


def _run(name: str, paths: list[str], options: list[str]) -> tuple[str, int, str, float]:
    log, started = LOGS / f"tests-{name.replace(' ', '-')}.log", time.monotonic()
    with log.open("wb") as out:
        command = [sys.executable, "-m", "pytest", "--durations=15", *options, *paths]
        status = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    text = log.read_text(errors="replace")
    took = time.monotonic() - started
    if status:
        print(text, flush=True)
    summary = text.rstrip().rpartition("\n")[2]
    print(f"{name}: {summary}", flush=True)
    return name, status, summary, took


def main(options: list[str]) -> int:
    """Run them all; the status of the whole."""
    LOGS.mkdir(exist_ok=True)
    _pages("clear")
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(lambda part: _run(part[0], part[1], options), _parts().items()))
    print("\n".join(f"{took:6.0f} s  {name}: {summary}" for name, _, summary, took in done))
    told = Counter[str]()
    for _, _, summary, _ in done:
        told.update({what: int(count) for count, what in re.findall(r"(\d+) (passed|failed|errors?|skipped)", summary)})
    counts = ", ".join(f"{count} {what}" for what, count in told.items())
    print(f"{counts} in {time.monotonic() - started:.0f} s", flush=True)
    unseen = _pages("unseen")
    return int(unseen or any(status for _, status, _, _ in done))


def _pages(what: str) -> int:
    """Of the pages that journeys look at: forget which, or say which no journey looked at. 0 when there is none."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.journeys.pages_seen", what]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
