"""`python -m infra.country.papers FOLDER --nodes EG-C,EG-SUZ`: what a small country in containers is started with.

Made once: keys, passwords, certificates. Each time written anew from them, for each place: `<code>/services.env` and
`<code>/postgres.env` for a shell, `<code>/definitions.json` for its broker, certificates of its line. Fresh secrets, so
no sample; but they lie together, and the broker's run as another user and read them: for trying the country out on one
machine. docker-compose.yml, profile `country`, uses it.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from infra import database, secrets
from infra.broker import centre, topology
from infra.ca.authority import Authority
from infra.country import settings
from infra.country.settings import AT_CENTRE, AT_NODE, CENTRE


def container(code: str, what: str) -> str:
    """The name of a place's container in docker-compose.yml, which is its address too."""
    return f"country-{code.lower()}-{what}"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--nodes", default="EG-C,EG-SUZ", show_default=True)
@click.option("--port", default=8000, show_default=True, help="of the centre at the host; the nodes take the next ones")
def papers(folder: Path, nodes: str, port: int) -> None:
    """Write the papers of the centre and of NODES to FOLDER."""
    codes = (CENTRE, *nodes.split(","))
    folder.mkdir(parents=True, exist_ok=True)
    kept = _kept(folder, codes)
    authority = Authority(folder / "ca") if (folder / "ca/root.pem").exists() else Authority.create(folder / "ca")
    for number, code in enumerate(codes):
        place = folder / code
        place.mkdir(exist_ok=True)
        user = centre.CENTRE if code == CENTRE else centre.node_user(code)
        _certificate(authority, place, user)
        if code == CENTRE:
            _brokers_certificate(authority, place)
        passwords = kept["places"][code]["passwords"]
        _write(place / "definitions.json", topology.render(_definitions(code, codes, passwords)))
        _write(place / "postgres.env", _shell({name: value for name, value in passwords.items()
                                               if name.endswith("DATABASE_PASSWORD") or name == "POSTGRES_PASSWORD"}))
        _write(place / "services.env", _shell(_environment(folder, kept, code, port + number)))
        click.echo(f"{code}: {place}")


def _environment(folder: Path, kept: Mapping[str, Any], code: str, port: int) -> dict[str, str]:
    place, postgres, broker = kept["places"][code], container(code, "postgres"), container(code, "rabbitmq")
    user = centre.CENTRE if code == CENTRE else centre.node_user(code)
    here = AT_CENTRE if code == CENTRE else AT_NODE

    def address(who: str, of: str) -> str:
        return f"postgresql+psycopg2://{who}:{place['passwords'][database.variable(who)]}@{postgres}:5432/{of}"

    situation = settings.Situation(
        code=code,
        mode="training",
        epoch=1,
        keys=place["keys"],
        inquiry_key=kept["inquiry"],
        database=lambda service: address(service, service),
        log=lambda service: address(database.LINK, service),
        bus=lambda service: (
            f"amqp://{service}:{place['passwords'][topology.password_variable(service)]}@{broker}:5672/{topology.VHOST}"
        ),
        line_url=f"amqps://{container(CENTRE, 'rabbitmq')}:5671/{centre.LINE}",
        line_root=str(folder / "ca/root.pem"),
        line_certificate=str(folder / code / f"{user}.pem"),
        line_key=str(folder / code / f"{user}.key"),
        signs={other: kept["places"][other]["signs"] for other in kept["places"]},
        opens={other: kept["places"][other]["opens"] for other in kept["places"]},
        public_url=f"http://{code.lower()}.localhost:{port}",
        centre_url="",  # a node asks the centre over HTTPS only, and nobody here speaks it
    )
    return settings.environment(situation, here, here) | {
        "SHUBBAK_HTTP_HOST": "0.0.0.0",  # noqa: S104 (inside its container)
        "SHUBBAK_HTTP_PORT": "8000",
        "SHUBBAK_ADMIN_HOST": "0.0.0.0",  # noqa: S104
        "SHUBBAK_ADMIN_PORT": "9100",
        "SHUBBAK_GUIDE_OFFER": "all",
    }


def _definitions(code: str, codes: tuple[str, ...], passwords: Mapping[str, str]) -> dict[str, Any]:
    given = {user: passwords[topology.password_variable(user)] for user in topology.USERS}
    if code == CENTRE:
        return centre.whole(given, [other for other in codes if other != CENTRE])
    return topology.definitions(given)


def _certificate(authority: Authority, place: Path, user: str) -> None:
    if not (place / f"{user}.pem").exists():
        authority.client(user).write(place, user)


def _brokers_certificate(authority: Authority, place: Path) -> None:
    """Where advanced.config looks for them: beside each other in one folder."""
    if not (place / "broker.pem").exists():
        made = authority.server([container(CENTRE, "rabbitmq"), "localhost"])
        _, key = made.write(place, "broker")
        key.chmod(0o444)  # the broker's container reads it as another user
    _write(place / "root.pem", authority.root_file.read_text(encoding="ascii"))
    revoked = authority.publish_revocations()
    (place / "crl").mkdir(exist_ok=True)
    _write(place / "crl" / revoked.name, revoked.read_text(encoding="ascii"))


def _kept(folder: Path, codes: tuple[str, ...]) -> dict[str, Any]:
    path = folder / "kept.json"
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"places": {}}
    kept.setdefault("inquiry", secrets.fresh("SHUBBAK_KEY_INQUIRY"))
    for code in codes:
        if code not in kept["places"]:
            line = secrets.link_keys()
            kept["places"][code] = {
                "keys": {**secrets.keys(), **line.kept},
                "passwords": secrets.passwords(),
                "signs": line.signs,
                "opens": line.opens,
            }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(kept, file)
    return kept


def _shell(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o444)
    fresh.replace(path)


if __name__ == "__main__":
    papers()
