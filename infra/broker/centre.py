"""What stands on the centre's broker beside its own bus: the line to the nodes, and the door of the agencies.

`centre.json` is made from it by `python -m infra.broker write`, without
nodes; `declare-centre --nodes …` puts those in.
Written for RabbitMQ 3.10 to 4.x by the documented rules of 4.x (quorum queues, explicit delivery limits, nothing
mirrored, no transient queue that is not exclusive); run on 3.10, not on 4.x. infra/broker/README.md says why each
permission is what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from contracts import routes
from infra.broker import topology
from infra.broker.topology import DELIVERY_LIMIT, NEVER

LINE = "line"
AGENCIES = "agencies"
VHOSTS = (LINE, AGENCIES)

UP = "up"
DOWN = "down"
LINK_UP = "link.up"
LINK_DEAD = "link.dead"
DELIVERIES = "deliveries"
AGENCIES_DEAD = "agencies.dead"
CENTRE = "centre"

# An agency that does not fetch keeps its own queue full and nobody else's: the publisher is refused for this queue,
# and the agency's cursor stands still.
AGENCY_LENGTH = 100_000
# What lies longer in an agency's queue goes to agencies.dead, and from there after as long again; its feed keeps it for
# 90 days, so that it can be replayed. By a policy, which may be changed while queues stand. Quorum queues know it from
# RabbitMQ 3.10 on.
AGENCY_AGE_MS = 30 * 86_400_000
# A node's link process has a handful of connections; more of them come from somebody else, or from a loop.
MOST_CONNECTIONS = 16
MOST_CHANNELS = 64

# The centre runs no requests service: its queues would fill with what nobody takes. But the relay takes an event of a
# routed type that no queue took as not sent, so a queue of no length takes what only an absent service is named for.
ABSENT = ("requests",)
NOWHERE = "events.absent"
DEFINITIONS = Path(__file__).with_name("centre.json")
NODE = re.compile(r"EG-[A-Z]{1,3}")
AGENCY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def node_user(node: str) -> str:
    """The broker's user of a node, which is the common name of its certificate."""
    return f"node.{_checked(NODE, node, 'node')}"


def agency_user(agency: str) -> str:
    """The broker's user of an agency, and the name of its queue."""
    return f"agency.{_checked(AGENCY, agency, 'agency')}"


def down_queue(node: str) -> str:
    """The queue in which what goes down to a node waits."""
    return f"{DOWN}.{_checked(NODE, node, 'node')}"


def _checked(pattern: re.Pattern[str], code: str, kind: str) -> str:
    if not pattern.fullmatch(code):
        raise ValueError(f"{code!r} is no {kind}: {pattern.pattern}")
    return code


def line_queue_arguments() -> dict[str, Any]:
    """Arguments of `link.up` and of each `down.<node>`. Without a length limit `reject-publish`, which at-least-once
    dead-lettering demands, never rejects: what keeps the queues short is the window of
    unreceipted messages that a sender keeps to."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": LINK_DEAD,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def agency_queue_arguments() -> dict[str, Any]:
    """Arguments of an agency's queue: full, it refuses its own messages only, each routed to one queue."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": AGENCIES_DEAD,
        "x-dead-letter-strategy": "at-least-once",
        "x-max-length": AGENCY_LENGTH,
        "x-overflow": "reject-publish",
    }


def agency_policy() -> dict[str, Any]:
    """How old a message of an agency becomes, in its queue and in `agencies.dead`."""
    return {"vhost": AGENCIES, "name": "age", "pattern": r"^(agency\.|agencies\.dead$)", "apply-to": "queues",
            "definition": {"message-ttl": AGENCY_AGE_MS}, "priority": 0}  # fmt: skip


def definitions(nodes: Iterable[str] = (), agencies: Iterable[str] = ()) -> dict[str, Any]:
    """What the line and the agencies' door need on the centre's broker. Importing it again changes nothing; what is
    not named here is left alone.

    No user in it has a password (an empty hash matches none): they come in by certificate only. Raises ValueError for
    a code that is none.
    """
    nodes, agencies = sorted(set(nodes)), sorted(set(agencies))
    return {
        "vhosts": [{"name": vhost} for vhost in VHOSTS],
        "users": [
            _user(CENTRE),
            *(_user(node_user(node), limited=True) for node in nodes),
            *(_user(agency_user(agency), limited=True) for agency in agencies),
        ],
        "permissions": [
            _permission(CENTRE, LINE, write=rf"^{DOWN}$", read=r"^link\.up$"),
            # It takes the queue of an agency away that may consume no more; binding one takes what it has not.
            _permission(CENTRE, AGENCIES, configure=r"^agency\.", write=rf"^{DELIVERIES}$", read=NEVER),
            *(
                _permission(node_user(node), LINE, write=rf"^{UP}$", read=rf"^{re.escape(down_queue(node))}$")
                for node in nodes
            ),
            *(
                _permission(agency_user(agency), AGENCIES, write=NEVER, read=rf"^{re.escape(agency_user(agency))}$")
                for agency in agencies
            ),
        ],
        "topic_permissions": [
            _topic(CENTRE, LINE, UP, NEVER),
            _topic(CENTRE, LINE, DOWN, rf"^{NODE.pattern}\."),
            _topic(CENTRE, LINE, LINK_DEAD, NEVER),
            _topic(CENTRE, AGENCIES, DELIVERIES, rf"^{AGENCY.pattern}\."),
            _topic(CENTRE, AGENCIES, AGENCIES_DEAD, NEVER),
            *(
                _topic(node_user(node), LINE, exchange, rf"^{re.escape(node)}\." if exchange == UP else NEVER)
                for node in nodes
                for exchange in (UP, DOWN, LINK_DEAD)
            ),
            *(
                _topic(agency_user(agency), AGENCIES, exchange, NEVER)
                for agency in agencies
                for exchange in (DELIVERIES, AGENCIES_DEAD)
            ),
        ],
        "exchanges": [
            *(_exchange(LINE, name) for name in (UP, DOWN, LINK_DEAD)),
            *(_exchange(AGENCIES, name) for name in (DELIVERIES, AGENCIES_DEAD)),
        ],
        "queues": [
            _queue(LINE, LINK_UP, line_queue_arguments()),
            _queue(LINE, LINK_DEAD, topology.dead_queue_arguments()),
            _queue(AGENCIES, AGENCIES_DEAD, topology.dead_queue_arguments()),
            *(_queue(LINE, down_queue(node), line_queue_arguments()) for node in nodes),
            *(_queue(AGENCIES, agency_user(agency), agency_queue_arguments()) for agency in agencies),
        ],
        "policies": [agency_policy()],
        "bindings": [
            _binding(LINE, UP, LINK_UP, "#"),
            _binding(LINE, LINK_DEAD, LINK_DEAD, "#"),
            _binding(AGENCIES, AGENCIES_DEAD, AGENCIES_DEAD, "#"),
            *(_binding(LINE, DOWN, down_queue(node), f"{node}.#") for node in nodes),
            *(_binding(AGENCIES, DELIVERIES, agency_user(agency), f"{agency}.#") for agency in agencies),
        ],
    }


