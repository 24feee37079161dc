"""The line between a node and the centre: what is signed, what a receiver does with a message, what a receipt says.

Each direction is a **stream**: one sender, one receiver, and in each epoch of the sender a dense sequence from 1. The
sender signs the exact bytes that it stored; the receiver applies them in order, answers with a receipt ("applied and
backed up to n"), and needs nothing else to know what came twice, what is missing and what to ask for again.

A restored sender starts a new epoch, because it no longer knows what it had sent: numbers of the old epoch may stand
for other bytes. The receiver keeps a mark for each epoch. A restored receiver says so by a new incarnation in its
receipts: then, and only then, what it has applied may go back, and the sender sends it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct
from typing import Literal
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

LARGEST = 1_048_576
"""Bytes of one message's body."""
_PURPOSE = b"shubbak-link-1"
_SIGNATURE, _PUBLIC = 64, 32  # bytes of Ed25519

Reason = Literal["body_too_large", "sender_wrong", "epoch_unknown", "key_unknown", "key_not_yet", "key_revoked",
                 "signature_bad", "content_differs"]
CONTROL = "link."
"""Types that begin so are what both ends say about the line itself. They have no place in a stream: sequence 0."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a stream as it travels. `body` are the bytes that the sender stored and signed."""

    sender: str
    receiver: str
    epoch: int
    sequence: int
    id: UUID
    type: str
    body: bytes
    key_id: str
    signature: bytes

    def __hash__(self) -> int:
        return hash(self.signature)  # over the rest of it; all fields would take a microsecond more each time

    @property
    def digest(self) -> bytes:
        """SHA-256 of what is signed: two messages are the same when this is."""
        return hashlib.sha256(signed_text(self)).digest()


@dataclass(frozen=True, slots=True)
class Key:
    """A sender's public key: good from a place in its stream on, and until another, both (epoch, sequence). It is
    revoked from a sequence on and not from a time, because a thief could claim any time."""

    id: str
    public: bytes
    since: tuple[int, int] = (1, 1)
    revoked_from: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a receiver has come in one epoch: everything up to `applied` took effect."""

    epoch: int
    applied: int = 0


@dataclass(frozen=True, slots=True)
class Apply:
    """It is the next one."""


@dataclass(frozen=True, slots=True)
class Known:
    """It was applied before; nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Hold:
    """It comes too early: `first` to `last` are missing before it. It is kept, and they are asked for."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Park:
    """It is never applied: kept aside with the reason, and counted. It blocks nobody, because it has no place in any
    sequence that a receiver believes."""

    reason: Reason


Verdict = Apply | Known | Hold | Park


def signed_text(message: Message) -> bytes:
    """What the signature is over: every field with its length before it, so that no two messages read alike."""
    sequence, body = str(message.sequence).encode(), message.body
    return b"".join((_head(message.sender, message.receiver, message.epoch), _long(len(sequence)), sequence, _OF_ID,
                     message.id.bytes, _tail(message.type), _long(len(body)), body))  # fmt: skip


_long = Struct(">I").pack
_OF_ID = _long(16)


@lru_cache(maxsize=1024)
def _head(sender: str, receiver: str, epoch: int) -> bytes:
    parts = (sender.encode(), receiver.encode(), str(epoch).encode())
    return _PURPOSE + b"".join(_long(len(part)) + part for part in parts)


@lru_cache(maxsize=1024)
def _tail(event_type: str) -> bytes:
    raw = event_type.encode()
    return _long(len(raw)) + raw


def sign(message: Message, private: Ed25519PrivateKey) -> bytes:
    """The signature of a message (Ed25519, RFC 8032)."""
    return private.sign(signed_text(message))


def genuine(
    message: Message, sender: str, receiver: str, keys: Mapping[str, Key],
    proved: Collection[tuple[Message, bytes]] = (),
) -> Reason | None:  # fmt: skip
    """Why this is no message of that sender for that receiver; None when it is. `sender` is whom the line proved to
    be at its other end, and not what the message says. Of the messages `proved` it is known that this public key signed
    them (`signed_by`)."""
    if len(message.body) > LARGEST:
        return "body_too_large"
    if message.sender != sender or message.receiver != receiver:
        return "sender_wrong"
    if message.epoch < 1 or message.sequence < 1:
        return "epoch_unknown"
    key = keys.get(message.key_id)
    if key is None:
        return "key_unknown"
    place = (message.epoch, message.sequence)
    if place < key.since:
        return "key_not_yet"
    if key.revoked_from is not None and place >= key.revoked_from:
        return "key_revoked"
    return None if proved and (message, key.public) in proved else _verified(message, key)


def _verified(message: Message, key: Key) -> Reason | None:
    return None if signed_by(message, key.public) else "signature_bad"


def signed_by(message: Message, public: bytes) -> bool:
    """Whether this public key signed the message."""
    # libsodium takes 46 µs where OpenSSL takes 70, and this is what a receiver spends most of its time on.
    if len(message.signature) != _SIGNATURE or len(public) != _PUBLIC:
        return False
    try:
        crypto_sign_open(message.signature + signed_text(message), public)
    except BadSignatureError:
        return False
    return True


def spoken(message: Message, sender: str, receiver: str, keys: Mapping[str, Key]) -> Reason | None:
    """As `genuine`, of what is said about the line itself. It has no place, so that any key serves that was not revoked
    from anywhere on; who hears it holds its number against the newest that it heard (`newer`)."""
    if len(message.body) > LARGEST:
        return "body_too_large"
    if message.sender != sender or message.receiver != receiver:
        return "sender_wrong"
    if message.sequence != 0 or not message.type.startswith(CONTROL):
        return "epoch_unknown"
    key = keys.get(message.key_id)
    if key is None:
        return "key_unknown"
    return "key_revoked" if key.revoked_from is not None else _verified(message, key)


def newer(told: tuple[int, int], known: tuple[int, int]) -> bool:
    """Whether what was said last time (epoch, number) is older than this. What is not newer is heard no second time."""
    return told > known


def place(message: Message, marks: Mapping[int, Mark], digest_of_applied: bytes | None = None) -> Verdict:
    """What a receiver does with a genuine message. `marks` are those of the stream by epoch; `digest_of_applied` is
    that of what was applied under the message's epoch and sequence, where it is still kept: the same place with other
    bytes is never a repeat, it is a sender that lost its memory without saying so."""
    mark = marks.get(message.epoch, Mark(message.epoch))
    if message.sequence <= mark.applied:
        if digest_of_applied is not None and digest_of_applied != message.digest:
            return Park("content_differs")
        return Known()
    if message.sequence == mark.applied + 1:
        return Apply()
    return Hold(mark.applied + 1, message.sequence - 1)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receiver tells the sender: `applied` messages of the epoch took effect, of which `backed_up` are in a
    backup of the receiver. Only what is backed up may be forgotten: a receiver that was restored from it asks for the
    rest again. `incarnation` counts how often the receiver was restored."""

    epoch: int
    applied: int
    backed_up: int
    incarnation: int = 1


