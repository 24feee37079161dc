"""Which queues stand at a broker, asked over AMQP (it takes no right to look), and taken away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import eventlet
from amqp.exceptions import AccessRefused, NotFound
from kombu import Connection

from chassis.bus.link import BROKEN
from chassis.errors import Unavailable

_PATIENCE = 10  # seconds, for all


def messages(url: str, names: Sequence[str], options: Mapping[str, Any] | None = None) -> dict[str, int]:
    """Of each of these queues that stands, how many messages lie in it ready to be taken. Nothing is declared or
    changed. Raises Unavailable when the broker does not answer."""
    with _connected(url, options) as connection:
        counted = {name: _count(connection, name) for name in names}
    return {name: count for name, count in counted.items() if count is not None}


def remove(
    url: str, names: Sequence[str], options: Mapping[str, Any] | None = None
) -> tuple[dict[str, int], dict[str, int]]:
    """Take away those of these queues that stand, with what lies in them; whoever consumes from one is cut off. Answers
    how many messages lay in each that went, and in each that we have no right to take away. Raises Unavailable when the
    broker does not answer; some may be gone then."""
    gone, left = {}, {}
    with _connected(url, options) as connection:
        for name in names:
            count = _count(connection, name)
            if count is None:
                continue
            channel = connection.channel()
            try:
                channel.queue_delete(name)
            except AccessRefused:  # which closes the channel
                left[name] = count
                continue
            gone[name] = count
            channel.close()
    return gone, left


def _count(connection: Connection, name: str) -> int | None:
    channel = connection.channel()  # the broker closes it where there is no such queue
    try:
        count = int(channel.queue_declare(name, passive=True).message_count)
    except NotFound:
        return None
    channel.close()
    return count


@contextmanager
def _connected(url: str, options: Mapping[str, Any] | None) -> Iterator[Connection]:
    connection = Connection(url, connect_timeout=3, **(options or {}))
    try:
        with eventlet.Timeout(_PATIENCE, OSError("the broker does not answer")):
            yield connection
    except BROKEN as error:
        raise Unavailable(f"the queues of {connection.as_uri()} cannot be looked at") from error
    finally:
        with eventlet.Timeout(2, False):
            connection.release()
