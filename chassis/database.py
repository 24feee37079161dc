"""PostgreSQL as the hot path uses it: prepared statements of SQLAlchemy Core, sent by psycopg2 without its ceremony.

Measured per transaction of Python time: ORM 3.3-4.2 ms, Core 0.8 ms, gathered 0.2 ms. A `Statement` is compiled once;
reads run in autocommit (one round trip, no BEGIN); writes are joined into one string, which PostgreSQL runs as one
implicit transaction. Quiet work uses `Database.transaction()`, an ordinary SQLAlchemy connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg2
import psycopg2.extensions
import psycopg2.extras
import sqlalchemy.exc
from sqlalchemy import Connection, Table, bindparam, create_engine, insert
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql import ClauseElement

from chassis.errors import Conflict, Unavailable

_DIALECT: Any = PGDialect_psycopg2(  # type: ignore[no-untyped-call]
    paramstyle="pyformat", json_serializer=lambda value: orjson.dumps(value).decode()
)
_DISCONNECTED = (psycopg2.OperationalError, psycopg2.InterfaceError)
_UNREACHABLE = (
    *_DISCONNECTED,
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
)


class _Lost(Unavailable):
    """The connection had died or could not be made; unlike a pool that is used up or a query that was too slow, worth
    one more try at once."""


psycopg2.extras.register_uuid()
psycopg2.extensions.register_type(
    psycopg2.extensions.new_type(
        (17,), "BYTES", lambda value, cursor: None if value is None else bytes(psycopg2.BINARY(value, cursor))
    )
)


class Statement:
    """One statement, compiled on first use and for good."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause
        self._sql: str | None = None

    @classmethod
    def insert(cls, table: Table, *columns: str) -> Statement:
        """An insert of the named columns (all of them when none is named), each a parameter of its own name."""
        names = columns or tuple(column.name for column in table.columns)
        values = {name: bindparam(name, type_=table.c[name].type) for name in names}
        return cls(insert(table).values(values).inline())  # inline: no RETURNING of an identity key

    def _compile(self) -> str:
        compiled: Any = self._clause.compile(dialect=_DIALECT)
        self._defaults: dict[str, Any] = dict(compiled.params)
        self._required = frozenset(name for name, bind in compiled.binds.items() if bind.required)
        self._processors: dict[str, Any] = dict(compiled._bind_processors)
        self._sql = str(compiled)
        head, separator, row = self._sql.partition(" VALUES ")
        self._head, self._row = (head + separator, row) if separator else ("", "")
        return self._sql

    @property
    def sql(self) -> str:
        return self._sql or self._compile()

    def bind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as the driver takes them. A missing or unknown name is a fault of ours and raises."""
        if self._sql is None:
            self._compile()
        if not self._required <= given.keys() or not given.keys() <= self._defaults.keys():
            missing, unknown = self._required - given.keys(), given.keys() - self._defaults.keys()
            raise TypeError(f"missing {sorted(missing)}, unknown {sorted(unknown)} for: {self._sql}")
        values = {**self._defaults, **given}
        for name, process in self._processors.items():
            if values.get(name) is not None:
                values[name] = process(values[name])
        return values

    def render(self, cursor: Any, given: Mapping[str, Any]) -> bytes:
        return bytes(cursor.mogrify(self.sql, self.bind(given)))

    def render_many(self, cursor: Any, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """One INSERT of several rows."""
        head = self.sql and self._head
        if not head:
            raise TypeError("only an insert of plain values takes several rows")
        return head.encode() + b",".join(cursor.mogrify(self._row, self.bind(row)) for row in rows)


class Database:
    """One service's database. Every call is a round trip of its own and holds a connection no longer than that."""

    def __init__(self, url: str, pool_size: int, *, statement_timeout_ms: int = 8000) -> None:
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connect: dict[str, Any] = {
            "connect_timeout": 3,
            "application_name": "shubbak",
            "cursor_factory": psycopg2.extras.NamedTupleCursor,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "options": f"-c statement_timeout={statement_timeout_ms} -c lock_timeout=3000"
            " -c idle_in_transaction_session_timeout=10000 -c timezone=UTC",
        }
        self.engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_reset_on_return=None,  # autocommit: there is nothing to roll back
            pool_use_lifo=True,
            isolation_level="AUTOCOMMIT",
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args=self._connect,
        )

    def read(self, statement: Statement, params: Mapping[str, Any]) -> list[Any]:
        """Rows of one statement. A connection that had died is replaced once without anybody noticing."""
        try:
            return self._read(statement, params)
        except _Lost:
            self.engine.dispose()  # its neighbours in the pool died with it
            return self._read(statement, params)

    def _read(self, statement: Statement, params: Mapping[str, Any]) -> list[Any]:
        with self._cursor() as cursor:
            cursor.execute(statement.sql, statement.bind(params))
            return list(cursor.fetchall())

    def commit(self, render: Iterable[tuple[Statement, Any, int | None]]) -> None:
        """Send writes as one implicit transaction. Raises Conflict when a demanded row was not there or a unique key
        was taken; Unavailable when it is not known whether the transaction stands."""
        with self._cursor() as cursor:
            parts = [_render(cursor, *write) for write in render]
            if parts:
                cursor.execute(b";\n".join(parts))

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        connection: Any
        try:
            connection = self.engine.raw_connection()
        except sqlalchemy.exc.TimeoutError as error:
            raise Unavailable("every database connection is in use") from error
        except _UNREACHABLE as error:
            raise _Lost("database unreachable") from error
        try:
            with connection.cursor() as cursor:
                yield cursor
        except (psycopg2.errors.UniqueViolation, psycopg2.errors.SerializationFailure,
                psycopg2.errors.DeadlockDetected) as error:
            raise Conflict(str(error).partition("\n")[0]) from error
        except (psycopg2.errors.QueryCanceled, psycopg2.errors.LockNotAvailable) as error:
            raise Unavailable("database too slow") from error
        except _DISCONNECTED as error:
            connection.invalidate()
            raise _Lost("database connection lost") from error
        except Exception:
            raise
        except BaseException:
            # A deadline or a kill arrived in mid-query: the connection still waits for an answer and cannot be reused.
            connection.invalidate()
            raise
        finally:
            connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """An ordinary SQLAlchemy transaction, for quiet work that must lock or see its own writes."""
        try:
            connection = self.engine.connect().execution_options(isolation_level="READ COMMITTED")
        except _UNREACHABLE as error:
            raise Unavailable("database unreachable") from error
        try:
            with connection, connection.begin():
                yield connection
        except _UNREACHABLE as error:
            if getattr(error, "connection_invalidated", True):
                raise Unavailable("database connection lost") from error
            raise

    def session(self) -> Any:
        """A psycopg2 connection of its own in autocommit, for a leader that holds a session advisory lock."""
        try:
            connection = psycopg2.connect(self._dsn, **self._connect)
        except _DISCONNECTED as error:
            raise Unavailable("database unreachable") from error
        connection.autocommit = True
        return connection

    def ping(self) -> bool:
        """Whether the database answers now."""
        try:
            with self._cursor() as cursor:
                cursor.execute("SELECT 1")
                return True
        except (Unavailable, psycopg2.Error):
            return False

    def close(self) -> None:
        self.engine.dispose()


def _render(cursor: Any, statement: Statement, params: Any, expect: int | None) -> bytes:
    if isinstance(params, list):
        return statement.render_many(cursor, params)
    sql = statement.render(cursor, params)
    if expect is None:
        return sql
    return b"WITH touched AS (%s RETURNING 1) SELECT expect_rows(%d, (SELECT count(*) FROM touched))" % (sql, expect)
