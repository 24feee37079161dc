"""The settings of providers, kind by kind, and who may be talked to in which mode.

An instance has a name, and its settings begin with it: `PROVIDERS=vodafone=smpp:70,nile=http:30` reads
`VODAFONE_HOST …` and `NILE_URL …`. Faults are gathered, never raised one by one, and name no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import urlsplit

from chassis.config import Mode, Settings
from chassis.errors import ConfigurationError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Where a node in demo or training may send: to this machine, or to the container `sandbox` of docker-compose.yml.
INSIDE = (*LOOPBACK, "sandbox")
SENDER = re.compile(r"\+?[0-9]{3,15}|[A-Za-z0-9 ]{1,11}")

SMPP, HTTP, SMTP = "smpp", "http", "smtp"
CHANNEL = {SMPP: "sms", HTTP: "sms", SMTP: "email"}
# What each kind reads; docker-compose.yml and README.md name them all.
OWN: Mapping[str, tuple[str, ...]] = {
    SMPP: ("HOST", "PORT", "SYSTEM_ID", "PASSWORD", "WINDOW", "BINDS", "PRICE"),
    HTTP: ("URL", "KEY", "RECEIPT_KEY", "FIELDS", "WINDOW", "BULK", "TIMEOUT", "PRICE"),
    SMTP: ("HOST", "PORT", "USER", "PASSWORD", "TLS", "CA", "CONNECTIONS", "PRICE"),
}

# Our names in the HTTP dialect, and an operator's in their place where `FIELDS` says so (providers/HTTP.md).
FIELDS: Mapping[str, str] = {
    "messages": "messages", "key": "key", "to": "to", "from": "from", "text": "text", "parts": "parts",
    "results": "results", "status": "status", "id": "id", "reason": "reason", "retry_after": "retry_after",
    "receipts": "receipts", "accepted": "accepted", "refused": "refused", "later": "later", "delivered": "delivered",
    "undelivered": "undelivered",
}


@dataclass(frozen=True, slots=True)
class SmppSettings:
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    sender: str = "Shubbak"
    window: int = 50  # submits without an answer at a time, over all binds together
    binds: int = 1


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """`fields`: the operator's word for each of ours. `window`: calls at a time; `bulk`: messages a call."""

    url: str
    key: str = field(repr=False)
    receipt_key: str = field(repr=False)
    sender: str = "Shubbak"
    fields: Mapping[str, str] = field(default_factory=lambda: dict(FIELDS))
    window: int = 4
    bulk: int = 25
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_required: bool = False
    timeout: float = 30.0
    connections: int = 4
    ca: str | None = None  # a file of certificates to trust besides the system's


Kind = SmppSettings | HttpSettings | SmtpSettings


@dataclass(frozen=True, slots=True)
class Instance:
    """One provider of a channel. `weight` 1 to 100; `price` of a part (an e-mail) in millièmes, 1/1000 EGP."""

    name: str
    kind: str
    weight: int
    price: int
    own: Kind

    @property
    def channel(self) -> str:
        return CHANNEL[self.kind]


@dataclass(frozen=True, slots=True)
class Senders:
    """Whom a text message comes from: the governorate's own name, else the node's."""

    usual: str = "Shubbak"
    by_governorate: Mapping[str, str] = field(default_factory=dict)
    node: str = ""

    def of(self, unit: str | None) -> str:
        """The sender for a message of this unit, by the governorate in its code (`EG-C-01` is of `C`); what is of no
        unit (a one-time code, a message to all of the governorate) comes from the node's own."""
        pieces = (unit or self.node).split("-")
        return self.by_governorate.get(pieces[1], self.usual) if len(pieces) > 1 else self.usual


class Reader:
    """Reads the settings of one instance, or of all when it has no name, and gathers the faults."""

    def __init__(self, settings: Settings, faults: list[str], name: str = "") -> None:
        self._settings, self.faults = settings, faults
        self._prefix = name.upper() + "_" if name else ""

    @property
    def mode(self) -> Mode:
        return self._settings.mode

    def named(self, name: str) -> str:
        return f"SHUBBAK_{self._prefix}{name}"

    def words(self, name: str, default: str = "") -> str:
        return self._settings.env(self._prefix + name, default) or ""

    def whole(self, name: str, default: int, *, least: int = 1, most: int) -> int:
        text = self.words(name)
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
            self.faults.append(f"{self.named(name)} must be a whole number from {least} to {most}")
            return default
        return int(text)

    def hidden(self, name: str, *, most: int | None = None) -> str:
        """A secret: never missing, and no sample in production."""
        try:
            value = self._settings.secret(self._prefix + name)
        except ConfigurationError as error:
            self.faults.append(str(error))
            return ""
        if most is not None and len(value) > most:
            self.faults.append(f"{self.named(name)} may have {most} characters at most")
        return value

    def host(self, name: str, host: str) -> None:
        """Nothing leaves the machine in demo or training: no citizen is told about a case that is none."""
        if host and self.mode is not Mode.PRODUCTION and host not in INSIDE:
            self.faults.append(f"{self.named(name)} must be one of {', '.join(INSIDE)} in {self.mode}: nothing leaves "
                               "the machine there")


