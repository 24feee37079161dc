"""A database and a user per service: one SQL file, run by Docker's PostgreSQL and by the developer's server alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SERVICES = ("catalog", "requests", "payments", "notifications", "gateway")
SCRIPT = Path(__file__).with_name("create.sql")


def variable(service: str) -> str:
    """The environment variable that carries the password of a service's database user."""
    return f"SHUBBAK_{service.upper()}_DATABASE_PASSWORD"


def create_statements(passwords: Mapping[str, str]) -> str:
    """create.sql for psql, with passwords set here instead of read from the environment."""
    script = SCRIPT.read_text(encoding="utf-8")
    for service in SERVICES:
        script = script.replace(f"\\getenv {service}_password {variable(service)}", _set(service, passwords[service]))
    return script


def _set(service: str, password: str) -> str:
    if "'" in password or "\\" in password:
        raise ValueError(f"the password of {service} may contain neither a quote nor a backslash")
    return f"\\set {service}_password '{password}'"
