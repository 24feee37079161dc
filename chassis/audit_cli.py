"""`python -m chassis audit …`: export the trace, and prove it, in the database or in an export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis import audit as audits
from chassis import audit_export, audit_heads, config, runner
from chassis.actors import public_key_of
from chassis.config import decode_key
from chassis.database import Database
from chassis.errors import ConfigurationError


@click.group()
def audit() -> None:
    """The tamper-evident trace."""


@audit.command("export")
@click.argument("service", type=click.Choice(runner.SERVICES))
@click.option("--out", type=click.File("wb"), default="-", help="the file; standard output without it")
def audit_export_(service: str, out: BinaryIO) -> None:
    """Write the chained rows, the days' signatures and a signed head as JSON lines."""
    settings = _settings(service)
    session = Database(settings.database_url, 1).session()
    key = Ed25519PrivateKey.from_private_bytes(settings.audit_private_key)
    for line in audit_export.export(session, service, settings.node, key):
        out.write(line)
    session.close()
    click.echo(f"{service}: exported; public key {key.public_key().public_bytes_raw().hex()}", err=True)


@audit.command("public-key")
@click.argument("service", type=click.Choice(runner.SERVICES))
def audit_public_key(service: str) -> None:
    """The public key under which a service's audit is signed: hand it to the auditor by another way than the export."""
    click.echo(public_key_of(_settings(service).audit_private_key).hex())


@audit.command("verify")
@click.argument("what")
@click.option("--public-key", "keys", multiple=True, help="hexadecimal or base64; repeatable; needed for a file")
@click.option("--heads", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="signed heads kept outside: the file AUDIT_HEADS or the service's log")
def audit_verify(what: str, keys: tuple[str, ...], heads: Path | None) -> None:
    """Recompute the chain and check its signatures; names the first link that does not fit and ends with 1.

    WHAT is a service, whose database is read, or a file that `audit export` wrote: for it neither settings nor database
    are needed, only the public key."""
    public = tuple(_key(key) for key in keys)
    try:
        if what in runner.SERVICES:
            service, verdict = what, _database(what, public, heads)
        else:
            service, verdict = _file(Path(what), public, heads)
    except (audit_export.BadFile, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{service}: {verdict.rows} rows, {verdict.days} signed days: {verdict.reason}")
    if verdict.good and verdict.proven < verdict.rows:
        click.echo(f"rows {verdict.proven + 1} to {verdict.rows} are chained but not signed yet: whoever owns the "
                   "database could still chain them anew")
    if not verdict.good:
        click.echo(f"first broken link: position {verdict.broken_at}")
    sys.exit(0 if verdict.good else 1)


def _database(service: str, public: tuple[bytes, ...], heads: Path | None) -> audits.Verdict:
    settings = _settings(service)
    session = Database(settings.database_url, 1).session()
    # Heads are read first: one told meanwhile would name a row that is not read yet.
    kept = _heads(service, heads)
    return audits.verify(service, audits.sealed_rows(session), audits.seals(session),
                         public or (public_key_of(settings.audit_private_key),), kept)


def _file(path: Path, public: tuple[bytes, ...], heads: Path | None) -> tuple[str, audits.Verdict]:
    if not path.is_file():
        raise click.ClickException(f"{path} is neither a service nor a file")
    if not public:
        raise click.ClickException("give --public-key: a file cannot vouch for itself")
    with path.open("rb") as file:
        service = audit_export.service_of(file)
    with path.open("rb") as file:
        return audit_export.verify(file, public, _heads(service, heads))


def _heads(service: str, path: Path | None) -> list[audit_heads.Head]:
    if path is None:
        return []
    with path.open("rb") as file:
        return list(audit_heads.heads_of(service, file))


def _key(text: str) -> bytes:
    try:
        return bytes.fromhex(text) if len(text) == 64 else decode_key(text)
    except (ValueError, ConfigurationError):
        raise click.ClickException("a public key is 32 bytes, hexadecimal or base64") from None


def _settings(service: str) -> config.Settings:
    try:
        return config.load(service)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
