"""The tables that the code reads are those that the migrations make."""

from __future__ import annotations

from collections.abc import Callable

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from services.requests import tables


def test_the_tables_are_what_the_migrations_make(database_url: Callable[..., str]) -> None:
    engine = create_engine(database_url("requests"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={
            "include_name": lambda name, kind, *_: kind != "table" or name in tables.metadata.tables})
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()
