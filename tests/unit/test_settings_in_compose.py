"""Every setting that a service reads can be given to its container: what the code asks for and what docker-compose.yml
hands on are held against each other, so that none is forgotten."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.runner import PROCESSES
from infra import compose_check
from infra.database import SERVICES
from services.notifications import settings_providers

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
# How settings are read, and which argument names them.
READERS = {"env": 0, "number": 0, "seconds": 0, "secret": 0, "required": 0, "text": 0, "integer": 0, "choice": 0,
           "_try": 1, "_number": 2}
# What the chassis reads for some services only.
OF_SOME = {"ACTOR_PRIVATE_KEY": {"gateway"}, "KEYS_CONTACT": {"requests", "notifications"},
           "KEY_NUMBERS": {"requests"}, "HTTP_HOST": {"gateway"}, "LINK_BOX_KEY": {"requests"},
           "LINK_BOXES": {"gateway"}, "KEY_INQUIRY": {"requests", "gateway"}}


def asked(folder: Path) -> Iterator[str]:
    """The names of settings in the sources of a folder. A rail's own are composed with its name and not seen here."""
    for path in sorted(folder.rglob("*.py")):
        if "rails" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            at = READERS.get(name)
            if at is None or len(node.args) <= at:
                continue
            given = node.args[at]
            if isinstance(given, ast.Constant) and isinstance(given.value, str) and NAME.fullmatch(given.value):
                yield given.value


def wanted(service: str) -> set[str]:
    own = set(asked(ROOT / "services" / service))
    common = {name for name in asked(ROOT / "chassis") if service in OF_SOME.get(name, SERVICES)}
    return own | common | {"LOG_LEVEL"} | ({"HTTP_PORT"} if service == "gateway" else set())


def handed_on(service: str) -> set[str]:
    """What its container is given, and those of its further processes (`gateway.link`)."""
    runs = {f"gateway-{process.partition('.')[2]}" for process in PROCESSES if process.startswith(f"{service}.")}
    containers = compose_check.compose()["services"]
    return {name for container in {service, *runs} for name in containers[container]["environment"]}


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_that_a_service_reads_can_be_given_to_its_container(service: str) -> None:
    given = handed_on(service)
    missing = {name for name in wanted(service)
               if not {f"SHUBBAK_{name}", f"SHUBBAK_{service.upper()}_{name}"} & given}
    assert missing == set()


def test_the_readings_are_found() -> None:
    assert {"AUDIT_HEADS", "KEY_LOOKUP", "MAX_WORKERS", "NODE"} <= set(asked(ROOT / "chassis"))
    assert {"COMPLAINT_DAYS", "LICENCE_KEYS"} <= set(asked(ROOT / "services" / "requests"))
    assert {"PROVIDERS", "SMS_SENDERS"} <= set(asked(ROOT / "services" / "notifications"))


@pytest.mark.parametrize("kind", ["smpp", "smtp"])
def test_every_setting_of_the_usual_providers_can_be_given_to_the_container(kind: str) -> None:
    given = handed_on("notifications")
    assert {f"SHUBBAK_{kind.upper()}_{name}" for name in settings_providers.OWN[kind]} <= set(given)


def test_settings_of_providers_by_other_names_come_in_a_file() -> None:
    (file,) = compose_check.compose()["services"]["notifications"]["env_file"]
    assert file == {"path": "providers.env", "required": False}


@pytest.mark.parametrize("service", SERVICES)
def test_signed_heads_are_kept_outside_the_database_on_a_volume_of_their_own(service: str) -> None:
    container = compose_check.compose()["services"][service]
    folder = container["environment"]["SHUBBAK_AUDIT_HEADS"].rsplit("/", 1)[0]
    assert f"heads:{folder}" in container["volumes"]
    made = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(rf"install -d -o shubbak -g shubbak [^\n]*{folder}\b", made)  # the container's root is read-only
