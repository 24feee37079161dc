"""`python -m services.gateway …`: accounts by hand, the first administrator's among them. Reads the service's
environment."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from typing import TypeVar

import click

from chassis import config
from chassis.actors import Actor
from chassis.database import Database
from chassis.errors import ChassisError, ConfigurationError
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.problems import describe
from rules import roles
from rules.refusal import Refusal
from services.gateway import accounts

T = TypeVar("T")
_STAFF_ROLES = sorted(code for code, role in roles.load().roles.items() if role.staff)


@click.group()
def main() -> None:
    """Staff accounts of the gateway."""


@main.command()
@click.argument("username")
@click.option("--name", required=True, help="as it stands on the screen")
@click.option("--role", "chosen", multiple=True, required=True, type=click.Choice(_STAFF_ROLES), help="repeatable")
@click.option("--unit", help="such as EG-C-01")
@click.option("--department", type=click.Choice(sorted(roles.load().departments)))
@click.option("--window", help="number of the window")
@click.option("--channel", default="centre", show_default=True)
def add(
    username: str,
    name: str,
    chosen: tuple[str, ...],
    unit: str | None,
    department: str | None,
    window: str | None,
    channel: str,
) -> None:
    """Create an account. The password is asked for, or read as one line from standard input."""
    password = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    created = _attempt(
        lambda work: accounts.create(
            work,
            username=username,
            password=password,
            display_name=name,
            roles=chosen,
            unit=unit,
            department=department,
            window=window,
            channel=channel,
        )
    )
    click.echo(f"{username}: {created}")


@main.command()
@click.argument("username")
def close(username: str) -> None:
    """Keep an account out and end its sessions."""
    _attempt(lambda work: accounts.set_active(work, username, False))
    click.echo(f"{username}: closed")


@main.command()
@click.argument("username")
def reopen(username: str) -> None:
    """Let a closed account in again."""
    _attempt(lambda work: accounts.set_active(work, username, True))
    click.echo(f"{username}: open")


def _attempt(run: Callable[[UnitOfWork], T]) -> T:
    """Run and commit in the operator's name, which the audit keeps."""
    actor = Actor(id=f"operator:{getpass.getuser()}", kind="system", roles=("system",))
    try:
        settings = config.load("gateway")
        context = Context(settings, Database(settings.database_url, 1), Privacy(settings.rings, settings.lookup_keys))
        correlation_id = uuid7().hex
        return attempt(lambda: UnitOfWork(context, actor, correlation_id), run)
    except Refusal as refusal:
        raise click.ClickException("\n".join(describe(fault, "en") for fault in refusal.faults)) from None
    except (ConfigurationError, ChassisError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m services.gateway")
