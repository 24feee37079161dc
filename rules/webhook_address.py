"""Where a webhook may go: to a public address over TLS, and nowhere into the node's own network (SSRF).

A name is resolved once for a connection, every address it has is judged here, and the connection goes to the address
that was judged: a name that answers differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
LONGEST = 500
_HOST = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\Z")
_NAT64 = IPv6Network("64:ff9b::/96")
# What Python 3.11 calls global and is not: site-local of former days, the documentation's newer block, relays to 6to4,
# protocol assignments.
_NOWHERE = tuple(ip_network(one) for one in ("fec0::/10", "3fff::/20", "192.88.99.0/24", "192.0.0.0/24"))
PORTS, LEAST_FREE_PORT = (443, 8443), 1024
"""Where receivers listen: the platform is nobody's means of speaking to mail, SSH or a database."""
_NEVER = ("localhost", "local", "internal", "localdomain", "home.arpa", "arpa", "onion")


def url_fault(url: str, let_in: Sequence[Network] = (), *, plain: bool = False) -> str | None:
    """What is wrong with an endpoint's address, or None: `webhook_url_malformed`; `webhook_url_plain`, unless `plain`
    (demo, training) lets `http` pass; `webhook_url_port` for any port but 443 and 8443, unless `plain` lets those pass
    from 1024 on, and 80; `webhook_url_private` for a name or address that is never public, unless the
    operator let some network in. What the name resolves to is judged when a connection is made."""
    if len(url) > LONGEST or not url.isascii() or any(letter <= " " or letter in '"<>\\^`{|}' for letter in url):
        return "webhook_url_malformed"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "webhook_url_malformed"
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or parts.fragment or port == 0:
        return "webhook_url_malformed"
    if parts.scheme == "http" and not plain:
        return "webhook_url_plain"
    if not _port_passes(port or (443 if parts.scheme == "https" else 80), plain):
        return "webhook_url_port"
    literal = _address(host)
    if literal is not None:
        return None if address_fault(host, let_in) is None else "webhook_url_private"
    if not _HOST.match(host) or host.rsplit(".", 1)[-1].isdecimal():  # 127.1 and 2130706433 are addresses to some
        return "webhook_url_malformed"
    if not let_in and ("." not in host or any(host == one or host.endswith("." + one) for one in _NEVER)):
        return "webhook_url_private"
    return None


def address_fault(address: str, let_in: Sequence[Network] = ()) -> str | None:
    """Why no connection may be made to an address, or None. What is not reachable from everywhere is refused: private,
    loopback, link-local (169.254.169.254 of clouds), shared (100.64/10), multicast, reserved, unspecified; of IPv6
    also what carries such an IPv4 address inside (mapped, 6to4, Teredo, NAT64). `let_in` are networks of the operator,
    such as the government's own, that are let pass."""
    parsed = _address(address)
    if parsed is None:
        return "no address"
    inner = carried(parsed)
    for one in (parsed, *inner):
        if any(one.version == network.version and one in network for network in let_in):
            continue
        if one is parsed and inner and _is_carrier(parsed):
            continue  # the addresses inside decide
        if not one.is_global or one.is_multicast or one.is_unspecified or one.is_reserved or any(
                one.version == network.version and one in network for network in _NOWHERE):  # fmt: skip
            return f"{one} is not public"
    return None


def _port_passes(port: int, plain: bool) -> bool:
    return port in PORTS or (plain and (port == 80 or port >= LEAST_FREE_PORT))


def networks(text: str) -> tuple[Network, ...]:
    """Networks from a setting, comma between; ValueError for anything else."""
    return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())


def carried(address: IPv4Address | IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address carries inside."""
    if isinstance(address, IPv4Address):
        return ()
    found = [one for one in (address.ipv4_mapped, address.sixtofour) if one is not None]
    if address.teredo is not None:
        found += address.teredo
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):  # ::a.b.c.d, out of use, still understood
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(found)


def _is_carrier(address: IPv4Address | IPv6Address) -> bool:
    """Whether connecting to it means connecting to what it carries."""
    return isinstance(address, IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)  # one with a zone (%eth0) is link-local and says so
    except ValueError:
        return None
