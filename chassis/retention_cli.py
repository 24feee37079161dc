"""`python -m chassis retain SERVICE`: what is over let go of by hand, or told beforehand."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime

import click

from chassis import config, retention, runner
from chassis.database import Database
from chassis.errors import ConfigurationError
from chassis.privacy import Privacy


@click.command("retain")
@click.argument("service", type=click.Choice(runner.SERVICES))
@click.option("--dry-run", is_flag=True, help="change nothing; tell how much each rule would let go of")
def retain(service: str, dry_run: bool) -> None:
    """Let go of what a service's retention rules say is over. A running service does this by itself once a day."""
    try:
        settings = config.load(service)
        rules = retention.rules_of(settings)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    database, now = Database(settings.database_url, 1), datetime.now(UTC)
    privacy = Privacy(settings.rings, settings.lookup_keys)
    for rule in rules:
        with database.transaction() as connection:
            count = retention.due(connection, rule, now)
        if dry_run:
            click.echo(f"{rule.name}, after {rule.days} days: {count} due; goes: {rule.what}")
            continue
        done = 0
        with click.progressbar(length=count, label=rule.name, show_pos=True, file=sys.stderr) as bar:
            for far in retention.apply(database, privacy, rule, now, getpass.getuser(), settings.source):
                bar.update(far - done)
                done = far
        click.echo(f"{rule.name}, after {rule.days} days: {done} let go of")
    database.close()
