"""`python -m services.payments statement …`: a rail's file by an operator's hand."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from tqdm import tqdm

from rules.arabic import format_egp
from services.payments.rails import RAILS
from services.payments.reconciliation import formats, imports, matching, settlements, uploads
from services.payments.reconciliation.imports import Attempt

READER_BYTES = 2 << 30
"""Address space of the process that reads a file sent by somebody: it dies alone and early, not the machine."""


def group(attempt_once: Callable[..., Attempt]) -> click.Group:
    """The commands, over what opens the service's database; given an account's id, in that account's name."""

    @click.group("statement")
    def statement() -> None:
        """Daily statements of rails, held against the books."""

    @statement.command("import")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--rail", required=True, type=click.Choice(RAILS.names))
    @click.option("--format", "layout", type=click.Choice(sorted(formats.FORMATS)), help="the rail's own by default")
    @click.option("--day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="first Cairo day that it is for")
    @click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="last one, where there are several")
    def read_in(file: Path, rail: str, layout: str | None, day: datetime, until: datetime | None) -> None:
        """Read a statement in and hold it against the books. Stopped anywhere, the same command goes on."""
        told = imports.File(rail, file.name, layout or rail, day.date(), (until or day).date())
        size, bar = os.path.getsize(file), None
        try:
            with file.open("rb") as stream:
                bar = tqdm(total=size, unit="B", unit_scale=True, desc="read", dynamic_ncols=True)
                seen = {"lines": 0}

                def progress(phase: str, lines: int) -> None:
                    if phase == "read":
                        seen["lines"] += lines
                        bar.set_postfix(lines=seen["lines"], refresh=False)
                        bar.update(min(stream.tell(), size) - bar.n)
                        return
                    if bar.desc != f"{phase}: ":
                        bar.reset(total=max(seen["lines"], lines))
                        bar.unit, bar.unit_scale = "line", False
                        bar.set_description(phase)
                    bar.update(lines)

                found = imports.read_in(attempt_once(), told, stream, progress)
        finally:
            if bar is not None:
                bar.close()
        click.echo(_text(found))

    @statement.command("show")
    @click.argument("statement_id", type=click.UUID)
    def show(statement_id: UUID) -> None:
        """One statement: what was found, what the rail owes for it."""
        click.echo(_text(attempt_once()(lambda work: matching.summary(work, statement_id))))

    @statement.command("set-aside")
    @click.argument("statement_id", type=click.UUID)
    @click.option("--reason", required=True, help="ten letters or more: an auditor will read it")
    def set_aside(statement_id: UUID, reason: str) -> None:
        """A wrong file counts no more."""
        body = {"statement_id": statement_id, "reason": reason}
        click.echo(_text(attempt_once()(lambda work: settlements.set_aside(work, body))))

    @statement.command("take-in", hidden=True)
    @click.argument("upload_id", type=click.UUID)
    def take_in(upload_id: UUID) -> None:
        """Read in a file that was sent over HTTP. The service starts this by itself."""
        resource.setrlimit(resource.RLIMIT_AS, (READER_BYTES, READER_BYTES))
        click.echo(uploads.take_in(attempt_once(), attempt_once, upload_id)["state"])

    return statement


def _text(found: dict[str, Any]) -> str:
    def pounds(piastres: int) -> str:
        return format_egp(abs(piastres), "en") if piastres >= 0 else "-" + format_egp(-piastres, "en")

    lines = [f"{found['statement_id']}  {found['rail']}  {found['since']} to {found['until']}  {found['state']}",
             *(f"  {kind:<16}{one['lines']:>9}  {pounds(one['amount']):>20}"
               for kind, one in sorted(found["found"].items())),
             f"  expected at the bank {pounds(found['expected'])} on {found['expected_on']}",
             f"  commission {pounds(found['commission'])}, by the terms {pounds(found['agreed_commission'])}"]
    return "\n".join(lines)

