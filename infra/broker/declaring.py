"""Declaring the topology over AMQP."""

from __future__ import annotations

from collections.abc import Iterator

from kombu import Connection

from infra.broker import topology


def declare(url: str) -> Iterator[str]:
    """Declare everything as the operator; yields a line for each thing that now stands. Safe to repeat.

    Raises amqp.exceptions.PreconditionFailed when something of the same name stands with other arguments.
    """
    with Connection(url, connect_timeout=5) as connection:
        channel = connection.channel()
        for exchange in topology.EXCHANGES:
            channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)
            yield f"exchange {exchange}"
        for queue, arguments in topology.queues().items():
            channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
            yield f"queue {queue}"
        for exchange, queue, key in topology.bindings():
            channel.queue_bind(queue, exchange, key)
            yield f"binding {exchange} -> {queue} ({key})"
