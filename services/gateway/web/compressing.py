"""What goes out smaller than it is: files that never change, and pages that hold no secret.

A page with a form token is sent as it is: the length of a compressed page tells somebody on the line a little of what
stands in it, and with many tries the token (BREACH, 2013).
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from flask import Response, g, request

SMALLEST = 1024
"""Bytes below which nothing is gained."""


def takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def holds_a_secret() -> None:
    """Say that the page being made holds something that only its reader may know."""
    g.holds_a_secret = True


def compress(response: Response) -> None:
    """Send a page that is for everybody compressed, to a client that takes it."""
    if (
        response.status_code != 200
        or response.is_streamed
        or response.mimetype != "text/html"
        or g.get("holds_a_secret")
        or g.caller.token is not None
    ):
        return
    response.headers.add("Vary", "Accept-Encoding")
    body = response.get_data()
    if len(body) < SMALLEST or not takes_gzip():
        return
    response.set_data(gzip.compress(body, 5, mtime=0))
    response.headers["Content-Encoding"] = "gzip"


@lru_cache(maxsize=256)
def compressed_file(path: Path, _changed_ns: int) -> bytes:
    """A file as it goes out compressed; made once for each version of it."""
    return gzip.compress(path.read_bytes(), 9, mtime=0)
