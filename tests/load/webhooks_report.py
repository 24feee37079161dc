"""Lines of the table of figures for webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.load.figure import Figure

PER_SECOND, ADDED_MS = 1000, 500


def figures(part: dict[str, Any]) -> Iterator[Figure]:
    """Rate and added time, each beside its goal."""
    rate, late = part["per_second"], part["added_p99_ms"]
    yield Figure(f"webhook deliveries, {part['backlog']:,} at once, one agency hanging", f"{rate:,.0f}/s",
                 f"{PER_SECOND:,}/s", rate >= PER_SECOND)
    yield Figure("  CPU a delivery, the delivering process", f"{part['cpu_ms']['gateway.agencies']} ms")
    yield Figure(f"  added time at {part['steady_per_second']:,.0f}/s, p50", f"{part['added_p50_ms']} ms")
    yield Figure(f"  added time at {part['steady_per_second']:,.0f}/s, p99", f"{late} ms", f"{ADDED_MS} ms",
                 late <= ADDED_MS)
