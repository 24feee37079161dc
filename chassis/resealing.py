"""Key rotation: every sealed value of a service sealed anew under the newest key of its ring.

Each service names its sealed columns in `services/<service>/sealed.py`. Values are opened and sealed in batches, each
in a transaction of its own together with how far it came, so that a killed run goes on where it stood. A row that
changed meanwhile is left as it is: its writer sealed it. No row is locked while Python works. The proof (`census`) asks
the database itself, registered column or not, which keys its values name: only when none names an old one may that be
removed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from psycopg2.extras import execute_values
from psycopg2.sql import SQL, Composable, Identifier

from chassis.privacy import CannotOpen, Privacy

Kind = Literal["text", "bytes", "json", "json_bytes"]
BATCH = 500
BATCH_OF_FILES = 8  # a document may have 5 MB

_SEALED = re.compile(r"(?<![A-Za-z0-9_.-])v1\.[A-Za-z0-9_-]{42,}")  # the shortest: an id of one letter, an empty text
_PRIMARY_KEY = (
    "SELECT attribute.attname AS name, format_type(attribute.atttypid, attribute.atttypmod) AS type "
    "FROM pg_index JOIN pg_attribute attribute ON attribute.attrelid = indrelid AND attribute.attnum = ANY(indkey) "
    "WHERE indrelid = %s::regclass AND indisprimary ORDER BY array_position(indkey::int2[], attribute.attnum)"
)
_COLUMNS = (
    "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c "
    "JOIN information_schema.tables t USING (table_schema, table_name) "
    "WHERE table_schema = current_schema() AND t.table_type = 'BASE TABLE' "
    "AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea') ORDER BY 1, 2"
)
_FAR = "SELECT reached, done, finished FROM reseal_progress WHERE target = %s AND key_id = %s"
_KEEP = (
    "INSERT INTO reseal_progress (target, key_id, reached, done, finished) VALUES (%s, %s, %s, %s, %s) "
    "ON CONFLICT (target, key_id) DO UPDATE SET reached = excluded.reached, done = excluded.done, "
    "finished = excluded.finished, moved_at = clock_timestamp()"
)
_AFRESH = "DELETE FROM reseal_progress WHERE target = %s AND key_id = %s"
# The first 28 letters of a sealed text are 21 bytes: the length of the key's id, and the id.
_ID_OF_TEXT = ("SELECT substring(raw from 2 for get_byte(raw, 0)) AS id FROM (SELECT "
               "decode(translate(m[1], '-_', '+/'), 'base64') AS raw FROM {table}, LATERAL regexp_matches({value}, "
               "'(?:^|[^A-Za-z0-9_.-])v1\\.([A-Za-z0-9_-]{{28}})[A-Za-z0-9_-]{{14}}', 'g') AS m) AS found "
               "WHERE get_byte(raw, 0) BETWEEN 1 AND 16")
_ID_OF_BYTES = ("SELECT substring({column} from 2 for get_byte({column}, 0)) AS id FROM {table} "
                "WHERE octet_length({column}) > 29 AND get_byte({column}, 0) BETWEEN 1 AND 16")


@dataclass(frozen=True)
class SealedColumn:
    """A column that holds sealed values. `fields` are the names under which its values may have been sealed; `json`
    (text or JSONB) and `json_bytes` hold them anywhere in a document."""

    table: str
    column: str
    fields: tuple[str, ...]
    kind: Kind = "text"
    ring: str = "store"

    @property
    def target(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class Progress:
    """How far a column's resealing has come. `unopened` are values that no key of the ring opens, of this run."""

    column: SealedColumn
    seen: int
    rows: int
    unopened: int
    finished: bool


@dataclass(frozen=True)
class Count:
    """How many values of a column name a key. `old`: it is not the newest of the column's ring."""

    target: str
    key_id: str
    values: int
    old: bool
    registered: bool


def common(contact_fields: Sequence[str] = (), store_fields: Sequence[str] = ()) -> tuple[SealedColumn, ...]:
    """What every service has: stored answers, its log of events and what its inbox owes. The fields are those that its
    events carry sealed."""
    found = [SealedColumn("command", "answer", ("command.answer",), "bytes")]
    for table in ("event_log", "inbox"):
        if contact_fields:
            found.append(SealedColumn(table, "body", tuple(contact_fields), "json_bytes", "contact"))
        if store_fields:
            found.append(SealedColumn(table, "body", tuple(store_fields), "json_bytes"))
    return tuple(found)


