"""Counting how often a capability crosses to the database."""

from __future__ import annotations

from contextlib import contextmanager


@contextmanager
def counted(database):
    """Every read and every commit that crosses to the database inside the block."""
    trips = []
    read, commit = database.read, database.commit

    def counting(name, call):
        def run(*args, **kwargs):
            trips.append(name)
            return call(*args, **kwargs)

        return run

    database.read, database.commit = counting("read", read), counting("write", commit)
    try:
        yield trips
    finally:
        database.read, database.commit = read, commit
