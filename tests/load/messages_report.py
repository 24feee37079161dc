"""What text messages cost, as lines of the table and below it: by process, and what bounds their rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.load.figure import Figure

RATE = 300
_NAMES = {"one_part": "one part", "two_parts": "two parts"}
_PLACES = 8


def figures(part: Mapping[str, Any]) -> Iterator[Figure]:
    """The lines of the table."""
    for name, called in _NAMES.items():
        one = part[name]
        what = f"SMS a second through one process, window {part['window']}: Arabic of {called}"
        yield Figure(what, f"{one['per_second']:.0f}/s", f"≥ {RATE}", one["per_second"] >= RATE)
        yield Figure("  parts a second; messages a second until their receipts are applied",
                     f"{one['parts_per_second']:.0f}, {one['per_second_until_delivered']:.0f}/s")
        ours = {process: spent for process, spent in one["cpu_ms"].items() if process != "sandbox"}
        yield Figure("  CPU a message: notifications; all of ours; the sandbox",
                     f"{ours['notifications']:.1f}; {sum(ours.values()):.1f}; {one['cpu_ms']['sandbox']:.1f} ms")
    event = part["event"]
    yield Figure(f"From an event's commit to the operator, {event['per_second']} a second: p50, p99, worst",
                 f"{event['p50']:.2f}, {event['p99']:.2f}, {event['worst']:.2f} s")


def details(part: Mapping[str, Any]) -> Iterator[str]:
    """CPU by process, the top of the profile, and the plain statement."""
    if "two_parts" not in part:
        return
    yield from ("", f"{'process':<16}{'CPU ms, one part':>20}{'two parts':>12}{'of a core under load':>24}")
    for process, spent in part["two_parts"]["cpu_ms"].items():
        yield (f"{process:<16}{part['one_part']['cpu_ms'][process]:>20.2f}{spent:>12.2f}"
               f"{part['two_parts']['cores_busy'][process]:>23.0%}")
    for process, seen in part.get("profile", {}).items():
        if "failed" in seen:
            yield f"{process}: no profile ({seen['failed']})"
            continue
        for which, title in (("own", "at work in"), ("within", "of our code, on the way in")):
            places = list(seen[which].items())[:_PLACES]
            yield f"{process}, {title}: " + ", ".join(f"{place} {share:.0%}" for place, share in places)
    yield bound(part["two_parts"])


def bound(one: Mapping[str, Any], cores: int = 2) -> str:
    """In one sentence, what keeps the rate where it is."""
    busy, spent = one["cores_busy"], one["cpu_ms"]
    total = sum(busy.values())
    most = ", ".join(f"{name} {spent[name]:.1f}" for name in sorted(spent, key=spent.__getitem__, reverse=True)[:3])
    each = f"{sum(spent.values()):.1f} ms of CPU a message, the sandbox's among them (most: {most} ms)"
    if busy["notifications"] > 0.9:
        return (f"What bounds text messages: notifications is one process and keeps a core to itself "
                f"({busy['notifications']:.0%}); {each}.")
    if total > 0.8 * cores:
        return (f"What bounds text messages: CPU. The run kept {total:.1f} of {cores} cores busy, the sandbox "
                f"{busy['sandbox']:.1f} of them; {each}.")
    return (f"What bounds text messages: the run had {total:.1f} of {cores} cores; what else the machine did, and "
            f"waiting for answers and commits, took the rest; {each}.")
