"""`python -m services.notifications …`: what an operator looks at from a terminal. Reads the service's environment."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import click
from tqdm import tqdm

from chassis import config
from chassis.actors import Actor
from chassis.database import Database
from chassis.errors import ChassisError, ConfigurationError
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork
from contracts.problems import describe
from rules.refusal import Refusal
from services.notifications import campaign_records, campaigns
from services.notifications.campaign_states import ENDS

LOOK_EVERY = 1.0  # seconds


@click.group()
def main() -> None:
    """What notifications is doing."""


@main.command()
@click.argument("campaign_id", type=click.UUID)
@click.option("--once", is_flag=True, help="tell how it stands and end")
def campaign(campaign_id: UUID, once: bool) -> None:
    """Watch a message to many citizens until it ends: a bar of its recipients, and what became of them."""
    look = _looking(campaign_id)
    for shown in told_of(_looks(look, once)):
        click.echo(shown)


def _looks(look: Callable[[], dict[str, Any]], once: bool) -> Iterator[dict[str, Any]]:
    while True:
        shown = look()
        yield shown
        if once or shown["state"] in ENDS:
            return
        time.sleep(LOOK_EVERY)


def told_of(looks: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Moves a bar by each look, and tells the last one in words."""
    shown: dict[str, Any] = {}
    with tqdm(unit=" people", disable=None) as bar:
        for shown in looks:
            progress = shown["progress"]
            bar.total = progress["recipients"]
            bar.set_description(shown["state"], refresh=False)
            bar.set_postfix(failed=progress["failed"], passed_over=progress["passed_over"],
                            per_minute=progress["per_minute"], refresh=False)
            bar.n = progress["sent"] + progress["failed"] + progress["passed_over"]
            bar.refresh()
    progress = shown["progress"]
    yield (f"{shown['name']}: {shown['state']}, {progress['share']}% of {progress['recipients']}; sent "
           f"{progress['sent']} (delivered {progress['delivered']}), failed {progress['failed']}, passed over "
           f"{progress['passed_over']}, waiting {progress['waiting']}; expected end {progress['expected_end'] or '-'}")
    for one in progress["counts"]:
        yield f"  {one['channel']:<6} {one['state']:<20} {one['reason'] or '':<24} {one['count']:>9,}"


def _looking(campaign_id: UUID) -> Callable[[], dict[str, Any]]:
    try:
        settings = config.load("notifications")
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    context = Context(settings, Database(settings.database_url, 1), Privacy(settings.rings, settings.lookup_keys))
    operator = Actor(id=f"operator:{getpass.getuser()}", kind="operator", roles=())
    correlation = uuid7().hex

    def look() -> dict[str, Any]:
        work = UnitOfWork(context, operator, correlation)
        try:
            row = work.first(campaign_records.FIND, campaign_id=campaign_id)
            if row is None:
                return campaigns.show(work, campaign_id)  # says that there is none
            return campaign_records.shown(work, row)
        except Refusal as refusal:
            raise click.ClickException("; ".join(describe(fault, "en") for fault in refusal.faults)) from None
        except ChassisError as error:
            raise click.ClickException(str(error)) from None

    return look


if __name__ == "__main__":
    main()
