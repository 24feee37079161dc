"""The tables that notifications works with are those that its migrations make."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from chassis.database import Database
from services.notifications import service

METADATA = service.Notifications.metadata


def test_the_tables_are_what_the_migrations_make(database_url: Any) -> None:
    database = Database(database_url("notifications"), 1)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={
            "include_name": lambda name, kind, *_: kind != "table" or name in METADATA.tables})
        assert compare_metadata(context, METADATA) == []
    database.close()


def test_every_slice_of_the_tables_is_known_to_the_service() -> None:
    assert {"message", "preference", "preference_address", "preference_choice", "address_day", "campaign",
            "provider_share", "template_version", "code_challenge", "message_day"} <= set(METADATA.tables)
