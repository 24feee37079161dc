"""Accountability: rows written in the act's transaction, chained afterwards, signed daily.

A chain inside the act's transaction would make every writer wait for every other (measured: 1,353 tx/s became about
150), so one sealer per database chains committed rows in order, each second. Until then a row can be altered by whoever
owns the database; that window is about a second and is the price. `hash` of a row is SHA-256 over the hash before it
and the row's canonical JSON. Each Cairo day's last hash is signed with Ed25519, and each minute's goes outside the
database as a signed head (`chassis/audit_heads.py`), so that the newest rows cannot be cut off unnoticed.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from psycopg2.extras import execute_values

from chassis import audit_heads, metrics
from chassis.audit_heads import Head
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
# The first row is asked about first: on a service's first day there is no earlier one, and the search for it would go
# through all that was chained on that day, every second.
_DAY_END = (
    "SELECT position, hash FROM audit WHERE position IS NOT NULL AND at < %(ended)s "
    "AND (SELECT first.at < %(ended)s FROM audit AS first WHERE first.position = 1) ORDER BY position DESC LIMIT 1"
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
    """Chains and signs the audit of one database; leads alone. `heads` is the file that keeps signed heads."""

    def __init__(self, service: str, database: Database, signing_key: bytes, heads: str | None = None) -> None:
        self._service = service
        self._key = Ed25519PrivateKey.from_private_bytes(signing_key)
        self._heads = heads
        self._told = (0, 0.0)  # the position of the head told last, and when
        self.leader = Leadership(database, "sealer", self._step)
        self.start = self.leader.start
        self.stop = self.leader.stop

    def _step(self, session: Any) -> float:
        with session.cursor() as cursor:
            rows = _chain(cursor)
            if rows:
                oldest = min(row.at for row in rows)
                metrics.audit_window(self._service, (datetime.now(UTC) - oldest).total_seconds())
            if len(rows) < BATCH:
                sign_days(cursor, self._service, self._key, datetime.now(UTC))
            self._tell_head(cursor)
        return 0.0 if len(rows) == BATCH else PAUSE

    def _tell_head(self, cursor: Any) -> None:
        position, when = self._told
        if when and time.monotonic() - when < audit_heads.APART:
            return
        cursor.execute(_HEAD)
        found = cursor.fetchone()
        if found is None or found.position == position:
            return
        audit_heads.tell(audit_heads.sign(self._service, self._key, found.position, found.hash), self._heads)
        self._told = (found.position, time.monotonic())


def seal(cursor: Any) -> int:
    """Chain the next rows. Answers how many."""
    return len(_chain(cursor))


def _chain(cursor: Any) -> list[Any]:
    cursor.execute(_HEAD)
    found = cursor.fetchone()
    position, last = (found.position, found.hash) if found else (0, GENESIS)
    cursor.execute(_UNSEALED, (BATCH,))
    rows: list[Any] = cursor.fetchall()
    values = []
    for row in rows:
        position, last = position + 1, row_hash(last, row)
        values.append((row.id, position, last))
    if values:
        execute_values(cursor, _SEAL, values, page_size=BATCH)
    return rows


def head(session: Any) -> Any | None:
    """Position and hash of the newest chained row, or None."""
    with session.cursor() as cursor:
        cursor.execute(_HEAD)
        return cursor.fetchone()


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
    cursor.execute(_DAY_END, {"ended": datetime.combine(today, datetime.min.time(), _CAIRO)})
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
    proven: int = 0  # the highest position that a signature reaches; what comes after is chained only

    @property
    def good(self) -> bool:
        return self.broken_at is None


def verify(
    service: str,
    rows: Iterable[Any],
    seals: Iterable[Any],
    public_keys: tuple[bytes, ...],
    heads: Iterable[Head] = (),
) -> Verdict:
    """Recompute the chain over rows in order of position; check each day's signature, and each signed head, against it.
    The verdict names the first link that does not fit. A break that was hashed over shows at the next signature; the
    verdict then says from which row on."""
    wanted: dict[int, list[Any]] = {}
    for seal_ in (*seals, *heads):  # days without an act share their position
        wanted.setdefault(seal_.position, []).append(seal_)
    last, count, days, proven = GENESIS, 0, 0, 0
    for row in rows:
        count += 1
        if row.position != count:
            return Verdict(count, days, count, _misplaced(row.position, count))
        last = row_hash(last, row)
        if row.hash != last:
            return Verdict(count, days, count, f"row {count} (id {row.id}) does not hash to what was sealed")
        signatures = wanted.pop(count, ())
        for signed in signatures:
            if not _signed(service, signed, last, public_keys):
                doubt = f"something in rows {proven + 1} to {count} is not what was signed"
                reason = f"the signature of {_name(signed)} does not verify: {doubt}"
                return Verdict(count, days, count, reason, proven)
            days += not isinstance(signed, Head)
        if signatures:
            proven = count
    if wanted:
        gone = f"a signed row is missing: {max(wanted)} rows were signed, {count} are here"
        return Verdict(count, days, count + 1, gone, proven)
    return Verdict(count, days, None, "the chain is whole", proven)


def _misplaced(found: int, wanted: int) -> str:
    missing = "a row was removed" if found > wanted else "a row was put in or moved"
    return f"position {found} stands where {wanted} should: {missing}"


def _name(signed: Any) -> str:
    return f"the head of {signed.at}" if isinstance(signed, Head) else str(signed.day)


def _signed(service: str, signed: Any, last: bytes, public_keys: tuple[bytes, ...]) -> bool:
    if signed.public_key not in public_keys:
        return False
    if isinstance(signed, Head):
        covered = audit_heads.signed_bytes(service, signed.at, signed.position, last)
    else:
        covered = signed_bytes(service, signed.day, signed.position, last)
    try:
        Ed25519PublicKey.from_public_bytes(signed.public_key).verify(signed.signature, covered)
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
