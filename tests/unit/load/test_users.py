"""What the load's users send and what they count."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import orjson
import pytest

from tests.load import users
from tests.load.users import ACT, FILE, NEXT, SUBMIT, WHOLE


def test_percentiles_are_by_nearest_rank_in_any_order(chance: random.Random) -> None:
    took = [float(number) for number in range(1, 101)]
    chance.shuffle(took)

    assert users.percentiles(took) == {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0, "worst_ms": 100.0}
    assert users.percentiles([7.0]) == {"p50_ms": 7.0, "p95_ms": 7.0, "p99_ms": 7.0, "worst_ms": 7.0}
    assert users.percentiles([])["worst_ms"] == 0.0


def test_a_post_carries_its_length_in_bytes_and_a_key_and_a_get_neither() -> None:
    post = users.message("POST", "/requests", {"name": "منى"}, "token", "key-1")
    get = users.message("GET", "/tasks/1", None, None, "key-2")

    head, _, content = post.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/v1/requests HTTP/1.1\r\n")
    assert f"content-length: {len(content)}".encode() in head.lower()
    assert b"Idempotency-Key: key-1" in head and b"Authorization: Bearer token" in head
    assert orjson.loads(content) == {"name": "منى"}
    assert get == b"GET /api/v1/tasks/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Door:
    """An HTTP server that gives the prepared answers, by path, one after the other and the last for ever."""

    def __init__(self, **answers: list[tuple[int, Any]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            method, path, _ = head.decode().split("\r\n")[0].split(" ")
            if method == "POST":
                await reader.readexactly(int(head.decode().partition("Content-Length: ")[2].partition("\r\n")[0]))
            name = path.removeprefix("/api/v1/").partition("/")[0] + ("_next" if path.endswith("/next") else "")
            name += "_actions" if path.endswith("/actions") else ""
            self.asked.append(name)
            given = self.answers[name]
            status, body = given.pop(0) if len(given) > 1 else given[0]
            content = orjson.dumps(body)
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)


def lived(door: Door, seconds: float = 0.5) -> users.Seen:
    async def run() -> users.Seen:
        server = await asyncio.start_server(_ending(door.serve), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            account = users.Account("token", "EG-C-01")
            return await users.live(f"http://127.0.0.1:{port}", [account], seconds, lambda _, unit: {"unit": unit}, 1)

    return asyncio.run(run())


def _ending(serve: Any) -> Any:
    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    return served


def door(**changes: list[tuple[int, Any]]) -> Door:
    return Door(**{
        "requests": [(201, {})],
        "tasks_next": [(200, {"task": {"task_id": "1"}})],
        "tasks": [(200, {"version": 2, "actions": [{"code": "approve"}]})],
        "tasks_actions": [(200, {})],
        **changes,
    })


def test_a_lifecycle_is_four_calls_each_timed() -> None:
    there = door()

    seen = lived(there)

    assert there.asked[:4] == ["requests", "tasks_next", "tasks", "tasks_actions"]
    assert seen.lifecycles >= 1 and seen.calls == 4 * seen.lifecycles
    assert {kind: len(seen.took[kind]) for kind in (SUBMIT, NEXT, FILE, ACT, WHOLE)} == dict.fromkeys(
        users.KINDS, seen.lifecycles)


def test_whoever_gets_no_file_or_meets_a_full_service_asks_again_and_it_is_counted() -> None:
    there = door(
        requests=[(503, {}), (201, {})],
        tasks_next=[(200, {"task": None}), (409, {}), (200, {"task": {"task_id": "1"}})],
    )

    seen = lived(there)

    assert dict(seen.said) == {"busy": 1, "nobody's turn": 1, "conflict": 1}
    assert seen.lifecycles >= 1


@pytest.mark.parametrize("broken", ["requests", "tasks", "tasks_actions"])
def test_any_other_answer_ends_the_run(broken: str) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        lived(door(**{broken: [(404, {"code": "gone"})]}))

    assert raised.group_contains(users.Broken, match="404")
