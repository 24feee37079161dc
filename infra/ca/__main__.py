"""`python -m infra.ca init|server|request|client|renew|revoke|list|crl`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import click

from infra.ca.authority import DAYS, Authority, CertificateRefused, Issued, make_request

T = TypeVar("T")
FOLDER = click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("ca"),
                      show_default=True, envvar="SHUBBAK_CA_FOLDER", help="where the authority lies")
INTO = click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=None,
                    help="folder for certificate and key; default: issued/ of the authority")
AS = click.option("--as", "file_name", default=None, help="name of the files without ending; default: who it is for")
LIFE = click.option("--days", default=DAYS, show_default=True, type=click.IntRange(1, 3650))
REQUEST = click.option("--request", "request_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
                       default=None, help="a signing request: the private key stays with who made it")


@click.group()
def ca() -> None:
    """The authority of the line. SHUBBAK_CA_PASSPHRASE seals and opens the root's key."""


@ca.command()
@FOLDER
@click.option("--name", default="Shubbak line", show_default=True)
def init(folder: Path, name: str) -> None:
    """Make the root and an empty revocation list."""
    made = _told(lambda: Authority.create(folder, name, _passphrase()))
    click.echo(f"{made.root_file}, valid until {made.root.not_valid_after_utc:%Y-%m-%d}")
    if _passphrase() is None:
        click.echo("root.key is not sealed: SHUBBAK_CA_PASSPHRASE seals it. Keep it on no server.", err=True)


@ca.command()
@FOLDER
@INTO
@AS
@LIFE
@REQUEST
@click.argument("hosts", nargs=-1, required=True)
def server(
    folder: Path, into: Path | None, file_name: str | None, days: int, request_file: Path | None, hosts: tuple[str, ...]
) -> None:
    """A certificate for a broker that answers under HOSTS (names or addresses)."""
    _issue(folder, into, file_name or hosts[0], lambda found: found.server(hosts, days, _read(request_file)))


@ca.command()
@FOLDER
@INTO
@AS
@LIFE
@REQUEST
@click.argument("user")
def client(
    folder: Path, into: Path | None, file_name: str | None, days: int, request_file: Path | None, user: str
) -> None:
    """A certificate for a USER of the broker: node.EG-C, centre, agency.<code>."""
    _issue(folder, into, file_name or user, lambda found: found.client(user, days, _read(request_file)))


@ca.command()
@FOLDER
@INTO
@AS
@LIFE
@REQUEST
@click.argument("name_or_serial")
def renew(
    folder: Path, into: Path | None, file_name: str | None, days: int, request_file: Path | None, name_or_serial: str
) -> None:
    """A successor with a new key; the old one stays valid until it ends or is revoked."""
    found = _open(folder)
    entry = _told(lambda: found.entry(_newest(found, name_or_serial)))
    asked = _read(request_file)
    _issue(folder, into, file_name or entry.name, lambda authority: authority.renew(entry.serial, days, asked))


@ca.command()
@click.argument("user")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=Path(), show_default=True)
def request(user: str, into: Path) -> None:
    """Where the certificate will be used: make a key, which stays there, and a signing request for the authority."""
    asked, key = make_request(user)
    into.mkdir(parents=True, exist_ok=True)
    key_file = into / f"{user}.key"
    if key_file.exists():
        raise click.ClickException(f"{key_file} stands already")
    descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    (into / f"{user}.csr").write_bytes(asked)
    click.echo(f"{into / f'{user}.csr'}: have it signed (python -m infra.ca client --request …)")


@ca.command()
@FOLDER
@click.argument("names_or_serials", nargs=-1, required=True)
def revoke(folder: Path, names_or_serials: tuple[str, ...]) -> None:
    """Revoke by serial, or everything that stands under a name, and publish the list. Where the broker stands on
    another machine, copy crl/ there; connections that stand are cut by `python -m infra.broker deny`."""
    found = _open(folder)
    for given in names_or_serials:
        standing = [entry.serial for entry in found.standing(given)] or [given]
        for serial in standing:
            try:
                found.revoke(serial)
            except CertificateRefused as refused:
                raise click.ClickException(str(refused)) from None
            click.echo(f"revoked {serial}")
    click.echo(str(found.publish_revocations()))


@ca.command()
@FOLDER
def crl(folder: Path) -> None:
    """Write the revocation list anew."""
    click.echo(str(_told(_open(folder).publish_revocations)))


@ca.command("list")
@FOLDER
@click.option("--ends-within", type=click.IntRange(1), default=None, metavar="DAYS",
              help="only what ends so soon and has no successor; exit status 1 when there is any, for a daily job")
def list_all(folder: Path, ends_within: int | None) -> None:
    """What was issued, until when, and what is revoked."""
    found = _open(folder)
    entries = found.entries() if ends_within is None else found.ending(timedelta(days=ends_within))
    for entry in entries:
        state = f"revoked {entry.revoked_at:%Y-%m-%d %H:%M}" if entry.revoked_at else f"until {entry.until:%Y-%m-%d}"
        click.echo(f"{entry.serial}  {entry.kind}  {entry.name}  {state}")
    if ends_within is not None and entries:
        sys.exit(1)


def _issue(folder: Path, into: Path | None, name: str, make: Callable[[Authority], Issued]) -> None:
    made = _told(lambda: make(_open(folder)))
    certificate, key = made.write(into or folder / "issued", name)
    click.echo(f"{made.serial}  {certificate}" + (f"  {key}" if made.key else ""))


def _newest(found: Authority, name_or_serial: str) -> str:
    standing = found.standing(name_or_serial)
    return standing[-1].serial if standing else name_or_serial


def _open(folder: Path) -> Authority:
    try:
        return Authority(folder, _passphrase())
    except FileNotFoundError:
        raise click.ClickException(f"no authority in {folder}: python -m infra.ca init") from None


def _read(file: Path | None) -> bytes | None:
    return file.read_bytes() if file else None


def _passphrase() -> bytes | None:
    given = os.environ.get("SHUBBAK_CA_PASSPHRASE", "")
    return given.encode() if given else None


def _told(act: Callable[[], T]) -> T:
    try:
        return act()
    except CertificateRefused as refused:
        raise click.ClickException(str(refused)) from None


if __name__ == "__main__":
    ca()
