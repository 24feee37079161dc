"""What a lifecycle costs, as lines of the table and below it: by kind of call, by process, and what bounds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.database import SERVICES
from tests.load.figure import Figure

RATE, P95_MS, SLOWER = 100, 250, 1.2
_PROFILED = ("requests", "gateway", "notifications")
_PLACES = 5


def figures(part: Mapping[str, Any]) -> Iterator[Figure]:
    """The lines of a run with few stored, of one with many, and how much slower that was."""
    for name in ("few", "many"):
        if name in part:
            yield from _run(part[name])
    if "slower" in part:
        slower = part["slower"]
        many, few = part["many"]["stored"], part["few"]["stored"]
        yield Figure(f"Lifecycle at {many:,} stored / at {few:,}: lifecycles a second", f"{slower['rate']:.2f}",
                     f"< {SLOWER}", slower["rate"] < SLOWER)
        yield Figure("  median call; CPU a lifecycle", f"{slower['p50']:.2f}; {slower['cpu']:.2f}", f"< {SLOWER}",
                     max(slower["p50"], slower["cpu"]) < SLOWER)


def _run(run: Mapping[str, Any]) -> Iterator[Figure]:
    stored, open_, users, rate, call = run["stored"], run["open"], run["users"], run["per_second"], run["call"]
    yield Figure(f"Lifecycles submit→assign→decide, {users} users, {stored:,} stored, {open_:,} open", f"{rate:.0f}/s",
                 f"≥ {RATE}", rate >= RATE)
    until = run["per_second_until_applied"]
    yield Figure("  counted until every log, queue and inbox is empty", f"{until:.0f}/s")
    p95 = call["p95_ms"]
    yield Figure(f"  a call ({run['calls_per_second']:.0f}/s): p50, p95, p99",
                 f"{call['p50_ms']:.0f}, {p95:.0f}, {call['p99_ms']:.0f} ms", f"p95 ≤ {P95_MS}", p95 <= P95_MS)
    for kind, took in run["kinds"].items():
        yield Figure(f"    {kind}", f"{took['p50_ms']:.0f}, {took['p95_ms']:.0f}, {took['p99_ms']:.0f} ms")
    cpu = run["cpu_ms"]
    yield Figure("  CPU a lifecycle: the five services; with RabbitMQ and PostgreSQL",
                 f"{cpu['services']:.1f}; {cpu['all']:.1f} ms")
    one = run["one_desk"]
    yield Figure(f"  all {users} at one desk: lifecycles; p95 of a call",
                 f"{one['per_second']:.0f}/s; {one['call']['p95_ms']:.0f} ms")
    lost = ", ".join(f"{count} {what}" for what, count in sorted(one["said"].items())) or "none"
    yield Figure("    commits lost to another's; answers without a file", f"{one['undone_commits']}; {lost}")


def details(part: Mapping[str, Any]) -> Iterator[str]:
    """CPU by process, the tops of the profiles, and the plain statement."""
    for name in ("few", "many"):
        if name not in part:
            continue
        run = part[name]
        yield from ("", f"A lifecycle at {run['stored']:,} stored ({run['size_mb']:,} MB), by process:")
        yield f"{'process':<16}{'CPU ms/lifecycle':>20}{'of a core under load':>24}"
        for process, spent in run["cpu_ms"]["by_process"].items():
            yield f"{process:<16}{spent:>20.2f}{run['cores_busy'][process]:>23.0%}"
        yield f"{'the users':<16}{'':>20}{run['cores_busy']['users']:>23.0%}"
        yield "PostgreSQL, by database: " + ", ".join(
            f"{database} {spent:.2f} ms" for database, spent in run["databases_ms"].items())
        yield from _profiles(run.get("profile", {}))
        yield bound(run)


def _profiles(profile: Mapping[str, Any]) -> Iterator[str]:
    for process in _PROFILED:
        seen = profile.get(process)
        if seen is None:
            continue
        if "failed" in seen:
            yield f"{process}: no profile ({seen['failed']})"
            continue
        for which, title in (("own", "at work in"), ("within", "of our code, on the way in")):
            places = list(seen[which].items())[:_PLACES]
            yield f"{process}, {title}: " + ", ".join(f"{place} {share:.0%}" for place, share in places)


def bound(run: Mapping[str, Any], cores: int = 2) -> str:
    """In one sentence, what keeps the rate where it is."""
    busy: Mapping[str, float] = run["cores_busy"]
    total = sum(busy.values())
    spent: Mapping[str, float] = run["cpu_ms"]["by_process"]
    largest = sorted(((spent[name], name) for name in spent), reverse=True)[:3]
    shares = ", ".join(f"{name} {used:.1f}" for used, name in largest)
    each = f"{run['cpu_ms']['all']:.1f} ms of CPU a lifecycle (most: {shares} ms)"
    fullest, used = max(((name, used) for name, used in busy.items() if name in SERVICES), key=lambda one: one[1])
    if used > 0.9:
        return f"What bounds it: {fullest} is one process and keeps a core to itself ({used:.0%}); {each}."
    if total > 0.85 * cores:
        return f"What bounds it: CPU. The run kept {total:.1f} of {cores} cores busy; {each}."
    return (f"What bounds it: the run had {total:.1f} of {cores} cores; what else the machine did, and waiting for "
            f"commits to reach the disk, took the rest; {each}.")
