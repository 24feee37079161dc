"""Catalogs of the centre and of a node, and between them the line: what travels of each event, as contracts say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from sqlalchemy import text

from chassis import actors
from chassis.events import decode
from chassis.ids import uuid7
from chassis.uow import UnitOfWork, attempt
from contracts import downward
from contracts.events import REGISTRY, Event
from contracts.received import GUIDE_RECEIVED
from services.gateway.link.arrival import Arrival
from services.gateway.link.downward import at_node
from tests.support.catalog_ground import Desk
from tests.support.organisation_office import Office

T = TypeVar("T", bound=Desk)


class Line:
    """From a centre's desk to a node's. `epoch` is the centre's: a restore raises it."""

    def __init__(self, centre: Office, node: Office) -> None:
        self.centre, self.node = centre, node
        self.epoch, self._sequence, self._read = 1, 0, 0

    def fresh(self) -> None:
        for desk in (self.centre, self.node):
            desk.fresh()
            with desk.database.transaction() as connection:
                connection.execute(text("TRUNCATE organisation_received"))
        self.epoch, self._sequence, self._read = 1, 0, 0

    def coming_down(self) -> list[Event]:
        """What the centre told since the last time, as it reaches the node's catalog."""
        rows = self.centre.rows("SELECT id, body FROM event_log WHERE id > :after ORDER BY id", after=self._read)
        found = []
        for row in rows:
            self._read = row.id
            body = downward.project(decode(bytes(row.body)).type, bytes(row.body), self.node.settings.node)
            if body is None:
                continue
            self._sequence += 1
            arrival = Arrival("EG", self.epoch, self._sequence, self._sequence, decode(body), body)
            told = at_node(arrival)
            assert told is not None
            event_type, data = told
            assert REGISTRY[event_type.name].schema().validate(data) == {}
            found.append(Event(uuid7(), event_type.name, "urn:test", uuid7(), 1, arrival.event.time, "test", data))
        return found

    def arrive(self, events: Iterable[Event]) -> None:
        for event in events:
            hear(self.node, event)


def hear(desk: Desk, event: Event) -> None:
    """As the inbox of a catalog does."""
    def make() -> UnitOfWork:
        return desk.unit_of_work(actors.system("catalog"), "test")

    def run(work: UnitOfWork) -> None:
        handle: Callable[[UnitOfWork, Event], None] = (
            desk.service.take_guide if event.type == GUIDE_RECEIVED.name else desk.service.take_entity)
        handle(work, event)

    attempt(make, run)
