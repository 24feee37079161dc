"""A line between two places, as bad as one likes: a TCP proxy in a process of its own.

    with Line(broker.port) as line:      # whoever dials `line.port` reaches `broker.port`
        line.cut()                       # connections are reset, new ones refused
        line.black_hole()                # connections stay, new ones are taken, and not a byte comes through
        line.slow(delay=0.06, rate=600_000)
        line.mend()

What was on its way when a black hole began comes through when it ends, as TCP would have it; what a cut met is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from infra import processes
from infra.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
_RESET = struct.pack("ii", 1, 0)
CHUNK = 64 * 1024


class Line:
    """The line to `to`, a loopback port. Seconds, and bytes a second in each direction, all connections together."""

    def __init__(self, to: int) -> None:
        self.to, self.port, self._control = to, free_port(), free_port()
        self._folder = processes.temporary_folder("line")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Line:
        log = self._folder / "line.log"
        self._process = processes.spawn(
            [sys.executable, "-m", "tests.support.line", str(self.port), str(self.to), str(self._control)],
            log=log, folder=ROOT)  # fmt: skip
        processes.register(self)
        processes.wait_until(lambda: processes.accepts(self._control), self._process, log, 60)
        return self

    def close(self) -> None:
        processes.forget(self)
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None
        for path in self._folder.iterdir():
            path.unlink()
        self._folder.rmdir()

    def __enter__(self) -> Line:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def mend(self) -> None:
        """Everything passes, at once."""
        self._tell(way="open", delay=0.0, rate=None)

    def cut(self) -> None:
        """Reset every connection; refuse new ones."""
        self._tell(way="cut")

    def black_hole(self) -> None:
        """Nothing passes and nobody is told."""
        self._tell(way="hole")

    def slow(self, delay: float, rate: int) -> None:
        """Every byte arrives `delay` seconds later, at most `rate` bytes a second each way."""
        self._tell(way="open", delay=delay, rate=rate)

    def passed(self) -> tuple[int, int]:
        """Bytes that came through so far: towards `to`, and back."""
        told = self._tell()
        return told["there"], told["back"]

    def connections(self) -> int:
        """How many are open through the line."""
        count: int = self._tell()["connections"]
        return count

    def _tell(self, **wish: Any) -> dict[str, Any]:
        with socket.create_connection(("127.0.0.1", self._control), timeout=60) as door:
            door.sendall(json.dumps(wish).encode() + b"\n")
            answer: dict[str, Any] = json.loads(door.makefile().readline())
        return answer


class Flapping(threading.Thread):
    """Goes on and off by chance until stopped: up for a moment, then cut or a black hole for a moment."""

    def __init__(self, line: Line, chance: random.Random, up: float = 1.5, down: float = 0.7) -> None:
        super().__init__(daemon=True)
        self._line, self._chance, self._up, self._down = line, chance, up, down
        self._over = threading.Event()
        self.times = 0
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._over.wait(self._chance.uniform(0.1, self._up)):
                self._chance.choice((self._line.cut, self._line.black_hole))()
                self.times += 1
                self._over.wait(self._chance.uniform(0.05, self._down))
                self._line.mend()
        except BaseException as error:
            self._error = error

    def stop(self) -> None:
        """End with the line mended; raises what went wrong."""
        self._over.set()
        self.join()
        if self._error is not None:
            raise self._error
        self._line.mend()


class _Proxy:
    def __init__(self, port: int, to: int) -> None:
        self._port, self._to = port, to
        self._way, self._delay, self._rate = "open", 0.0, None
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._passed = {"there": 0, "back": 0}
        self._free_at = {"there": 0.0, "back": 0.0}

    async def serve(self, control: int) -> None:
        await self._listen()
        door = await asyncio.start_server(self._controlled, "127.0.0.1", control)
        await door.serve_forever()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._taken, "127.0.0.1", self._port, limit=CHUNK)

    async def _controlled(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if line:
            await self._obey(json.loads(line))
            told = {**self._passed, "connections": len(self._open) // 2}
            writer.write(json.dumps(told).encode() + b"\n")
            await writer.drain()
        writer.close()

    async def _obey(self, wish: dict[str, Any]) -> None:
        if "delay" in wish:
            self._delay, self._rate = wish["delay"], wish["rate"]
        self._way = wish.get("way", self._way)
        if self._way == "cut":
            if self._server is not None:
                self._server.close()
                self._server = None
            for writer in list(self._open):
                _reset(writer)
        else:
            await self._listen()
        if self._way == "hole":
            self._flows.clear()
        else:
            self._flows.set()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        other: asyncio.StreamWriter | None = None
        try:
            await self._flows.wait()
            back, other = await asyncio.open_connection("127.0.0.1", self._to, limit=CHUNK)
            self._open.add(other)
            await asyncio.gather(self._pump("there", reader, other), self._pump("back", back, writer))
        except OSError:
            pass  # an end went away, which is what a line is for
        finally:
            for each in (writer, other):
                if each is not None:
                    self._open.discard(each)
                    _reset(each)

    async def _pump(self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arriving: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)
        deliver = asyncio.ensure_future(self._deliver(way, arriving, writer))
        try:
            while data := await reader.read(CHUNK if self._rate is None else 4096):
                now = time.monotonic()
                sent = max(now, self._free_at[way])
                self._free_at[way] = sent + (len(data) / self._rate if self._rate else 0.0)
                put = asyncio.ensure_future(arriving.put((self._free_at[way] + self._delay, data)))
                await asyncio.wait({put, deliver}, return_when=asyncio.FIRST_COMPLETED)
                if deliver.done():
                    put.cancel()
                    break
            else:
                await arriving.put((0.0, b""))
            await deliver
        finally:
            deliver.cancel()
        raise ConnectionResetError  # either end closed: the line ends for both

    async def _deliver(
        self, way: str, arriving: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        while True:
            due, data = await arriving.get()
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            await self._flows.wait()
            if not data:
                return
            writer.write(data)
            await writer.drain()
            self._passed[way] += len(data)


def _reset(writer: asyncio.StreamWriter) -> None:
    door = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        if door is not None:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


def until(true: Callable[[], Any], seconds: float, what: str | Callable[[], Any] = "") -> Any:
    """Wait for something that happens in another process; what it answered, or a failure that says what is missing."""
    ends = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < ends, f"not within {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.05)
    return found


if __name__ == "__main__":
    asyncio.run(_Proxy(int(sys.argv[1]), int(sys.argv[2])).serve(int(sys.argv[3])))
