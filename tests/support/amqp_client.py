"""A plain AMQP client, so that the broker is judged without the platform's own bus between."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import amqp

from infra.rabbitmq import Broker


@contextmanager
def channel(broker: Broker, user: str) -> Iterator[amqp.Channel]:
    """A channel of one user; publishing on it waits for the broker's confirmation or refusal."""
    url = urlsplit(broker.amqp_url(user))
    connection = amqp.Connection(
        host=f"{url.hostname}:{url.port}",
        userid=url.username,
        password=url.password,
        virtual_host=url.path.lstrip("/"),
        confirm_publish=True,
        connect_timeout=5,
        read_timeout=10,
    )
    connection.connect()
    try:
        yield connection.channel()
    finally:
        connection.collect()


@contextmanager
def certified(
    broker: Broker, root: Path, certificate: Path | None, key: Path | None, vhost: str = "line"
) -> Iterator[amqp.Channel]:
    """A channel of whoever the certificate names, over TLS and without a password. Raises OSError (ssl.SSLError among
    them) where the certificate is not taken, amqp's AccessRefused or NotAllowed where its name is not."""
    assert broker.tls_port is not None
    shown = {"certfile": str(certificate), "keyfile": str(key)} if certificate and key else {}
    connection = amqp.Connection(
        host=f"127.0.0.1:{broker.tls_port}",
        virtual_host=vhost,
        login_method="EXTERNAL",
        ssl={"ca_certs": str(root), "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": "127.0.0.1", **shown},
        confirm_publish=True,
        connect_timeout=5,
        read_timeout=10,
    )
    connection.connect()
    try:
        yield connection.channel()
    finally:
        connection.collect()


def publish(
    on: amqp.Channel,
    exchange: str,
    key: str,
    body: str = "{}",
    *,
    durable: bool = True,
    mandatory: bool = False,
    **properties: str,
) -> None:
    """Publish and wait for the confirmation. Raises amqp.AccessRefused when the broker refuses."""
    message = amqp.Message(body, delivery_mode=2 if durable else 1, **properties)
    on.basic_publish(message, exchange=exchange, routing_key=key, mandatory=mandatory, timeout=10)


def take(on: amqp.Channel, queue: str, seconds: float = 10) -> amqp.Message:
    """The next message of a queue, acknowledged; TimeoutError when none comes."""
    arrived: list[amqp.Message] = []
    on.basic_qos(0, 1, False)  # one at a time: nothing else stays with us unacknowledged
    tag = on.basic_consume(queue, callback=arrived.append)
    while not arrived:
        on.connection.drain_events(timeout=seconds)
    on.basic_cancel(tag)
    on.basic_ack(arrived[0].delivery_tag)
    return arrived[0]
