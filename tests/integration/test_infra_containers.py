"""What the containers run, run here: the commands and environments of docker-compose.yml, each service a process of its
own, on a real broker and database with the users and permissions of production."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from chassis import config, runner
from infra import compose_check, processes, secrets
from infra.broker import topology
from infra.ca.authority import Authority
from infra.country import papers
from infra.country.settings import AT_CENTRE, AT_NODE
from infra.database import LINK, SERVICES, variable
from infra.postgres import Postgres
from infra.processes import free_port
from infra.rabbitmq import Broker
from services.gateway.link import settings as link_settings

PROMISED_GRACE = 40  # seconds; stop_grace_period of the Compose file


class Containers:
    """Runs commands of the Compose file with the environment it would give them."""

    def __init__(self, broker: Broker, postgres: Postgres, folder: Path) -> None:
        self.folder = folder
        self.variables = {
            **secrets.keys(),
            **secrets.passwords(),
            **{topology.password_variable(user): password for user, password in broker.passwords.items()},
            **{variable(service): postgres.passwords[service] for service in SERVICES},
            variable(LINK): postgres.passwords[LINK],
            "SHUBBAK_NODE": "EG-C",
            "SHUBBAK_SMTP_TLS": "off",
        }
        self.addresses = {
            "@postgres:5432": f"@127.0.0.1:{postgres.port}",
            "@rabbitmq:5672": f"@127.0.0.1:{broker.port}",
        }
        self.admin_ports = {service: free_port() for service in (*SERVICES, "gateway-link")}
        self.http_port = free_port()

    def environment(self, service: str, **changes: str) -> dict[str, str]:
        found = compose_check.environment(service, self.variables | changes)
        for name, value in found.items():
            for inside, here in self.addresses.items():
                found[name] = value = value.replace(inside, here)
        found |= {"SHUBBAK_ADMIN_HOST": "127.0.0.1", "SHUBBAK_ADMIN_PORT": str(self.admin_ports[service])}
        if service.startswith("gateway"):
            found |= {"SHUBBAK_HTTP_HOST": "127.0.0.1", "SHUBBAK_HTTP_PORT": str(self.http_port)}
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **found}

    def start(self, container: str, service: str, **changes: str) -> subprocess.Popen[bytes]:
        command = compose_check.compose()["services"][container]["command"]
        assert command[0] == "python"
        with (self.folder / f"{container}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *command[1:]],
                env=self.environment(service, **changes),
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=compose_check.ROOT,
            )

    def operate(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """What `docker compose exec gateway python -m infra.node …` does."""
        with processes.told(text) as told:
            return subprocess.run(
                [sys.executable, "-m", "infra.node", *arguments],
                env=self.environment("gateway") | {"LOGNAME": "operator"},
                stdin=told,
                capture_output=True,
                text=True,
                cwd=compose_check.ROOT,
            )

    def log(self, container: str) -> str:
        return (self.folder / f"{container}.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def admin(self, service: str, path: str) -> tuple[int, str]:
        """Status and text; status 0 while nothing listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_ports[service]}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_measured(self, service: str, metric: str) -> None:
        """Its leaders measure once they lead, which may be a moment after the service is ready."""
        deadline = time.monotonic() + 60
        while metric not in self.admin(service, "/metrics")[1]:
            assert time.monotonic() < deadline, f"{metric} is not measured\n{self.log(service)}"
            time.sleep(0.1)

    def wait_ready(self, service: str, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 120
        while self.admin(service, "/health/ready")[0] != 200:
            assert process.poll() is None, f"{service} ended with {process.returncode}\n{self.log(service)}"
            assert time.monotonic() < deadline, f"{self.admin(service, '/health/ready')}\n{self.log(service)}"
            time.sleep(0.1)  # what a health check of Compose does: ask again


@pytest.fixture(scope="module")
def containers(broker: Broker, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    made = Containers(broker, postgres, tmp_path_factory.mktemp("containers"))
    yield made


@pytest.fixture(scope="module", params=SERVICES)
def running(request: pytest.FixtureRequest, containers: Containers) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """One service, migrated and ready; stopped as Docker stops it."""
    service = request.param
    for _ in range(2):  # a second migration finds nothing to do
        migrating = containers.start(f"migrate-{service}", service)
        assert migrating.wait(120) == 0, containers.log(f"migrate-{service}")
    process = containers.start(service, service)
    try:
        containers.wait_ready(service, process)
        yield service, process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def test_a_service_is_ready_measured_and_stops_gracefully(
    running: tuple[str, subprocess.Popen[bytes]], containers: Containers
) -> None:
    service, process = running
    assert containers.admin(service, "/health/live")[0] == 200
    for measured in (
        f'shubbak_oldest_unsent_event_seconds{{service="{service}"}}',
        f'shubbak_inbox_owed{{service="{service}",state="parked"}}',
        f'shubbak_database_pool{{service="{service}",state="used"}}',
        f'shubbak_in_flight{{door="rpc",service="{service}"}}',
        f'shubbak_audit_unsealed{{service="{service}"}}',
    ):
        containers.wait_measured(service, measured)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PROMISED_GRACE) == 0, containers.log(service)
    refused = [line for line in containers.log(service).splitlines() if "ACCESS_REFUSED" in line]
    assert not refused, refused


def test_an_operator_publishes_the_guide_and_opens_the_first_account(containers: Containers) -> None:
    for service in ("catalog", "gateway"):
        assert containers.start(f"migrate-{service}", service).wait(120) == 0, containers.log(f"migrate-{service}")
    catalog = containers.start("catalog", "catalog")
    try:
        containers.wait_ready("catalog", catalog)
        first = containers.operate("publish-guide")
        assert "shop-licence version 1" in first.stdout, first.stderr
        assert containers.operate("publish-guide").stdout == first.stdout
    finally:
        catalog.terminate()
        catalog.wait(PROMISED_GRACE)
    add = ("add-account", "amal", "--name", "أمل حسن", "--role", "administrator")
    assert "password_short" in containers.operate(*add, text="short\n").stderr
    assert containers.operate(*add, text="a long enough password\n").stdout == "amal: administrator\n"
    again = containers.operate(*add, text="a long enough password\n")
    assert (again.returncode, again.stdout) == (1, "")
    assert "username_taken" in again.stderr


def test_samples_are_refused_outside_training(containers: Containers) -> None:
    samples = dict(line.split("=", 1) for line in secrets.sample_file().splitlines() if not line.startswith("#"))
    process = containers.start("payments", "payments", **{**samples, "SHUBBAK_MODE": "production"})
    assert process.wait(60) == 2
    assert "SHUBBAK_KEYS_STORE is a sample" in containers.log("payments")
    assert "sample-payments" not in containers.log("payments")


def test_the_link_of_a_node_that_is_not_linked_says_so_and_ends(containers: Containers) -> None:
    process = containers.start("gateway-link", "gateway-link")
    assert process.wait(60) == 2
    assert "SHUBBAK_LINK_URL is not set: this place is not linked" in containers.log("gateway-link")


def test_the_papers_of_the_small_country_fit_together(tmp_path: Path) -> None:
    """Every place's settings are taken, its certificates are those of its broker's users, and a second writing changes
    no secret."""

    def written() -> dict[str, str]:
        done = CliRunner().invoke(papers.papers, [str(tmp_path / "papers"), "--nodes", "EG-C,EG-SUZ"])
        assert done.exit_code == 0, done.output
        return {str(path): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.env")}

    first = written()
    assert len(first) == 6
    assert written() == first
    for code in ("EG", "EG-C", "EG-SUZ"):
        given = {}
        for line in (tmp_path / f"papers/{code}/services.env").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            given[name] = shlex.split(value)[0]
        here = AT_CENTRE if code == "EG" else AT_NODE
        for name in here:
            settings = config.load(name, given)
            assert (settings.node, settings.role) == (code, "centre" if code == "EG" else "node")
        user = link_settings.read(config.load("gateway.link", given)).user
        certificate = x509.load_pem_x509_certificate(Path(given["SHUBBAK_LINK_CERTIFICATE"]).read_bytes())
        certificate.verify_directly_issued_by(
            x509.load_pem_x509_certificate(Path(given["SHUBBAK_LINK_CA"]).read_bytes())
        )
        assert certificate.subject.rfc4514_string() == f"CN={user}"
        described = json.loads((tmp_path / f"papers/{code}/definitions.json").read_text(encoding="utf-8"))
        users = {row["name"]: row["password_hash"] for row in described["users"]}
        assert ("node.EG-SUZ" in users) is (code == "EG")
        assert all(users[service] for service in here if "." not in service)


def test_whoever_runs_in_a_place_is_whoever_can_run() -> None:
    assert set(AT_NODE) == {*runner.SERVICES, *runner.PROCESSES}


@pytest.mark.parametrize(("code", "container"), [("EG-C", "gateway-link"), ("EG", "gateway-link-centre")])
def test_the_link_is_given_all_that_it_reads(code: str, container: str, tmp_path: Path) -> None:
    """By the steps of infra/README.md: the secrets of the place and of its line, and certificates of our authority."""
    authority = Authority.create(tmp_path / "ca")
    user = "centre" if code == "EG" else f"node.{code}"
    authority.client(user).write(tmp_path / "certificates", "line")
    shutil.copy(authority.root_file, tmp_path / "certificates")
    other = secrets.link_keys()
    variables = {
        **secrets.keys(),
        **secrets.passwords(),
        **secrets.link_keys().kept,
        "SHUBBAK_NODE": code,
        "SHUBBAK_ROLE": "centre" if code == "EG" else "node",
        "SHUBBAK_LINK_URL": "amqps://link.example.eg:5671/line",
        "SHUBBAK_LINK_PEERS": f"{'EG-C' if code == 'EG' else 'EG'}={other.signs}",
    }
    given = compose_check.environment(container, variables)
    given = {name: value.replace("/certificates/", f"{tmp_path}/certificates/") for name, value in given.items()}
    read = link_settings.read(config.load("gateway.link", given))
    assert read.user == user
    assert list(read.sources) == [service for service in SERVICES if code != "EG" or service != "requests"]
    assert all(url.startswith("postgresql+psycopg2://link:") for url in read.sources.values())
