"""What is told of subscriptions to whoever is woken at night."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chassis.metrics import REGISTRY
from services.gateway.agencies import subscriptions, watching

WEEKS = 20 * 86400


@pytest.mark.parametrize(("condition", "told"), [
    ("well", WEEKS), ("behind", WEEKS), ("failing", WEEKS), ("circuit_open", WEEKS), ("dead_letters", WEEKS),
    ("paused", None), ("agreement_over", None),
])  # fmt: skip
def test_only_a_subscription_that_is_to_run_can_be_late(
    condition: str, told: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {"agency": "civil-defence", "subscription_id": "s1", "condition": condition, "lag": 9,
             "oldest_seconds": WEEKS, "open_until": None, "waiting": 0, "behind": 0, "dead": 0}  # fmt: skip
    monkeypatch.setattr(subscriptions, "rows", lambda _: [SimpleNamespace(state=subscriptions.ACTIVE)])
    monkeypatch.setattr(watching, "_watched", lambda *_: [shown])
    watching.measure(SimpleNamespace())
    labels: dict[str, Any] = {"agency": "civil-defence", "subscription": "s1"}
    assert REGISTRY.get_sample_value("shubbak_agency_oldest_seconds", labels) == told
    assert REGISTRY.get_sample_value("shubbak_agency_lag", labels) == 9
