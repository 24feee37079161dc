"""Fresh databases for tests: migrated once a session and service, then copied, which takes some 30 ms."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

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
        migrate(service, postgres.create_database(name, service))
    return name


def migrate(service: str, url: str) -> None:
    """Run the service's migrations by the command that containers run."""
    environment = (
        os.environ
        | secrets.keys()
        | {
            "SHUBBAK_MODE": "training",
            "SHUBBAK_NODE": "EG-C",
            "SHUBBAK_BUS": "local",
            "SHUBBAK_DATABASE_URL": url,
        }
    )
    done = subprocess.run(
        [sys.executable, "-m", "chassis", "migrate", service], env=environment, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"migrating {service} failed:\n{done.stdout}\n{done.stderr}")
