"""Alembic's environment, shared by all services."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

_LOCK = 0x5B_00_01  # pg_advisory_xact_lock: one migration of a database at a time

engine = create_engine(context.config.attributes["database_url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        context.run_migrations()
engine.dispose()
