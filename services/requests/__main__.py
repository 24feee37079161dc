"""`python -m services.requests …`: what an operator asks of the requests by hand. Reads the service's environment."""

from __future__ import annotations

import click
from sqlalchemy import text

from chassis import config, rekeying
from chassis.actors import system
from chassis.database import Database
from chassis.errors import ChassisError, ConfigurationError
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork
from services.requests import board, hashed, licence_numbers, numbers


@click.group()
def main() -> None:
    """The requests of this node."""


@main.command("numbers")
@click.option("--gaps", is_flag=True, help="also name every serial that nothing bears, with its reason")
def show_numbers(gaps: bool) -> None:
    """Prove that every serial of a tracking number and of a licence is used or its gap explained; a number that a
    tablet holds says for which. Status 1 if one is neither. Changes nothing."""
    work = _work()
    wrong = []
    try:
        for kind, register in (("tracking numbers", numbers), ("licences", licence_numbers)):
            proof = register.prove(work)
            click.echo(f"{kind}: serials {proof.since} to {proof.drawn}: {proof.used} used, "
                       f"{sum(proof.gaps.values())} gaps explained, {proof.open} drawn just now")
            for reason, count in proof.gaps.most_common():
                click.echo(f"  {count:>8}  {reason}")
            if gaps:
                for row in register.entries(work, proof.since):
                    if row.reason is not None:
                        click.echo(f"{row.serial}  {row.at:%Y-%m-%d %H:%M:%S}  {row.reason}")
            wrong += [f"{kind}: {fault}" for fault in proof.wrong]
    except ChassisError as error:
        raise click.ClickException(str(error)) from None
    click.echo("\n".join(wrong) or "every serial is used or explained, and none twice")
    raise SystemExit(1 if wrong else 0)


@main.command("board-check")
def board_check() -> None:
    """Hold the totals of the boards against all cases. Names each day, place and side that differs; status 1 if there
    is one. Changes nothing."""
    with _context().database.transaction() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        wrong = board.check(connection)
    click.echo("\n".join(wrong) or "the boards count what happened")
    raise SystemExit(1 if wrong else 0)


@main.command("index")
def index() -> None:
    """Put requests that were lodged before there was an index of words into it. Stopped, it goes on where it stood; run
    again after its end, it changes nothing."""
    context = _context()

    def make() -> UnitOfWork:
        return UnitOfWork(context, system("requests"), uuid7().hex)

    for far in rekeying.run(make, [hashed.REQUESTS], under=b"index of words"):
        click.echo(f"\r{far.seen:>10} looked at, {far.renewed:>10} indexed", nl=far.finished, err=True)
    left = rekeying.left(make, hashed.REQUESTS)
    click.echo("every request is found by its words" if not left else f"{left} changed meanwhile: run it again")
    raise SystemExit(1 if left else 0)


def _work() -> UnitOfWork:
    return UnitOfWork(_context(), system("requests"), uuid7().hex)


def _context() -> Context:
    try:
        settings = config.load("requests")
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    return Context(settings, Database(settings.database_url, 1), Privacy(settings.rings, settings.lookup_keys))


if __name__ == "__main__":
    main()