def whole(
    passwords: Mapping[str, str] | None = None, nodes: Iterable[str] = (), agencies: Iterable[str] = ()
) -> dict[str, Any]:
    """What the centre's broker loads at start: its own bus without the services that are not there, the line and the
    agencies' door. The operator may look at and empty everything in all three."""
    bus, line = _own_bus(passwords), definitions(nodes, agencies)
    document = {part: [*bus.get(part, ()), *line[part]] for part in line}
    everything = {"configure": r".*", "write": r".*", "read": r".*"}
    document["permissions"] += [{"user": topology.OPERATOR, "vhost": vhost, **everything} for vhost in VHOSTS]
    return document


def _own_bus(passwords: Mapping[str, str] | None) -> dict[str, Any]:
    bus = topology.definitions(passwords)
    queues = {f"{kind}.{service}" for service in ABSENT for kind in ("events", "rpc")}
    nobody = [event for event, consumers in routes.CONSUMERS.items() if consumers and not set(consumers) - set(ABSENT)]
    length = {"x-queue-type": "classic", "x-max-length": 0, "x-overflow": "drop-head"}
    return bus | {
        "users": [user for user in bus["users"] if user["name"] not in ABSENT],
        "permissions": [row for row in bus["permissions"] if row["user"] not in ABSENT],
        "topic_permissions": [row for row in bus["topic_permissions"] if row["user"] not in ABSENT],
        "queues": [
            *(queue for queue in bus["queues"] if queue["name"] not in queues),
            _queue(topology.VHOST, NOWHERE, length),
        ],
        "bindings": [
            *(binding for binding in bus["bindings"] if binding["destination"] not in queues),
            *(_binding(topology.VHOST, topology.EVENTS, NOWHERE, event) for event in nobody),
        ],
    }


def differences(wanted: Mapping[str, Any], standing: Mapping[str, Any]) -> list[str]:
    """What of `wanted` does not stand, or stands otherwise, in the definitions that a broker exported. The broker does
    not say so itself: an import leaves a queue with other arguments as it is."""
    faults = []
    for part, keys in _IDENTITY.items():
        found = {tuple(row[key] for key in keys): row for row in standing.get(part, [])}
        for row in wanted[part]:
            name = tuple(row[key] for key in keys)
            other = found.get(name)
            if other is None:
                faults.append(f"{part} {' '.join(name)}: missing")
                continue
            faults += [
                f"{part} {' '.join(name)}: {field} is {other.get(field)!r}, not {value!r}"
                for field, value in row.items()
                if field not in _NOT_COMPARED and other.get(field, False) != value  # what is not so may be left out
            ]
    return faults


_IDENTITY = {
    "vhosts": ("name",),
    "users": ("name",),
    "permissions": ("user", "vhost"),
    "topic_permissions": ("user", "vhost", "exchange"),
    "exchanges": ("vhost", "name"),
    "queues": ("vhost", "name"),
    "policies": ("vhost", "name"),
    "bindings": ("vhost", "source", "destination", "routing_key"),
}
# Salted anew each time, or written differently by different versions.
_NOT_COMPARED = {"password_hash", "hashing_algorithm", "tags"}


def _user(name: str, *, limited: bool = False) -> dict[str, Any]:
    limits = {"max-connections": MOST_CONNECTIONS, "max-channels": MOST_CHANNELS} if limited else {}
    return {
        "name": name,
        "password_hash": "",
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
        "limits": limits,
    }


def _permission(user: str, vhost: str, *, write: str, read: str, configure: str = NEVER) -> dict[str, str]:
    return {"user": user, "vhost": vhost, "configure": configure, "write": write, "read": read}


def _topic(user: str, vhost: str, exchange: str, write: str) -> dict[str, str]:
    return {"user": user, "vhost": vhost, "exchange": exchange, "write": write, "read": NEVER}


def _exchange(vhost: str, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "vhost": vhost,
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _queue(vhost: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": dict(arguments)}


def _binding(vhost: str, exchange: str, queue: str, key: str) -> dict[str, Any]:
    return {
        "source": exchange,
        "vhost": vhost,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": {},
    }
