"""What a rail's callback costs, as lines of the table and below it: by process, and what bounds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.load.figure import Figure

RATE = 300
_PLACES = 6


def figures(part: Mapping[str, Any]) -> Iterator[Figure]:
    """The lines of the table."""
    rate, sent = part["per_second"], part["per_second_until_sent"]
    what = f"Callbacks of rails, each paying a bill, answered 200 ({part['connections']} connections)"
    yield Figure(what, f"{rate:.0f}/s", f"≥ {RATE}", rate >= RATE)
    yield Figure("  counted until payments' event log is sent", f"{sent:.0f}/s", f"≥ {RATE}", sent >= RATE)
    yield Figure("  counted until every request has moved on", f"{part['per_second_until_applied']:.0f}/s")
    yield Figure("  p50, p95, p99", f"{part['p50_ms']:.0f}, {part['p95_ms']:.0f}, {part['p99_ms']:.0f} ms")
    yield Figure("  refused 503 (busy)", str(part["refused_busy"]))
    cpu = part["cpu_ms"]
    yield Figure("  CPU a callback: payments and gateway; all, until requests have moved on",
                 f"{cpu['payments and gateway']:.1f}; {cpu['all']:.1f} ms")
    repeats = part["repeats"]
    yield Figure("  the same callbacks again; p50, p99",
                 f"{repeats['per_second']:.0f}/s; {repeats['p50_ms']:.0f}, {repeats['p99_ms']:.0f} ms")


def details(part: Mapping[str, Any]) -> Iterator[str]:
    """CPU by process, the tops of the profiles, and the plain statement."""
    if "cpu_ms" not in part:
        return
    yield from ("", f"{'process':<16}{'CPU ms/callback':>20}{'of a core under load':>24}")
    for process, spent in part["cpu_ms"]["by_process"].items():
        yield f"{process:<16}{spent:>20.2f}{part['cores_busy'].get(process, 0.0):>23.0%}"
    yield "PostgreSQL, by database: " + ", ".join(
        f"{database} {spent:.2f} ms" for database, spent in part["databases_ms"].items())
    for process, seen in part.get("profile", {}).items():
        if "failed" in seen:
            yield f"{process}: no profile ({seen['failed']})"
            continue
        for which, title in (("own", "at work in"), ("within", "of our code, on the way in")):
            places = list(seen[which].items())[:_PLACES]
            yield f"{process}, {title}: " + ", ".join(f"{place} {share:.0%}" for place, share in places)
    yield bound(part)


def bound(part: Mapping[str, Any], cores: int = 2) -> str:
    """In one sentence, what keeps the rate where it is."""
    busy: Mapping[str, float] = part["cores_busy"]
    total, spent = sum(busy.values()), part["cpu_ms"]["by_process"]
    largest = ", ".join(f"{name} {spent[name]:.1f}" for name in sorted(spent, key=spent.__getitem__)[:-4:-1])
    each = f"{part['cpu_ms']['all']:.1f} ms of CPU a callback until its request has moved on (most: {largest} ms)"
    fullest = max(("payments", "gateway"), key=lambda name: busy[name])
    if busy[fullest] > 0.9:
        return (f"What bounds callbacks: {fullest} is one process and keeps a core to itself ({busy[fullest]:.0%}); "
                f"{each}.")
    if total > 0.8 * cores:
        return f"What bounds callbacks: CPU. The run kept {total:.1f} of {cores} cores busy beside wrk; {each}."
    return (f"What bounds callbacks: the run had {total:.1f} of {cores} cores; what else the machine did, and waiting "
            f"for commits to reach the disk, took the rest; {each}.")
