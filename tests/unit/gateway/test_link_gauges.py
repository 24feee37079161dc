"""What is measured of a link that is set up and was never heard."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.metrics import REGISTRY
from services.gateway import link_gauges, links
from tests.unit.gateway.test_links_pages import LINK


def test_a_peer_that_was_never_heard_is_told_of_before_anything_was_sent_to_it() -> None:
    settings = SimpleNamespace(env=lambda name, default=None: "EG-ASN=k1:x" if name == "LINK_PEERS" else default)
    work = SimpleNamespace(settings=settings, now=datetime(2026, 11, 22, 10, tzinfo=UTC), all=lambda *_, **__: [])
    platform: Any = SimpleNamespace(unit_of_work=lambda: work)
    link_gauges.measure(platform)

    def told(condition: str) -> float | None:
        return REGISTRY.get_sample_value("shubbak_link_condition", {"peer": "EG-ASN", "condition": condition})

    assert (told("never"), told("silent"), told("up")) == (1, 0, 0)
    assert REGISTRY.get_sample_value("shubbak_link_heard_age_seconds", {"peer": "EG-ASN"}) is None
    assert REGISTRY.get_sample_value("shubbak_link_lost", {"peer": "EG-ASN"}) == 0


def test_what_a_restored_place_was_not_given_back_is_counted_until_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(lost: list[dict[str, int]]) -> float | None:
        standing = {**LINK, "peer": "EG-SUZ", "lost": lost}
        monkeypatch.setattr(links, "standing", lambda _: [standing])
        platform: Any = SimpleNamespace(unit_of_work=lambda: SimpleNamespace(now=datetime(2026, 11, 22, tzinfo=UTC)))
        link_gauges.measure(platform)
        return REGISTRY.get_sample_value("shubbak_link_lost", {"peer": "EG-SUZ"})

    assert told([{"epoch": 1, "first": 801, "last": 1000}, {"epoch": 2, "first": 5, "last": 5}]) == 201
    assert told([]) == 0
