"""What each user may do on the broker, tried on a real one with a plain AMQP client."""

from __future__ import annotations

import json

import amqp
import pytest
from amqp.exceptions import AccessRefused, NotFound, PreconditionFailed

from infra.broker import topology
from infra.broker.declaring import declare
from infra.rabbitmq import Broker
from tests.support import amqp_client
from tests.support.amqp_client import publish, take
from tests.support.line import until

SERVICES = topology.SERVICES
OTHER = {service: SERVICES[(number + 1) % len(SERVICES)] for number, service in enumerate(SERVICES)}


def test_committed_definitions_are_the_ones_described_and_let_nobody_in() -> None:
    committed = json.loads(topology.DEFINITIONS.read_text(encoding="utf-8"))
    assert committed == topology.definitions()
    assert {user["password_hash"] for user in committed["users"]} == {""}


def test_no_wrong_password_and_no_other_virtual_host(broker: Broker) -> None:
    for password, host in (("", topology.VHOST), ("wrong", topology.VHOST), (broker.passwords["catalog"], "/")):
        connection = amqp.Connection(
            host=f"127.0.0.1:{broker.port}", userid="catalog", password=password, virtual_host=host, connect_timeout=5
        )
        with pytest.raises((AccessRefused, NotFound, amqp.exceptions.NotAllowed)):
            connection.connect()


@pytest.fixture(autouse=True, scope="module")
def emptied(broker: Broker) -> None:
    """Nothing of other tests lies in the queues."""
    with amqp_client.channel(broker, "operator") as channel:
        for queue in (*(f"events.{service}" for service in SERVICES), "events.dead"):
            channel.queue_purge(queue)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_binds_its_queue_publishes_its_events_and_takes_them(broker: Broker, service: str) -> None:
    with amqp_client.channel(broker, service) as channel:
        kind = f"{service}.thing.happened.v1"
        channel.queue_bind(f"events.{service}", "events", kind)
        publish(channel, "events", kind, "own", mandatory=True)
        assert take(channel, f"events.{service}").body == "own"
        channel.queue_unbind(f"events.{service}", "events", kind)
        channel.queue_declare(f"events.{service}", passive=True)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_receives_what_it_subscribed_to_from_another(broker: Broker, service: str) -> None:
    kind = f"{OTHER[service]}.thing.moved.v1"
    with amqp_client.channel(broker, service) as mine, amqp_client.channel(broker, OTHER[service]) as theirs:
        mine.queue_bind(f"events.{service}", "events", kind)
        publish(theirs, "events", kind, "news")
        assert take(mine, f"events.{service}").body == "news"
        mine.queue_unbind(f"events.{service}", "events", kind)


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_speaks_for_another_or_writes_where_it_should_not(broker: Broker, service: str) -> None:
    other = OTHER[service]
    forbidden = [
        ("events", f"{other}.thing.happened.v1"),
        ("events", service),
        ("events.dead", f"{service}.thing.happened.v1"),
        ("", f"events.{other}"),
        ("", f"events.{service}"),
        ("amq.topic", f"{service}.thing.happened.v1"),
        ("rpc", "gateway"),
        ("rpc", f"{other}.more"),
        ("rpc.replies", f"reply.{'catalog' if service != 'catalog' else 'requests'}.1"),
    ]
    forbidden += [("rpc.replies", "reply.gateway.1")] if service == "gateway" else [("rpc", "payments")]
    for exchange, key in forbidden:
        with amqp_client.channel(broker, service) as channel, pytest.raises(AccessRefused):
            publish(channel, exchange, key)
    assert broker.queue_length("events.dead") == 0


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_reads_or_changes_what_belongs_to_another(broker: Broker, service: str) -> None:
    other = OTHER[service]
    theirs = f"events.{other}"
    answering = "rpc.requests" if service != "requests" else "rpc.payments"
    attempts = [
        lambda channel: channel.basic_get(theirs),
        lambda channel: channel.basic_consume(theirs),
        lambda channel: channel.basic_get("events.dead"),
        lambda channel: channel.basic_consume(answering),
        lambda channel: channel.queue_purge(theirs),
        lambda channel: channel.queue_delete(theirs),
        lambda channel: channel.queue_bind(theirs, "events", f"{service}.#"),
        lambda channel: channel.queue_bind(f"events.{service}", "rpc", "#"),
        lambda channel: channel.queue_bind(f"events.{service}", "rpc.replies", "#"),
        lambda channel: channel.queue_bind(f"events.{service}", "rpc.replies", f"reply.{other}.1"),
        lambda channel: channel.queue_bind(f"events.{service}", "events.dead", "#"),
        lambda channel: channel.queue_bind(f"events.{service}", "amq.rabbitmq.trace", "#"),
        lambda channel: channel.queue_declare(f"{service}.spare"),
        lambda channel: channel.queue_declare(""),
        lambda channel: channel.exchange_declare("spare", "topic"),
        lambda channel: channel.exchange_delete("events"),
    ]
    for number, attempt in enumerate(attempts):
        with amqp_client.channel(broker, service) as channel, pytest.raises(AccessRefused):
            attempt(channel)
            pytest.fail(f"attempt {number} was allowed")