def received(before: Receipt, told: Receipt, sent: int) -> Receipt:
    """The sender's mark after a receipt. Receipts come late and twice, so that within an incarnation no figure goes
    back; a newer incarnation is believed when it says less, an older one no more. Never more than `sent` is believed,
    and a receipt of another epoch says nothing about this one."""
    if told.epoch != before.epoch or told.applied > sent or not 0 <= told.backed_up <= told.applied:
        return before
    if told.incarnation < before.incarnation:
        return before
    if told.incarnation > before.incarnation:
        return told
    return Receipt(before.epoch, max(before.applied, told.applied), max(before.backed_up, told.backed_up),
                   before.incarnation)  # fmt: skip


def missing(applied: int, held: Iterable[int], most: int = 10_000) -> list[tuple[int, int]]:
    """The gaps between what is applied and what is held, as (first, last), both included; at most `most` messages of
    them in all, the earliest first."""
    gaps, expected, asked = [], applied + 1, 0
    for sequence in sorted(set(held)):
        if sequence > expected and asked < most:
            last = min(sequence - 1, expected + most - asked - 1)
            gaps.append((expected, last))
            asked += last - expected + 1
        expected = max(expected, sequence + 1)
    return gaps


@dataclass(frozen=True, slots=True)
class Placed:
    """What becomes of a batch: `apply` in this order, with `moved` where the marks then are; `hold` for later, `park`
    with the reason; `known` are only counted. `rest` is to be judged again when these stand."""

    apply: tuple[Message, ...]
    hold: tuple[Message, ...]
    park: tuple[tuple[Message, Reason], ...]
    known: int
    moved: Mapping[int, Mark]
    rest: tuple[Message, ...] = ()


def placed(
    messages: Iterable[Message],
    marks: Mapping[int, Mark],
    digests: Mapping[tuple[int, int], bytes],
    held: Mapping[tuple[int, int], Message],
    last: Collection[str] = (),
) -> Placed:
    """Put genuine messages of one sender in their places, with what was held before where the gap before it closes.
    `digests` are those of what was applied, and `held` what waits, by (epoch, sequence), as far as they matter here.
    A message of a type in `last` is the last to be applied: it may change whom what follows is believed from."""
    now, waiting = dict(marks), dict(held)
    coming = iter(messages)
    apply: list[Message] = []
    hold: dict[tuple[int, int], Message] = {}
    park: list[tuple[Message, Reason]] = []
    known = 0
    applied: dict[tuple[int, int], Message] = {}
    ended = False
    for message in coming:
        one: Message | None = message
        while one is not None:
            at = (one.epoch, one.sequence)
            before = applied.get(at)
            digest = before.digest if before else digests.get(at)
            verdict = place(one, now, digest)
            if isinstance(verdict, Apply):
                apply.append(one)
                applied[at] = one
                now[one.epoch] = Mark(one.epoch, one.sequence)
                if one.type in last:
                    ended = True
                    break
                following = (one.epoch, one.sequence + 1)
                one = waiting.pop(following, None) or hold.pop(following, None)
                continue
            if isinstance(verdict, Hold):
                if at not in waiting:
                    hold[at] = one
                known += at in waiting
            elif isinstance(verdict, Park):
                park.append((one, verdict.reason))
            else:
                known += 1
            break
        if ended:
            break
    moved = {epoch: mark for epoch, mark in now.items() if marks.get(epoch) != mark}
    if ended:
        return Placed(tuple(apply), (), tuple(park), known, moved, (*hold.values(), *coming))
    return Placed(tuple(apply), tuple(hold.values()), tuple(park), known, moved)
