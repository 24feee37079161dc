"""What is taken of a body: as many bytes as a route allows, whether or not the sender told its length, and only values
that every service and its database can hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from flask import Request

from rules.refusal import Fault, Refusal

CHECKED_BYTES = 2 * 1024 * 1024
"""Bodies of doors that take larger ones are judged by whoever reads them, on a thread: read here, 32 MB of JSON would
keep every other visitor waiting for seconds."""

TYPED_BYTES = 256 * 1024
"""Largest form without files at a door that takes files. Its parts are parted in one go, which nothing else bounds: of
28 MB that say `a&a&…` it takes twelve seconds, in which every other visitor waits."""
_LARGE_FORMS = 1024 * 1024  # a door that takes no more than this is for long texts, not for files


class Chunked:
    """The server ends a chunked body itself; Werkzeug reads such a body only when it is told so."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
            environ["wsgi.input_terminated"] = True
        return self._app(environ, start_response)


def most(mimetype: str, limit: int) -> int:
    """How many bytes a door with this limit takes of a body of this kind."""
    files = limit > _LARGE_FORMS
    return min(limit, TYPED_BYTES) if files and mimetype == "application/x-www-form-urlencoded" else limit


def bound(request: Request, limit: int) -> None:
    """Refuse `too_large` now, when the length is told, or at the first byte beyond the limit, when it is not."""
    if request.content_length is None:
        # Werkzeug would cut a body of untold length off at its limit in silence, so it may read one byte more.
        request.environ["wsgi.input"] = _Bounded(request.environ["wsgi.input"], limit)
        request.max_content_length = limit + 1
        return
    request.max_content_length = limit
    if request.content_length > limit:
        raise _too_large(limit)


def check_json(body: bytes) -> None:
    """Refuse `malformed` for JSON that would not arrive behind the door as it was sent: integers beyond 64 bits,
    numbers beyond a double, NaN, half a surrogate pair, the character NUL, nesting too deep to be written again."""
    try:
        orjson.loads(body)  # RFC 8259 and nothing more; but an integer beyond 64 bits it would turn into a float
        value = json.loads(body)
        orjson.dumps(value)
    except (ValueError, TypeError, RecursionError):
        raise Refusal(Fault("malformed")) from None
    if b"\\u0000" in body and _holds_nul(value):
        raise Refusal(Fault("malformed"))


def check_texts(pairs: Iterable[tuple[str, str]]) -> None:
    """Refuse `malformed` for names or values with the character NUL, which no database holds in a text."""
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise Refusal(Fault("malformed"))


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any("\x00" in name or _holds_nul(inner) for name, inner in value.items())
    return isinstance(value, list) and any(_holds_nul(inner) for inner in value)


def _too_large(limit: int) -> Refusal:
    return Refusal(Fault("too_large", None, {"limit": limit}))


class _Bounded:
    """A stream that refuses to be read beyond its limit."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._taken = 0

    def _count(self, piece: bytes) -> bytes:
        self._taken += len(piece)
        if self._taken > self._limit:
            raise _too_large(self._limit)
        return piece

    def read(self, size: int = -1) -> bytes:
        left = self._limit - self._taken + 1
        return self._count(self._stream.read(left if size < 0 else min(size, left)))

    def readline(self, size: int = -1) -> bytes:
        left = self._limit - self._taken + 1
        return self._count(self._stream.readline(left if size < 0 else min(size, left)))
