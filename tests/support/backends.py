"""What a killed process leaves behind in the database: its connection, which may still end what it was at."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2

_THOSE = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@contextmanager
def gone_after(url: str, seconds: float = 30) -> Iterator[None]:
    """Whoever comes to this database in here has gone from it afterwards: what a process that was killed had on its way
    to be committed has then been committed, or never will be."""
    looking = psycopg2.connect(url.replace("+psycopg2", ""))
    looking.autocommit = True
    try:
        with looking.cursor() as cursor:
            cursor.execute(_THOSE)
            before = {pid for (pid,) in cursor}
            yield
            ends = time.monotonic() + seconds
            while True:
                cursor.execute(_THOSE)
                if not {pid for (pid,) in cursor} - before:
                    return
                assert time.monotonic() < ends, "the connection of a process that was killed is still there"
                time.sleep(0.01)
    finally:
        looking.close()


@contextmanager
def locked(url: str, statement: str) -> Iterator[None]:
    """What this statement locks is nobody else's in here."""
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            yield
    finally:
        connection.close()
