"""The log of messages as evidence: a chain over what came in, and a file of it that an outsider proves.

What came over the line is kept with its sender's signature and the time of its arrival, each entry chained to the one
before. A file of it is JSON lines: a header, the entries in order, and at the end a signed head. With nothing but the
senders' public keys, no database and no network, a reader of the file finds an entry that was changed, taken out, put
in or moved, one that its sender did not sign, and a file that was cut off. `docs/evidence.md` is the format.

There is one spelling of each line: one that says the same in other bytes is refused, so that nothing hides in it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rules.link import Key, Message, genuine

FORMAT = "shubbak-evidence-1"
GENESIS = b""
"""The hash before the first entry of a log."""
LARGEST_LINE = 2_097_152
"""Bytes of a line: a body of the largest size in base64, and what stands beside it."""
_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the log: its dense `position` from 1, `at` when it came in (or, of one's own, when it was
    stored), and why it was `parked` instead of taking effect, if it was. `hash` is what the log kept of it, which a
    file tells as it is: who changed an entry afterwards must not have it chained anew by exporting it."""

    position: int
    message: Message
    at: datetime
    parked: str | None = None
    hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What a file is: `direction` is received or sent; it begins after the position `start`, whose hash is
    `before`."""

    node: str
    direction: str
    start: int
    before: bytes
    at: datetime


def digest(entry: Entry) -> bytes:
    """SHA-256 over everything that an entry says."""
    fields = (str(entry.position).encode(), entry.message.digest, entry.message.key_id.encode(),
              entry.message.signature, moment(entry.at).encode(), (entry.parked or "").encode())
    return hashlib.sha256(FORMAT.encode() + b"".join(len(one).to_bytes(4, "big") + one for one in fields)).digest()


def chained(before: bytes, entry: Entry) -> bytes:
    """The chain's hash up to and with this entry; `before` is that of the entry before it, GENESIS for the first."""
    return hashlib.sha256(before + digest(entry)).digest()


def moment(at: datetime) -> str:
    """An aware moment in UTC to the microsecond, in the one spelling that is hashed."""
    if at.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return at.astimezone(UTC).strftime(_MOMENT)


# -- writing ----------------------------------------------------------------------------------------------------------


def lines(
    header: Header, entries: Iterable[Entry], key_id: str, private: Ed25519PrivateKey
) -> Iterator[bytes]:
    """The lines of a file, each with its line break. `entries` follow each other without a gap from `header.start` on;
    the head is signed by the node that exports under its key of the line."""
    top = _written(_header_fields(header))
    yield top
    position, last, count = header.start, header.before, 0
    for entry in entries:
        if entry.position != position + 1:
            raise ValueError(f"entry {entry.position} does not follow {position}")
        last = chained(last, entry) if entry.hash is None else entry.hash
        position, count = entry.position, count + 1
        yield _written(_entry_fields(entry, last))
    signature = private.sign(_head_text(top, count, position, last, header.at, header.node, key_id))
    yield _written(_head_fields(count, position, last, header.at, header.node, key_id, signature))


def _header_fields(header: Header) -> dict[str, Any]:
    return {"kind": "header", "format": FORMAT, "node": header.node, "direction": header.direction,
            "from": header.start, "before": header.before.hex(), "at": moment(header.at)}


def _entry_fields(entry: Entry, last: bytes) -> dict[str, Any]:
    said = entry.message
    return {"kind": "entry", "position": entry.position, "sender": said.sender, "receiver": said.receiver,
            "epoch": said.epoch, "sequence": said.sequence, "id": str(said.id), "type": said.type,
            "body": _coded(said.body), "key": said.key_id, "signature": _coded(said.signature),
            "at": moment(entry.at), "parked": entry.parked, "hash": last.hex()}


def _head_fields(
    count: int, position: int, last: bytes, at: datetime, node: str, key_id: str, signature: bytes
) -> dict[str, Any]:
    return {"kind": "head", "entries": count, "position": position, "hash": last.hex(), "at": moment(at), "node": node,
            "key": key_id, "signature": _coded(signature)}


def _head_text(top: bytes, count: int, position: int, last: bytes, at: datetime, node: str, key_id: str) -> bytes:
    said = f"{FORMAT}|{hashlib.sha256(top).hexdigest()}|{count}|{position}|{last.hex()}|{moment(at)}|{node}|{key_id}"
    return said.encode()


