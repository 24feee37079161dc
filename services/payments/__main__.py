"""`python -m services.payments …`: what an operator does to the books by hand. Reads the service's environment."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import click

from chassis import config
from chassis.actors import Actor
from chassis.database import Database
from chassis.errors import ChassisError, ConfigurationError
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.problems import describe
from rules.arabic import format_egp
from rules.refusal import Refusal
from services.payments import device_cash, ledger, reviews
from services.payments.reconciliation import commands as statements
from services.payments.reconciliation.imports import Attempt

T = TypeVar("T")


@click.group()
def main() -> None:
    """The books of payments."""


@main.command()
def check() -> None:
    """Is anything wrong with the books? Names each fault; status 1 if there is one. Changes nothing."""
    with _context().database.transaction() as connection:
        faults = ledger.check_ledger(connection)
    click.echo("\n".join(faults) or "the books are right")
    raise SystemExit(1 if faults else 0)


@main.command()
def balances() -> None:
    """What each account holds."""
    with _context().database.transaction() as connection:
        for account, amount in ledger.balances(connection).items():
            click.echo(f"{account:<40} {format_egp(amount, 'en'):>22}")


@main.command("device-books")
def device_books() -> None:
    """The receipt books of tablets and what is missing in them: not uploaded yet, or its money is held."""
    for row in _attempt(device_cash.books):
        missing = ", ".join(str(number) for number in row.missing or ())
        click.echo(f"{row.book}  last {row.last}, given {row.given}" + (f", missing {missing}" if missing else ""))


@main.group("reviews")
def review_group() -> None:
    """Money and reports that wait for a person."""


@review_group.command("list")
def list_reviews() -> None:
    """Those that wait, longest first."""
    for row in _attempt(reviews.waiting):
        click.echo(f"{row.id}  {row.raised_at:%Y-%m-%d %H:%M}  {row.reason:<24} {format_egp(row.amount, 'en'):>16}  "
                   f"{row.rail} {row.reference or '-'}  bill={row.bill_id or '-'}")


@review_group.command()
@click.argument("review_id", type=click.UUID)
@click.option("--reason", required=True, help="ten letters or more: an auditor will read it")
def accept(review_id: UUID, reason: str) -> None:
    """The held money pays its bill."""
    click.echo(_attempt(lambda work: reviews.accept(work, review_id, reason)))


@review_group.command("return")
@click.argument("review_id", type=click.UUID)
@click.option("--reason", required=True, help="ten letters or more: an auditor will read it")
def give_back(review_id: UUID, reason: str) -> None:
    """The held money is to go back: another person approves the refund that is named."""
    refund_id = _attempt(lambda work: reviews.give_back(work, review_id, reason))
    click.echo(f"refund {refund_id} waits for its approval" if refund_id else "noted")


def _context() -> Context:
    try:
        settings = config.load("payments")
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    return Context(settings, Database(settings.database_url, 1), Privacy(settings.rings, settings.lookup_keys))


def _attempt(run: Callable[[UnitOfWork], T]) -> T:
    return _attempts()(run)


def _attempts(account: str | None = None) -> Attempt:
    """Runs one piece of work after the other over the same database, in the operator's name or an account's."""
    context = _context()
    if account is None:
        return lambda run: _once(context, run)
    actor = Actor(id=account, kind="staff", roles=())
    return lambda run: attempt(lambda: UnitOfWork(context, actor, uuid7().hex), run)


def _once(context: Context, run: Callable[[UnitOfWork], T]) -> T:
    operator = Actor(id=f"operator:{getpass.getuser()}", kind="operator", roles=())
    correlation = uuid7().hex
    try:
        return attempt(lambda: UnitOfWork(context, operator, correlation), run)
    except Refusal as refusal:
        raise click.ClickException("; ".join(describe(fault, "en") for fault in refusal.faults)) from None
    except ChassisError as error:
        raise click.ClickException(str(error)) from None


main.add_command(statements.group(_attempts))

if __name__ == "__main__":
    main()
