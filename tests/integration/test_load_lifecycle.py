"""The bench of lifecycles, made small: it still runs and says what it is to say."""

from __future__ import annotations

import pytest

from infra.database import SERVICES
from tests.load import lifecycle, report, users


@pytest.mark.slow
def test_a_few_users_live_through_lifecycles_on_a_node_that_has_lived() -> None:
    few = lifecycle.measure(200, users_at_once=2, seconds=1.0, profiled=False)

    assert few["stored"] == 200 and few["open"] > 0
    assert few["lifecycles"] > 0 and few["one_desk"]["lifecycles"] > 0
    assert set(few["kinds"]) == set(users.KINDS)
    assert set(few["cpu_ms"]["by_process"]) == {*SERVICES, "RabbitMQ", "PostgreSQL", "sandboxes"}
    found = {"lifecycle": {"few": few}}
    figures = [figure.as_dict() for figure in report.figures(found)]
    assert "What bounds it" in report.render({**found, "figures": figures})
