"""What a publisher knows of its messages, and what a taker hands over, on a channel that is played."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import eventlet
import pytest

from chassis.bus import link
from chassis.bus.deliveries import Delivered
from chassis.bus.streams import Publisher, Taker, properties
from chassis.errors import Unavailable

MESSAGE = ("key", b"body", b"")
PROPERTIES = properties(type="t")


class Channel:
    """What the broker says comes by `events`; what is acknowledged is kept. What it delivers is handed to `hear`."""

    def __init__(self) -> None:
        self.events: dict[str, set[Callable[..., None]]] = defaultdict(set)
        self.acknowledged: list[int] = []
        self.hear: Callable[[Delivered], None] = lambda _: None

    def confirm_select(self) -> None: ...

    def basic_qos(self, *_: object) -> None: ...

    def basic_consume(self, queue: str, callback: Callable[[Any], None]) -> None: ...

    def basic_ack(self, tag: int, multiple: bool) -> None:
        assert multiple
        self.acknowledged.append(tag)

    def say(self, event: str, *given: object) -> None:
        for heard in self.events[event]:
            heard(*given)

    def deliver(self, *tags: int) -> None:
        for tag in tags:
            message = Delivered(self, tag, "k")
            message.body, message.encoded = str(tag).encode(), PROPERTIES
            self.hear(message)


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Publisher:
    made = Publisher("amqp://nowhere", "test")
    monkeypatch.setattr(made.link, "publish_each", lambda *_: None)
    monkeypatch.setattr(made.link, "drop", lambda: made._on_down())
    connect(made)
    return made


def connect(made: Publisher | Taker) -> Channel:
    channel = Channel()
    made._on_connect(channel)
    made.link.channel = channel
    if isinstance(made, Taker):
        channel.hear = made._on_message
    return channel


def send(publisher: Publisher, count: int) -> None:
    publisher.send("up", [MESSAGE] * count, 1.0)


def test_confirms_count_in_the_order_of_publishing_however_they_come(publisher: Publisher) -> None:
    channel = publisher.link.channel
    send(publisher, 6)
    for tag, multiple, confirmed in ((2, False, 0), (3, False, 0), (1, False, 3), (5, True, 5), (4, False, 5)):
        channel.say("basic_ack", tag, multiple)
        assert publisher.confirmed == confirmed
    assert publisher.wait(1, 1.0) == 5


def test_who_waits_goes_on_when_few_enough_are_open(publisher: Publisher) -> None:
    send(publisher, 10)
    eventlet.spawn_after(0, publisher.link.channel.say, "basic_ack", 8, True)
    assert publisher.wait(2, 5.0) == 8


def test_a_line_that_is_slow_but_confirms_is_waited_for(publisher: Publisher) -> None:
    send(publisher, 5)
    for tag in range(1, 6):
        eventlet.spawn_after(0.05 * tag, publisher.link.channel.say, "basic_ack", tag, False)
    assert publisher.wait(0, 0.15) == 5


def test_without_any_confirm_the_connection_is_given_up(publisher: Publisher) -> None:
    send(publisher, 5)
    before = publisher.connection
    with pytest.raises(Unavailable, match="no confirm"):
        publisher.wait(0, 0.05)
    assert publisher.connection > before


@pytest.mark.parametrize(("event", "given", "said"), [
    ("basic_nack", (3, False), "did not take"),
    ("basic_return", (None, "up", "EG-C.x", None), "no queue takes EG-C.x"),
])
def test_what_the_broker_does_not_take_is_no_success(
    publisher: Publisher, event: str, given: tuple[object, ...], said: str
) -> None:
    send(publisher, 5)
    publisher.link.channel.say(event, *given)
    publisher.link.channel.say("basic_ack", 5, True)
    with pytest.raises(Unavailable, match=said):
        publisher.wait(0, 1.0)
    connect(publisher)
    send(publisher, 1)
    publisher.link.channel.say("basic_ack", 1, False)
    assert publisher.wait(0, 1.0) == 1


def test_a_connection_that_breaks_wakes_who_waits(publisher: Publisher) -> None:
    send(publisher, 5)
    eventlet.spawn_after(0, publisher._on_down)
    with pytest.raises(Unavailable, match="lost"):
        publisher.wait(0, 30.0)


def test_a_line_that_takes_nothing_more_is_given_up(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher.link, "publish_each", lambda *_: eventlet.sleep(30))
    with pytest.raises(Unavailable, match="takes nothing more"):
        publisher.send("up", [MESSAGE], 0.05)


@pytest.fixture
def taker() -> Taker:
    return Taker("amqp://nowhere", "test", "queue", 10)


def test_a_batch_is_what_is_there_and_is_acknowledged_as_a_whole(taker: Taker) -> None:
    channel = connect(taker)
    assert taker.take(10, 0.01) == []
    channel.deliver(1, 2, 3)
    assert [one.body for one in taker.take(2, 1.0)] == [b"1", b"2"]
    assert channel.acknowledged == []
    taker.done()
    taker.done()
    assert channel.acknowledged == [2]
    assert [one.body for one in taker.take(2, 1.0)] == [b"3"]


def test_a_batch_may_be_taken_before_the_one_before_it_took_effect(taker: Taker) -> None:
    channel = connect(taker)
    channel.deliver(1, 2, 3)
    assert [len(taker.take(2, 1.0)), len(taker.take(2, 0.0)), len(taker.take(2, 0.0))] == [2, 1, 0]
    taker.done()
    assert channel.acknowledged == [2]
    taker.done()
    assert channel.acknowledged == [2, 3]


@pytest.mark.parametrize("encoded", [PROPERTIES[:-1], b"", b"\x00\x80\x02\xff\xfe"],
                         ids=["cut short", "none", "in no known alphabet"])  # fmt: skip
def test_properties_that_nobody_can_read_are_none_and_keep_no_other_message_back(taker: Taker, encoded: bytes) -> None:
    channel = connect(taker)
    wrong = Delivered(channel, 1, "k")
    wrong.body, wrong.encoded = b"1", encoded
    channel.hear(wrong)
    channel.deliver(2)
    first, second = taker.take(10, 1.0)
    assert (first.body, first.user, first.id, dict(first.headers)) == (b"1", None, "", {})
    assert (second.body, second.type) == (b"2", "t")


def test_a_batch_of_large_messages_is_a_small_one(taker: Taker) -> None:
    connect(taker).deliver(*range(10_000, 10_020))
    most = 4 * (5 + len(PROPERTIES)) + 1
    assert [len(taker.take(20, 0.01, bytes_at_most=most)) for _ in range(5)] == [5, 5, 5, 5, 0]


@pytest.mark.parametrize("ends", ["done", "again", "_on_down"])
def test_beyond_so_many_bytes_nothing_is_read_until_what_came_took_effect_or_is_let_go_of(
    taker: Taker, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    monkeypatch.setattr(taker.link, "drop", lambda: taker._on_down())
    channel = connect(taker)
    each = 5 + len(PROPERTIES)
    taker._most_bytes = 3 * each
    channel.deliver(10_000, 10_001)
    assert taker._wait_for_room(5.0)
    channel.deliver(10_002)
    assert not taker._wait_for_room(0.01) and taker.bytes_in_memory == 3 * each
    if ends != "_on_down":  # what waits goes with its connection; what is taken stays until it is done with
        assert len(taker.take(2, 1.0)) == 2
        assert not taker._wait_for_room(0.01)
    eventlet.spawn_after(0, getattr(taker, ends))
    began = time.monotonic()
    assert taker._wait_for_room(30.0) and time.monotonic() - began < 15
    assert taker.bytes_in_memory == (each if ends == "done" else 0)


def test_what_came_by_a_connection_that_is_gone_is_let_go_of_and_never_acknowledged_on_another(taker: Taker) -> None:
    first = connect(taker)
    first.deliver(1, 2)
    assert len(taker.take(1, 1.0)) == 1
    taker._on_down()
    second = connect(taker)
    taker.done()
    second.deliver(1)
    assert [one.body for one in taker.take(5, 1.0)] == [b"1"]
    taker.done()
    assert (first.acknowledged, second.acknowledged) == ([], [1])


def test_what_took_no_effect_comes_again_on_a_new_connection(taker: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    dropped = []
    monkeypatch.setattr(taker.link, "drop", lambda: dropped.append(True))
    channel = connect(taker)
    channel.deliver(1)
    taker.take(1, 1.0)
    taker.again()
    taker.done()
    assert dropped and channel.acknowledged == []


def test_the_connection_is_made_with_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def connection(url: str, **given: Any) -> Any:
        asked.update(given, url=url)
        raise OSError("away")

    monkeypatch.setattr(link, "Connection", connection)
    made = link.Link("amqps://h", "x", options={"login_method": "EXTERNAL", "ssl": {"ca_certs": "root.pem"}})
    with pytest.raises(OSError, match="away"):
        made._run()
    assert asked["login_method"] == "EXTERNAL" and asked["ssl"] == {"ca_certs": "root.pem"}
