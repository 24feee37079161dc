"""Payments of a node and of the centre, each over a database of its own, and between them the line: what travels of
each event, as contracts say it, and in whatever order a test lets it arrive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from chassis import restoring
from chassis.events import decode
from chassis.ids import uuid7
from contracts import downward, upward
from contracts.events import REGISTRY, Event
from contracts.payments_centre import REFUND_WISH_CHANGED, WISH_CHANGED
from contracts.received import PAYMENT_WISHED, REFUND_ANSWERED, REFUND_WISHED
from infra.peers.client import Peers
from services.gateway.link.arrival import Arrival
from services.gateway.link.downward import at_node, place
from services.payments import (
    charge_errands,
    charge_refund_errands,
    charge_refunds,
    charges,
    errands,
    paying,
    refund_errands,
    refund_wishes,
    wishes,
)
from services.payments.recovered import SERIALS
from tests.support.callback_door import CallbackDoor
from tests.support.payments_ground import PUBLIC, Ground

_UP = {WISH_CHANGED.name: PAYMENT_WISHED.name, REFUND_WISH_CHANGED.name: REFUND_WISHED.name}


class Country:
    """`node` sees a rail of the centre's as its rail `centre`; `centre` speaks to the rail itself."""

    def __init__(self, node_url: str, centre_url: str, rail_url: str, gateway_url: str, now: datetime,
                 rail: str = "fawry") -> None:
        self.node = Ground(node_url, "", now=now, SHUBBAK_CENTRE_RAIL=rail)
        self.centre = Ground(centre_url, rail_url, gateway_url, now, node="EG")
        self._rail, self._addresses = rail, (rail_url, gateway_url)
        self.node.publish()
        self._up, self._down = 0, 0
        self._read = {"up": 0, "down": 0}

    def close(self) -> None:
        self.node.close()
        self.centre.close()

    def wait(self, **duration: float) -> None:
        self.node.wait(**duration)
        self.centre.wait(**duration)

    # what people do

    def wish(self, bill: dict[str, Any]) -> dict[str, Any]:
        """The citizen asks to pay through the centre."""
        started: dict[str, Any] = self.node.attempt(
            lambda work: paying.start(work, {"bill_id": bill["bill_id"], "rail": "centre"}), PUBLIC)
        return started

    def pay_at_rail(self, peers: Peers, door: CallbackDoor, payment_id: Any) -> str:
        """The citizen pays at the sandbox, and the node hears of it; answers the rail's reference. What the rail says
        late of another test comes to the same door."""
        reference, heard = str(self.charge(payment_id).reference), 0
        peers.pay(reference)
        while self.charge(payment_id).paid_amount is None:
            heard = len(door.wait_for(heard + 1))
        self.at_node(self.coming_down())
        return reference

    def run(self) -> None:
        """Errands of both places that are due."""
        errands.run(self.node)  # type: ignore[arg-type]
        refund_errands.run(self.node)  # type: ignore[arg-type]
        charge_errands.run(self.centre)  # type: ignore[arg-type]
        charge_refund_errands.run(self.centre)  # type: ignore[arg-type]

    # the line

    def going_up(self) -> list[Event]:
        """What the node has told since the last time, as it reaches the centre's services."""
        events = []
        for body in self._told("up", self.node):
            travels = upward.project(decode(body).type, body)
            if travels is None or decode(travels).type not in _UP:
                continue
            self._up += 1
            arrival = self._arrival("EG-C", self._up, travels)
            events.append(_event(_UP[decode(travels).type], arrival, {
                **arrival.event.data, "node": arrival.peer, "line": place(arrival)}))
        return events

    def news_of(self, payment_id: Any) -> list[Event]:
        """What comes down about one wish. What a slow rail said meanwhile about others arrives as it should."""
        told = self.coming_down()
        self.at_node(event for event in told if event.data["charge_id"] != str(payment_id))
        return [event for event in told if event.data["charge_id"] == str(payment_id)]

    def coming_down(self) -> list[Event]:
        """What the centre has told since the last time, as it reaches the node's services."""
        events = []
        for body in self._told("down", self.centre):
            travels = downward.project(decode(body).type, body, "EG-C")
            if travels is None:
                continue
            self._down += 1
            arrival = self._arrival("EG", self._down, travels)
            told = at_node(arrival)
            assert told is not None
            events.append(_event(told[0].name, arrival, told[1]))
        return events

    def at_centre(self, events: Iterable[Event]) -> None:
        for event in events:
            take = charge_refunds.take_wish if event.type == REFUND_WISHED.name else charges.take_wish
            self.centre.attempt(partial(take, event=event))

    def at_node(self, events: Iterable[Event]) -> None:
        for event in events:
            take = refund_wishes.take if event.type == REFUND_ANSWERED.name else wishes.take
            self.node.attempt(partial(take, event=event))

    def restore(self, place: str, url: str, last: int) -> None:
        """Go on at a place, `node` or `centre`, from a copy of its database, in its second epoch. It had told as far as
        its event `last` then, and is heard from there on."""
        if place == "node":
            begun = self.node = Ground(url, "", now=self.node.now, SHUBBAK_CENTRE_RAIL=self._rail, SHUBBAK_EPOCH="2")
        else:
            begun = self.centre = Ground(url, *self._addresses, self.centre.now, node="EG", SHUBBAK_EPOCH="2")
        restoring.begin(begun.database, begun.settings, tuple(SERIALS.values()), begun.now)
        self._read["up" if place == "node" else "down"] = last

    def line_up(self) -> None:
        """Everything that was told goes to where it belongs, until nobody has more to say."""
        while (up := self.going_up()) + (down := self.coming_down()):
            self.at_centre(up)
            self.at_node(down)

    # what is seen

    def charge(self, payment_id: Any) -> Any:
        [row] = self.centre.rows("SELECT * FROM charge WHERE id = :i", i=UUID(str(payment_id)))
        return row

    def owed(self) -> int:
        """What the centre's books owe the node, piastres."""
        return -self.centre.balances().get("node:EG-C", 0)

    def got(self) -> int:
        """What the node's books have from the centre's rail, piastres."""
        return self.node.balances().get("rail:centre", 0)

    def _told(self, way: str, ground: Ground) -> list[bytes]:
        rows = ground.rows("SELECT id, body FROM event_log WHERE id > :after ORDER BY id", after=self._read[way])
        if rows:
            self._read[way] = rows[-1].id
        return [bytes(row.body) for row in rows]

    @staticmethod
    def _arrival(peer: str, sequence: int, body: bytes) -> Arrival:
        return Arrival(peer, 1, sequence, sequence, decode(body), body)


def _event(name: str, arrival: Arrival, data: dict[str, Any]) -> Event:
    """As the gateway appends it and the bus brings it: with the schema kept and times as text."""
    schema = REGISTRY[name].schema()
    assert schema.validate(data) == {}, schema.validate(data)
    return Event(uuid7(), name, "urn:test", uuid7(), 1, arrival.event.time, arrival.event.correlation_id, data)
