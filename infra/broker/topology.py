"""The broker's definitions, from which `definitions.json` is made by `python -m infra.broker write`.

Read with infra/broker/README.md, which says why each permission is what it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contracts import routes

VHOST = "shubbak"
CALLERS = ("gateway",)
ANSWERERS = ("catalog", "requests", "payments", "notifications")
SERVICES = (*ANSWERERS, "gateway")
OPERATOR = "operator"
USERS = (*SERVICES, OPERATOR)

EVENTS = "events"
DEAD = "events.dead"
RPC = "rpc"
REPLIES = "rpc.replies"
EXCHANGES = (EVENTS, DEAD, RPC, REPLIES)

# No caller waits longer than this, so a question older than it has nobody to answer.
RPC_LIFETIME_MS = 30_000
RPC_LENGTH = 10_000
# The inbox keeps failures in its table, so a redelivery means that a process died, never that an event is bad. The
# limit is there because RabbitMQ 4 puts 20 where none is named, and 20 crashes must not lose an event.
DELIVERY_LIMIT = 1_000_000

DEFINITIONS = Path(__file__).with_name("definitions.json")
NEVER = "a^"  # matches no string: the empty pattern would match the empty name


def password_variable(user: str) -> str:
    """The environment variable that carries the password of a broker user."""
    return f"SHUBBAK_{user.upper()}_AMQP_PASSWORD"


def event_queue_arguments() -> dict[str, Any]:
    """Arguments of `events.<service>`.

    At-least-once dead-lettering demands overflow `reject-publish`. A queue without any length limit never overflows,
    so nothing bound to `events` ever rejects a publisher: no limit may be added here or by policy.
    """
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def dead_queue_arguments() -> dict[str, Any]:
    """Arguments of `events.dead`: an operator looks at it, nothing consumes it."""
    return {"x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT}


def rpc_queue_arguments() -> dict[str, Any]:
    """Arguments of `rpc.<service>`: the oldest question goes first when there are too many, because its caller is the
    nearest to giving up; the caller's deadline turns either loss into a 503."""
    return {
        "x-queue-type": "classic",
        "x-message-ttl": RPC_LIFETIME_MS,
        "x-max-length": RPC_LENGTH,
        "x-overflow": "drop-head",
    }


def queues() -> dict[str, dict[str, Any]]:
    """Every durable queue with its arguments. Reply queues are exclusive and declared by the process that waits."""
    named = {f"events.{service}": event_queue_arguments() for service in SERVICES}
    named |= {f"rpc.{service}": rpc_queue_arguments() for service in ANSWERERS}
    return named | {DEAD: dead_queue_arguments()}


def bindings() -> list[tuple[str, str, str]]:
    """(exchange, queue, routing key). A service binds its own queue at start too; the bindings stand here so that a
    service that has never been up misses no event of those that have."""
    events = [
        (EVENTS, f"events.{service}", event_type) for service in SERVICES for event_type in routes.bindings(service)
    ]
    return [*((RPC, f"rpc.{service}", service) for service in ANSWERERS), *events, (DEAD, DEAD, "#")]


def _own(service: str) -> str:
    return rf"^(events|rpc|reply)\.{service}(\..*)?$"


def permissions() -> list[dict[str, str]]:
    """What each user may configure, write and read. Nobody may write to `amq.default`: it reaches every queue."""
    rows = []
    for service in SERVICES:
        own = _own(service)
        # To bind a queue takes write on the queue and read on the exchange.
        destinations = r"events|rpc" if service in CALLERS else r"events|rpc\.replies"
        rows.append(
            {
                "user": service,
                "vhost": VHOST,
                "configure": own,
                "write": rf"{own}|^({destinations})$",
                "read": rf"{own}|^(events|rpc\.replies)$",
            }
        )
    everything = r"^(events|rpc|reply)(\..*)?$"
    rows.append({"user": OPERATOR, "vhost": VHOST, "configure": everything, "write": everything, "read": everything})
    return rows


def topic_permissions() -> list[dict[str, str]]:
    """Which routing keys each user may write and bind. A topic exchange without a row here would be wide open to
    whoever may write to it, so each user has a row for each exchange."""
    rows = []
    for service in SERVICES:
        calls = service in CALLERS
        rows += [
            _topic(service, EVENTS, write=rf"^{service}\.", read=rf"^({'|'.join(SERVICES)})\."),
            _topic(service, RPC, write=rf"^({'|'.join(ANSWERERS)})$" if calls else NEVER, read=NEVER),
            _topic(
                service,
                REPLIES,
                write=NEVER if calls else rf"^reply\.({'|'.join(CALLERS)})\.",
                read=rf"^reply\.{service}\.",
            ),
            _topic(service, DEAD, write=NEVER, read=NEVER),
        ]
    return rows


def _topic(user: str, exchange: str, *, write: str, read: str) -> dict[str, str]:
    return {"user": user, "vhost": VHOST, "exchange": exchange, "write": write, "read": read}


def definitions(passwords: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole document that RabbitMQ 3.10 to 4.x loads at start. Without passwords nobody can log in (an empty hash
    matches no password), which is how the committed file stands."""
    given = passwords or {}
    return {
        "vhosts": [{"name": VHOST}],
        "users": [
            {
                "name": user,
                "password_hash": hash_password(given[user]) if user in given else "",
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": ["monitoring"] if user == OPERATOR else [],
            }
            for user in USERS
        ],
        "permissions": permissions(),
        "topic_permissions": topic_permissions(),
        "exchanges": [
            {
                "name": name,
                "vhost": VHOST,
                "type": "topic",
                "durable": True,
                "auto_delete": False,
                "internal": False,
                "arguments": {},
            }
            for name in EXCHANGES
        ],
        "queues": [
            {"name": name, "vhost": VHOST, "durable": True, "auto_delete": False, "arguments": arguments}
            for name, arguments in queues().items()
        ],
        "bindings": [
            {
                "source": exchange,
                "vhost": VHOST,
                "destination": queue,
                "destination_type": "queue",
                "routing_key": key,
                "arguments": {},
            }
            for exchange, queue, key in bindings()
        ],
    }


def hash_password(password: str) -> str:
    """RabbitMQ's salted SHA-256, base64 (rabbitmq.com/docs/passwords, "Computing password hash")."""
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def render(document: Mapping[str, Any]) -> str:
    """The document as it is written to disk."""
    return json.dumps(document, indent=2) + "\n"
