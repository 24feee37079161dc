"""A database and a user per service: one SQL file, run by Docker's PostgreSQL and by the developer's server alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SERVICES = ("catalog", "requests", "payments", "notifications", "gateway")
LINK = "link"
"""The user that reads every service's event log for the line to the centre, and nothing else."""
USERS = (*SERVICES, LINK)
SCRIPT = Path(__file__).with_name("create.sql")


def variable(service: str) -> str:
    """The environment variable that carries the password of a database user."""
    return f"SHUBBAK_{service.upper()}_DATABASE_PASSWORD"


def create_statements(passwords: Mapping[str, str]) -> str:
    """create.sql for psql, with passwords set here instead of read from the environment."""
    script = SCRIPT.read_text(encoding="utf-8")
    for user in USERS:
        script = script.replace(f"\\getenv {user}_password {variable(user)}", _set(user, passwords[user]))
    return script


def _set(user: str, password: str) -> str:
    if "'" in password or "\\" in password:
        raise ValueError(f"the password of {user} may contain neither a quote nor a backslash")
    return f"\\set {user}_password '{password}'"
