"""Places of a country and the line between them, without containers: what `make country` shows and tests stand on.

    with Country(["EG-C", "EG-SUZ"]) as country:
        country.start()
        country.nodes["EG-SUZ"].kill("gateway.link")

Each place has a RabbitMQ and a PostgreSQL of its own and runs its services by the command that containers run, with the
users and permissions of production. Nodes reach the centre's broker over TLS with certificates of the country's own
authority.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from infra import processes, secrets
from infra.broker import centre as broker_of_centre
from infra.ca.authority import Authority
from infra.country import settings
from infra.country.settings import AT_CENTRE, AT_NODE, CENTRE
from infra.postgres import Postgres
from infra.processes import free_port
from infra.rabbitmq import Broker, centre_broker

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds until a process is ready, on a busy machine

More = Callable[["Place"], Mapping[str, str]]


class Place:
    """The centre or a node. `processes` of services are started one by one (`start("payments")`) or, on a small
    machine, several services in one process (`start("catalog", "payments", …)`)."""

    def __init__(self, country: Country, code: str, folder: Path, broker: Broker, keys: Mapping[str, Any]) -> None:
        self.country = country
        self.code = code
        self.folder = folder
        self.broker = broker
        # Named by this country: where root's data moves to a place of the machine, what an earlier country of the same
        # path left there belongs to other keys.
        self.postgres = Postgres(folder / f"postgres-{country.name}" if country.kept else None)
        self.keys: Mapping[str, str] = keys["kept"]
        self.signs: str = keys["signs"]
        self.opens: str = keys["opens"]
        self.http_port = country.ports.get(code) or free_port()
        self.epoch = 1
        self.processes: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}
        self._admin_ports: dict[tuple[str, ...], int] = {}
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def role(self) -> str:
        """`centre` or `node`."""
        return "centre" if self.code == CENTRE else "node"

    @property
    def services(self) -> tuple[str, ...]:
        """Everything that runs here, further processes of a service among them."""
        return AT_CENTRE if self.role == "centre" else AT_NODE

    @property
    def url(self) -> str:
        """Where pages and HTTP API are served."""
        return f"http://127.0.0.1:{self.http_port}"

    # -- servers and tables ------------------------------------------------------------------------------------------

    def start_servers(self) -> None:
        """Database and broker; from the main thread."""
        self.postgres.start()
        self.broker.start()

    def migrate(self) -> None:
        """Bring every database up to date. RuntimeError with what was printed when one is not."""
        named = [service for service in self.services if "." not in service]
        done = subprocess.run([sys.executable, "-m", "chassis", "migrate", *named], cwd=ROOT, text=True,
                              env=self.environment(*named), capture_output=True)  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"migrating {self.code} failed:\n{done.stdout}\n{done.stderr}")

    # -- processes ---------------------------------------------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Start a process with these services in it; from the main thread."""
        self._admin_ports.setdefault(names, free_port())
        self.processes[names] = processes.spawn(
            [sys.executable, "-m", "chassis", "run", *names],
            log=self.log(*names),
            environment=self.environment(*names),
            folder=ROOT,
            death_signal="TERM",
        )

    def kill(self, *names: str) -> None:
        """SIGKILL of a process, as a crash or the kernel's memory killer would."""
        process = self.processes.pop(names)
        process.kill()
        process.wait(30)

    def terminate(self, *names: str) -> int:
        """SIGTERM and wait; answers the exit status."""
        process = self.processes.pop(names)
        process.send_signal(signal.SIGTERM)
        return process.wait(60)

    def wait_ready(self, *names: str, seconds: float = PATIENCE) -> None:
        """Until a process says that it is ready. RuntimeError when it ends, TimeoutError when it takes too long."""
        ends, answer = time.monotonic() + seconds, ""
        while time.monotonic() < ends:
            if self.processes[names].poll() is not None:
                raise RuntimeError(f"{self.code} {' '.join(names)} ended:\n{self.tail(*names)}")
            try:
                response = requests.get(f"{self.admin_url(*names)}/health/ready", timeout=5)
                if response.status_code == 200:
                    return
                answer = response.text
            except requests.RequestException as error:
                answer = str(error)
            time.sleep(0.05)  # a process tells of itself only when asked
        raise TimeoutError(f"{self.code} {' '.join(names)} is not ready: {answer}\n{self.tail(*names)}")

    def close_processes(self) -> None:
        """Stop all of them, in order where they listen."""
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            processes.end(process, signal.SIGTERM, 30)
        self.processes.clear()

    def close(self) -> None:
        """Stop everything here."""
        try:
            self.close_processes()
        finally:
            try:
                self.broker.close()
            finally:
                self.postgres.close()

    # -- looking -----------------------------------------------------------------------------------------------------

    def admin_url(self, *names: str) -> str:
        """Health and metrics of a process."""
        return f"http://127.0.0.1:{self._admin_ports[names]}"

    def log(self, *names: str) -> Path:
        """What a process wrote."""
        return self.folder / f"{names[0] if len(names) == 1 else 'services'}.log"

    def tail(self, *names: str, lines: int = 30) -> str:
        path = self.log(*names)
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    # -- environment -------------------------------------------------------------------------------------------------

    def environment(self, *names: str) -> dict[str, str]:
        """The whole environment of a process with these services in it: their own users and keys, no others'."""
        certificate, key = self.country.certificate(self.code)
        places = self.country.places
        situation = settings.Situation(
            code=self.code,
            mode=self.country.mode,
            epoch=self.epoch,
            keys=self.keys,
            inquiry_key=self.country.inquiry_key,
            database=self.postgres.url,
            log=self.postgres.link_url,
            bus=self.broker.amqp_url,
            line_url=f"amqps://127.0.0.1:{self.country.dial(self.code)}/{broker_of_centre.LINE}",
            line_root=str(self.country.authority.root_file),
            line_certificate=str(certificate),
            line_key=str(key),
            signs={place.code: place.signs for place in places},
            opens={place.code: place.opens for place in places},
            public_url=self.url,
            centre_url=self.country.centre.url,
        )
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("SHUBBAK_")},
            **settings.environment(situation, names, self.services),
            "SHUBBAK_ADMIN_PORT": str(self._admin_ports.get(names, 0)),
            "SHUBBAK_HTTP_PORT": str(self.http_port),
            **self.country.more(self),
        }


