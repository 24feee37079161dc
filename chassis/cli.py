"""`python -m chassis …`: run services, migrate databases, and what operators do by hand."""

from __future__ import annotations

import getpass
import sys
import time
from datetime import UTC, datetime
from uuid import UUID

import click

from chassis import config, migrations, operations, runner
from chassis.audit_cli import audit
from chassis.bus.rabbit import RabbitBus
from chassis.database import Database
from chassis.errors import ConfigurationError, Conflict
from chassis.evidence_cli import verify_log
from chassis.rekey_cli import rekey
from chassis.reseal_cli import reseal
from chassis.retention_cli import retain
from rules import licence as licences
from rules.calendar import cairo_date
from rules.refusal import Refusal

_service = click.argument("service", type=click.Choice(runner.SERVICES))


@click.group()
def main() -> None:
    """Shubbak's services."""


@main.command("run")
@click.argument("services", nargs=-1, required=True, type=click.Choice(runner.SERVICES + runner.PROCESSES))
def run_services(services: tuple[str, ...]) -> None:
    """Run one or more services in this process until SIGTERM."""
    sys.exit(runner.run(services))


@main.command("migrate")
@click.argument("services", nargs=-1, required=True, type=click.Choice(runner.SERVICES))
def migrate(services: tuple[str, ...]) -> None:
    """Bring databases to the newest version."""
    for service in services:
        migrations.upgrade(service, _settings(service).database_url)
        click.echo(f"{service}: up to date")


@main.group()
def parked() -> None:
    """Events that a service could not apply."""


@parked.command("list")
@_service
@click.option("--all", "everything", is_flag=True, help="also those that still wait for their next try")
def parked_list(service: str, everything: bool) -> None:
    """List them with their error."""
    after: UUID | None = None
    while page := operations.owed(_database(service), parked_only=not everything, after=after):
        for event in page:
            click.echo(f"{event.event_id}  {event.subscription}  {event.state}  tries={event.attempts}  {event.error}")
        after = page[-1].event_id


@parked.command("replay")
@_service
@click.argument("subscription")
@click.argument("event_id", type=click.UUID)
def parked_replay(service: str, subscription: str, event_id: UUID) -> None:
    """Have one tried again."""
    _refusing(lambda: operations.replay(_database(service), subscription, event_id, operator=getpass.getuser()))


@parked.command("skip")
@_service
@click.argument("subscription")
@click.argument("event_id", type=click.UUID)
@click.option("--reason", required=True)
def parked_skip(service: str, subscription: str, event_id: UUID, reason: str) -> None:
    """Give one up, with the reason."""
    _refusing(
        lambda: operations.skip(_database(service), subscription, event_id, operator=getpass.getuser(), reason=reason)
    )


@main.command("resend")
@_service
@click.option("--type", "event_type", required=True)
@click.option("--since", required=True, help="ISO 8601 with offset")
def resend(service: str, event_type: str, since: str) -> None:
    """Publish events of the log again, for a consumer that was added later."""
    settings = _settings(service)
    bus = RabbitBus(settings)
    bus.start()
    deadline = time.monotonic() + 10
    while not bus.ready() and time.monotonic() < deadline:
        time.sleep(0.05)
    sent = 0
    for sent in operations.resend(
        Database(settings.database_url, 2), bus, event_type=event_type, since=datetime.fromisoformat(since),
        operator=getpass.getuser(),
    ):
        click.echo(f"\r{sent} sent", nl=False)
    click.echo(f"\r{sent} sent")
    bus.stop()


@main.command("verify-licence")
@click.argument("qr_text")
@click.option("--key", "keys", multiple=True, required=True, help="the issuer's public key as id:base64; repeatable")
def verify_licence(qr_text: str, keys: tuple[str, ...]) -> None:
    """Check the text of a licence's QR without any network: signature, and validity today."""
    try:
        known = licences.public_keyring(",".join(keys))
    except ValueError:
        raise click.ClickException("a key is id:base64 of 32 bytes") from None
    try:
        licence = licences.verify(qr_text.rpartition("#")[2], known)  # a letter's code begins with its address
    except Refusal:
        click.echo("غير صحيحة: لم يصدرها صاحب هذا المفتاح · forged: not issued under this key")
        sys.exit(1)
    status = licence.status(cairo_date(datetime.now(UTC)))
    click.echo(f"{status}  {licence.serial}  {licence.holder}  {licence.service}  {licence.unit}")
    click.echo(f"{licence.valid_from} → {licence.valid_until or 'without end'}")
    if licence.released is not None:
        made = licence.released
        click.echo(f"released on the spot {made.release.released_at:%Y-%m-%d %H:%M} UTC by device "
                   f"{made.ticket.device_id}, its receipt {made.release.receipt_number}")
    sys.exit(0 if status == "valid" else 1)


main.add_command(audit)
main.add_command(verify_log)
main.add_command(reseal)
main.add_command(rekey)
main.add_command(retain)


def _settings(service: str) -> config.Settings:
    try:
        return config.load(service)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


def _database(service: str) -> Database:
    return Database(_settings(service).database_url, 2)


def _refusing(act: object) -> None:
    try:
        act()  # type: ignore[operator]
    except (Conflict, ValueError) as error:
        raise click.ClickException(str(error)) from None
