"""PostgreSQL as the hot path uses it: prepared statements of SQLAlchemy Core, sent by psycopg2 without its ceremony.

Measured per transaction of Python time: ORM 3.3-4.2 ms, Core 0.8 ms, gathered 0.2 ms. A `Statement` is compiled once;
reads run in autocommit (one round trip, no BEGIN); writes are joined into one string, which PostgreSQL runs as one
implicit transaction. Quiet work uses `Database.transaction()`, an ordinary SQLAlchemy connection.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg2
import psycopg2.extensions
import psycopg2.extras
import sqlalchemy.exc
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

from chassis.errors import Conflict, Unavailable
from chassis.statements import WANTED, Each, Form, Statement

__all__ = ["Database", "Each", "Statement"]

log = logging.getLogger(__name__)

_PLANS_FIRST, _PLANS_MOST = 5.0, 600.0  # seconds that a connection's plans are kept: at first, at most

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


class Database:
    """One service's database. Every call is a round trip of its own and holds a connection no longer than that."""

    def __init__(self, url: str, pool_size: int, *, statement_timeout_ms: int = 8000) -> None:
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connect: dict[str, Any] = {
            "connect_timeout": 3,
            "application_name": "shubbak",
            "connection_factory": _PreparingConnection,
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
            cursor.execute(_ready(cursor, statement.form()), statement.bind(params))
            return list(cursor.fetchall())

    def commit(self, render: Iterable[tuple[Statement | Each, Any, int | None]]) -> None:
        """Send writes as one implicit transaction. Raises Conflict when a demanded row was not there or a unique key
        was taken; Unavailable when it is not known whether the transaction stands. All rows of an Each go where its
        first one stands."""
        with self._cursor() as cursor:
            parts = [_render(cursor, *write) for write in _together(render)]
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
        except psycopg2.errors.FeatureNotSupported as error:
            # A migration changed a table under what this connection has prepared; a new one prepares it anew.
            connection.invalidate()
            raise _Lost("the tables changed") from error
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


def _together(writes: Iterable[tuple[Statement | Each, Any, int | None]]) -> list[tuple[Any, Any, int | None]]:
    """The writes with those of each Each as one, which demands what they demand in all."""
    found: list[tuple[Any, Any, int | None]] = []
    places: dict[tuple[Each, bool], int] = {}
    for statement, params, expect in writes:
        if not isinstance(statement, Each):
            found.append((statement, params, expect))
            continue
        place = places.setdefault((statement, expect is None), len(found))
        if place == len(found):
            found.append((statement, [params], expect))
        else:
            _, rows, wanted = found[place]
            rows.append(params)
            found[place] = (statement, rows, None if expect is None else (wanted or 0) + expect)
    return found


def execute(cursor: Any, statement: Statement, **params: Any) -> None:
    """Run a prepared statement on a leader's own session."""
    cursor.execute(_ready(cursor, statement.form()), statement.bind(params))


def _render(cursor: Any, statement: Statement | Each, params: Any, expect: int | None) -> bytes:
    if isinstance(statement, Each):
        return statement.render(cursor, params, expect)
    if isinstance(params, list):
        return statement.render_many(cursor, params)
    values = statement.bind(params)
    if expect is not None:
        values[WANTED] = expect
    sent: bytes = cursor.mogrify(_ready(cursor, statement.form(demanding=expect is not None)), values)
    return sent


def _ready(cursor: Any, form: Form) -> str:
    """What calls the statement on this connection, where it is prepared the first time. Its full text, if PostgreSQL
    cannot prepare it."""
    connection: _PreparingConnection = cursor.connection
    prepared = connection.prepared
    if form.name in prepared:
        connection.keep_plans_young(cursor)
        return form.call
    if not form.preparable:
        return form.text
    try:
        cursor.execute(form.preparation)
    except (psycopg2.ProgrammingError, psycopg2.DataError, psycopg2.NotSupportedError) as error:
        why = str(error).partition("\n")[0]
        log.info("a statement is sent in full text: %s", why, extra={"statement": form.text[:200]})
        form.preparable = False
        return form.text
    prepared.add(form.name)
    return form.call


class _PreparingConnection(psycopg2.extensions.connection):
    """A connection that knows which statements it has prepared.

    A plan that was made while a table was empty may go through the whole of an index, and PostgreSQL keeps it until
    somebody analyses the table: lodging a request among 600 documents cost PostgreSQL 4.9 million instructions instead
    of 1.9. So all plans are made anew after some seconds, then after ever longer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: set[str] = set()
        self._plans_last = _PLANS_FIRST
        self._plan_again = time.monotonic() + self._plans_last

    def keep_plans_young(self, cursor: Any) -> None:
        """Let go of all plans when their time is over; what is prepared stays so."""
        now = time.monotonic()
        if now >= self._plan_again:
            self._plans_last = min(self._plans_last * 2, _PLANS_MOST)
            self._plan_again = now + self._plans_last
            cursor.execute("DISCARD PLANS")