def _written(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _coded(value: bytes) -> str:
    return base64.b64encode(value).decode()


# -- proving ----------------------------------------------------------------------------------------------------------


class Broken(Exception):
    """The file does not hold. `line` counts from 1; `why` is a code of `WHYS`."""

    def __init__(self, line: int, why: str, told: str = "") -> None:
        super().__init__(f"line {line}: {why}" + (f" ({told})" if told else ""))
        self.line, self.why, self.told = line, why, told


WHYS = ("not_readable", "header_missing", "position_wrong", "hash_wrong", "signature_wrong", "receiver_wrong",
        "sequence_wrong", "head_missing", "head_wrong", "head_revoked", "after_the_head",
        "earlier_head_off")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proven:
    """What a whole file proves: how many entries, from which position to which, until when, of which senders."""

    node: str
    direction: str
    first: int
    last: int
    hash: bytes
    at: datetime
    entries: int
    parked: int
    senders: Mapping[str, int] = field(default_factory=dict)


def prove(
    given: Iterable[bytes], keys: Mapping[str, Mapping[str, Key]], earlier: Mapping[int, bytes] | None = None,
    telling: str | None = None,
) -> Proven:  # fmt: skip
    """Read a whole file and say what it proves. `keys` are the public keys of each place by their ids, had by another
    way than the file; `earlier` are hashes by position that signed heads of earlier files said; messages of the type
    `telling` say that a key of their sender was revoked, and count so from there on. A head has no place in a stream:
    it counts under no key that was revoked at all. Raises Broken at the first line that does not hold."""
    numbered = enumerate(given, 1)
    number, top = next(numbered, (1, b""))
    header = _header(number, top)
    seen = _Seen(header, keys, dict(earlier or {}), telling)
    for number, line in numbered:
        if seen.ended:
            raise Broken(number, "after_the_head")
        said = _read(number, line)
        if said.get("kind") == "head":
            seen.head(number, said, line, top)
        else:
            seen.entry(number, said, line)
    if not seen.ended:
        raise Broken(number + 1, "head_missing")
    return Proven(header.node, header.direction, header.start + 1, seen.position, seen.last, seen.at, seen.count,
                  seen.parked, seen.senders)  # fmt: skip


def head_of(given: Iterable[bytes], keys: Mapping[str, Mapping[str, Key]]) -> tuple[int, bytes]:
    """Position and hash that the signed head of a file says which its reader has kept since: also under a key that was
    revoked later. The file itself need not be whole; its header and its head are looked at only. Raises Broken."""
    top, last, count = b"", b"", 0
    for line in given:
        top, last, count = top or line, line, count + 1
    header = _header(1, top)
    seen = _Seen(header, keys, {})
    said = _read(count, last)
    if said.get("kind") != "head":
        raise Broken(count, "head_missing")
    return seen.proven_head(count, said, last, top, kept=True)


class _Seen:
    """How far a file was read, and what must hold of the next line."""

    def __init__(self, header: Header, keys: Mapping[str, Mapping[str, Key]], earlier: dict[int, bytes],
                 telling: str | None = None) -> None:
        self.header, self.earlier = header, earlier
        self.keys = {place: dict(known) for place, known in keys.items()}
        self._telling = telling
        self.position, self.last, self.at = header.start, header.before, header.at
        self.count = self.parked = 0
        self.senders: dict[str, int] = {}
        self.ended = False
        self._reached: dict[tuple[str, str, int], int] = {}
        self._parked: set[tuple[str, str, int, int]] = set()
        if header.start in earlier and earlier[header.start] != header.before:
            raise Broken(1, "earlier_head_off")

    def entry(self, number: int, said: dict[str, Any], line: bytes) -> None:
        entry, told = _entry(number, said, line)
        if entry.position != self.position + 1:
            raise Broken(number, "position_wrong", f"{entry.position} after {self.position}")
        last = chained(self.last, entry)
        if last != told:
            raise Broken(number, "hash_wrong")
        message = entry.message
        if self.header.node != (message.receiver if self.header.direction == "received" else message.sender):
            raise Broken(number, "receiver_wrong")
        reason = genuine(message, message.sender, message.receiver, self.keys.get(message.sender, {}))
        if reason is not None:
            raise Broken(number, "signature_wrong", reason)
        self._follows(number, entry)
        if self.earlier.get(entry.position, last) != last:
            raise Broken(number, "earlier_head_off")
        self.position, self.last, self.count = entry.position, last, self.count + 1
        if message.type == self._telling and entry.parked is None:
            self._revoked(message)
        self.parked += entry.parked is not None
        self.senders[message.sender] = self.senders.get(message.sender, 0) + 1

    def _follows(self, number: int, entry: Entry) -> None:
        """A stream has no gap; what was parked may stand once more when it took effect later."""
        said = entry.message
        stream = (said.sender, said.receiver, said.epoch)
        reached = self._reached.get(stream, said.sequence - 1)
        if said.sequence == reached + 1:
            self._reached[stream] = said.sequence
        elif (*stream, said.sequence) not in self._parked:
            raise Broken(number, "sequence_wrong", f"{said.sequence} after {reached}")
        if entry.parked is None:
            self._parked.discard((*stream, said.sequence))
        else:
            self._parked.add((*stream, said.sequence))

    def _revoked(self, message: Message) -> None:
        """A place says that a key of its own is good no more. What it says of another's, or unreadably, is nothing."""
        try:
            told = json.loads(message.body)["data"]
            key = self.keys[message.sender][told["key_id"]]
            if told["peer"] != message.sender or told["revoked_epoch"] is None:
                return
            place = int(told["revoked_epoch"]), int(told["revoked_sequence"])
        except (KeyError, TypeError, ValueError, RecursionError):
            return
        ends = place if key.revoked_from is None else min(place, key.revoked_from)
        self.keys[message.sender][key.id] = replace(key, revoked_from=ends)

    def head(self, number: int, said: dict[str, Any], line: bytes, top: bytes) -> None:
        position, last = self.proven_head(number, said, line, top)
        if (position, last, said["entries"]) != (self.position, self.last, self.count):
            raise Broken(number, "head_wrong")
        for known in self.earlier:
            if known > position:
                raise Broken(number, "earlier_head_off")
        self.ended = True

    def proven_head(
        self, number: int, said: dict[str, Any], line: bytes, top: bytes, *, kept: bool = False
    ) -> tuple[int, bytes]:
        """Position and hash of a head that its node signed, and where it was not `kept` since by a key that is still
        good."""
        try:
            at = _moment(said["at"])
            count, position, last = said["entries"], said["position"], bytes.fromhex(said["hash"])
            signature = _decoded(said["signature"])
            if _written(_head_fields(count, position, last, at, said["node"], said["key"], signature)) != line:
                raise ValueError("another spelling")
        except (KeyError, TypeError, ValueError) as error:
            raise Broken(number, "not_readable", str(error)) from error
        key = self.keys.get(self.header.node, {}).get(said["key"])
        if key is None or said["node"] != self.header.node:
            raise Broken(number, "head_wrong", "key_unknown")
        try:
            text = _head_text(top, count, position, last, at, self.header.node, said["key"])
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            raise Broken(number, "head_wrong", "signature_bad") from None
        if key.revoked_from is not None and not kept:
            raise Broken(number, "head_revoked", key.id)
        return position, last


def _header(number: int, line: bytes) -> Header:
    said = _read(number, line) if line else {}
    try:
        if said.get("kind") != "header" or said["format"] != FORMAT or said["direction"] not in ("received", "sent"):
            raise Broken(number, "header_missing")
        header = Header(said["node"], said["direction"], said["from"], bytes.fromhex(said["before"]),
                        _moment(said["at"]))  # fmt: skip
        if _written(_header_fields(header)) != line:
            raise Broken(number, "not_readable", "another spelling")
    except (KeyError, TypeError, ValueError) as error:
        raise Broken(number, "header_missing", str(error)) from error
    return header


def _entry(number: int, said: dict[str, Any], line: bytes) -> tuple[Entry, bytes]:
    try:
        message = Message(said["sender"], said["receiver"], said["epoch"], said["sequence"], UUID(said["id"]),
                          said["type"], _decoded(said["body"]), said["key"], _decoded(said["signature"]))  # fmt: skip
        entry = Entry(said["position"], message, _moment(said["at"]), said["parked"])
        told = bytes.fromhex(said["hash"])
        if said["kind"] != "entry" or _written(_entry_fields(entry, told)) != line:
            raise ValueError("another spelling")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Broken(number, "not_readable", str(error)) from error
    return entry, told


def _read(number: int, line: bytes) -> dict[str, Any]:
    if len(line) > LARGEST_LINE:
        raise Broken(number, "not_readable", "too long")
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Broken(number, "not_readable", "no JSON") from error
    if not isinstance(said, dict):
        raise Broken(number, "not_readable", "no object")
    return said


def _moment(text: str) -> datetime:
    at = datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
    if moment(at) != text:
        raise ValueError("another spelling of a moment")
    return at


def _decoded(text: str) -> bytes:
    value = base64.b64decode(text, validate=True)
    if _coded(value) != text:
        raise ValueError("another spelling of base64")
    return value