def reseal(session: Any, privacy: Privacy, columns: Iterable[SealedColumn], batch: int = BATCH) -> Iterator[Progress]:
    """Seal anew what is not under the newest key; yields after every committed batch. `session` is a connection in
    autocommit. Columns of a ring that the service does not hold are passed over."""
    for column in columns:
        if privacy.key_ids(column.ring):
            yield from _column(session, privacy, column, batch)


def afresh(session: Any, privacy: Privacy, columns: Iterable[SealedColumn]) -> None:
    """Forget how far runs came, so that the next one looks at every row again."""
    with session.cursor() as cursor:
        for column in columns:
            if privacy.key_ids(column.ring):
                cursor.execute(_AFRESH, (column.target, f"{column.ring}:{privacy.newest(column.ring)}"))


def _column(session: Any, privacy: Privacy, column: SealedColumn, batch: int) -> Iterator[Progress]:
    key = f"{column.ring}:{privacy.newest(column.ring)}"
    with session.cursor() as cursor:
        cursor.execute(_FAR, (column.target, key))
        far = cursor.fetchone()
        cursor.execute(SQL("SELECT count({}) AS n FROM {}").format(Identifier(column.column), Identifier(column.table)))
        rows = cursor.fetchone().n
        cursor.execute(_PRIMARY_KEY, (column.table,))
        primary = cursor.fetchall()
    reached, seen = (far.reached, far.done) if far else (None, 0)
    if far and far.finished:
        yield Progress(column, seen, rows, 0, True)
        return
    size = min(batch, BATCH_OF_FILES) if column.kind == "bytes" and column.table != "command" else batch
    select, update = _statements(column, primary)
    unopened, finished = 0, False
    change = _changer(privacy, column)
    while not finished:
        with session.cursor() as cursor:
            cursor.execute(select, {"after": reached, "first": reached is None, "size": size,
                                    **{f"k{n}": part for n, part in enumerate(reached or [None] * len(primary))}})
            page = cursor.fetchall()
            changed = []
            for row in page:
                try:
                    value = change(row.value)
                except CannotOpen:
                    unopened += 1
                    continue
                if value is not None:
                    changed.append((*row.key, row.stamp, value))
            finished = len(page) < size
            reached, seen = (page[-1].key if page else reached), seen + len(page)
            cursor.execute("BEGIN")
            try:
                cursor.execute("SET LOCAL shubbak.resealing = 'on'")
                if changed:
                    execute_values(cursor, update, changed, page_size=size)
                cursor.execute(_KEEP, (column.target, key, reached, seen, finished))
                cursor.execute("COMMIT")
            except BaseException:
                if not session.closed:
                    cursor.execute("ROLLBACK")
                raise
        yield Progress(column, seen, rows, unopened, finished)


def _statements(column: SealedColumn, primary: Sequence[Any]) -> tuple[Composable, Composable]:
    keys = [Identifier(part.name) for part in primary]
    comma = SQL(", ")
    cast = SQL("::text" if column.kind == "json" else "")
    back = SQL("::{}").format(SQL(_type_of(column)))
    after = comma.join(SQL("CAST(%(k{n})s AS {type})").format(n=SQL(str(n)), type=SQL(part.type))
                       for n, part in enumerate(primary))
    names, table, value = comma.join(keys), Identifier(column.table), Identifier(column.column)
    select = SQL(
        "SELECT ARRAY[{texts}] AS key, xmin::text AS stamp, {value}{cast} AS value FROM {table} "
        "WHERE {value} IS NOT NULL AND (%(first)s OR ({names}) > ({after})) ORDER BY {names} LIMIT %(size)s"
    ).format(texts=comma.join(SQL("{}::text").format(key) for key in keys), value=value, cast=cast, table=table,
             names=names, after=after)
    update = SQL(
        "UPDATE {table} SET {value} = sealed.value{back} FROM (VALUES %s) AS sealed ({numbers}, stamp, value) "
        "WHERE {same} AND {table}.xmin::text = sealed.stamp"
    ).format(
        table=table, value=value, back=back,
        numbers=comma.join(SQL(f"k{n}") for n in range(len(primary))),
        same=SQL(" AND ").join(SQL("{}.{} = sealed.{}::{}").format(table, key, SQL(f"k{n}"), SQL(part.type))
                               for n, (key, part) in enumerate(zip(keys, primary, strict=True))))  # fmt: skip
    return select, update


