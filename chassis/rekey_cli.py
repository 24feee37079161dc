"""`python -m chassis rekey SERVICE`: a new look-up key laid under every hash, and what is left under an old one."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable

import click

from chassis import actors, config, operations, rekeying, runner
from chassis.database import Database
from chassis.errors import ConfigurationError
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.rekeying import Passing, Rehashed
from chassis.uow import Context, UnitOfWork


@click.command("rekey")
@click.argument("service", type=click.Choice(runner.SERVICES))
@click.option("--check", is_flag=True, help="change nothing; tell what a run would change; ends with 1 if anything")
@click.option("--page", default=rekeying.PAGE, show_default=True, type=click.IntRange(1, 5_000))
def rekey(service: str, check: bool, page: int) -> None:
    """Compute every hash anew under the configured look-up keys. Stopped at any moment, it goes on where it stood. Ends
    with 1 while something stands under an old key alone."""
    try:
        settings = config.load(service)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    database = Database(settings.database_url, 1)
    context = Context(settings, database, Privacy(settings.rings, settings.lookup_keys))
    hashed, system = rekeying.hashed_of(service), actors.system(service)

    def make() -> UnitOfWork:
        return UnitOfWork(context, system, uuid7().hex)

    if not check:
        for far in rekeying.run(make, hashed, page):
            click.echo(f"\r{far.target:24} {far.seen:>10} looked at, {far.renewed:>10} of this run anew",
                       nl=far.finished, err=True)
    open_ = 0
    for one in hashed:
        open_ += _told(make, one)
    if not check:
        with database.transaction() as connection:
            operations.record(connection, getpass.getuser(), "keys.rekeyed", service,
                              {"keys": len(settings.lookup_keys), "left": open_})
    database.close()
    if open_:
        click.echo(f"{service}: {open_} hashes do not stand under the configured keys alone: keep the old key")
        sys.exit(1)
    click.echo(f"{service}: every hash stands under the configured keys")


def _told(make: Callable[[], UnitOfWork], one: rekeying.Hashed) -> int:
    """One line for a kind of hash; answers how many keep an old key from going."""
    names = ", ".join(one.columns)
    if isinstance(one, Rehashed):
        count = rekeying.left(make, one)
        click.echo(f"{names}: {count} left")
        return count
    if isinstance(one, Passing):
        click.echo(f"{names}: goes by itself, keep the old key for {one.days} days ({one.why})")
        return 0
    count = int(make().scalar(one.standing))
    click.echo(f"{names}: {count} cannot be computed again ({one.why})")
    return count
