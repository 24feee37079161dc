"""`python -m services.gateway …`: accounts by hand, the first administrator's among them, and the message log as
evidence. Reads the service's environment."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from typing import BinaryIO, TypeVar

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
from services.gateway import accounts, second_factors
from services.gateway.agencies import amqp_queues
from services.gateway.link import backups, evidence

T = TypeVar("T")
_STAFF_ROLES = sorted(code for code, role in roles.load().roles.items() if role.staff)


@click.group()
def main() -> None:
    """Staff accounts of the gateway, its message log, and who consumes by AMQP."""


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


@main.command("reset-authenticator")
@click.argument("username")
@click.option("--reason", required=True, help="stands in the audit")
def reset_authenticator(username: str, reason: str) -> None:
    """Forget an account's authenticator and end its sessions: for the only administrator who lost the telephone."""

    def reset(work: UnitOfWork) -> None:
        row = accounts.of_name(work, username)
        second_factors.drop(work, row.id)
        accounts.end_sessions(work, row.id)
        work.audit("account.second_factor_reset", str(row.id), reason=reason)

    _attempt(reset)
    click.echo(f"{username}: reset")


@main.command("export-log")
@click.option("--direction", type=click.Choice([evidence.RECEIVED, evidence.SENT]), default=evidence.RECEIVED,
              show_default=True)
@click.option("--peer", help="of what was sent: to whom, such as EG or EG-C")
@click.option("--epoch", type=click.IntRange(1), help="of what was sent: in which epoch; the newest unless said")
@click.option("--after", type=click.IntRange(0), default=0, show_default=True,
              help="of what was received: the position that an earlier file ended at")
@click.option("--out", type=click.File("wb"), default="-", help="the file; standard output without it")
def export_log(direction: str, peer: str | None, epoch: int | None, after: int, out: BinaryIO) -> None:
    """Write the message log as a file that `python -m chassis verify-log` proves. The export stands in the audit."""
    if direction == evidence.SENT and not peer:
        raise click.UsageError("say to whom: --peer")
    context = _context()

    def make() -> UnitOfWork:
        return UnitOfWork(context, _operator(), uuid7().hex)

    for line in _attempt(lambda work: evidence.sent(make, work, peer or "", epoch) if direction == evidence.SENT
                         else evidence.received(make, work, after)):  # fmt: skip
        out.write(line)


@main.command("log-position")
def log_position() -> None:
    """The newest position of what came in over the line: ask for it before a backup begins."""
    click.echo(_attempt(backups.position))


@main.command("backed-up")
@click.argument("position", type=click.IntRange(0))
def backed_up(position: int) -> None:
    """Everything up to this position stands in a backup that is stored elsewhere; the peers are told so. POSITION is
    what `log-position` said before that backup began."""
    click.echo(f"{_attempt(lambda work: backups.backed_up(work, position))} messages more are backed up")


@main.command("log-keys")
def log_keys() -> None:
    """The public keys under which the message log is signed, as `verify-log --keys` takes them: hand them to the
    auditor by another way than the file."""
    for key in _attempt(evidence.keys):
        click.echo(key)


@main.command("amqp-agencies")
def amqp_agencies() -> None:
    """The agencies that may consume by AMQP today, comma between, or `-` where there is none: what `python -m
    infra.broker declare-centre --agencies` wants, which takes users and queues of all others away."""
    click.echo(",".join(_attempt(amqp_queues.codes)) or "-")


def _operator() -> Actor:
    return Actor(id=f"operator:{getpass.getuser()}", kind="system", roles=("system",))


def _context() -> Context:
    settings = config.load("gateway")
    return Context(settings, Database(settings.database_url, 1), Privacy(settings.rings, settings.lookup_keys))


def _attempt(run: Callable[[UnitOfWork], T]) -> T:
    """Run and commit in the operator's name, which the audit keeps."""
    try:
        context, actor, correlation_id = _context(), _operator(), uuid7().hex
        return attempt(lambda: UnitOfWork(context, actor, correlation_id), run)
    except Refusal as refusal:
        raise click.ClickException("\n".join(describe(fault, "en") for fault in refusal.faults)) from None
    except (ConfigurationError, ChassisError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m services.gateway")
