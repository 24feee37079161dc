"""Configuration from the environment, validated as a whole at start.

A name is looked up as `SHUBBAK_<SERVICE>_<NAME>` first, then as `SHUBBAK_<NAME>`, so that one environment can describe
one process (containers) or all services in one process (the demo). A further process of a service (`gateway.link`) has
the service's settings; `SHUBBAK_GATEWAY_LINK_<NAME>` goes before them. Secrets come from the environment only; a value
that starts with `sample-` is refused outside demo and training.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from chassis.errors import ConfigurationError

SAMPLE_PREFIX = "sample-"
T = TypeVar("T")


class Mode(StrEnum):
    DEMO = "demo"
    TRAINING = "training"
    PRODUCTION = "production"


class Role(StrEnum):
    """What a node is in the country: one of the governorates, or the centre."""

    NODE = "node"
    CENTRE = "centre"


CENTRE = "EG"


class Environment:
    """Reads one service's settings and collects every fault, so that an operator mends all of them at once."""

    def __init__(self, service: str, environ: Mapping[str, str]) -> None:
        self.service = service
        self.environ = environ
        self.faults: list[str] = []

    def text(self, name: str, default: str | None = None) -> str | None:
        parts = self.service.upper().split(".")
        for many in range(len(parts), -1, -1):
            value = self.environ.get("_".join(("SHUBBAK", *parts[:many], name)))
            if value:
                return value
        return default

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            self.faults.append(f"SHUBBAK_{name} is not set")
            return ""
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default) or default
        if value not in choices:
            self.faults.append(f"SHUBBAK_{name} must be one of {', '.join(choices)}")
            return default
        return value

    def integer(self, name: str, default: int, *, least: int = 0, most: int = 1_000_000) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"\d{1,9}", value) or not least <= int(value) <= most:
            self.faults.append(f"SHUBBAK_{name} must be a whole number from {least} to {most}")
            return default
        return int(value)

    def seconds(self, name: str, default: float) -> float:
        value = self.text(name)
        if value is None:
            return default
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 < number < 1_000_000:
            self.faults.append(f"SHUBBAK_{name} must be a number of seconds above 0")
            return default
        return number


def decode_key(text: str) -> bytes:
    """32 bytes from base64 (standard or URL alphabet). A sample key is `sample-` and any words: demo keys are made
    from the words, so that they are recognisable and can be refused."""
    if text.startswith(SAMPLE_PREFIX):
        return hashlib.sha256(text.encode()).digest()
    try:
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigurationError("a key is not base64") from error
    if len(raw) != 32:
        raise ConfigurationError("a key must be 32 bytes")
    return raw


def decode_keys(text: str) -> tuple[bytes, ...]:
    """Keys without ids, newest first, comma between."""
    keys = tuple(decode_key(item.strip()) for item in text.split(","))
    if len(set(keys)) != len(keys):
        raise ConfigurationError("a key stands twice")
    return keys


def decode_keyring(text: str) -> dict[str, bytes]:
    """`id:key,id:key`, newest first: the first seals, all of them open."""
    ring: dict[str, bytes] = {}
    for item in text.split(","):
        key_id, _, key = item.strip().partition(":")
        if not re.fullmatch(r"[a-z0-9]{1,16}", key_id) or not key:
            raise ConfigurationError("a keyring is id:key,id:key with ids of letters and digits")
        if key_id in ring:
            raise ConfigurationError("a key id stands twice in a keyring")
        ring[key_id] = decode_key(key)
    return ring


@dataclass(frozen=True)
class Settings:
    """One service's validated configuration."""

    service: str
    mode: Mode
    node: str
    epoch: int
    database_url: str = field(repr=False)  # holds a password, as the next one does
    bus: str
    amqp_url: str = field(repr=False)
    admin_port: int
    max_workers: int
    max_in_flight: int
    rings: Mapping[str, Mapping[str, bytes]] = field(repr=False)
    lookup_keys: tuple[bytes, ...] = field(repr=False)  # newest first
    number_key: bytes = field(repr=False)  # permutes tracking numbers; it stays when look-up keys change
    actor_private_key: bytes | None = field(repr=False)
    actor_public_keys: tuple[bytes, ...]
    audit_private_key: bytes = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    role: Role = Role.NODE
    process: str = ""

    @property
    def main(self) -> bool:
        """Whether this is the service itself, and not a further process of it such as `gateway.link`."""
        return self.process in ("", self.service)

    @property
    def lookup_key(self) -> bytes:
        """The newest look-up key."""
        return self.lookup_keys[0]

    @property
    def source(self) -> str:
        """The CloudEvents source: node, service and epoch. A restore starts a new epoch."""
        return f"urn:shubbak:{self.node}:{self.service}:{self.epoch}"

    def env(self, name: str, default: str | None = None) -> str | None:
        """A setting of the service's own, by the same look-up."""
        return Environment(self.process or self.service, self.environ).text(name, default)

    def number(self, name: str, default: int, *, least: int = 0, most: int = 1_000_000) -> int:
        """A whole number of the service's own, or ConfigurationError."""
        read = Environment(self.process or self.service, self.environ)
        value = read.integer(name, default, least=least, most=most)
        if read.faults:
            raise ConfigurationError("; ".join(read.faults))
        return value

    def seconds(self, name: str, default: float) -> float:
        """A time of the service's own, or ConfigurationError."""
        read = Environment(self.process or self.service, self.environ)
        value = read.seconds(name, default)
        if read.faults:
            raise ConfigurationError("; ".join(read.faults))
        return value

    def secret(self, name: str) -> str:
        """A secret of the service's own: never missing, and no sample outside demo and training."""
        value = self.env(name)
        if not value:
            raise ConfigurationError(f"SHUBBAK_{name} is not set")
        if value.startswith(SAMPLE_PREFIX) and self.mode is Mode.PRODUCTION:
            raise ConfigurationError(f"SHUBBAK_{name} is a sample; set a secret of your own")
        return value