@pytest.mark.parametrize("service", topology.ANSWERERS)
def test_the_gateway_asks_and_is_answered_on_a_queue_of_its_own(broker: Broker, service: str) -> None:
    with amqp_client.channel(broker, "gateway") as gateway, amqp_client.channel(broker, service) as answering:
        reply_to = "reply.gateway.4711-ab12"
        gateway.queue_declare(reply_to, exclusive=True, auto_delete=True)
        gateway.queue_bind(reply_to, "rpc.replies", reply_to)
        # Questions and answers are transient, as on the platform's own bus: a crash of the broker may bring back what
        # was acknowledged a moment ago, and a question from before it has nobody to answer.
        publish(gateway, "rpc", service, "question", durable=False, mandatory=True)
        assert take(answering, f"rpc.{service}").body == "question"
        publish(answering, "rpc.replies", reply_to, "answer", durable=False, mandatory=True)
        assert take(gateway, reply_to).body == "answer"


def test_what_a_consumer_rejects_lies_in_the_dead_queue_where_the_operator_finds_it(broker: Broker) -> None:
    kind = "payments.thing.rejected.v1"
    with amqp_client.channel(broker, "payments") as payments, amqp_client.channel(broker, "operator") as operator:
        payments.queue_bind("events.payments", "events", kind)
        publish(payments, "events", kind, "poison")
        message = None
        while message is None:
            message = payments.basic_get("events.payments")
        payments.basic_reject(message.delivery_tag, requeue=False)
        dead = take(operator, "events.dead")
        assert dead.body == "poison"
        assert dead.delivery_info["routing_key"] == kind
        payments.queue_unbind("events.payments", "events", kind)


def test_confirmed_events_survive_the_death_of_the_broker(broker: Broker) -> None:
    kind = "requests.thing.kept.v1"
    with amqp_client.channel(broker, "requests") as channel:
        channel.queue_bind("events.requests", "events", kind)
        for number in range(20):
            publish(channel, "events", kind, str(number))
    broker.kill()
    broker.start()
    with amqp_client.channel(broker, "requests") as channel:
        assert [take(channel, "events.requests").body for _ in range(20)] == [str(number) for number in range(20)]
        channel.queue_unbind("events.requests", "events", kind)


def test_declaring_again_changes_nothing_and_other_arguments_are_refused(broker: Broker) -> None:
    assert list(declare(broker.amqp_url())) == list(declare(broker.amqp_url()))
    with amqp_client.channel(broker, "operator") as channel, pytest.raises(PreconditionFailed):
        channel.queue_declare("events.catalog", durable=True, auto_delete=False, arguments={"x-queue-type": "classic"})


def test_event_queues_have_no_limit_that_could_reject_a_publisher() -> None:
    for name, arguments in topology.queues().items():
        if name.startswith("events."):
            assert not {"x-max-length", "x-max-length-bytes"} & arguments.keys()
        else:
            assert arguments["x-overflow"] == "drop-head"


def test_memory_alarm_blocks_publishers_and_passes(broker: Broker) -> None:
    blocked: list[str] = []
    with amqp_client.channel(broker, "catalog") as channel:
        channel.connection.on_blocked = blocked.append
        channel.connection.on_unblocked = lambda: blocked.append("over")
        broker.set_memory_alarm(True)
        try:
            with pytest.raises(TimeoutError):
                channel.basic_publish(
                    amqp.Message("waits"), exchange="events", routing_key="catalog.thing.happened.v1", timeout=1
                )
        finally:
            broker.set_memory_alarm(False)
        while "over" not in blocked:
            channel.connection.drain_events(timeout=30)
    assert blocked[0] != "over"


def test_cutting_connections_reaches_every_client(broker: Broker) -> None:
    # Those of the tests before have left; the broker may notice a moment later.
    until(lambda: broker.evaluate("length(rabbit_networking:connections()).") == "0", 30)
    with amqp_client.channel(broker, "catalog") as one, amqp_client.channel(broker, "payments") as two:
        assert broker.close_all_connections() == 2
        for channel in (one, two):
            with pytest.raises((amqp.exceptions.ConnectionForced, OSError)):
                channel.connection.drain_events(timeout=30)
