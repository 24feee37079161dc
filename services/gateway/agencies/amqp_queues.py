"""Queues of agencies by whether they may consume: those that `infra.broker declare-centre --agencies` declares, and
those of agencies that may take nothing any more, which are taken away with what lies in them.

This process may delete a queue of an agency and nothing else of it: not read it, not declare one that works (binding
takes rights that it has not). The agency's user stays on the broker until `declare-centre --agencies` is run again; it
comes in, and finds no queue that it may read or make.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from chassis.bus import queues
from chassis.config import Settings
from chassis.database import Statement
from rules.calendar import cairo_date
from services.gateway.agencies import amqp, metrics
from services.gateway.link import settings as line

log = logging.getLogger(__name__)

LOOK_EVERY = 60.0
"""Seconds between looks at the broker while nobody else has left: a queue may have been declared by mistake."""

_CODES = Statement(text(
    "SELECT g.code, bool_or(s.state <> 'ended' AND g.closed_at IS NULL AND a.ended_at IS NULL "
    "AND a.valid_until >= :today) AS may FROM subscription AS s JOIN agency AS g ON g.id = s.agency_id "
    "JOIN agreement AS a ON a.id = s.agreement_id WHERE s.way = 'amqp' GROUP BY g.code ORDER BY g.code"
))  # fmt: skip


def codes(work: Any) -> list[str]:
    """The agencies that may consume by AMQP, under an agreement that is not over."""
    return [row.code for row in work.all(_CODES, today=cairo_date(work.now)) if row.may]


def former(work: Any) -> list[str]:
    """The agencies that consumed by AMQP and may no more: closed, or without an agreement or a subscription."""
    return [row.code for row in work.all(_CODES, today=cairo_date(work.now)) if not row.may]


class Leavers:
    """Takes queues away while `step` is called again and again. `make` is a new unit of work."""

    def __init__(self, settings: Settings, make: Callable[[], Any]) -> None:
        self._url = amqp.address(settings)
        self._options = line.connection(settings, self._url) if self._url else {}
        self._make = make
        self._known: list[str] = []
        self._looked = float("-inf")

    def step(self) -> None:
        """Take away the queues of agencies that left since, and each minute those that stand again. A queue that
        cannot be taken away is told by the gauge. Raises Unavailable while the broker is away."""
        gone = former(self._make()) if self._url else []
        if gone == self._known and time.monotonic() - self._looked < LOOK_EVERY:
            return
        left: dict[str, int] = {}
        if self._url and gone:
            for name in queues.messages(self._url, [f"agency.{code}" for code in gone], self._options):
                left |= self._take_away(self._url, name)
        metrics.QUEUE_LEFT.clear()
        for name, count in left.items():
            log.error("the queue %s cannot be taken away: python -m infra.broker declare-centre gives the right", name)
            metrics.QUEUE_LEFT.labels(name.removeprefix("agency.")).set(count)
        self._known, self._looked = gone, time.monotonic()

    def _take_away(self, url: str, name: str) -> dict[str, int]:
        """Each by itself: what went is on record, whatever becomes of the next; and who was let in again meanwhile
        keeps its own. Answers what lies in it where it had to be left."""
        code = name.removeprefix("agency.")
        if code not in former(self._make()):
            return {}
        removed, left = queues.remove(url, [name], self._options)
        if name in removed:
            self._record(code, removed[name])
        return left

    def _record(self, code: str, messages: int) -> None:
        unit = self._make()
        unit.audit("agency.queue_removed", code, messages=messages)
        unit.commit()
        log.warning("the queue of %s is taken away, with %d messages: it may take nothing any more", code, messages)
