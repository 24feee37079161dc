"""Fresh databases for tests: migrated once a session and service, then copied, which takes some 30 ms."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable

from infra import secrets
from infra.postgres import Postgres

_number = itertools.count(1)


def create(postgres: Postgres, service: str, *, migrated: bool) -> str:
    """A fresh database of a service, with or without its tables; returns its SQLAlchemy URL."""
    template = _migrated_template(postgres, service) if migrated else "template0"
    return postgres.create_database(f"test_{service}_{next(_number)}", service, template)


def _migrated_template(postgres: Postgres, service: str) -> str:
    name = f"template_{service}"
    if not postgres.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}';"):
        made = postgres.create_database(name, service)
        migrate(service, url=lambda _: made)
    return name


def migrate(*services: str, url: Callable[[str], str]) -> None:
    """Run the migrations of these services, on the database that `url` names for each, by the command that containers
    run."""
    environment = (
        os.environ
        | secrets.keys()
        | {"SHUBBAK_MODE": "training", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local"}
        | {f"SHUBBAK_{service.upper()}_DATABASE_URL": url(service) for service in services}
    )
    done = subprocess.run(
        [sys.executable, "-m", "chassis", "migrate", *services], env=environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"migrating {services} failed:\n{done.stdout}\n{done.stderr}")
