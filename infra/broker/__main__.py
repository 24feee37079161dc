"""`python -m infra.broker write|render|declare`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from infra.broker import topology

SAMPLE_PREFIX = "sample-"


@click.group()
def broker() -> None:
    """The broker's definitions."""


@broker.command()
def write() -> None:
    """Write the committed definitions.json, without passwords."""
    topology.DEFINITIONS.write_text(topology.render(topology.definitions()), encoding="utf-8")


@broker.command()
def check() -> None:
    """Fail when the committed definitions.json is not what topology.py describes."""
    if json.loads(topology.DEFINITIONS.read_text(encoding="utf-8")) != topology.definitions():
        raise click.ClickException("infra/broker/definitions.json is stale: python -m infra.broker write")


@broker.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def render(target: Path) -> None:
    """Write definitions with the passwords of the environment to TARGET, for the broker to load at start."""
    missing = [name for name in map(topology.password_variable, topology.USERS) if not os.environ.get(name)]
    if missing:
        raise click.ClickException("not set: " + ", ".join(missing))
    passwords = {user: os.environ[topology.password_variable(user)] for user in topology.USERS}
    samples = [user for user, password in passwords.items() if password.startswith(SAMPLE_PREFIX)]
    if samples and os.environ.get("SHUBBAK_MODE", "production") not in ("demo", "training"):
        raise click.ClickException("passwords are samples: " + ", ".join(samples))
    # The broker's container reads it as another user; the volume it lies on is mounted nowhere else.
    fresh = target.with_suffix(".new")
    fresh.write_text(topology.render(topology.definitions(passwords)), encoding="utf-8")
    fresh.chmod(0o444)
    fresh.replace(target)


@broker.command()
@click.option("--url", envvar="SHUBBAK_OPERATOR_AMQP_URL", required=True, help="amqp://operator:…@host:5672/shubbak")
def declare(url: str) -> None:
    """Declare exchanges, queues and bindings on a running broker; may be run again. Refused (406) by the broker when a
    queue stands with other arguments. Users and permissions come from the definitions file only."""
    from infra.broker.declaring import declare as declare_all

    for line in declare_all(url):
        click.echo(line)


if __name__ == "__main__":
    broker()
