"""What a schema cannot see in docker-compose.yml: names that must agree with the code. Run by `make lint`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from infra import secrets
from infra.broker import centre, topology
from infra.country import papers
from infra.country.settings import AT_CENTRE, AT_NODE, CENTRE
from infra.database import SERVICES

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$\{(\w+)(:[-?][^}]*)?\}")
_SECRET = re.compile(r"PASSWORD|KEY")


def compose() -> dict[str, Any]:
    """The file as YAML, anchors merged, variables not yet replaced."""
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return document


def environment(service: str, variables: dict[str, str]) -> dict[str, str]:
    """A container's environment as Compose would make it from `variables`. KeyError names one that is missing."""

    def replace(found: re.Match[str]) -> str:
        default = found[2][2:] if (found[2] or "").startswith(":-") else None
        return variables.get(found[1]) or (default if default is not None else variables[found[1]])

    given = compose()["services"][service].get("environment", {})
    return {name: _VARIABLE.sub(replace, str(value)) for name, value in given.items()}


def faults() -> Iterator[str]:
    """Every disagreement between the file and the code."""
    text = COMPOSE.read_text(encoding="utf-8")
    containers = compose()["services"]
    sample = {line.split("=", 1)[0] for line in secrets.sample_file().splitlines() if not line.startswith("#")}
    for name, rest in _VARIABLE.findall(text):
        if rest == ":?" and name not in sample:
            yield f"${{{name}}} is demanded and not made by infra.secrets"
        if rest != ":?" and name in sample - {"SHUBBAK_MODE"}:
            yield f"${{{name}}} must stop the start when it is missing"
        if rest.startswith(":-") and len(rest) > 2 and _SECRET.search(name):
            yield f"${{{name}}} is a secret with a default"
    if (ROOT / "infra/env.sample").read_text(encoding="utf-8") != secrets.sample_file():
        yield "infra/env.sample is stale: python -m infra.secrets sample > infra/env.sample"
    for service in SERVICES:
        if containers[service]["command"] != ["python", "-m", "chassis", "run", service]:
            yield f"{service} does not run itself"
        if containers[f"migrate-{service}"]["command"] != ["python", "-m", "chassis", "migrate", service]:
            yield f"migrate-{service} does not migrate it"
        if f"//{service}:" not in containers[service]["environment"]["SHUBBAK_AMQP_URL"]:
            yield f"{service} does not use its own broker user"
    yield from _processes(containers)
    yield from _profiles(containers)
    yield from _country(containers)
    told = {"SHUBBAK_MODE", "SHUBBAK_ROLE", "SHUBBAK_LINK_NODES", "SHUBBAK_AGENCIES"}
    asked = set(containers["broker-definitions"]["environment"]) - told
    if asked != {topology.password_variable(user) for user in topology.USERS}:
        yield "broker-definitions is not given the passwords of exactly the broker's users"
    for name, container in containers.items():
        for volume in container.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and not (ROOT / source).exists():
                yield f"{name} mounts {source}, which is not there"
            if re.fullmatch(r"[\w-]+", source) and source not in compose()["volumes"]:
                yield f"{name} mounts the volume {source}, which is not there"
        for other in container.get("depends_on", {}):
            if other not in containers:
                yield f"{name} depends on {other}, which is not there"


def _processes(containers: dict[str, Any]) -> Iterator[str]:
    """Further processes of the gateway, the link's of both kinds among them."""
    for process in (name for name in AT_NODE if "." in name):
        name = process.replace(".", "-")
        if containers[name]["command"] != ["python", "-m", "chassis", "run", process]:
            yield f"{name} does not run {process}"
    for name, here in (("gateway-link", AT_NODE), ("gateway-link-centre", AT_CENTRE)):
        sources = containers[name]["environment"]["SHUBBAK_LINK_SOURCES"]
        read = [source.strip().split("=")[0] for source in sources.split(",")]
        if read != [service for service in here if "." not in service]:
            yield f"{name} does not read the event logs of what runs there"
        if containers[name]["command"] != containers["gateway-link"]["command"]:
            yield f"{name} does not run the link"


def _profiles(containers: dict[str, Any]) -> Iterator[str]:
    """Each way of starting has all that it needs, and the centre nothing that it must not have."""
    ways = {"node": {"node"}, "node with its line": {"node", "line"}, "centre": {"centre"}, "country": {"country"}}
    for way, profiles in ways.items():
        started = {name for name, container in containers.items() if profiles & set(container.get("profiles", []))}
        for name in started:
            for other, how in containers[name].get("depends_on", {}).items():
                if other not in started and how.get("required", True):
                    yield f"{way}: {name} waits for {other}, which does not start"
        brokers = [name for name in started if name.startswith("rabbitmq")]
        if way != "country" and len(brokers) != 1:
            yield f"{way}: {len(brokers)} brokers"
        if way == "centre" and started & {*centre.ABSENT, *(f"migrate-{service}" for service in centre.ABSENT)}:
            yield "the centre starts what it must not have"
    for name, container in containers.items():
        if not container.get("profiles"):
            yield f"{name} starts in every profile"


def _country(containers: dict[str, Any]) -> Iterator[str]:
    """The containers of the small country have the names that its papers give them and run what its places run."""
    codes = containers["country-papers"]["command"][-1].split(",")
    for code in (CENTRE, *codes):
        here = AT_CENTRE if code == CENTRE else AT_NODE
        for what in ("postgres", "rabbitmq", "services"):
            name = papers.container(code, what)
            if name not in containers:
                yield f"{name} is not there"
            elif f"/papers/{code}/" not in str(containers[name].get("command", containers[name].get("entrypoint"))):
                yield f"{name} does not use the papers of {code}"
        command = containers[papers.container(code, "services")]["command"][-1]
        if not command.endswith(f"run {' '.join(here)}"):
            yield f"{code} does not run its services"
        if f"migrate {' '.join(name for name in here if '.' not in name)}\n" not in command.replace(" &&", "\n"):
            yield f"{code} does not migrate its services"


def main() -> None:
    """Exit 1 with every fault on a line of its own."""
    found = sorted(set(faults()))
    sys.exit("\n".join(found) or 0)


if __name__ == "__main__":
    main()
