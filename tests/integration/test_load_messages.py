"""The bench of text messages, made small: it still runs and says what it is to say."""

from __future__ import annotations

import pytest

from tests.load import messages, report
from tests.load.ground import Ground


@pytest.mark.slow
def test_a_few_messages_and_events_reach_the_operator_and_are_told_of() -> None:
    with Ground.standing("notifications", "requests") as bench:
        part = messages.measure(bench, 60, events=5, profiled=False)

    for name, parts in (("one_part", 1), ("two_parts", 2)):
        one = part[name]
        assert (one["messages"], one["parts_each"]) == (60, parts)
        assert one["per_second"] > 0 and one["parts_per_second"] == pytest.approx(parts * one["per_second"], abs=0.2)
        assert set(one["cpu_ms"]) == {"notifications", "PostgreSQL", "RabbitMQ", "sandbox"}
    assert 0 < part["event"]["p50"] <= part["event"]["p99"] <= part["event"]["worst"]
    found = {"messages": part}
    figures = [figure.as_dict() for figure in report.figures(found)]
    assert "What bounds text messages" in report.render({**found, "figures": figures})
