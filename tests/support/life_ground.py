"""A ground for the life of a request, on which the shop licence is published, and what holds of it at every moment."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rules.refusal import Refusal
from tests.support.requests_ground import NAME, NATIONAL_ID, PHONE, Ground
from tests.support.shop_ground import ground, opened

__all__ = ["ground", "opened"]  # what a module of tests takes by *


def refusal_of(run: Callable[[], Any]) -> list[tuple[str, str | None]]:
    with pytest.raises(Refusal) as refusal:
        run()
    return [(fault.code, fault.field) for fault in refusal.value.faults]


def whole(ground: Ground, lodged: dict[str, Any]) -> None:
    """What is true of every request at every moment: its events are its versions without a gap, each valid under its
    contract, each telling what the step table tells."""
    row, events = ground.row(lodged), ground.events(lodged["request_id"])
    steps = ground.rows("SELECT * FROM step WHERE request_id = :r ORDER BY sequence", r=lodged["request_id"])
    assert [event.sequence for event in events] == list(range(1, row.version + 1))
    assert [step.sequence for step in steps] == [event.sequence for event in events]
    assert [step.to_state for step in steps] == [event.data["state"] for event in events]
    assert [step.at for step in steps] == [event.time for event in events]
    assert events[-1].data["state"] == row.state and events[-1].data["outcome"] == row.outcome
    for event in events:
        for secret in (NAME, NATIONAL_ID, PHONE, "+20101"):
            assert secret not in json.dumps(event.data, ensure_ascii=False)
    open_tasks = ground.rows("SELECT state FROM task WHERE request_id = :r AND status IN ('open', 'held')",
                             r=row.id)
    assert [task.state for task in open_tasks] == ([row.state] if row.state_kind == "task" else [])
