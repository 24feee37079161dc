"""The centre's broker: what stands on it, what each user of the line may, and how large a message it takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack

import amqp
import pytest
from amqp.exceptions import AccessRefused, NotAllowed, PreconditionFailed, ResourceError

from chassis import events
from contracts import routes
from infra.broker import centre, tls, topology
from infra.rabbitmq import Broker
from rules import link
from services.gateway.link import recovery
from tests.support import amqp_client
from tests.support.amqp_client import publish, take
from tests.support.line import until
from tests.support.line_broker import *  # noqa: F403  (fixtures)
from tests.support.line_broker import AGENCY, ENTER, NODES

# -- what stands -------------------------------------------------------------------------------------------------------


def test_committed_files_are_the_ones_described_and_let_nobody_in() -> None:
    committed = json.loads(centre.DEFINITIONS.read_text(encoding="utf-8"))
    assert committed == centre.whole()
    assert {user["password_hash"] for user in committed["users"]} == {""}
    for path, text in tls.committed().items():
        assert path.read_text(encoding="utf-8") == text


def test_every_queue_keeps_to_the_rules_of_rabbitmq_4() -> None:
    for queue in centre.definitions(NODES, [AGENCY])["queues"]:
        arguments = queue["arguments"]
        assert (queue["durable"], queue["auto_delete"]) == (True, False)
        assert arguments["x-queue-type"] == "quorum"
        assert arguments["x-delivery-limit"] == 1_000_000
        assert ("x-dead-letter-exchange" in arguments) is not queue["name"].endswith("dead")
        limited = queue["vhost"] == centre.AGENCIES and queue["name"].startswith("agency.")
        assert ("x-max-length" in arguments) is limited, "what a node sends is never refused for want of room"


def test_an_event_that_only_an_absent_service_takes_is_routed_at_the_centre_all_the_same(centre_of: Broker) -> None:
    """Otherwise the relay would try it for ever."""
    only_requests = [event for event, consumers in routes.CONSUMERS.items() if consumers == ("requests",)]
    assert only_requests
    for event in only_requests:
        with amqp_client.channel(centre_of, event.split(".")[0]) as channel:
            returned: list[amqp.Message] = []
            channel.events["basic_return"].add(lambda *told, found=returned: found.append(told))
            publish(channel, topology.EVENTS, event, mandatory=True)
            assert returned == []
    assert centre_of.queue_length(centre.NOWHERE) == 0


def test_codes_that_are_none_are_refused() -> None:
    for nodes, agencies in ((["EG"], []), (["EG-C|.*"], []), ([], ["Tax"]), ([], ["x.y"])):
        with pytest.raises(ValueError, match="is no"):
            centre.definitions(nodes, agencies)

# -- what each may -----------------------------------------------------------------------------------------------------


def test_a_node_sends_up_and_the_centre_receives_who_sent_it(enter: ENTER) -> None:
    with enter("node.EG-C") as node, enter("centre") as middle:
        publish(node, "up", "EG-C.requests.request.submitted.v1", "fact", mandatory=True, user_id="node.EG-C")
        received = take(middle, "link.up")
        assert (received.body, received.properties["user_id"]) == ("fact", "node.EG-C")


def test_the_centre_sends_down_to_one_node_and_the_other_gets_nothing(enter: ENTER, centre_of: Broker) -> None:
    with enter("centre") as middle, enter("node.EG-SUZ") as suez:
        publish(middle, "down", "EG-SUZ.catalog.national.published.v1", "guide", mandatory=True, user_id="centre")
        assert take(suez, "down.EG-SUZ").body == "guide"
    assert centre_of.queue_length("down.EG-C", centre.LINE) == 0


@pytest.mark.parametrize(
    ("exchange", "key"),
    [
        ("up", "EG-SUZ.requests.request.submitted.v1"),
        ("up", "EG-C"),
        ("up", "EG-CC.requests.request.submitted.v1"),
        ("up", "x.EG-C.requests.request.submitted.v1"),
        ("up", "EG.link.receipt"),
        ("up", ""),
        ("down", "EG-C.catalog.national.published.v1"),
        ("down", "EG-SUZ.catalog.national.published.v1"),
        ("link.dead", "EG-C.requests.request.submitted.v1"),
        ("", "link.up"),
        ("", "down.EG-C"),
        ("", "down.EG-SUZ"),
        ("amq.topic", "EG-C.x"),
        ("amq.fanout", "EG-C.x"),
        ("amq.direct", "EG-C.x"),
        ("amq.headers", "EG-C.x"),
    ],
)
def test_a_node_writes_nothing_but_its_own_keys(enter: ENTER, centre_of: Broker, exchange: str, key: str) -> None:
    with enter("node.EG-C") as node, pytest.raises(AccessRefused):
        publish(node, exchange, key, user_id="node.EG-C")
    for queue in ("link.up", "link.dead", "down.EG-C", "down.EG-SUZ"):
        assert centre_of.queue_length(queue, centre.LINE) == 0


@pytest.mark.parametrize("claimed", ["node.EG-SUZ", "centre", "operator"])
def test_a_node_cannot_say_that_it_is_another(enter: ENTER, centre_of: Broker, claimed: str) -> None:
    with enter("node.EG-C") as node, pytest.raises(PreconditionFailed):
        publish(node, "up", "EG-C.requests.request.submitted.v1", user_id=claimed)
    assert centre_of.queue_length("link.up", centre.LINE) == 0


ATTEMPTS: dict[str, Callable[[amqp.Channel], object]] = {
    "get another's": lambda channel: channel.basic_get("down.EG-SUZ"),
    "consume another's": lambda channel: channel.basic_consume("down.EG-SUZ"),
    "get what all sent": lambda channel: channel.basic_get("link.up"),
    "consume what all sent": lambda channel: channel.basic_consume("link.up"),
    "get the dead": lambda channel: channel.basic_get("link.dead"),
    "purge what all sent": lambda channel: channel.queue_purge("link.up"),
    "purge another's": lambda channel: channel.queue_purge("down.EG-SUZ"),
    "delete another's": lambda channel: channel.queue_delete("down.EG-SUZ"),
    "delete its own": lambda channel: channel.queue_delete("down.EG-C"),
    "bind its own wider": lambda channel: channel.queue_bind("down.EG-C", "down", "#"),
    "bind its own to all that goes up": lambda channel: channel.queue_bind("down.EG-C", "up", "#"),
    "unbind another's": lambda channel: channel.queue_unbind("down.EG-SUZ", "down", "EG-SUZ.#"),
    "a queue of its own": lambda channel: channel.queue_declare("EG-C.spare"),
    "an exclusive queue": lambda channel: channel.queue_declare("", exclusive=True),
    "an exchange": lambda channel: channel.exchange_declare("EG-C", "topic"),
    "delete an exchange": lambda channel: channel.exchange_delete("up"),
    "trace": lambda channel: channel.queue_bind("down.EG-C", "amq.rabbitmq.trace", "#"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_a_node_reads_nothing_but_its_queue_and_changes_nothing(
    enter: ENTER, attempt: Callable[[amqp.Channel], object]
) -> None:
    with enter("node.EG-C") as node, pytest.raises(AccessRefused):
        attempt(node)


@pytest.mark.parametrize(("user", "vhost"), [
    ("node.EG-C", topology.VHOST), ("node.EG-C", centre.AGENCIES), ("node.EG-C", "/"),
    ("centre", topology.VHOST), ("agency.tax-authority", centre.LINE), ("agency.tax-authority", topology.VHOST),
])  # fmt: skip
def test_nobody_enters_a_virtual_host_that_is_not_theirs(enter: ENTER, user: str, vhost: str) -> None:
    with pytest.raises((NotAllowed, AccessRefused)), enter(user, vhost):
        pass


def test_the_services_of_the_centre_do_not_reach_the_line_by_their_passwords(centre_of: Broker) -> None:
    for vhost in centre.VHOSTS:
        connection = amqp.Connection(host=f"127.0.0.1:{centre_of.port}", userid="gateway", virtual_host=vhost,
                                     password=centre_of.passwords["gateway"], connect_timeout=5)
        with pytest.raises((NotAllowed, AccessRefused)):
            connection.connect()


def test_nobody_enters_as_a_node_by_a_password(centre_of: Broker) -> None:
    for password in ("", "guest", "node.EG-C"):
        connection = amqp.Connection(host=f"127.0.0.1:{centre_of.port}", userid="node.EG-C", virtual_host=centre.LINE,
                                     password=password, connect_timeout=5)
        with pytest.raises(AccessRefused):
            connection.connect()


def test_an_agency_reads_its_queue_and_does_nothing_else(enter: ENTER) -> None:
    user = centre.agency_user(AGENCY)
    with enter("centre", centre.AGENCIES) as middle, enter(user, centre.AGENCIES) as agency:
        publish(middle, "deliveries", f"{AGENCY}.requests.licence.issued.v1", "fact", mandatory=True)
        assert take(agency, user).body == "fact"
    forbidden: list[Callable[[amqp.Channel], object]] = [
        lambda channel: publish(channel, "deliveries", f"{AGENCY}.requests.licence.issued.v1"),
        lambda channel: publish(channel, "", user),
        lambda channel: channel.basic_get("agencies.dead"),
        lambda channel: channel.queue_bind(user, "deliveries", "#"),
        lambda channel: channel.queue_delete(user),
        lambda channel: channel.queue_declare("", exclusive=True),
    ]
    for attempt in forbidden:
        with enter(user, centre.AGENCIES) as agency, pytest.raises(AccessRefused):
            attempt(agency)


def test_a_node_that_opens_connections_without_end_is_stopped(enter: ENTER) -> None:
    def one_more_is_refused() -> bool:
        try:
            with enter("node.EG-SUZ"):
                return False
        except (NotAllowed, ResourceError):
            return True

    with ExitStack() as held:
        for _ in range(centre.MOST_CONNECTIONS):
            held.enter_context(enter("node.EG-SUZ"))
        until(one_more_is_refused, 30)  # the broker counts a connection a moment after it was let in
        with enter("node.EG-C"), enter("centre"):
            pass


def test_what_the_centre_rejects_lies_where_the_operator_finds_it(enter: ENTER, centre_of: Broker) -> None:
    with enter("node.EG-C") as node, enter("centre") as middle:
        publish(node, "up", "EG-C.requests.request.moved.v1", "poison", user_id="node.EG-C")
        message = None
        while message is None:
            message = middle.basic_get("link.up")
        middle.basic_reject(message.delivery_tag, requeue=False)
        while centre_of.queue_length("link.up", centre.LINE):
            middle.connection.heartbeat_tick()
    connection = amqp.Connection(host=f"127.0.0.1:{centre_of.port}", userid=topology.OPERATOR, connect_timeout=5,
                                 virtual_host=centre.LINE, password=centre_of.passwords[topology.OPERATOR])
    connection.connect()
    try:
        assert take(connection.channel(), "link.dead").body == "poison"
    finally:
        connection.collect()


# -- how large ---------------------------------------------------------------------------------------------------------


def test_a_message_that_is_too_large_closes_its_senders_channel_and_harms_nobody_else(
    enter: ENTER, centre_of: Broker
) -> None:
    key = "EG-C.requests.request.moved.v1"
    with enter("node.EG-C") as node, enter("node.EG-SUZ") as suez, enter("centre") as middle:
        with pytest.raises(PreconditionFailed, match="size"):
            publish(node, "up", key, "x" * 5 * 1024 * 1024, mandatory=True, user_id="node.EG-C")
        assert centre_of.queue_length("link.up", centre.LINE) == 0
        publish(suez, "up", "EG-SUZ.requests.request.moved.v1", "fact", mandatory=True, user_id="node.EG-SUZ")
        assert take(middle, "link.up").body == "fact"
    with enter("node.EG-C") as node, enter("centre") as middle:
        publish(node, "up", key, "x" * tls.LARGEST, mandatory=True, user_id="node.EG-C")
        assert len(take(middle, "link.up").body) == tls.LARGEST


def test_what_the_line_carries_is_well_below_the_brokers_limit() -> None:
    """The largest fact, and the largest that gives facts back: one of them in base64 beside what came before it."""
    given_back = (recovery.BYTES + events.LARGEST) * 4 // 3 + recovery.AT_ONCE * 500
    assert max(link.LARGEST, events.LARGEST, given_back) < tls.LARGEST