def _type_of(column: SealedColumn) -> str:
    return {"text": "text", "json": "jsonb", "bytes": "bytea", "json_bytes": "bytea"}[column.kind]


def _changer(privacy: Privacy, column: SealedColumn) -> Callable[[Any], Any]:
    """What makes the new value of an old one; it answers None where nothing is to be done, and raises CannotOpen."""
    ring, newest = column.ring, privacy.newest(column.ring)

    def opened(value: bytes) -> tuple[bytes, str]:
        for field in column.fields:
            try:
                return privacy.open_bytes(value, ring=ring, field=field), field
            except CannotOpen:
                continue
        raise CannotOpen(f"a value of {column.target} does not open")

    def of_bytes(value: Any) -> bytes | None:
        value = bytes(value)
        if _names(value) == newest:
            return None
        plain, field = opened(value)
        return privacy.seal_bytes(plain, ring=ring, field=field)

    def of_text(value: str) -> str | None:
        raw = _raw(value)
        if raw is None:
            raise CannotOpen(f"a value of {column.target} is not sealed")
        sealed = of_bytes(raw)
        return None if sealed is None else _text(sealed)

    def of_document(value: str) -> str | None:
        def one(found: re.Match[str]) -> str:
            raw = _raw(found[0])
            if raw is None or _names(raw) not in privacy.key_ids(ring):  # words that only look like it
                return found[0]
            sealed = of_bytes(raw)
            return found[0] if sealed is None else _text(sealed)

        written = _SEALED.sub(one, value)
        return None if written == value else written

    def of_document_bytes(value: Any) -> bytes | None:
        written = of_document(bytes(value).decode())
        return None if written is None else written.encode()

    changers: Mapping[Kind, Callable[[Any], Any]] = {
        "bytes": of_bytes, "text": of_text, "json": of_document, "json_bytes": of_document_bytes}
    return changers[column.kind]


def _names(sealed: bytes) -> str:
    return sealed[1 : 1 + sealed[0]].decode("ascii", "replace") if sealed else ""


def _raw(text: str) -> bytes | None:
    if not text.startswith("v1."):
        return None
    body = text[3:]
    try:
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except ValueError:
        return None


def _text(raw: bytes) -> str:
    return "v1." + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def census(session: Any, privacy: Privacy, columns: Iterable[SealedColumn]) -> list[Count]:
    """How many values of the whole database name which key, registered or not. Bytes of 32 or 64 in a column that is
    not registered are hashes and signatures, and passed over."""
    registered: dict[str, list[SealedColumn]] = {}
    for column in columns:
        registered.setdefault(column.target, []).append(column)
    known = {ring: privacy.key_ids(ring) for ring in ("store", "contact")}
    every = {key_id for ids in known.values() for key_id in ids}
    newest = {ids[0] for ids in known.values() if ids}
    found = []
    with session.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for there in cursor.fetchall():
            target = f"{there.table_name}.{there.column_name}"
            kept = registered.get(target, [])
            cursor.execute(SQL("SELECT encode(id, 'escape') AS id, count(*) AS n FROM ({}) AS named GROUP BY 1").format(
                _naming(there, kept)))
            rings = [column.ring for column in kept]
            held = [ring for ring in rings if known[ring]]
            if rings and not held:
                continue
            fresh = {known[ring][0] for ring in held} if held else newest
            found += [Count(target, row.id, row.n, row.id not in fresh, bool(kept)) for row in cursor.fetchall()
                      if row.id in every or (kept and kept[0].kind in ("text", "bytes"))]
    return found


def _naming(there: Any, kept: Sequence[SealedColumn]) -> Composable:
    column, table = Identifier(there.column_name), Identifier(there.table_name)
    if there.data_type == "bytea" and not (kept and kept[0].kind == "json_bytes"):
        bare = SQL(_ID_OF_BYTES).format(column=column, table=table)
        return bare if kept else bare + SQL(" AND octet_length({}) NOT IN (32, 64)").format(column)
    value = SQL("convert_from({}, 'UTF8')").format(column) if there.data_type == "bytea" else SQL("{}::text").format(
        column)
    return SQL(_ID_OF_TEXT).format(table=table, value=value)
