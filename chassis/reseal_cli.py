"""`python -m chassis reseal SERVICE`: a new key laid under everything sealed, and the proof that an old one may go."""

from __future__ import annotations

import getpass
import importlib
import sys
from typing import Any

import click

from chassis import config, operations, resealing, runner
from chassis.database import Database
from chassis.errors import ConfigurationError
from chassis.privacy import Privacy

PASSES = 3


@click.command("reseal")
@click.argument("service", type=click.Choice(runner.SERVICES))
@click.option("--check", is_flag=True, help="change nothing; tell which keys are in use; ends with 1 if an old is")
@click.option("--batch", default=resealing.BATCH, show_default=True, type=click.IntRange(1, 10_000))
def reseal(service: str, check: bool, batch: int) -> None:
    """Seal every value anew under the newest key of its ring. Stopped at any moment, it goes on where it stood. Ends
    with 1 when a value is left under an old key, or does not open."""
    try:
        settings = config.load(service)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    columns: tuple[resealing.SealedColumn, ...] = importlib.import_module(f"services.{service}.sealed").SEALED
    privacy = Privacy(settings.rings, settings.lookup_keys)
    database = Database(settings.database_url, 1)
    session = database.session()
    unopened = 0 if check else _run(session, privacy, columns, batch)
    counts = resealing.census(session, privacy, columns)
    for _ in range(PASSES - 1):
        # Values that a process still sealed under the old key behind a batch's back.
        if check or unopened or not any(count.old and count.registered for count in counts):
            break
        resealing.afresh(session, privacy, columns)
        unopened = _run(session, privacy, columns, batch)
        counts = resealing.census(session, privacy, columns)
    for count in counts:
        note = "  OLD" if count.old else ""
        note += "" if count.registered else "  not registered in sealed.py"
        click.echo(f"{count.target:32} {count.key_id:16} {count.values:>10}{note}")
    old = sum(count.values for count in counts if count.old)
    if not check:
        with database.transaction() as connection:
            operations.record(connection, getpass.getuser(), "keys.resealed", service, {
                "keys": {ring: privacy.newest(ring) for ring in ("store", "contact") if privacy.key_ids(ring)},
                "left": old, "unopened": unopened})
    if old or unopened:
        click.echo(f"{service}: {old} values are sealed under an old key, {unopened} did not open: keep the old keys")
        sys.exit(1)
    click.echo(f"{service}: nothing is sealed under an old key; the old keys can be removed")


def _run(session: Any, privacy: Privacy, columns: tuple[resealing.SealedColumn, ...], batch: int) -> int:
    """One pass over all columns, with a bar for each. Answers how many values did not open."""
    unopened = 0
    for column in columns:
        seen, bad = 0, 0
        with click.progressbar(length=0, label=f"{column.target:32}", show_pos=True, file=sys.stderr) as bar:
            for far in resealing.reseal(session, privacy, [column], batch):
                bar.length = max(far.rows, far.seen)
                bar.update(far.seen - seen)
                seen, bad = far.seen, far.unopened
        unopened += bad
        if bad:
            click.echo(f"{column.target}: {bad} values do not open under any key of ring {column.ring}", err=True)
    return unopened
