"""Retention: what a service lets go of after its time, as data (`services/<service>/retention.py`), in batches.

A rule finds what is due and lets it go in one transaction a batch, so that a killed run loses nothing and goes on. What
is left behind is a row of the audit with the rule's name and the count. The audit itself is never shortened.
"""

from __future__ import annotations

import getpass
import importlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import click
from sqlalchemy import Connection, text

from chassis import config, operations, runner
from chassis.database import Database
from chassis.errors import ConfigurationError
from chassis.privacy import Privacy

BATCH = 500


@dataclass(frozen=True)
class Rule:
    """`due` selects the ids (as text) of at most `:size` things whose time was over at `:before`; each statement of
    `forget` runs with those as `:ids`. `sealed` are values that stand in place of what goes: parameter → (ring, field,
    text)."""

    name: str
    days: int
    what: str
    due: str
    forget: tuple[str, ...]
    sealed: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)


COMMANDS = Rule(
    "stored answers of commands", 30, "the whole row; a repeat of the command after that is a new one",
    "SELECT id::text FROM command WHERE applied_at < :before ORDER BY applied_at LIMIT :size",
    ("DELETE FROM command WHERE id = ANY(CAST(:ids AS uuid[]))",),
)


def due(connection: Connection, rule: Rule, now: datetime) -> int:
    """How many things a rule would let go of now."""
    found = connection.execute(text(f"SELECT count(*) FROM ({rule.due}) AS due"),  # noqa: S608
                               {"before": now - timedelta(days=rule.days), "size": None})
    return int(found.scalar_one())


def apply(database: Database, privacy: Privacy, rule: Rule, now: datetime, operator: str) -> Iterator[int]:
    """Let go of all that is due; yields how many so far, after every committed batch, each with its audit row."""
    done = 0
    while True:
        with database.transaction() as connection:
            ids = list(connection.execute(
                text(rule.due), {"before": now - timedelta(days=rule.days), "size": BATCH}).scalars())
            if not ids:
                return
            connection.execute(text("SET LOCAL shubbak.retention = 'on'"))
            stand_in = {name: privacy.seal(words, ring=ring, field=field_)
                        for name, (ring, field_, words) in rule.sealed.items()}
            for statement in rule.forget:
                wanted = {name: value for name, value in stand_in.items() if f":{name}" in statement}
                connection.execute(text(statement), {"ids": ids, **wanted})
            operations.record(connection, operator, "retention.applied", rule.name, {"count": len(ids)})
        done += len(ids)
        yield done


@click.command("retain")
@click.argument("service", type=click.Choice(runner.SERVICES))
@click.option("--dry-run", is_flag=True, help="change nothing; tell how much each rule would let go of")
def retain(service: str, dry_run: bool) -> None:
    """Let go of what a service's retention rules say is over. To be run once a day."""
    try:
        settings = config.load(service)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    rules: tuple[Rule, ...] = importlib.import_module(f"services.{service}.retention").RULES
    database, now = Database(settings.database_url, 1), datetime.now(UTC)
    privacy = Privacy(settings.rings, settings.lookup_key)
    for rule in rules:
        with database.transaction() as connection:
            count = due(connection, rule, now)
        if dry_run:
            click.echo(f"{rule.name}, after {rule.days} days: {count} due; goes: {rule.what}")
            continue
        done = 0
        with click.progressbar(length=count, label=rule.name, show_pos=True, file=sys.stderr) as bar:
            for far in apply(database, privacy, rule, now, getpass.getuser()):
                bar.update(far - done)
                done = far
        click.echo(f"{rule.name}, after {rule.days} days: {done} let go of")
    database.close()