_SECRETS = ("KEYS_STORE", "KEYS_CONTACT", "KEY_LOOKUP", "KEY_NUMBERS", "ACTOR_PRIVATE_KEY", "ACTOR_PUBLIC_KEYS",
            "AUDIT_PRIVATE_KEY", "DATABASE_URL", "AMQP_URL")  # the last two hold passwords


def load(service: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of one service or of a further process of one (`gateway.link`), or a ConfigurationError that names
    every fault and no value."""
    process, service = service, service.split(".")[0]
    read = Environment(process, os.environ if environ is None else environ)
    mode = Mode(read.choice("MODE", tuple(Mode), Mode.PRODUCTION))
    node = read.required("NODE")
    if node and not re.fullmatch(r"EG-[A-Z]{1,3}|EG", node):
        read.faults.append("SHUBBAK_NODE must be an ISO 3166-2 code such as EG-C, or EG for the centre")
    role = Role(read.choice("ROLE", tuple(Role), Role.NODE))
    if role is Role.CENTRE and node != CENTRE:
        read.faults.append(f"SHUBBAK_NODE must be {CENTRE} where SHUBBAK_ROLE is {Role.CENTRE}")
    for name in _SECRETS:
        if mode is Mode.PRODUCTION and SAMPLE_PREFIX in (read.text(name) or ""):
            read.faults.append(f"SHUBBAK_{name} is a sample; set a secret of your own")
    bus = read.choice("BUS", ("rabbit", "local"), "rabbit")
    private = read.text("ACTOR_PRIVATE_KEY")
    lookup_keys: tuple[bytes, ...] = _try(read, "KEY_LOOKUP", decode_keys, (b"",))
    settings = Settings(
        service=service,
        mode=mode,
        node=node,
        epoch=read.integer("EPOCH", 1, least=1),
        database_url=read.required("DATABASE_URL"),
        bus=bus,
        amqp_url=read.required("AMQP_URL") if bus == "rabbit" else "",
        admin_port=read.integer("ADMIN_PORT", 9100, most=65535),
        max_workers=read.integer("MAX_WORKERS", 16, least=1, most=1000),
        max_in_flight=read.integer("MAX_IN_FLIGHT", 200, least=1, most=100_000),
        rings={
            "store": _try(read, "KEYS_STORE", decode_keyring, {}),
            "contact": _try(read, "KEYS_CONTACT", decode_keyring, {}, optional=True),
        },
        lookup_keys=lookup_keys,
        number_key=_try(read, "KEY_NUMBERS", decode_key, b"", optional=True) or lookup_keys[-1],
        actor_private_key=_try(read, "ACTOR_PRIVATE_KEY", decode_key, b"") if private else None,
        actor_public_keys=_try(read, "ACTOR_PUBLIC_KEYS", _decode_public_keys, ()),
        audit_private_key=_try(read, "AUDIT_PRIVATE_KEY", decode_key, b""),
        environ=dict(read.environ),
        role=role,
        process=process,
    )
    if read.faults:
        raise ConfigurationError(f"{process}: " + "; ".join(read.faults))
    return settings


def _decode_public_keys(text: str) -> tuple[bytes, ...]:
    return tuple(decode_key(key.strip()) for key in text.split(","))


def _try(read: Environment, name: str, decode: Callable[[str], T], fallback: T, *, optional: bool = False) -> T:
    text = read.text(name) if optional else read.required(name)
    if not text:
        return fallback
    try:
        return decode(text)
    except ConfigurationError as error:
        read.faults.append(f"SHUBBAK_{name}: {error}")
        return fallback
