"""What a schema cannot see in docker-compose.yml: names that must agree with the code. Run by `make lint`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from infra import secrets
from infra.broker import topology
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
    asked = set(containers["broker-definitions"]["environment"]) - {"SHUBBAK_MODE"}
    if asked != {topology.password_variable(user) for user in topology.USERS}:
        yield "broker-definitions is not given the passwords of exactly the broker's users"
    for name, container in containers.items():
        for volume in container.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and not (ROOT / source).exists():
                yield f"{name} mounts {source}, which is not there"
        for other in container.get("depends_on", {}):
            if other not in containers:
                yield f"{name} depends on {other}, which is not there"


def main() -> None:
    """Exit 1 with every fault on a line of its own."""
    found = sorted(set(faults()))
    sys.exit("\n".join(found) or 0)


if __name__ == "__main__":
    main()
