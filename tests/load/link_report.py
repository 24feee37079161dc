"""Lines of the table of figures for the line between node and centre."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.load.figure import Figure

SHARE, NATIONAL_MS = 0.8, 2_000


def figures(part: dict[str, Any]) -> Iterator[Figure]:
    """Catching up beside the shovel, and how soon the centre knows."""
    national = part["national"]
    yield Figure(f"catching up with {part['backlog']:,} facts of {part['bytes']:,} bytes, to the centre's broker",
                 f"{part['sent_per_second']:,}/s ({part['sent_share']:.0%} of a shovel)", f"{SHARE:.0%}",
                 part["sent_share"] >= SHARE)
    yield Figure("  applied at the centre, from its queue", f"{part['per_second']:,}/s ({part['share']:.0%})",
                 f"{SHARE:.0%}", part["share"] >= SHARE)
    costs = ", ".join(f"{name} {cost:.0f}" for name, cost in part["cpu_us"].items())
    yield Figure("  CPU of one that is applied", f"{costs} µs")
    yield Figure("  a bare shovel, prefetch 200, the same messages into the same queue, TLS",
                 f"{part['shovel_per_second']:,}/s")
    yield Figure("  the same shovel without TLS", f"{part['shovel_plain_per_second']:,}/s")
    yield Figure("from the commit at the node to the centre's answer, p50", f"{national['p50_ms']} ms")
    yield Figure("from the commit at the node to the centre's answer, p99", f"{national['p99_ms']} ms",
                 f"{NATIONAL_MS:,} ms", national["p99_ms"] <= NATIONAL_MS)
