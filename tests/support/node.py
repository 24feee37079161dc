"""A whole node as it runs for real: every service a process of its own, on a real broker and a real PostgreSQL, each
with the user and the permissions that it has in production, and the sandboxes of the outside world beside them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import psycopg2.extras
import requests

from chassis import actors, config
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.definition import authoring
from infra.database import SERVICES
from infra.devstack import Devstack, free_port
from infra.peers import keys, sample_keys
from infra.peers.client import Peers
from services.catalog import publishing
from services.gateway import accounts, demo
from tests.support import databases

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "services" / "catalog" / "guide"
READY = 120.0  # seconds on a busy machine; otherwise two or three
RAIL_KEYS = keys.fresh()  # of the sandbox rails, which a node outside the demo takes only when they are no samples


class Node:
    """Start it with `with Node.running() as node`; `node.kill("payments")` and `node.start("payments")` at will."""

    def __init__(self, stack: Devstack, peers: Peers, extra: Mapping[str, str]) -> None:
        self.stack = stack
        self.peers = peers
        self.http_port = free_port()
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.admin_ports = {service: free_port() for service in SERVICES}
        self.environments = {service: self._environment(service, extra) for service in SERVICES}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.logs = stack.postgres.folder.parent / f"shubbak-node-{os.getpid()}-{self.http_port}"
        self.logs.mkdir(exist_ok=True)

    @classmethod
    @contextmanager
    def running(
        cls, extra: Mapping[str, str] | None = None, before: Callable[[Node], None] = lambda _: None
    ) -> Iterator[Node]:
        """A node with the guide and the demo's accounts; `before` is called when its tables are there and no service
        runs yet."""
        with Devstack() as stack, Peers.running(env=RAIL_KEYS) as peers:
            node = cls(stack, peers, extra or {})
            try:
                node.prepare()
                before(node)
                for service in SERVICES:
                    node.start(service)
                for service in SERVICES:
                    node.wait_ready(service)
                node.wait_for_guide()
                yield node
            finally:
                node.close()

    def prepare(self) -> None:
        """Tables, guide and accounts."""
        databases.migrate(*SERVICES, url=self.stack.postgres.url)
        self._attempt("gateway", demo.load_demo_accounts)
        for definition in authoring.read_folder(GUIDE).values():
            self._attempt(
                "catalog", lambda work, given=definition: publishing.load_national(work, given, None, adopt=True)
            )

    def start(self, service: str) -> None:
        """Start a service's process by the command that containers run."""
        log = (self.logs / f"{service}.log").open("ab")
        self.processes[service] = subprocess.Popen(
            [sys.executable, "-m", "chassis", "run", service],
            cwd=ROOT,
            env=self.environments[service],
            stdout=log,
            stderr=log,
        )

    def kill(self, service: str) -> None:
        """SIGKILL, as a crash or the kernel's memory killer would."""
        self.processes[service].kill()
        self.processes[service].wait()

    def terminate(self, service: str, timeout: float = 90) -> int:
        """SIGTERM and wait; answers the exit status."""
        self.processes[service].send_signal(signal.SIGTERM)
        return self.processes[service].wait(timeout)

    def wait_ready(self, service: str, timeout: float = READY) -> None:
        """Until the service says that it is ready."""
        url, ends = f"http://127.0.0.1:{self.admin_ports[service]}/health/ready", time.monotonic() + timeout
        answer: object = None
        while time.monotonic() < ends:
            if self.processes[service].poll() is not None:
                raise RuntimeError(f"{service} ended: {self.tail(service)}")
            try:
                response = requests.get(url, timeout=5)
                if response.status_code == 200:
                    return
                answer = response.text
            except requests.RequestException as error:
                answer = error
            time.sleep(0.05)
        raise TimeoutError(f"{service} is not ready: {answer}\n{self.tail(service)}")

    def wait_for_guide(self, timeout: float = READY) -> None:
        """Until every consumer of the guide has it."""
        wanted = self.sql("catalog", "SELECT count(*) AS n FROM definition")[0].n
        ends = time.monotonic() + timeout
        while time.monotonic() < ends:
            if all(
                self.sql(service, "SELECT count(*) AS n FROM definition")[0].n >= wanted
                for service in ("requests", "payments", "gateway")
            ):
                return
            time.sleep(0.05)
        raise TimeoutError("the guide did not reach every service")

    def sql(self, service: str, statement: str, *values: object) -> list:
        """Rows of a service's database."""
        connection = psycopg2.connect(
            self.stack.postgres.url(service).replace("+psycopg2", ""),
            cursor_factory=psycopg2.extras.NamedTupleCursor,
        )
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall()
        finally:
            connection.close()

    def metrics(self, service: str) -> str:
        return requests.get(f"http://127.0.0.1:{self.admin_ports[service]}/metrics", timeout=5).text

    def tail(self, service: str, lines: int = 30) -> str:
        path = self.logs / f"{service}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def settled(self) -> bool:
        """Whether every event has been sent and applied and nothing is owed."""
        for service in SERVICES:
            row = self.sql(
                service,
                "SELECT (SELECT count(*) FROM event_log WHERE position IS NULL) AS unplaced, "
                "(SELECT coalesce(max(position), 0) FROM event_log) - "
                "(SELECT position FROM event_cursor WHERE reader = 'bus') AS unsent, "
                "(SELECT count(*) FROM inbox WHERE state IN ('waiting', 'parked')) AS owed",
            )[0]
            if row.unplaced or row.unsent or row.owed or self.stack.broker.queue_length(f"events.{service}"):
                return False
        return True

    def close(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _environment(self, service: str, extra: Mapping[str, str]) -> dict[str, str]:
        common = {
            "SHUBBAK_HTTP_PORT": str(self.http_port),
            "SHUBBAK_PUBLIC_URL": self.url,
            **sample_keys.environment(self.peers.url, self.url),
            **RAIL_KEYS,
            "SHUBBAK_SMPP_HOST": self.peers.host,
            "SHUBBAK_SMPP_PORT": str(self.peers.smpp),
            "SHUBBAK_SMPP_SYSTEM_ID": "shubbak",
            "SHUBBAK_SMPP_PASSWORD": "sample-1",
            "SHUBBAK_SMTP_HOST": self.peers.host,
            "SHUBBAK_SMTP_PORT": str(self.peers.smtp),
            "SHUBBAK_MAIL_FROM": "shubbak@cairo.example",
            "SHUBBAK_QUIET_HOURS": "off",
            "SHUBBAK_DAILY_LIMIT": "1000000",  # one applicant stands for many here
            "SHUBBAK_RATE_LIMITS": "off",  # and one address for all of them
        }
        return self.stack.environment(service, admin_port=self.admin_ports[service], extra={**common, **extra})

    def employ(self, username: str, role: str, department: str | None, unit: str | None = demo.UNIT) -> None:
        """Somebody of the staff with the demo's password, beside the demo's own."""
        self._attempt("gateway", lambda work: accounts.create(
            work, username=username, password=demo.PASSWORD, display_name=username, roles=(role,), unit=unit,
            department=department))  # fmt: skip

    def _attempt(self, service: str, run: object) -> None:
        settings = config.load(service, self.environments[service])
        database = Database(settings.database_url, 1)
        context = Context(settings, database, Privacy(settings.rings, settings.lookup_keys))
        actor = actors.Actor(id="test:editor", kind="staff", roles=("catalogue_editor", "administrator"))
        attempt(lambda: UnitOfWork(context, actor, uuid7().hex), run)  # type: ignore[arg-type]
        database.close()
