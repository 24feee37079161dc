"""Signed heads of the audit's chain, kept outside its database.

Rows cut off at the end of a chain leave a whole chain behind. So the sealer signs its head (position and hash) at most
once a minute when it moved, writes it to the log, and adds it to the file `AUDIT_HEADS` when that is set. Whoever keeps
those lines where the database's owner cannot reach them can tell that rows up to the last head are gone. Rows chained
after the last head (a minute's) can be cut off unseen.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

log = logging.getLogger(__name__)

APART = 60.0  # seconds between heads


@dataclass(frozen=True)
class Head:
    """The chain's end at a moment, signed. `at` is ISO 8601 in UTC."""

    service: str
    at: str
    position: int
    hash: bytes
    public_key: bytes
    signature: bytes


def signed_bytes(service: str, at: str, position: int, last: bytes) -> bytes:
    """What the signature of a head covers."""
    return f"shubbak-audit-head|{service}|{at}|{position}|{last.hex()}".encode()


def sign(service: str, key: Ed25519PrivateKey, position: int, last: bytes) -> Head:
    """The head as of now."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    signature = key.sign(signed_bytes(service, at, position, last))
    return Head(service, at, position, last, key.public_key().public_bytes_raw(), signature)


def written(head: Head) -> dict[str, Any]:
    """A head as its JSON line has it; bytes in hexadecimal."""
    return {"kind": "head", "service": head.service, "at": head.at, "position": head.position, "hash": head.hash.hex(),
            "public_key": head.public_key.hex(), "signature": head.signature.hex()}


def read(line: dict[str, Any]) -> Head:
    """A head from its line. KeyError, TypeError or ValueError when it is none."""
    return Head(str(line["service"]), str(line["at"]), int(line["position"]), bytes.fromhex(line["hash"]),
                bytes.fromhex(line["public_key"]), bytes.fromhex(line["signature"]))


def heads_of(service: str, lines: Iterable[bytes]) -> Iterator[Head]:
    """The heads of one service among lines of a file of heads or of a log; other lines are passed over, a head that
    cannot be read is not: ValueError."""
    for number, line in enumerate(lines, 1):
        if b'"audit head"' not in line and b'"kind":"head"' not in line:
            continue
        try:
            said = orjson.loads(line)
            found = read(said.get("head", said))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"line {number} is no signed head") from error
        if found.service == service:
            yield found


def tell(head: Head, path: str | None) -> None:
    """Write a head to the log and, where a file is given, to its end. A file that cannot be written is told in the
    log; the chaining goes on."""
    log.info("audit head", extra={"head": written(head)})
    if path is None:
        return
    try:
        with Path(path).open("ab") as file:
            file.write(orjson.dumps(written(head)) + b"\n")
    except OSError as error:
        log.error("the signed head of the audit could not be kept in %s: %s", path, error.strerror)
