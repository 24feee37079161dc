"""Helper processes: each is handed one piece of work at a time as bytes and answers bytes, on a core of its own.

What is handed over lies in memory that both see (memfd), so that handing over never waits for the helper; the socket
between them says only how much there is, and brings the answer. A helper knows nothing of the platform: it is a program
file, run without an environment and without the platform's path, and ends when its socket ends, that is with whoever
started it. The protocol at its end: `argv[1]` is the descriptor of the memory, standard input the socket; it reads
eight bytes (how many lie there), answers eight bytes (how many follow) and the answer.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from struct import Struct

import eventlet

log = logging.getLogger(__name__)

_SIZE = Struct(">Q")
_KEPT = 1024 * 1024  # bytes of memory that a helper keeps between two pieces of work
_LARGEST_ANSWER = 64 * 1024 * 1024


class HelperLost(Exception):
    """A helper died or did not answer in time. What it had been handed is undone; the next piece begins another."""


class Helpers:
    """So many helpers of a program; each begins when it first has work. None of them knows of the others."""

    def __init__(self, program: Path, how_many: int, seconds: float) -> None:
        self._helpers = [_Helper(program, seconds) for _ in range(how_many)]

    def __len__(self) -> int:
        return len(self._helpers)

    @property
    def pids(self) -> list[int]:
        """Of those that run."""
        return [helper.pid for helper in self._helpers if helper.pid is not None]

    def hand(self, pieces: Sequence[bytes]) -> list[Handed]:
        """Hand each piece to a helper of its own, at most as many as there are. A helper that could not be handed its
        piece raises HelperLost when it is asked for the answer."""
        return [helper.hand(piece) for helper, piece in zip(self._helpers, pieces, strict=False)]

    def stop(self) -> None:
        for helper in self._helpers:
            helper.end()


class Handed:
    """A piece of work that a helper is at."""

    def __init__(self, helper: _Helper, number: int) -> None:
        self._helper, self._number = helper, number

    def answer(self) -> bytes:
        """Wait for it. Once only, and before the helper is handed the next. HelperLost."""
        return self._helper.answer(self._number)


class _Helper:
    def __init__(self, program: Path, seconds: float) -> None:
        self._program, self._seconds = program, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._memory = -1
        self._number = 0  # of the piece of work at hand
        self._owed = False  # whether it has not been answered

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def hand(self, piece: bytes) -> Handed:
        self._number += 1
        if self._owed:  # nobody asked for the answer before: what comes would be taken for this one's
            self.end()
        try:
            if self.pid is None:
                self.end()
                self._begin()
            if os.pwrite(self._memory, piece, 0) != len(piece):
                raise OSError("there is no room for all of it")
            if self._socket is not None:
                self._socket.sendall(_SIZE.pack(len(piece)))
            self._owed = True
        except OSError as error:
            log.warning("a helper could not be handed its work: %s", error, extra={"program": self._program.name})
            self.end()
        return Handed(self, self._number)

    def answer(self, number: int) -> bytes:
        if number != self._number or not self._owed or self._socket is None:
            raise HelperLost("it was not handed its work")
        try:
            with eventlet.Timeout(self._seconds, TimeoutError(f"no answer within {self._seconds:g} s")):
                size = _SIZE.unpack(self._read(_SIZE.size))[0]
                if size > _LARGEST_ANSWER:
                    raise OSError(f"an answer of {size} bytes")
                found = self._read(size)
        except OSError as error:
            log.warning("a helper is lost: %s", error, extra={"program": self._program.name})
            self.end()
            raise HelperLost(str(error)) from error
        except BaseException:  # whoever waited was ended: the answer will find nobody
            self.end()
            raise
        self._owed = False
        os.ftruncate(self._memory, min(os.fstat(self._memory).st_size, _KEPT))
        return found

    def end(self) -> None:
        """It need not end by itself. Can be said twice."""
        process, self._process = self._process, None
        there, self._socket = self._socket, None
        memory, self._memory = self._memory, -1
        self._owed = False
        if there is not None:
            there.close()
        if memory >= 0:
            os.close(memory)
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def _begin(self) -> None:
        ours, theirs = socket.socketpair()
        self._socket = ours
        with contextlib.closing(theirs):
            self._memory = os.memfd_create(self._program.stem, os.MFD_CLOEXEC)
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(self._program), str(self._memory)], stdin=theirs.fileno(), env={}, cwd="/",
                pass_fds=(self._memory,),
            )  # fmt: skip

    def _read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing and self._socket is not None:
            part = self._socket.recv(min(missing, 65_536))
            if not part:
                raise OSError("it ended")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)
