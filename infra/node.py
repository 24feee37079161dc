"""First steps on a new node, run where the gateway's environment is:

    docker compose exec gateway python -m infra.node publish-guide
    docker compose exec gateway python -m infra.node import-guide guide.xlsx
    docker compose exec gateway python -m infra.node add-account amal --name "أمل حسن" --role administrator

Both may be run again: a definition that stands is not published twice, a taken user name is refused.
"""

from __future__ import annotations

import getpass
import logging
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click
from tqdm import tqdm

from chassis import config, runner  # patches the process, as every process with a bus must be
from chassis.actors import Actor, Signer
from chassis.bus.rabbit import RabbitBus
from chassis.calls import Calls
from chassis.database import Database
from chassis.errors import ChassisError, ConfigurationError, Unavailable
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.definition import authoring
from contracts.exchange import MAX_BYTES, importing
from contracts.problems import describe
from rules.refusal import Refusal
from services.gateway import accounts

__all__ = ["node", "runner"]

GUIDE = Path("services/catalog/guide")
T = TypeVar("T")


@click.group()
def node() -> None:
    """First steps on a new node."""
    logging.basicConfig(level=logging.WARNING)


@node.command()
@click.argument("folder", default=GUIDE, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--adopt/--no-adopt", default=True, help="offer what a unit here can, unless decided before")
def publish_guide(folder: Path, adopt: bool) -> None:
    """Load every definition of FOLDER into the national guide; what stands there already is not published twice."""
    definitions = _definitions(folder)
    refused = 0
    with _catalog(Actor(id=f"operator:{getpass.getuser()}", kind="system", roles=("system",))) as ask:
        for code, definition in _counted(definitions.items(), "services"):
            try:
                answer = ask("catalog.load_national", {"definition": definition, "adopt": adopt}, uuid7())
            except Refusal as refusal:
                refused += 1
                _tell(code, refusal)
                continue
            tqdm.write(f"{code} version {answer['version']}{'' if answer['offered'] else ', not offered here'}")
    if refused:
        raise click.ClickException(f"{refused} of {len(definitions)} refused; the others stand")


@node.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--effective-from", type=click.DateTime(["%Y-%m-%d"]), default=None, help="first day of what is proposed")
def import_guide(file: Path, effective_from: datetime | None) -> None:
    """Propose what FILE (.json, .yaml, .xlsx) changes in the guide, one proposal a service, for others to review.

    Prints what was accepted, what is unchanged, and what was refused and why; exit status 1 where anything was refused.
    """
    media_type = importing.SUFFIXES.get(file.suffix.lower())
    if media_type is None:
        raise click.ClickException(f"{file.name}: one of {', '.join(importing.SUFFIXES)} is wanted")
    if file.stat().st_size > MAX_BYTES:
        raise click.ClickException(f"{file.name}: larger than {MAX_BYTES} bytes")
    editor = Actor(id=f"operator:{getpass.getuser()}", kind="staff", roles=("catalogue_editor",))
    with _catalog(editor) as ask:

        def standing(code: str) -> Any:
            try:
                return ask("catalog.get", {"code": code}, None)["definition"]
            except Refusal:
                return None

        def propose(method: str, payload: Mapping[str, Any], code: str) -> dict[str, Any]:
            bar.set_postfix_str(code)
            bar.update(method == "catalog.propose")
            try:
                return ask(method, dict(payload), uuid7() if method == "catalog.propose" else None)
            except Unavailable as error:
                raise importing.NotAnswered from error

        try:
            judged = importing.judge(media_type, file.read_bytes(), standing)
        except Refusal as refusal:
            _tell(file.name, refusal)
            raise click.ClickException("nothing was taken") from None
        with tqdm(desc="proposals", unit="", disable=None) as bar:
            report = importing.propose(judged, effective_from.date() if effective_from else None, propose)
    for one in report["accepted"]:
        click.echo(f"+ {one['code']} ({one['at']}): proposal {one['proposal_id']}")
    for one in report["refused"]:
        for fault in one["faults"]:
            place = fault.get("at") or fault.get("field") or one["at"]
            click.echo(f"- {one['code'] or '?'} ({place}): {fault['en']} · {fault['ar']}")
    counts = {name: len(found) for name, found in report.items()}
    click.echo(f"{counts['accepted']} accepted, {counts['unchanged']} unchanged, {counts['refused']} refused")
    if counts["refused"]:
        sys.exit(1)


Ask = Callable[[str, dict[str, Any], UUID | None], dict[str, Any]]


@contextmanager
def _catalog(actor: Actor) -> Iterator[Ask]:
    """A line to catalog in the name of an actor: `ask(method, payload, command_id)`. Ends the command where the
    platform does not answer."""
    settings = _settings()
    if settings.actor_private_key is None:
        raise click.ClickException("SHUBBAK_ACTOR_PRIVATE_KEY is not set: only the gateway signs actors")
    bus = RabbitBus(settings)
    bus.start()
    calls, signer = Calls(bus), Signer(settings.actor_private_key)

    def ask(method: str, payload: dict[str, Any], command_id: UUID | None) -> dict[str, Any]:
        token = signer.sign(actor, Context.clock())
        answer: dict[str, Any] = calls(method, payload, actor=token, command_id=command_id, timeout=20)
        return answer

    try:
        deadline = time.monotonic() + 10
        while not bus.ready():
            if time.monotonic() > deadline:
                raise click.ClickException("the broker does not answer")
            time.sleep(0.05)
        yield ask
    except ChassisError as error:
        raise click.ClickException(str(error)) from None
    finally:
        bus.stop()


def _counted(items: Collection[T], what: str) -> Iterable[T]:
    """The items, with a bar on a terminal."""
    counted: Iterable[T] = tqdm(items, desc=what, unit="", disable=None)
    return counted


@node.command()
@click.argument("username")
@click.option("--name", required=True, help="as it is shown")
@click.option("--role", "roles", required=True, multiple=True)
@click.option("--unit", default=None, help="code of the local unit; none for the whole node")
@click.option("--department", default=None)
@click.option("--window", default=None)
def add_account(
    username: str, name: str, roles: tuple[str, ...], unit: str | None, department: str | None, window: str | None
) -> None:
    """Create a staff account. The password is asked for, or read from standard input when that is no terminal."""
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    settings = _settings()
    context = Context(settings, Database(settings.database_url, 1), Privacy(settings.rings, settings.lookup_keys))
    operator = Actor(id=f"operator:{getpass.getuser()}", kind="staff", roles=("administrator",))
    try:
        attempt(
            lambda: UnitOfWork(context, operator, str(uuid7())),
            lambda work: accounts.create(
                work,
                username=username,
                password=password,
                display_name=name,
                roles=roles,
                unit=unit,
                department=department,
                window=window,
            ),
        )
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{username}: {', '.join(roles)}")


def _definitions(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        return authoring.read_folder(folder)
    except Refusal as refusal:
        _tell(folder.name, refusal)
        raise click.ClickException("nothing was published") from None


def _tell(what: str, refusal: Refusal) -> None:
    for fault in refusal.faults:
        for language in ("ar", "en"):
            click.echo(f"{what}: {fault.field or ''}: {describe(fault, language)}", err=True)


def _settings() -> config.Settings:
    try:
        return config.load("gateway")
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    node()
