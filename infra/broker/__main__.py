"""`python -m infra.broker write|check|render|declare|declare-centre|deny`."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from infra.broker import centre, control, tls, topology

SAMPLE_PREFIX = "sample-"
NOBODY = "-"
"""No agency at all, said on purpose: an empty list may come of a command that failed."""
CTL = click.option("--ctl", default="rabbitmqctl", show_default=True, envvar="SHUBBAK_RABBITMQCTL",
                   help='how rabbitmqctl is called here, such as "docker compose exec -T rabbitmq rabbitmqctl"')


@click.group()
def broker() -> None:
    """The broker's definitions."""


@broker.command()
def write() -> None:
    """Write the committed definitions.json and centre.json, without passwords and nodes, and the
    settings of a broker that takes certificates."""
    for path, document in _committed().items():
        path.write_text(topology.render(document), encoding="utf-8")
    for path, text in tls.committed().items():
        path.write_text(text, encoding="utf-8")


@broker.command()
def check() -> None:
    """Fail when a committed file is not what topology.py, centre.py and tls.py describe."""
    stale = [
        path.name for path, document in _committed().items() if json.loads(path.read_text("utf-8")) != document
    ]
    stale += [path.name for path, text in tls.committed().items() if path.read_text("utf-8") != text]
    if stale:
        raise click.ClickException(f"stale in infra/broker: {', '.join(stale)}: python -m infra.broker write")


def _committed() -> dict[Path, dict[str, Any]]:
    return {topology.DEFINITIONS: topology.definitions(), centre.DEFINITIONS: centre.whole()}


@broker.command()
@click.option("--role", type=click.Choice(["node", "centre"]), envvar="SHUBBAK_ROLE", default="node",
              show_default=True)
@click.option("--nodes", envvar="SHUBBAK_LINK_NODES", default="", help="at the centre: EG-C,EG-SUZ")
@click.option("--agencies", envvar="SHUBBAK_AGENCIES", default="", help="at the centre: codes of agencies over AMQP")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def render(role: str, nodes: str, agencies: str, target: Path) -> None:
    """Write definitions with the passwords of the environment to TARGET, for the broker to load at start."""
    users = [user for user in topology.USERS if role == "node" or user not in centre.ABSENT]
    missing = [name for name in map(topology.password_variable, users) if not os.environ.get(name)]
    if missing:
        raise click.ClickException("not set: " + ", ".join(missing))
    passwords = {user: os.environ[topology.password_variable(user)] for user in users}
    samples = [user for user, password in passwords.items() if password.startswith(SAMPLE_PREFIX)]
    if samples and os.environ.get("SHUBBAK_MODE", "production") not in ("demo", "training"):
        raise click.ClickException("passwords are samples: " + ", ".join(samples))
    # The broker's container reads it as another user; the volume it lies on is mounted nowhere else.
    fresh = target.with_suffix(".new")
    document = (
        _valid(lambda: centre.whole(passwords, _codes(nodes), _codes(agencies)))
        if role == "centre"
        else topology.definitions(passwords)
    )
    fresh.write_text(topology.render(document), encoding="utf-8")
    fresh.chmod(0o444)
    fresh.replace(target)


@broker.command()
@click.option("--url", envvar="SHUBBAK_OPERATOR_AMQP_URL", required=True, help="amqp://operator:…@host:5672/shubbak")
def declare(url: str) -> None:
    """Declare exchanges, queues and bindings on a running broker; may be run again. Refused (406) by the broker when a
    queue stands with other arguments. Users and permissions come from the definitions file only."""
    from infra.broker.declaring import declare as declare_all

    for line in declare_all(url):
        click.echo(line)


@broker.command("declare-centre")
@click.option("--nodes", required=True, envvar="SHUBBAK_LINK_NODES", help="EG-C,EG-SUZ")
@click.option("--agencies", default="", envvar="SHUBBAK_AGENCIES",
              help='all agencies that consume over AMQP: "$(python -m services.gateway amqp-agencies)"; "-" is none')
@CTL
def declare_centre(nodes: str, agencies: str, ctl: str) -> None:
    """Declare the line to the nodes and the door of the agencies on the centre's running broker; may be run again, and
    with more nodes. With --agencies, users and queues of agencies that are not among them are taken away, what lies in
    them too; without it, or empty, agencies stay as they are. No node is taken away. Exit status 1 when something
    stands otherwise than described."""
    listed = [] if agencies.strip() == NOBODY else _codes(agencies)
    document = _valid(lambda: centre.definitions(_codes(nodes), listed))
    broker_control = control.Control(shlex.split(ctl))
    try:
        faults = broker_control.declare(document)
        gone = broker_control.keep_agencies(listed) if agencies.strip() else []
    except control.NotReached as error:
        raise click.ClickException(str(error)) from None
    for part, rows in document.items():
        click.echo(f"{part}: {len(rows)}")
    for line in gone:
        click.echo(line)
    if faults:
        raise click.ClickException("stands otherwise:\n" + "\n".join(faults))


@broker.command()
@click.argument("user")
@CTL
def deny(user: str, ctl: str) -> None:
    """Take a USER (node.EG-C, agency.<code>) off the broker: its connections are cut and it comes in no more, whatever
    certificate it shows. Its queue and what waits in it stay; `declare-centre` lets it in again."""
    if not user.startswith(("node.", "agency.")):
        raise click.ClickException("only node.<code> and agency.<code> are denied here")
    try:
        control.Control(shlex.split(ctl)).deny(user)
    except control.NotReached as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{user} is out")


def _codes(text: str) -> list[str]:
    return [code.strip() for code in text.split(",") if code.strip()]


def _valid(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return make()
    except ValueError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    broker()
