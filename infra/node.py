"""First steps on a new node, run where the gateway's environment is:

    docker compose exec gateway python -m infra.node publish-guide
    docker compose exec gateway python -m infra.node add-account amal --name "أمل حسن" --role administrator

Both may be run again: a definition that stands is not published twice, a taken user name is refused.
"""

from __future__ import annotations

import getpass
import logging
import sys
import time
from pathlib import Path
from typing import Any

import click
import yaml

from chassis import config, runner  # patches the process, as every process with a bus must be
from chassis.actors import Actor, Signer
from chassis.bus.rabbit import RabbitBus
from chassis.calls import Calls
from chassis.database import Database
from chassis.errors import ChassisError, ConfigurationError
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from rules import strict_yaml
from rules.refusal import Refusal
from services.gateway import accounts

__all__ = ["node", "runner"]

GUIDE = Path("services/catalog/guide")


@click.group()
def node() -> None:
    """First steps on a new node."""
    logging.basicConfig(level=logging.WARNING)


@node.command()
@click.argument("folder", default=GUIDE, type=click.Path(exists=True, file_okay=False, path_type=Path))
def publish_guide(folder: Path) -> None:
    """Publish every definition (*.yaml) of FOLDER whose content is not in force yet."""
    settings = _settings()
    if settings.actor_private_key is None:
        raise click.ClickException("SHUBBAK_ACTOR_PRIVATE_KEY is not set: only the gateway signs actors")
    bus = RabbitBus(settings)
    bus.start()
    deadline = time.monotonic() + 10
    while not bus.ready():
        if time.monotonic() > deadline:
            raise click.ClickException("the broker does not answer")
        time.sleep(0.05)
    editor = Actor(id=f"operator:{getpass.getuser()}", kind="staff", roles=("catalogue_editor",))
    calls, signer = Calls(bus), Signer(settings.actor_private_key)
    try:
        for path in sorted(folder.glob("*.yaml")):
            definition = _read(path)
            token = signer.sign(editor, Context.clock())
            answer = calls(
                "catalog.publish", {"definition": definition}, actor=token, command_id=uuid7(), timeout=20
            )
            click.echo(f"{path.name}: {answer['code']} version {answer['version']}")
    except (Refusal, ChassisError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        bus.stop()


@node.command()
@click.argument("username")
@click.option("--name", required=True, help="as it is shown")
@click.option("--role", "roles", required=True, multiple=True)
@click.option("--unit", default=None, help="code of the local unit; none for the whole node")
@click.option("--department", default=None)
@click.option("--window", default=None)
def add_account(
    username: str, name: str, roles: tuple[str, ...], unit: str | None, department: str | None, window: str | None
) -> None:
    """Create a staff account. The password is asked for, or read from standard input when that is no terminal."""
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    settings = _settings()
    context = Context(settings, Database(settings.database_url, 1), Privacy(settings.rings, settings.lookup_key))
    operator = Actor(id=f"operator:{getpass.getuser()}", kind="staff", roles=("administrator",))
    try:
        attempt(
            lambda: UnitOfWork(context, operator, str(uuid7())),
            lambda work: accounts.create(
                work,
                username=username,
                password=password,
                display_name=name,
                roles=roles,
                unit=unit,
                department=department,
                window=window,
            ),
        )
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{username}: {', '.join(roles)}")


def _read(path: Path) -> Any:
    try:
        return strict_yaml.load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise click.ClickException(f"{path.name}: {error}") from None


def _settings() -> config.Settings:
    try:
        return config.load("gateway")
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    node()
