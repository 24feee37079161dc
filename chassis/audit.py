"""Accountability: rows written in the act's transaction, chained afterwards, signed daily.

A chain inside the act's transaction would make every writer wait for every other (measured: 1,353 tx/s became about
150), so one sealer per database chains committed rows in order, each second. Until then a row can be altered by whoever
owns the database; that window is about a second and is the price. `hash` of a row is SHA-256 over the hash before it
and the row's canonical JSON. Each Cairo day's last hash is signed with Ed25519.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from psycopg2.extras import execute_values

from chassis.database import Database
from chassis.leader import Leadership

log = logging.getLogger(__name__)

GENESIS = bytes(32)
BATCH = 1000
PAUSE = 1.0
_CAIRO = ZoneInfo("Africa/Cairo")

_COLUMNS = "id, at, actor_id, actor_kind, actor_unit, action, subject, correlation_id, details"
_HEAD = "SELECT position, hash FROM audit WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1"
_UNSEALED = f"SELECT {_COLUMNS} FROM audit WHERE position IS NULL ORDER BY id LIMIT %s"  # noqa: S608
_SEAL = (
    "UPDATE audit SET position = sealed.position, hash = sealed.hash "
    "FROM (VALUES %s) AS sealed (id, position, hash) WHERE audit.id = sealed.id"
)
_LAST_SIGNED = "SELECT max(day) AS day FROM audit_seal"
_DAY_END = (
    "SELECT position, hash FROM audit WHERE position IS NOT NULL AND at < %s ORDER BY position DESC LIMIT 1"
)
_SIGN = (
    "INSERT INTO audit_seal (day, position, hash, public_key, signature) VALUES (%s, %s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING"
)


def row_hash(before: bytes, row: Any) -> bytes:
    """The chain's hash up to and including one row. Moments are written in UTC."""
    canonical = orjson.dumps(
        {
            "id": row.id,
            "at": row.at.astimezone(UTC),
            "actor_id": row.actor_id,
            "actor_kind": row.actor_kind,
            "actor_unit": row.actor_unit,
            "action": row.action,
            "subject": row.subject,
            "correlation_id": row.correlation_id,
            "details": row.details,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    return hashlib.sha256(before + canonical).digest()


class Sealer:
    """Chains and signs the audit of one database; leads alone."""

    def __init__(self, service: str, database: Database, signing_key: bytes) -> None:
        self._service = service
        self._key = Ed25519PrivateKey.from_private_bytes(signing_key)
        self.leader = Leadership(database, "sealer", self._step)
        self.start = self.leader.start
        self.stop = self.leader.stop

    def _step(self, session: Any) -> float:
        with session.cursor() as cursor:
            sealed = seal(cursor)
            if sealed < BATCH:
                sign_days(cursor, self._service, self._key, datetime.now(UTC))
        return 0.0 if sealed == BATCH else PAUSE


def seal(cursor: Any) -> int:
    """Chain the next rows. Answers how many."""
    cursor.execute(_HEAD)
    head = cursor.fetchone()
    position, last = (head.position, head.hash) if head else (0, GENESIS)
    cursor.execute(_UNSEALED, (BATCH,))
    rows = cursor.fetchall()
    values = []
    for row in rows:
        position, last = position + 1, row_hash(last, row)
        values.append((row.id, position, last))
    if values:
        execute_values(cursor, _SEAL, values, page_size=BATCH)
    return len(rows)


def unsealed(session: Any) -> int:
    """How many rows wait to be chained; more than a few seconds' worth means that nobody seals."""
    with session.cursor() as cursor:
        cursor.execute("SELECT count(*) AS n FROM audit WHERE position IS NULL")
        waiting: int = cursor.fetchone().n
    return waiting


def sign_days(cursor: Any, service: str, key: Ed25519PrivateKey, now: datetime) -> None:
    """Sign the head of each Cairo day that has ended and is not signed yet."""
    today = now.astimezone(_CAIRO).date()
    cursor.execute(_LAST_SIGNED)
    last: date | None = cursor.fetchone().day
    if last is not None and last >= today - timedelta(days=1):
        return
    day = today - timedelta(days=1)
    cursor.execute(_DAY_END, (datetime.combine(today, datetime.min.time(), _CAIRO),))
    head = cursor.fetchone()
    if head is None:
        return
    signature = key.sign(signed_bytes(service, day, head.position, head.hash))
    cursor.execute(_SIGN, (day, head.position, head.hash, key.public_key().public_bytes_raw(), signature))


def signed_bytes(service: str, day: date, position: int, last: bytes) -> bytes:
    """What a day's signature covers."""
    return f"shubbak-audit|{service}|{day.isoformat()}|{position}|{last.hex()}".encode()


@dataclass(frozen=True)
class Verdict:
    """The outcome of a verification; `broken_at` is the position of the first row that does not fit."""

    rows: int
    days: int
    broken_at: int | None
    reason: str

    @property
    def good(self) -> bool:
        return self.broken_at is None


def verify(service: str, rows: Iterable[Any], seals: Iterable[Any], public_keys: tuple[bytes, ...]) -> Verdict:
    """Recompute the chain over rows in order of position and check each day's signature against it."""
    wanted: dict[int, list[Any]] = {}
    for seal_ in seals:  # days without an act share their position
        wanted.setdefault(seal_.position, []).append(seal_)
    last, count, days = GENESIS, 0, 0
    for row in rows:
        count += 1
        if row.position != count:
            return Verdict(count, days, count, f"position {row.position} stands where {count} should")
        last = row_hash(last, row)
        if row.hash != last:
            return Verdict(count, days, row.position, "the row does not hash to what was sealed")
        for day in wanted.pop(row.position, ()):
            if day.public_key not in public_keys or not _signed(service, day, last):
                return Verdict(count, days, row.position, f"the signature of {day.day} does not verify")
            days += 1
    if wanted:
        return Verdict(count, days, min(wanted), "a signed row is missing")
    return Verdict(count, days, None, "the chain is whole")


def _signed(service: str, day: Any, last: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(day.public_key).verify(
            day.signature, signed_bytes(service, day.day, day.position, last)
        )
    except InvalidSignature:
        return False
    return True


def sealed_rows(session: Any) -> Iterator[Any]:
    """All sealed rows in order, in pages: the audit of years does not fit into memory."""
    after = 0
    while True:
        with session.cursor() as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS}, position, hash FROM audit WHERE position > %s ORDER BY position LIMIT 5000",  # noqa: S608
                (after,),
            )
            page = cursor.fetchall()
        yield from page
        if not page:
            return
        after = page[-1].position


def seals(session: Any) -> list[Any]:
    """All daily signatures."""
    with session.cursor() as cursor:
        cursor.execute("SELECT day, position, hash, public_key, signature FROM audit_seal ORDER BY day")
        found: list[Any] = cursor.fetchall()
    return found
