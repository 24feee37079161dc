"""The audit of one service as a file that an outsider can prove with nothing but the public key.

JSON lines: a `header` (format, service, node, public key and its id), every day's `seal`, a `head` signed at the
export, then every chained `row` in order with position and hash: a verifier reads the file once and keeps no row.
Bytes are hexadecimal, moments ISO 8601 in UTC; details are as they were recorded and hold no personal data. A row that
nobody has chained yet is not in the file; the header counts those (`unchained`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any, TypeVar

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis import audit, audit_heads
from chassis.audit_heads import Head

T = TypeVar("T")
FORMAT = "shubbak-audit-1"
_FIELDS = ("id", "actor_id", "actor_kind", "actor_unit", "action", "subject", "correlation_id", "details")


class BadFile(Exception):
    """The file is no export, or a line of it cannot be read. Says which line."""


@dataclass(frozen=True)
class Row:
    """A row of an export, as `audit.row_hash` wants it."""

    position: int
    hash: bytes
    id: int
    at: datetime
    actor_id: str
    actor_kind: str
    actor_unit: str | None
    action: str
    subject: str
    correlation_id: str
    details: Any


@dataclass(frozen=True)
class Seal:
    """A day's signature in an export."""

    day: date
    position: int
    hash: bytes
    public_key: bytes
    signature: bytes


def key_id(public_key: bytes) -> str:
    """A short name of a public key: the first 16 hexadecimal digits of it."""
    return public_key.hex()[:16]


def export(session: Any, service: str, node: str, key: Ed25519PrivateKey) -> Iterator[bytes]:
    """The lines of an export up to the head at its beginning; what is chained meanwhile is left to the next one."""
    public = key.public_key().public_bytes_raw()
    end = audit.head(session)
    last = end.position if end else 0
    yield _line({"kind": "header", "format": FORMAT, "service": service, "node": node,
                 "at": datetime.now(UTC).isoformat(timespec="seconds"), "rows": last,
                 "unchained": audit.unsealed(session), "public_key": public.hex(), "public_key_id": key_id(public)})
    for seal in audit.seals(session):
        if seal.position <= last:
            yield _line({"kind": "seal", "day": seal.day, "position": seal.position, "hash": bytes(seal.hash).hex(),
                         "public_key": bytes(seal.public_key).hex(), "signature": bytes(seal.signature).hex()})
    if end:
        yield _line(audit_heads.written(audit_heads.sign(service, key, end.position, end.hash)))
    for row in audit.sealed_rows(session):
        if row.position > last:
            return
        yield _line({"kind": "row", "position": row.position, "hash": bytes(row.hash).hex(),
                     "at": row.at.astimezone(UTC), **{name: getattr(row, name) for name in _FIELDS}})


def service_of(lines: Iterable[bytes]) -> str:
    """The service that an export is of, by its first line. Raises BadFile."""
    for line in lines:
        try:
            said = orjson.loads(line)
            if said["kind"] == "header" and said["format"] == FORMAT:
                return str(said["service"])
        except (KeyError, TypeError, ValueError):
            break
        break
    raise BadFile("this is no export of an audit: its first line is no header")


def verify(
    lines: Iterable[bytes], public_keys: tuple[bytes, ...], heads: Iterable[Head] = ()
) -> tuple[str, audit.Verdict]:
    """The service of an export and the verdict on it. Signatures count only under the given keys, never under the one
    that the file names; an export with rows and without its own signed head is not whole. Raises BadFile."""
    said = _said(lines)
    _, first = next(said, (0, {}))
    service = service_of([orjson.dumps(first)])
    seals: list[Seal] = []
    ends: list[Head] = []
    row: tuple[int, dict[str, Any]] | None = None
    for number, line in said:
        if line["kind"] == "seal":
            seals.append(_read(number, line, _seal))
        elif line["kind"] == "head":
            ends.append(_read(number, line, audit_heads.read))
        else:
            row = (number, line)
            break
    rows = (_read(number, line, _row) for number, line in chain([row] if row else [], said))
    if row and not ends:
        return service, audit.Verdict(0, 0, 1, "the export's signed head is missing")
    return service, audit.verify(service, rows, seals, public_keys, (*heads, *ends))


def _said(lines: Iterable[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        try:
            said = orjson.loads(line)
            said["kind"]
        except (KeyError, TypeError, ValueError) as error:
            raise BadFile(f"line {number} cannot be read") from error
        yield number, said


def _read(number: int, line: dict[str, Any], read: Callable[[dict[str, Any]], T]) -> T:
    try:
        return read(line)
    except (KeyError, TypeError, ValueError) as error:
        raise BadFile(f"line {number} cannot be read") from error


def _seal(line: dict[str, Any]) -> Seal:
    return Seal(date.fromisoformat(line["day"]), int(line["position"]), bytes.fromhex(line["hash"]),
                bytes.fromhex(line["public_key"]), bytes.fromhex(line["signature"]))


def _row(line: dict[str, Any]) -> Row:
    if line["kind"] != "row":
        raise ValueError(line["kind"])
    return Row(int(line["position"]), bytes.fromhex(line["hash"]), at=datetime.fromisoformat(line["at"]),
               **{name: line[name] for name in _FIELDS})


def _line(said: dict[str, Any]) -> bytes:
    return orjson.dumps(said) + b"\n"
