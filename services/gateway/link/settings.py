"""The line's settings, read and checked as a whole at start."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.config import CENTRE, Mode, Role, Settings, decode_key
from chassis.errors import ConfigurationError

_NODE = re.compile(r"EG-[A-Z]{1,3}|EG")
_KEY = re.compile(r"[a-z0-9-]{1,16}")
_SERVICE = re.compile(r"[a-z]{1,20}")
BYTES = 16 * 1024 * 1024
_MOST_PROVERS = 64


@dataclass(frozen=True)
class LinkSettings:
    """`signing` are one's own keys by id, the newest first: it signs. `peers` are the keys by which others were first
    trusted. Times are seconds. `provers` are helper processes that prove signatures, `bytes` how much of what came in
    may be in memory before it took effect. `announced` is where own keys were announced, kept for as long as the
    process lives."""

    node: str
    role: Role
    epoch: int
    url: str = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)
    signing: Mapping[str, Ed25519PrivateKey] = field(repr=False)
    peers: Mapping[str, Mapping[str, bytes]]
    sources: Mapping[str, str] = field(repr=False)
    hello: float
    window: int
    kept_days: int
    provers: int = 0
    bytes: int = BYTES
    announced: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def user(self) -> str:
        """Our name at the broker, which it holds every message of ours against."""
        return "centre" if self.role is Role.CENTRE else f"node.{self.node}"

    @property
    def queue(self) -> str:
        """The queue that is for us."""
        return "link.up" if self.role is Role.CENTRE else f"down.{self.node}"

    @property
    def exchange(self) -> str:
        """The exchange that we publish to."""
        return "down" if self.role is Role.CENTRE else "up"

    def key(self, receiver: str, event_type: str) -> str:
        """The routing key of a message."""
        return f"{receiver if self.role is Role.CENTRE else self.node}.{event_type}"


def sender_of(user: str | None) -> str | None:
    """The place that a broker's user stands for; None for a user that is no end of the line."""
    if user == "centre":
        return CENTRE
    node = (user or "").removeprefix("node.")
    return node if node != user and _NODE.fullmatch(node) else None


def linked(settings: Settings) -> bool:
    """Whether this place is on the line at all."""
    return bool(settings.env("LINK_URL"))


def read(settings: Settings) -> LinkSettings:
    """The settings of the line, or a ConfigurationError that names every fault and no value."""
    faults: list[str] = []

    def told(name: str) -> str:
        value = settings.env(name)
        if not value:
            faults.append(f"SHUBBAK_{name} is not set" + (": this place is not linked" if name == "LINK_URL" else ""))
        return value or ""

    def parsed(name: str, parse: Any) -> Any:
        value = told(name)
        try:
            return parse(value) if value else {}
        except (ConfigurationError, ValueError) as error:
            faults.append(f"SHUBBAK_{name}: {error}")
            return {}

    url, options = told("LINK_URL"), {}
    if url:
        try:
            options = _options(settings, url)
        except (ConfigurationError, OSError) as error:
            faults.append(str(error))
    if settings.role is Role.NODE and settings.node == CENTRE:
        faults.append(f"SHUBBAK_ROLE is not centre, and SHUBBAK_NODE is {CENTRE}")
    signing = parsed("LINK_SIGNING_KEY", _signing)
    if settings.mode is Mode.PRODUCTION and "sample-" in (settings.env("LINK_SIGNING_KEY") or ""):
        faults.append("SHUBBAK_LINK_SIGNING_KEY is a sample; set a secret of your own")
    peers, sources = parsed("LINK_PEERS", _peers), parsed("LINK_SOURCES", _sources)
    if settings.node in peers or (settings.role is Role.NODE and set(peers) - {CENTRE}):
        faults.append("SHUBBAK_LINK_PEERS: a node's only peer is EG, and nobody is its own")
    try:
        hello = settings.seconds("LINK_HELLO", 15.0)
        window = settings.number("LINK_WINDOW", 50_000, least=1_000)
        kept = settings.number("LINK_KEPT_DAYS", 90, least=1, most=36_500)
        provers = settings.number("LINK_PROVERS", _provers(), least=0, most=_MOST_PROVERS)
        most_bytes = settings.number("LINK_BYTES", BYTES, least=1024 * 1024, most=1024 ** 3)
    except ConfigurationError as error:
        faults.append(str(error))
    if faults:
        raise ConfigurationError("link: " + "; ".join(faults))
    return LinkSettings(settings.node, settings.role, settings.epoch, url, options, signing, peers, sources, hello,
                        window, kept, provers, most_bytes)  # fmt: skip


def _provers() -> int:
    """One core less than this process may use, two at most: these prove five times what it can read and apply."""
    return min(len(os.sched_getaffinity(0)) - 1, 2)


def signing_keys(settings: Settings) -> dict[str, Ed25519PrivateKey]:
    """One's own signing keys by id, the newest first; none where none is set. Raises ConfigurationError, ValueError."""
    return _signing(settings.env("LINK_SIGNING_KEY") or "") if settings.env("LINK_SIGNING_KEY") else {}


def connection(settings: Settings, url: str) -> dict[str, Any]:
    """How a broker of the line is reached: the certificate, and whose word counts. Raises ConfigurationError,
    OSError."""
    return _options(settings, url)


def _options(settings: Settings, url: str) -> dict[str, Any]:
    scheme = urlsplit(url).scheme
    if scheme not in ("amqps", "amqp"):
        raise ConfigurationError("SHUBBAK_LINK_URL must begin with amqps://")
    if scheme == "amqp":
        if settings.mode is Mode.PRODUCTION:
            raise ConfigurationError("SHUBBAK_LINK_URL must be amqps:// outside demo and training")
        return {}
    files = {name: settings.env(f"LINK_{name}") for name in ("CA", "CERTIFICATE", "CERTIFICATE_KEY")}
    missing = [f"SHUBBAK_LINK_{name} is not set" for name, value in files.items() if not value]
    if missing:
        raise ConfigurationError("; ".join(missing))
    for value in files.values():
        with open(value or "", "rb"):  # a file that is not there is said at start
            continue
    return {
        "ssl": {"ca_certs": files["CA"], "certfile": files["CERTIFICATE"], "keyfile": files["CERTIFICATE_KEY"],
                "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": urlsplit(url).hostname},
        "login_method": "EXTERNAL",
    }  # fmt: skip


def _signing(text: str) -> dict[str, Ed25519PrivateKey]:
    return {key_id: Ed25519PrivateKey.from_private_bytes(key) for key_id, key in _pairs(text, ":", _KEY)}


def _peers(text: str) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    for one in text.split(","):
        node, _, key = one.strip().partition("=")
        if not _NODE.fullmatch(node) or not key:
            raise ValueError("it is EG-C=k1:base64, comma between")
        for key_id, public in _pairs(key, ":", _KEY):
            found.setdefault(node, {})[key_id] = public
    return found


def _sources(text: str) -> dict[str, str]:
    found = {}
    for one in text.split(","):
        service, _, url = one.strip().partition("=")
        if not _SERVICE.fullmatch(service) or not url:
            raise ValueError("it is service=database URL, comma between")
        found[service] = url
    return found


def _pairs(text: str, sign: str, name: re.Pattern[str]) -> list[tuple[str, bytes]]:
    found = []
    for one in text.split(","):
        key_id, _, key = one.strip().partition(sign)
        if not name.fullmatch(key_id) or not key:
            raise ValueError("a key is id:base64")
        found.append((key_id, decode_key(key)))
    if len({key_id for key_id, _ in found}) != len(found):
        raise ValueError("a key id stands twice")
    return found