def read(settings: Settings, faults: list[str], senders: Senders, mail_from: str) -> tuple[Instance, ...]:
    """All instances that the settings name: those of `PROVIDERS`, and `smpp` and `smtp` when their host is set."""
    wanted = _named(settings, faults)
    for kind in (SMPP, SMTP):
        if kind not in wanted and Reader(settings, faults, kind).words("HOST"):
            wanted[kind] = (kind, 100)
    return tuple(
        Instance(name, kind, weight, reader.whole("PRICE", 0, least=0, most=999_999),
                 READ[kind](reader, senders, mail_from))
        for name, (kind, weight) in wanted.items() for reader in [Reader(settings, faults, name)])


def senders(settings: Settings, faults: list[str]) -> Senders:
    """`SMS_SENDER`, and `SMS_SENDERS` as `C=Cairo,SUZ=Suez` by the governorate's part of ISO 3166-2:EG."""
    def check(name: str, sender: str) -> None:
        if not SENDER.fullmatch(sender):
            faults.append(f"SHUBBAK_{name} must be a number or up to 11 Latin letters and digits")

    usual = settings.env("SMS_SENDER", "Shubbak") or ""
    check("SMS_SENDER", usual)
    found: dict[str, str] = {}
    for pair in filter(None, (one.strip() for one in (settings.env("SMS_SENDERS") or "").split(","))):
        governorate, _, sender = pair.partition("=")
        if not re.fullmatch(r"[A-Z]{1,3}", governorate) or governorate in found:
            faults.append("SHUBBAK_SMS_SENDERS must name each governorate once, as C=Cairo,SUZ=Suez")
            continue
        check("SMS_SENDERS", sender)
        found[governorate] = sender
    return Senders(usual, found, settings.node)


def _named(settings: Settings, faults: list[str]) -> dict[str, tuple[str, int]]:
    wanted: dict[str, tuple[str, int]] = {}
    for one in filter(None, (part.strip() for part in (settings.env("PROVIDERS") or "").split(","))):
        parsed = re.fullmatch(r"([a-z][a-z0-9]{1,19})=(smpp|http|smtp)(?::([0-9]{1,3}))?", one)
        weight = int(parsed[3] or 100) if parsed else 0
        if parsed is None or not 1 <= weight <= 100 or parsed[1] in wanted or parsed[1] == "sms":
            faults.append("SHUBBAK_PROVIDERS must be name=kind:weight,… with names of 2 to 20 letters and digits, each "
                          "once, a kind of smpp, http, smtp, and a weight from 1 to 100")
            continue
        wanted[parsed[1]] = (parsed[2], weight)
    return wanted


def _smpp(read: Reader, senders: Senders, mail_from: str) -> SmppSettings:
    host = read.words("HOST")
    if not host:
        read.faults.append(f"{read.named('HOST')} is not set")
    read.host("HOST", host)
    system_id = read.words("SYSTEM_ID")
    if not 1 <= len(system_id) <= 15:
        read.faults.append(f"{read.named('SYSTEM_ID')} must have 1 to 15 characters")  # SMPP 3.4, 5.2.1
    return SmppSettings(
        host, read.whole("PORT", 2775, most=65_535), system_id, read.hidden("PASSWORD", most=8),  # SMPP 3.4, 5.2.2
        senders.usual, read.whole("WINDOW", 50, most=1000), read.whole("BINDS", 1, most=10))


def _http(read: Reader, senders: Senders, mail_from: str) -> HttpSettings:
    url = read.words("URL").rstrip("/")
    parsed = urlsplit(url)
    if parsed.scheme not in ("http", "https") or not parsed.hostname or parsed.query or parsed.fragment:
        read.faults.append(f"{read.named('URL')} must be an http or https address")
    elif read.mode is Mode.PRODUCTION and parsed.scheme != "https":
        read.faults.append(f"{read.named('URL')} must begin with https:// in production")
    read.host("URL", parsed.hostname or "")
    words = dict(FIELDS)
    for pair in filter(None, (one.strip() for one in read.words("FIELDS").split(","))):
        ours, _, theirs = pair.partition("=")
        if ours not in FIELDS or not re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", theirs):
            read.faults.append(f"{read.named('FIELDS')} must be ours=theirs,… with names of providers/HTTP.md")
            continue
        words[ours] = theirs
    return HttpSettings(url, read.hidden("KEY"), read.hidden("RECEIPT_KEY"), senders.usual, words,
                        read.whole("WINDOW", 4, most=64), read.whole("BULK", 25, most=1000),
                        float(read.whole("TIMEOUT", 10, most=60)))


def _smtp(read: Reader, senders: Senders, mail_from: str) -> SmtpSettings:
    host = read.words("HOST")
    if not host:
        read.faults.append(f"{read.named('HOST')} is not set")
    read.host("HOST", host)
    if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", parseaddr(mail_from)[1]) or "\n" in mail_from or "\r" in mail_from:
        read.faults.append("SHUBBAK_MAIL_FROM must be an e-mail address")
    user = read.words("USER") or None
    # A password never crosses a network in the clear; on the loopback of a demo there is nothing to protect.
    required = read.words("TLS") == "required" or bool(
        user and not (read.mode is not Mode.PRODUCTION and host in LOOPBACK))
    return SmtpSettings(host, read.whole("PORT", 25, most=65_535), mail_from, user,
                        read.hidden("PASSWORD") if user else None, required,
                        connections=read.whole("CONNECTIONS", 4, most=32), ca=read.words("CA") or None)


READ: Mapping[str, Callable[[Reader, Senders, str], Kind]] = {SMPP: _smpp, HTTP: _http, SMTP: _smtp}
