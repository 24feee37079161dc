"""`python -m services.requests …`: what an operator asks of the requests by hand. Reads the service's environment."""

from __future__ import annotations

import click

from chassis import config
from chassis.actors import system
from chassis.database import Database
from chassis.errors import ChassisError, ConfigurationError
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork
from services.requests import numbers


@click.group()
def main() -> None:
    """The requests of this node."""


@main.command("numbers")
@click.option("--gaps", is_flag=True, help="also name every serial that no request bears, with its reason")
def show_numbers(gaps: bool) -> None:
    """Prove that every tracking serial is used or its gap explained. Status 1 if one is neither. Changes nothing."""
    work = _work()
    try:
        proof = numbers.prove(work)
        click.echo(f"serials {proof.since} to {proof.drawn}: {proof.used} used, {sum(proof.gaps.values())} gaps "
                   f"explained, {proof.open} drawn just now")
        for reason, count in proof.gaps.most_common():
            click.echo(f"  {count:>8}  {reason}")
        if gaps:
            for row in numbers.entries(work, proof.since):
                if row.request_id is None:
                    click.echo(f"{row.serial}  {row.at:%Y-%m-%d %H:%M:%S}  {row.reason}")
    except ChassisError as error:
        raise click.ClickException(str(error)) from None
    click.echo("\n".join(proof.wrong) or "every serial is used or explained, and none twice")
    raise SystemExit(1 if proof.wrong else 0)


def _work() -> UnitOfWork:
    try:
        settings = config.load("requests")
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    privacy = Privacy(settings.rings, settings.lookup_keys)
    return UnitOfWork(Context(settings, Database(settings.database_url, 1), privacy), system("requests"), uuid7().hex)


if __name__ == "__main__":
    main()
