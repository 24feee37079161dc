"""Messages of a real broker, large and small: all of them once and in order, and never more in memory than may be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import eventlet
import pytest

from chassis.bus.streams import Delivery, Taker
from infra.rabbitmq import Broker
from tests.integration.chassis.ground import WRITTEN
from tests.support import amqp_client

QUEUE = "events.requests"
KIB, MIB = 1024, 1024 * 1024


@pytest.fixture
def publish(clean: Broker) -> Iterator[Callable[[list[bytes]], None]]:
    """Publishes bodies into the queue, which is empty before and after."""
    with amqp_client.channel(clean, "requests") as channel:
        channel.queue_bind(QUEUE, "events", WRITTEN.name)

    def publish(bodies: list[bytes]) -> None:
        with amqp_client.channel(clean, "catalog") as channel:
            for number, body in enumerate(bodies):
                amqp_client.publish(channel, "events", WRITTEN.name, body, mandatory=True,  # type: ignore[arg-type]
                                    message_id=str(number), type=WRITTEN.name)  # fmt: skip

    yield publish
    with amqp_client.channel(clean, "operator") as channel:
        channel.queue_purge(QUEUE)


@pytest.fixture
def taker(clean: Broker) -> Iterator[Callable[..., Taker]]:
    made: list[Taker] = []

    def take(prefetch: int, most_bytes: int) -> Taker:
        made.append(Taker(clean.amqp_url("requests"), "test", QUEUE, prefetch, most_bytes=most_bytes))
        made[-1].start()
        return made[-1]

    yield take
    for one in made:
        one.stop()


def until(what: Callable[[], bool], seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends
        eventlet.sleep(0.01)


def taken(taker: Taker, count: int, most: int = 7) -> list[Delivery]:
    """So many messages, each batch acknowledged as if it had taken effect."""
    found: list[Delivery] = []
    until(lambda: found.extend(taker.take(most, 0.05)) or bool(taker.done()) or len(found) >= count)  # type: ignore[func-returns-value]
    return found


def test_messages_of_every_size_come_once_whole_and_in_order(publish, taker) -> None:
    bodies = [bytes([number % 251]) * size for number, size in enumerate(
        [0, 1, 100, 16 * KIB, 128 * KIB, 131_064, 131_065, MIB, 3 * MIB, 5] * 3)]
    publish(bodies)
    found = taken(taker(10, 2 * MIB), len(bodies))
    assert [one.body for one in found] == bodies
    assert [(one.id, one.type, one.key) for one in found] == [
        (str(number), WRITTEN.name, WRITTEN.name) for number in range(len(bodies))]


def test_large_messages_wait_at_the_broker_until_those_before_them_took_effect(publish, taker) -> None:
    each, count, most = 512 * KIB, 40, 2 * MIB
    publish([bytes([number]) * each for number in range(count)])
    made = taker(count, most)  # by number alone all of them would be here at once
    until(lambda: made.bytes_in_memory >= most)
    until(lambda: made._room is not None)  # it reads no more until there is room
    assert made.bytes_in_memory < most + each + KIB
    held, found = made.take(3, 1.0), 3
    assert len(held) == 3
    highest = 0
    while found < count:
        highest = max(highest, made.bytes_in_memory)
        found += len(made.take(2, 0.05))
        made.done()
    assert found == count and highest < most + each + KIB
    made.done()
    until(lambda: made.bytes_in_memory == 0)


def test_a_message_that_alone_is_more_than_may_be_in_memory_comes_all_the_same(publish, taker) -> None:
    bodies = [b"x" * (3 * MIB), b"small", b"y" * (3 * MIB)]
    publish(bodies)
    assert [one.body for one in taken(taker(10, MIB), 3)] == bodies


def test_a_connection_that_waits_for_room_stays_for_longer_than_a_silent_one(publish, taker, monkeypatch) -> None:
    monkeypatch.setattr("chassis.bus.link.HEARTBEAT", 2)  # a busy machine may be late by one
    publish([b"x" * MIB] * 4)
    made = taker(4, MIB)
    until(lambda: made.bytes_in_memory >= MIB)
    channel = made.link.channel
    eventlet.sleep(8)  # four heartbeats, of which py-amqp lets two be missed
    assert made.link.channel is channel and channel is not None
    assert len(taken(made, 4, 1)) == 4 and made.link.channel is channel


def test_what_was_not_acknowledged_comes_again_after_the_connection_was_given_up(publish, taker) -> None:
    bodies = [bytes([number]) * (200 * KIB) for number in range(20)]
    publish(bodies)
    made = taker(20, MIB)
    first: list[Delivery] = []
    until(lambda: first.extend(made.take(2, 0.05)) or len(first) >= 2)  # type: ignore[func-returns-value]
    made.again()
    assert [one.body for one in taken(made, len(bodies))] == bodies


def test_who_stops_in_the_middle_leaves_the_rest_to_the_next(publish, taker) -> None:
    bodies = [bytes([number]) * (100 * KIB) for number in range(30)]
    publish(bodies)
    first = taker(30, MIB)
    part = taken(first, 5, 5)
    first.stop()
    rest = taken(taker(30, MIB), len(bodies) - len(part))
    assert [one.body for one in part + rest] == bodies
