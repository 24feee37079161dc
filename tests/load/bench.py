"""The figures of the platform, each against its goal: `make bench` (about seven minutes on two cores).

Everything runs on loopback with servers of its own; load comes from wrk. What is compared is measured in the same run,
in turns, on the same broker. Prints a table and writes build/bench.json. A figure that falls short says so; the exit
status is 1 only when something could not be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.load import (
    bulk,
    callbacks,
    calls,
    deadlines,
    demo_start,
    events,
    guide,
    lifecycle,
    link,
    machine,
    messages,
    million,
    pages,
    reconciliation,
    report,
    submit,
    webhooks,
)
from tests.load.ground import ROOT, Ground

RESULT = ROOT / "build" / "bench.json"


def _on_ground(measure: Callable[[Ground], dict[str, Any]], *services: str) -> dict[str, Any]:
    with Ground.standing(*services) as ground:
        return measure(ground)


def _in_folder(measure: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="shubbak-bench-") as folder:
        return measure(Path(folder))


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "search": guide.measure_search,
    "fees": guide.measure_fees,
    "deadlines": deadlines.measure,
    "calls": lambda: _on_ground(calls.measure_calls, "gateway", "catalog"),
    "round_trips": lambda: _on_ground(calls.measure_round_trips, "gateway", "catalog"),
    "pages": lambda: _in_folder(pages.measure),
    "submit": lambda: _in_folder(submit.measure),
    "lifecycle": lifecycle.measure_both,
    "callbacks": callbacks.measure,
    "events": lambda: _on_ground(events.measure, "requests", "notifications"),
    "reconciliation": lambda: _on_ground(reconciliation.measure, "payments"),
    "messages": lambda: _on_ground(messages.measure, "notifications", "requests"),
    "bulk": lambda: _on_ground(bulk.measure, "notifications"),
    "webhooks": lambda: _on_ground(webhooks.measure, "gateway"),
    "link": link.measure,
    "demo_start": lambda: _in_folder(demo_start.measure),
    "million": lambda: _on_ground(million.measure, "requests"),
}
LONG = ("million",)  # run when asked for by name, or with MILLION=1


def main() -> None:
    options = argparse.ArgumentParser(prog="tests.load.bench")
    options.add_argument("parts", nargs="*", metavar="PART",
                         help=f"only these of {', '.join(PARTS)}; otherwise all but {', '.join(LONG)}")
    long = LONG if os.environ.get("MILLION") != "1" else ()
    chosen = options.parse_args().parts or [part for part in PARTS if part not in long]
    unknown = set(chosen) - set(PARTS)
    if unknown:
        options.error(f"no such part: {', '.join(sorted(unknown))}")
    started = time.monotonic()
    found: dict[str, Any] = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine.describe()}
    report.say(report.of_machine(found["machine"]))
    failed = False
    for name in chosen:
        begun = time.monotonic()
        try:
            found[name] = PARTS[name]()
        except Exception as error:  # the other parts are still worth having
            failed = True
            found[name] = {"failed": f"{type(error).__name__}: {error}"}
        report.say(f"  {name}: measured in {time.monotonic() - begun:.0f} s")
    found["seconds"] = round(time.monotonic() - started)
    found["figures"] = [figure.as_dict() for figure in report.figures(found)]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    report.say(report.render(found))
    report.say(f"\nWritten to {RESULT.relative_to(ROOT)} after {found['seconds']} s.")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
