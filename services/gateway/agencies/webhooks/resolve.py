"""From a receiver's name to the address that is connected to; judged first, by rules.webhook_address."""

from __future__ import annotations

import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from chassis.offload import offload
from rules.webhook_address import Network, address_fault

Look = Callable[[str, int], Sequence[str]]

_one_at_a_time: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # by name


class Refused(Exception):
    """The receiver lies where nothing is sent to."""


class Unresolved(Exception):
    """The name has no address now."""


def look_up(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, in the resolver's order. The resolver blocks, so it runs on a thread; of those
    there are few, and a name whose servers hang must not keep them all."""
    try:
        with _one_at_a_time[host]:
            found = offload(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
    except TimeoutError:
        raise  # the attempt's own time is over
    except OSError as error:
        raise Unresolved(f"the name {host} has no address") from error
    return [str(one[4][0]) for one in found]


def address_of(host: str, port: int, let_in: Sequence[Network], look: Look = look_up) -> str:
    """The one address to connect to. Refused when any of the name's addresses is: a name that points to the inside and
    to the outside at once is nobody's mistake. Raises Unresolved."""
    try:
        addresses: Sequence[str] = [str(ip_address(host))]
    except ValueError:
        addresses = look(host, port)
    if not addresses:
        raise Unresolved(f"the name {host} has no address")
    for address in addresses:
        fault = address_fault(address, let_in)
        if fault is not None:
            raise Refused(fault)
    return addresses[0]
