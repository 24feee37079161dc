"""Migrations: Alembic with two branches a database, the chassis's own and the service's."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

_HERE = Path(__file__).parent
_SERVICES = _HERE.parent.parent / "services"


def configuration(service: str, database_url: str) -> Config:
    """Alembic's configuration for one service's database."""
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "newline")
    versions = [str(_HERE / "versions"), str(_SERVICES / service / "migrations" / "versions")]
    config.set_main_option("version_locations", "\n".join(versions))
    config.attributes["database_url"] = database_url
    return config


def upgrade(service: str, database_url: str) -> None:
    """Bring one service's database to the newest version of both branches. Safe to run again and from several
    processes at once: an advisory lock lets one through at a time."""
    command.upgrade(configuration(service, database_url), "heads")
