"""A log that cannot be read holds up no other, and is missed by whoever watches."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chassis.config import Role
from chassis.metrics import REGISTRY
from services.gateway.link.numbering import Numbering


class Log:
    """A service's event log, empty; or away."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away

    def read(self, statement: Any, values: Any) -> list[Any]:
        if self.away:
            raise ConnectionError("the database is away")
        return [SimpleNamespace(position=0)]


def read_at(service: str) -> float:
    found = REGISTRY.get_sample_value("shubbak_link_log_read_at_seconds", {"service": service})
    assert found is not None
    return found


def test_a_log_that_cannot_be_read_is_told_by_its_age_alone() -> None:
    link: Any = SimpleNamespace(role=Role.NODE)
    logs: Any = {"requests": Log(away=True), "payments": Log()}
    numbering = Numbering(link, logs)
    away, well = read_at("requests"), read_at("payments")
    with pytest.raises(ConnectionError):
        numbering.step(lambda _: 0, ())
    assert read_at("requests") == away and read_at("payments") > well
    logs["requests"].away = False
    numbering.step(lambda _: 0, ())
    assert read_at("requests") > away
