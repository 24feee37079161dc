"""Fifty people at once: each lodges an application, asks for the next file, reads it and decides it, over a connection
of their own that stays open. A closed loop without pauses: who has an answer sends the next request at once."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

API = "/api/v1"
SUBMIT, NEXT, FILE, ACT, WHOLE = "submit", "next file", "read file", "decide", "whole"
KINDS = (SUBMIT, NEXT, FILE, ACT, WHOLE)
_ASKED_AGAIN = 0.02  # seconds after which somebody who was given no file asks again
_PATIENCE = 20.0  # seconds; no file after that is a failure of the run


class Broken(RuntimeError):
    """An answer that the run cannot go on with."""


@dataclass
class Account:
    """Somebody of the staff, logged in, and the unit at whose desk they sit."""

    token: str
    unit: str


@dataclass
class Seen:
    """What the users saw. `took` are milliseconds by kind of call, `WHOLE` the whole lifecycle; `said` counts what was
    answered besides a file: `conflict` (one was faster every time), `nobody's turn`, `busy`."""

    took: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    said: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    in_time: int = 0  # lifecycles that ended before the run's time was over
    calls_in_time: int = 0
    seconds: float = 0.0

    @property
    def lifecycles(self) -> int:
        return len(self.took[WHOLE])


def percentiles(took: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the worst of some durations, by nearest rank; zeros of none."""
    ordered = sorted(took) or [0.0]
    at = {f"p{share}_ms": ordered[max(0, -(-share * len(ordered) // 100) - 1)] for share in (50, 95, 99)}
    return {name: round(value, 1) for name, value in {**at, "worst_ms": ordered[-1]}.items()}


class Line:
    """A kept-open connection, one request at a time. As little as HTTP/1.1 takes, so that the driver leaves the cores
    to what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, host: str, port: int) -> Line:
        return cls(*await asyncio.open_connection(host, port))

    async def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        """Status and JSON of the answer. A POST gets an Idempotency-Key of its own."""
        self._writer.write(message(method, path, body, token, str(uuid.uuid4())))
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        status, length = int(head[9:12]), _length(head)
        content = await self._reader.readexactly(length)
        return status, orjson.loads(content) if length else None

    def close(self) -> None:
        self._writer.close()


def message(method: str, path: str, body: Any, token: str | None, key: str) -> bytes:
    """The request's bytes."""
    lines = [f"{method} {API}{path} HTTP/1.1", "Host: localhost"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    content = b""
    if method == "POST":
        content = orjson.dumps(body)
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}", f"Idempotency-Key: {key}"]
    return "\r\n".join((*lines, "", "")).encode() + content


def _length(head: bytes) -> int:
    before, found, after = head.partition(b"\r\ncontent-length:")
    if not found:
        raise Broken(f"an answer without a length: {before!r}")
    return int(after.partition(b"\r\n")[0])


async def log_in(url: str, usernames: Mapping[str, str], password: str) -> list[Account]:
    """The accounts of user names, by the unit of each."""
    line, accounts = await Line.open(*_place(url)), []
    try:
        for username, unit in usernames.items():
            status, answer = await line.ask("POST", "/sessions", {"username": username, "password": password})
            if status != 201:
                raise Broken(f"{username} is not let in: {status} {answer}")
            accounts.append(Account(answer["token"], unit))
    finally:
        line.close()
    return accounts


async def live(
    url: str, accounts: Sequence[Account], seconds: float, application: Callable[[random.Random, str], dict[str, Any]],
    seed: int,
) -> Seen:
    """Lifecycles of all users for so many seconds; each ends the one that it is in. `application` draws the body of a
    submission to a unit."""
    seen, begun = Seen(), time.perf_counter()
    lines = [await Line.open(*_place(url)) for _ in accounts]
    try:
        async with asyncio.TaskGroup() as group:
            for number, (line, account) in enumerate(zip(lines, accounts, strict=True)):
                user = _User(line, account, seen, random.Random(f"{seed}:{number}"), begun + seconds)
                group.create_task(user.live(application))
    finally:
        for line in lines:
            line.close()
    seen.seconds = seconds
    return seen


async def lodge(
    url: str, units: Sequence[str], application: Callable[[random.Random, str], dict[str, Any]], seed: int
) -> None:
    """One application to each of these units, one after the other."""
    line, chance = await Line.open(*_place(url)), random.Random(f"{seed}:stock")
    try:
        for unit in units:
            status, answer = await line.ask("POST", "/requests", application(chance, unit))
            if status != 201:
                raise Broken(f"not lodged: {status} {answer}")
    finally:
        line.close()


class _User:
    def __init__(self, line: Line, account: Account, seen: Seen, chance: random.Random, ends: float) -> None:
        self._line, self._account, self._seen, self._chance, self._ends = line, account, seen, chance, ends

    async def live(self, application: Callable[[random.Random, str], dict[str, Any]]) -> None:
        while (begun := time.perf_counter()) < self._ends:
            body = application(self._chance, self._account.unit)
            await self._ask(SUBMIT, "POST", "/requests", body, wanted=201)
            task = (await self._next())["task_id"]
            file = await self._ask(FILE, "GET", f"/tasks/{task}")
            decision = self._chance.choice([action["code"] for action in file["actions"]])
            acted = {"action": decision, "inputs": {}, "version": file["version"],
                     "reason": "لم يستوف الطلب الاشتراطات" if decision == "reject" else None}
            await self._ask(ACT, "POST", f"/tasks/{task}/actions", acted)
            ended = time.perf_counter()
            self._seen.took[WHOLE].append((ended - begun) * 1000)
            self._seen.in_time += ended <= self._ends

    async def _next(self) -> dict[str, Any]:
        """The next file; who is told that it is not their turn, or that others were faster, asks again."""
        patience = time.perf_counter() + _PATIENCE
        while time.perf_counter() < patience:
            answer = await self._ask(NEXT, "POST", "/tasks/next", {}, conflict=True)
            if answer is not None and answer["task"] is not None:
                task: dict[str, Any] = answer["task"]
                return task
            self._seen.said["conflict" if answer is None else "nobody's turn"] += 1
            await asyncio.sleep(_ASKED_AGAIN)
        raise Broken(f"no file in {_PATIENCE:.0f} s: {self._seen.said}")

    async def _ask(self, kind: str, method: str, path: str, body: Any = None, *, wanted: int = 200,
                   conflict: bool = False) -> Any:
        """The answer, or None for a conflict where one may be. 503 is tried again, any other is an end of the run."""
        token = None if kind == SUBMIT else self._account.token
        while True:
            begun = time.perf_counter()
            status, answer = await self._line.ask(method, path, body, token)
            ended = time.perf_counter()
            self._seen.calls += 1
            self._seen.calls_in_time += ended <= self._ends
            if status == 503:
                self._seen.said["busy"] += 1
                await asyncio.sleep(_ASKED_AGAIN)
                continue
            self._seen.took[kind].append((ended - begun) * 1000)
            if status == wanted:
                return answer
            if status == 409 and conflict:
                return None
            raise Broken(f"{method} {path}: {status} {answer}")


def _place(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)
