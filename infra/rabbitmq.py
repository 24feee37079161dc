"""A RabbitMQ of our own: Debian's program, in a folder of its own, on free loopback ports.

It needs neither root nor a running service and touches none: node name, Erlang port mapper, cookie, data and logs are
its own. It is up in two to three seconds. `centre_broker` makes one that also takes nodes and agencies by certificate.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from infra import processes
from infra.broker import centre, tls, topology
from infra.ca.authority import Authority

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
CONTROL = PROGRAM.with_name("rabbitmqctl")
NODE = "shubbak@localhost"


@dataclass(frozen=True, slots=True)
class Tls:
    """What a broker needs to take clients with certificates: its own, its key, the root and the revocation list."""

    certificate: Path
    key: Path
    root: Path
    revoked: Path


class Broker:
    """One node with definitions loaded and a random password per user of the platform.

    Without `folder` it is thrown away at `close()`. With `folder` everything durable is kept, passwords included, and a
    later start finds it; ports are new ones. `describe` makes the definitions from the passwords.
    """

    def __init__(
        self,
        folder: Path | None = None,
        describe: Callable[[Mapping[str, str]], Mapping[str, Any]] = topology.definitions,
        tls: Tls | None = None,
    ) -> None:
        self.kept = folder is not None
        self.folder = folder.absolute() if folder else processes.temporary_folder("rabbitmq")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "server.log"
        self.port = processes.free_port()
        self.tls_port = processes.free_port() if tls else None
        self._tls = tls
        self._describe = describe
        self.passwords, self._cookie = self._load_secrets()
        self._mapper_port = processes.free_port()
        self._distribution_port = processes.free_port()
        self._mapper: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._configure()

    # --- life ---

    def start(self) -> Broker:
        """Start, also again after stop() or kill(): what was durable is still there. Returns when it takes clients."""
        if self.pid is not None:
            return self
        if not PROGRAM.exists():
            raise processes.NotStarted("rabbitmq-server is not installed: apt-get install rabbitmq-server")
        processes.register(self)
        if self._mapper is None or self._mapper.poll() is not None:
            self._mapper = processes.spawn(
                ["epmd", "-port", str(self._mapper_port), "-address", "127.0.0.1"],
                log=self.folder / "epmd.log",
                environment=self._environment(),
            )
            processes.wait_until(
                lambda: processes.accepts(self._mapper_port), self._mapper, self.folder / "epmd.log", 10
            )
        self._process = processes.spawn([str(PROGRAM)], log=self.log, environment=self._environment())
        processes.wait_until(self._answers, self._process, self.log, 90)
        return self

    def stop(self) -> None:
        """Orderly shutdown; takes about three seconds."""
        if self._process is not None:
            processes.end(self._process, signal.SIGTERM, 30)
            self._process = None

    def kill(self) -> None:
        """SIGKILL, as a crash or a power cut of the process would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def restart(self) -> None:
        """Stop and start on the same port with the same data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End it: in order when its data is kept, otherwise at once, and its folder goes."""
        if self.kept:
            self.stop()
        else:
            self.kill()
        if self._mapper is not None:
            processes.end(self._mapper, signal.SIGTERM, 5)
            self._mapper = None
        processes.forget(self)
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Broker:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The node's pid, None when it is not running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def amqp_url(self, user: str = topology.OPERATOR) -> str:
        """The address for one of topology.USERS, on the platform's virtual host."""
        return f"amqp://{user}:{self.passwords[user]}@127.0.0.1:{self.port}/{topology.VHOST}"

    def amqps_url(self, vhost: str = centre.LINE) -> str:
        """The address for whoever comes with a certificate. Raises RuntimeError where the broker takes none."""
        if self.tls_port is None:
            raise RuntimeError("this broker takes no certificates")
        return f"amqps://127.0.0.1:{self.tls_port}/{vhost}"

    # --- faults and looks inside ---

    def evaluate(self, expression: str) -> str:
        """Evaluate Erlang expressions on the node (ended by a full stop), returns the printed result.

        Raises RuntimeError when the node cannot be reached or the expression fails.
        """
        with processes.told(expression + "\n") as told:
            done = subprocess.run(
                ["erl_call", "-sname", NODE, "-c", self._cookie, "-e"],
                stdin=told,
                capture_output=True,
                text=True,
                env=self._environment(),
            )
        result = done.stdout.strip()
        if done.returncode != 0 or not result.startswith("{ok, "):
            raise RuntimeError(f"{expression!r}: {result} {done.stderr.strip()}")
        return result.removeprefix("{ok, ").removesuffix("}")

    def set_memory_alarm(self, on: bool) -> None:
        """Raise or clear the memory alarm: while it is on, the broker reads nothing from connections that publish."""
        limit = "{absolute, 1}" if on else "0.9"
        self.evaluate(f"vm_memory_monitor:set_vm_memory_high_watermark({limit}).")
        alarmed = "memory" in self.evaluate("rabbit_alarm:get_alarms().")
        if alarmed is not on:
            raise RuntimeError("the memory alarm did not change")

    def close_all_connections(self) -> int:
        """Cut every client connection, as a failing network would; returns how many were cut."""
        return int(
            self.evaluate(
                "Connections = rabbit_networking:connections(),"
                ' lists:foreach(fun(C) -> catch rabbit_networking:close_connection(C, "cut by a fault test") end,'
                " Connections), length(Connections)."
            )
        )

    def queue_length(self, queue: str, vhost: str = topology.VHOST) -> int:
        """Messages in a queue, ready and unacknowledged. Raises RuntimeError when there is no such queue."""
        # What a quorum queue says of itself by `info` is up to five seconds old; its leader is asked instead.
        return int(
            self.evaluate(
                f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"{vhost}">>, queue, <<"{queue}">>)),'
                " case amqqueue:get_type(Q) of rabbit_quorum_queue ->"
                " {ok, {_, N}, _} = ra:leader_query(amqqueue:get_pid(Q), fun rabbit_fifo:query_messages_total/1), N;"
                " _ -> [{messages, N}] = rabbit_amqqueue:info(Q, [messages]), N end."
            )
        )

    def add(self, document: Mapping[str, Any]) -> None:
        """Import definitions, as `rabbitmqctl import_definitions` does: what is there already stays."""
        encoded = base64.b64encode(json.dumps(document).encode()).decode()
        answer = self.evaluate(f'rabbit_definitions:import_raw(base64:decode(<<"{encoded}">>)).')
        if answer != "ok":
            raise RuntimeError(f"definitions were not taken: {answer}")

    def control(self) -> list[str]:
        """The command that `python -m infra.broker … --ctl` is given to reach this broker: rabbitmqctl with the
        environment in which it finds this node."""
        needed = {name: value for name, value in self._environment().items() if name != "RUNNING_UNDER_SYSTEMD"}
        return ["env", *(f"{name}={value}" for name, value in needed.items()), str(CONTROL)]

    # --- inside ---

    def _answers(self) -> bool:
        if not processes.accepts(self.port):
            return False
        try:
            return self.evaluate("rabbit:is_running().") == "true"
        except RuntimeError:
            return False

    def _configure(self) -> None:
        definitions = self.folder / "definitions.json"
        definitions.touch(mode=0o600)
        definitions.write_text(topology.render(self._describe(self.passwords)), encoding="utf-8")
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"load_definitions = {definitions}\n"
            "log.console = false\n"
            "log.file.level = warning\n"
            "vm_memory_high_watermark.relative = 0.9\n"
            "disk_free_limit.absolute = 50MB\n",
            encoding="utf-8",
        )
        plugins = "rabbitmq_auth_mechanism_ssl" if self._tls else ""
        (self.folder / "enabled_plugins").write_text(f"[{plugins}].\n", encoding="ascii")
        if self._tls is not None and self.tls_port is not None:
            given = self._tls
            (self.folder / "advanced.config").write_text(
                tls.advanced_config(
                    "127.0.0.1", self.tls_port, given.certificate, given.key, given.root, given.revoked
                ),
                encoding="utf-8",
            )
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        cookie = home / ".erlang.cookie"
        cookie.unlink(missing_ok=True)
        cookie.touch(mode=0o600)
        cookie.write_text(self._cookie, encoding="ascii")
        cookie.chmod(0o400)

    def _load_secrets(self) -> tuple[dict[str, str], str]:
        store = self.folder / "secrets.json"
        kept = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
        # A user that is new since the last start gets a password then.
        passwords = {user: kept.get(user) or secrets.token_hex(16) for user in topology.USERS}
        cookie = kept.get("cookie") or secrets.token_hex(20)
        store.touch(mode=0o600)
        store.write_text(json.dumps({**passwords, "cookie": cookie}), encoding="utf-8")
        return passwords, cookie

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return {
            "PATH": f"{os.defpath}:/usr/sbin:/sbin",
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "feature_flags"),
            # The machine's own settings must not reach this node.
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            # Has the script replace itself by the Erlang machine, so that the pid we hold is the node's.
            "RUNNING_UNDER_SYSTEMD": "true",
        }


def centre_broker(
    authority: Authority, nodes: Iterable[str], agencies: Iterable[str] = (), folder: Path | None = None
) -> Broker:
    """A broker of the centre: its own bus without what the centre does not run, the line for `nodes` and the door of
    `agencies`, a TLS listener with a certificate of this authority for the loopback address."""
    named, known = tuple(nodes), tuple(agencies)
    into = authority.folder / "broker"
    certificate, key = authority.server(["localhost", "127.0.0.1"]).write(into, "broker")
    given = Tls(certificate, key, authority.root_file, authority.crl_folder)
    return Broker(folder, lambda passwords: centre.whole(passwords, named, known), given)