class Country:
    """The centre and nodes. With `folder` data, keys and certificates are kept there, and a later start finds them.

    `ports` are those of HTTP, free ones unless given. `more` gives a place more settings. `dial` answers the port by
    which a node reaches the centre's broker, so that a test can put a bad line between; by default the broker's own.
    """

    def __init__(
        self,
        nodes: Iterable[str],
        *,
        folder: Path | None = None,
        mode: str = "training",
        agencies: Sequence[str] = (),
        ports: Mapping[str, int] | None = None,
        more: More = lambda _: {},
        dial: Callable[[str, int], int] = lambda _, port: port,
    ) -> None:
        codes = tuple(nodes)
        self.kept = folder is not None
        self.folder = folder.absolute() if folder else processes.temporary_folder("country")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.mode = mode
        self.ports = ports or {}
        self.more = more
        self._dial = dial
        self.authority = self._authority()
        shared = self._made("country", lambda: {"inquiry": secrets.fresh("INQUIRY"), "name": uuid.uuid4().hex[:8]})
        self.inquiry_key: str = shared["inquiry"]
        self.name: str = shared["name"]
        self.centre = self._place(
            CENTRE, centre_broker(self.authority, codes, agencies, self._kept_folder(CENTRE, "broker"))
        )
        self.nodes = {code: self._place(code, Broker(self._kept_folder(code, "broker"))) for code in codes}

    @property
    def places(self) -> list[Place]:
        """The centre first."""
        return [self.centre, *self.nodes.values()]

    def __enter__(self) -> Country:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start_servers(self, tell: Callable[[Place], None] = lambda _: None) -> None:
        """Databases and brokers of all places; about three seconds each."""
        for place in self.places:
            place.start_servers()
            tell(place)

    def migrate(self) -> None:
        """Tables of all places, side by side."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Place.migrate, self.places))

    def start(self, *, apart: bool = True, places: Iterable[Place] | None = None) -> None:
        """Start the services of the places: each a process of its own, or (`apart=False`) one process a place; returns
        when all are ready."""
        chosen = list(places or self.places)
        groups = {place.code: [(name,) for name in place.services] if apart else [place.services] for place in chosen}
        for place in chosen:
            for names in groups[place.code]:
                place.start(*names)
        for place in chosen:
            for names in groups[place.code]:
                place.wait_ready(*names)

    def close(self) -> None:
        """Stop everything; remove what is not kept."""
        for place in self.places:
            for process in place.processes.values():
                process.terminate()
        errors: list[Exception] = []

        def close(place: Place) -> None:
            try:
                place.close()
            except Exception as error:  # noqa: BLE001 (raised below, when all are closed)
                errors.append(error)

        with ThreadPoolExecutor() as pool:
            list(pool.map(close, self.places))
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)
        if errors:
            raise ExceptionGroup("places did not close cleanly", errors)

    def dial(self, code: str) -> int:
        """The port by which a place reaches the centre's broker."""
        port = self.centre.broker.tls_port
        if port is None:
            raise RuntimeError("the centre's broker takes no certificates")
        return port if code == CENTRE else self._dial(code, port)

    def certificate(self, code: str) -> tuple[Path, Path]:
        """Certificate and key of a place's user on the centre's broker."""
        user = broker_of_centre.CENTRE if code == CENTRE else broker_of_centre.node_user(code)
        return self._papers(user, self.folder / code / "line")

    def agency(self, code: str) -> tuple[Path, Path]:
        """Certificate and key of an agency's user on the centre's broker."""
        return self._papers(broker_of_centre.agency_user(code), self.folder / "agencies")

    # -- inside ------------------------------------------------------------------------------------------------------

    def _papers(self, user: str, folder: Path) -> tuple[Path, Path]:
        paths = (folder / f"{user}.pem", folder / f"{user}.key")
        if not all(path.exists() for path in paths):
            self.authority.client(user).write(folder, user)
        return paths

    def _authority(self) -> Authority:
        folder = self.folder / "ca"
        return Authority(folder) if (folder / "root.pem").exists() else Authority.create(folder)

    def _kept_folder(self, code: str, what: str) -> Path | None:
        return self.folder / code / what if self.kept else None

    def _place(self, code: str, broker: Broker) -> Place:
        return Place(self, code, self.folder / code, broker, self._made(code, _fresh_keys))

    def _made(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Secrets made at the first start and readable by their owner alone: what was sealed yesterday opens today."""
        path = self.folder / f"{name}.keys.json"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(make(), file)
        found: dict[str, Any] = json.loads(path.read_text())
        return found


def _fresh_keys() -> dict[str, Any]:
    line = secrets.link_keys()
    return {"kept": {**secrets.keys(), **line.kept}, "signs": line.signs, "opens": line.opens}
