"""The bench of rails' callbacks, made small: it still runs and says what it is to say."""

from __future__ import annotations

import pytest

from infra.database import SERVICES
from tests.load import callbacks, report


@pytest.mark.slow
def test_a_few_callbacks_pay_their_bills_and_move_their_requests_on() -> None:
    part = callbacks.measure(40, seconds=1.0, profiled=False)

    assert part["callbacks"] in (39, 40)  # wrk tries its script once, and the line it is given then is not sent
    assert part["per_second"] > 0 and part["repeats"]["per_second"] > 0
    assert set(part["cpu_ms"]["by_process"]) == {*SERVICES, "RabbitMQ", "PostgreSQL", "sandboxes"}
    found = {"callbacks": part}
    figures = [figure.as_dict() for figure in report.figures(found)]
    assert "What bounds callbacks" in report.render({**found, "figures": figures})
