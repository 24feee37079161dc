"""Processes that a developer's servers run as: started in a folder of their own, never left over.

Linux with util-linux (`setpriv`) is assumed. Each child carries a parent-death signal, so that it ends even when the
Python process that started it is killed outright; the atexit and signal hooks are only the tidier way out.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

SERVER_USER = "shubbak-pg"


class Closable(Protocol):
    def close(self) -> None: ...


class NotStarted(RuntimeError):
    """A server did not come up; the message carries the end of its log."""


_CLAIMS = Path(tempfile.gettempdir()) / f"shubbak-ports-{os.getuid()}"
_claimed: dict[int, set[int]] = {}  # by process: the ports it was given, which are its own while it lives
_claims: list[IO[bytes]] = []
_open: list[Closable] = []
_hooked = False


def told(text: str) -> IO[str]:
    """A file to give a child as its standard input. A pipe would not do: where eventlet has patched `os.write`, writing
    to a child that has ended already spins for ever instead of failing (it takes EPIPE for EAGAIN)."""
    file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (the caller closes it)
    file.write(text)
    file.seek(0)
    return file


def register(server: Closable) -> None:
    """Have `server.close()` called when this process ends, also on SIGTERM and SIGHUP. Last started, first closed."""
    global _hooked
    if server not in _open:
        _open.append(server)
    if _hooked:
        return
    _hooked = True
    atexit.register(close_all)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _leave)


def forget(server: Closable) -> None:
    """The server was closed by its owner."""
    if server in _open:
        _open.remove(server)


def close_all() -> None:
    """Close everything still registered; an error in one does not keep the others open."""
    errors: list[Exception] = []
    for server in reversed(list(_open)):
        try:
            server.close()
        except Exception as error:  # noqa: BLE001 (raised below, when all are closed)
            errors.append(error)
    _open.clear()
    if errors:
        raise ExceptionGroup("servers did not close cleanly", errors)


def _leave(number: int, frame: Any) -> None:
    raise SystemExit(128 + number)


def free_port() -> int:
    """A free loopback port below the ephemeral range.

    A port inside that range could be taken, while its server is down, as the source port of a client that tries to
    reconnect to it: the client then talks to itself and the server cannot come back.

    It is given once: whoever asks for it often listens on it seconds later, when others have asked for theirs. So it is
    claimed for this process, and no other process that asks here is given it while this one lives.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    chance = random.SystemRandom()
    for _ in range(200):
        port = chance.randrange(max(lowest - 14000, 10000), lowest)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if _claim(port):
            return port
    raise NotStarted("no free loopback port below the ephemeral range")


def _claim(port: int) -> bool:
    """Lock the byte of this port in a file that all of the user's processes know. The kernel lets go of it when the
    process ends, however it does; a child by fork has no claims, and may not take its parent's."""
    mine = _claimed.setdefault(os.getpid(), set())
    if port in mine:
        return False
    if not _claims:
        _claims.append(_CLAIMS.open("ab"))  # never closed: that would let go of all
    try:
        fcntl.lockf(_claims[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    mine.add(port)
    return True


def temporary_folder(purpose: str) -> Path:
    """A new temporary folder whose name carries our pid; what a killed run left behind is removed first."""
    base = Path(tempfile.gettempdir())
    prefix = f"shubbak-{purpose}-{os.getuid()}-"
    for old in base.glob(f"{prefix}*"):
        owner = old.name[len(prefix) :].split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=base))


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    death_signal: str = "KILL",
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that gets `death_signal` when we die; its output is appended to `log`. `user` needs root.

    Linux counts the death of the thread that started the child, so start servers from the main thread.
    """
    wrapped = ["setpriv", "--pdeathsig", death_signal]
    if user is not None:
        entry = pwd.getpwnam(user)
        wrapped += ["--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid), "--clear-groups"]
    with log.open("ab") as output:
        # A session of its own: Ctrl-C at the terminal reaches us only, and we stop our servers in order.
        return subprocess.Popen(
            [*wrapped, "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            cwd=folder,
            start_new_session=True,
        )


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    """Wait until `ready()`; raise NotStarted with the end of the log when the process ends or the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            tail = log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else ""
            why = f"ended with {process.returncode}" if ended else f"not ready after {seconds} s"
            raise NotStarted(f"{process.args!r} {why}\n{tail}")
        time.sleep(0.03)


def end(process: subprocess.Popen[bytes], number: int, seconds: float) -> None:
    """Send a signal and wait; SIGKILL when it does not end in time."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that have not ended."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def await_end(pids: Sequence[int], seconds: float) -> None:
    """Wait until processes that are no children of ours have ended; TimeoutError when one has not."""
    deadline = time.monotonic() + seconds
    while left := [pid for pid in pids if _runs(pid)]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"still running after {seconds} s: {left}")
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def accepts(port: int) -> bool:
    """True when something listens on the loopback port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def server_user() -> str | None:
    """The unprivileged user a server that refuses root runs as: None when we are not root ourselves.

    Root gets a system user without shell or home, made once; where users cannot be added, `nobody` serves.
    """
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SERVER_USER)
        return SERVER_USER
    except KeyError:
        pass
    add = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    if shutil.which("useradd") and subprocess.run([*add, SERVER_USER], capture_output=True).returncode == 0:
        return SERVER_USER
    return "nobody"


def may_reach(path: Path) -> bool:
    """True when everybody may walk to `path`, so that another user can use what lies there."""
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])
