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

from chassis import config, runner  # patches the process, as every process with a bus must be
from chassis.actors import Actor, Signer
from chassis.bus.rabbit import RabbitBus
from chassis.calls import Calls
from chassis.database import Database
from chassis.errors import ChassisError, ConfigurationError
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.definition import authoring
from contracts.problems import describe
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
@click.option("--adopt/--no-adopt", default=True, help="offer what a unit here can, unless decided before")
def publish_guide(folder: Path, adopt: bool) -> None:
    """Load every definition of FOLDER into the national guide; what stands there already is not published twice."""
    definitions = _definitions(folder)
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
    loader = Actor(id=f"operator:{getpass.getuser()}", kind="system", roles=("system",))
    calls, signer = Calls(bus), Signer(settings.actor_private_key)
    refused = 0
    try:
        for code, definition in definitions.items():
            token = signer.sign(loader, Context.clock())
            try:
                answer = calls("catalog.load_national", {"definition": definition, "adopt": adopt}, actor=token,
                               command_id=uuid7(), timeout=20)
            except Refusal as refusal:
                refused += 1
                _tell(code, refusal)
                continue
            click.echo(f"{code} version {answer['version']}{'' if answer['offered'] else ', not offered here'}")
    except ChassisError as error:
        raise click.ClickException(str(error)) from None
    finally:
        bus.stop()
    if refused:
        raise click.ClickException(f"{refused} of {len(definitions)} refused; the others stand")


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


def _definitions(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        return authoring.read_folder(folder)
    except Refusal as refusal:
        _tell(folder.name, refusal)
        raise click.ClickException("nothing was published") from None


def _tell(what: str, refusal: Refusal) -> None:
    for fault in refusal.faults:
        for language in ("ar", "en"):
            click.echo(f"{what}: {fault.field or ''}: {describe(fault, language)}", err=True)


def _settings() -> config.Settings:
    try:
        return config.load("gateway")
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    node()
