"""A licence that is handed over on the spot, without a network: decided by the node, released by one device.

The node signs a *ticket*: one device may release one decided request's licence, until a moment, for an amount. The
device adds when it did so and under which number of its own receipts, and signs that with its key. Both together are
the text of the licence's QR, `SHB2.<ticket>.<signature of the node>.<release>.<signature of the device>`; the ticket
names the device's public key, so whoever knows the node's public keys checks all of it, offline. A device can make no
ticket, so it can release nothing that was not decided; a ticket is of no use to another device.

Ticket payload, in this order: [key id, ticket id, device id, device public key, serial, holder, service, unit, valid
from, valid until or null, amount in piastres, tracking number, release by]. Release payload: [released at, number of
the device's receipt]. Moments are UTC in whole seconds. The node signs (Ed25519, RFC 8032) the bytes of `SHB2.` and the
ticket payload; the device signs the text `SHB2.<ticket>.<signature of the node>.<release>`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from rules import signed
from rules.calendar import cairo_date
from rules.device_keys import public_key
from rules.refusal import Refusal, refuse

FORM = "SHB2"
MAX_TEXT = 2000  # characters; a QR code of printable size carries less
_TICKET_PARTS, _PARTS = 3, 5
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WRONG = (ValueError, TypeError, KeyError, InvalidSignature, RecursionError)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The node's permission. `device_key` is the device's public key, base64 of its raw 32 bytes; ids are UUIDs in
    text; `service` and `unit` names as printed; `valid_until` None: without an end; `amount` in piastres."""

    key_id: str
    ticket_id: str
    device_id: str
    device_key: str
    serial: str
    holder: str
    service: str
    unit: str
    valid_from: date
    valid_until: date | None
    amount: int
    tracking_number: str
    release_by: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """What the device adds: when, and the number of its own receipt, from 1."""

    released_at: datetime
    receipt_number: int


@dataclass(frozen=True, slots=True)
class Released:
    """A licence that was released: all that its QR proves."""

    ticket: Ticket
    release: Release


def issue(ticket: Ticket, key: Ed25519PrivateKey) -> str:
    """The ticket's text. The same ticket and key always give the same text; ValueError for one that cannot be read
    again."""
    payload = _ticket_payload(ticket)
    if _read_ticket(payload) != ticket:
        raise ValueError("a ticket is in whole seconds and canonical text")
    return f"{FORM}.{signed.encode(payload)}.{signed.encode(key.sign(_signed(payload)))}"


def read_ticket(text: str, public_keys: Mapping[str, Ed25519PublicKey]) -> Ticket:
    """The ticket that the text proves, released or not. Refuses ticket_forged."""
    try:
        parts = _parts(text, _TICKET_PARTS)
        return _proved_ticket(parts, public_keys)
    except _WRONG as error:
        raise refuse("ticket_forged", "ticket") from error


def release(ticket_text: str, made: Release, device: Ed25519PrivateKey) -> str:
    """The QR's text: what the device does with its own key. Judges nothing; `verify` does."""
    text = f"{ticket_text}.{signed.encode(_release_payload(made))}"
    return f"{text}.{signed.encode(device.sign(text.encode()))}"


def verify(qr_text: str, public_keys: Mapping[str, Ed25519PublicKey]) -> Released:
    """What the text proves, where it is a licence: as `read`, and released in time. Refuses release_out_of_time where
    the device itself says that it released before the licence's first day or after its ticket ended."""
    found = read(qr_text, public_keys)
    at, ticket = found.release.released_at, found.ticket
    if at > ticket.release_by or cairo_date(at) < ticket.valid_from:
        raise refuse("release_out_of_time", "qr", until=signed.moment(ticket.release_by))
    return found


def read(qr_text: str, public_keys: Mapping[str, Ed25519PublicKey]) -> Released:
    """What node and device signed, whether in time or not. Refuses release_forged for another shape, an unknown key, a
    changed letter, parts of two texts put together, a device that is not the ticket's."""
    try:
        parts = _parts(qr_text, _PARTS)
        ticket = _proved_ticket(parts, public_keys)
        made = _read_release(signed.decode(parts[3]))
        public_key(ticket.device_key).verify(signed.decode(parts[4]), ".".join(parts[:4]).encode())
    except _WRONG as error:
        raise refuse("release_forged", "qr") from error
    return Released(ticket, made)


def is_release(text: str) -> bool:
    """Whether the text says that it is of this form; nothing is proved by that."""
    return text.strip().startswith(f"{FORM}.")


def proves(qr_text: str, public_keys: Mapping[str, Ed25519PublicKey]) -> bool:
    """Whether `verify` would take the text."""
    try:
        verify(qr_text, public_keys)
    except Refusal:
        return False
    return True


def _parts(text: str, size: int) -> list[str]:
    parts = text.strip().split(".")
    if len(text) > MAX_TEXT or len(parts) != size or parts[0] != FORM:
        raise ValueError("another shape")
    return parts


def _proved_ticket(parts: list[str], public_keys: Mapping[str, Ed25519PublicKey]) -> Ticket:
    payload = signed.decode(parts[1])
    ticket = _read_ticket(payload)
    public_keys[ticket.key_id].verify(signed.decode(parts[2]), _signed(payload))
    return ticket


def _signed(payload: bytes) -> bytes:
    return f"{FORM}.".encode() + payload


def _ticket_payload(ticket: Ticket) -> bytes:
    until = ticket.valid_until.isoformat() if ticket.valid_until else None
    return signed.packed([
        ticket.key_id, ticket.ticket_id, ticket.device_id, ticket.device_key, ticket.serial, ticket.holder,
        ticket.service, ticket.unit, ticket.valid_from.isoformat(), until, ticket.amount, ticket.tracking_number,
        signed.moment(ticket.release_by)])  # fmt: skip


def _read_ticket(payload: bytes) -> Ticket:
    fields = signed.unpacked(payload, 13)
    *names, since, until, amount, number, by = fields
    if not all(isinstance(one, str) for one in (*names, number)) or type(amount) is not int or amount < 0:
        raise ValueError("another shape")
    key_id, ticket_id, device_id, device_key, serial, holder, service, unit = names
    if not _ID.fullmatch(ticket_id) or not _ID.fullmatch(device_id):
        raise ValueError("not an id")
    ticket = Ticket(key_id, ticket_id, device_id, device_key, serial, holder, service, unit, date.fromisoformat(since),
                    None if until is None else date.fromisoformat(until), amount, number, signed.read_moment(by))
    if _ticket_payload(ticket) != payload:
        raise ValueError("not canonical")
    return ticket


def _release_payload(made: Release) -> bytes:
    return signed.packed([signed.moment(made.released_at), made.receipt_number])


def _read_release(payload: bytes) -> Release:
    at, number = signed.unpacked(payload, 2)
    if not isinstance(at, str) or type(number) is not int or not 1 <= number < 10**9:
        raise ValueError("another shape")
    return Release(signed.read_moment(at), number)
