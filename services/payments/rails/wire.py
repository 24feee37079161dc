"""The way to a rail and back over HTTP. No unit of work and no connection of the database is open here: see
services/payments/errands.py."""

from __future__ import annotations

from typing import Any

import orjson
import requests

from rules.refusal import refuse
from services.payments.rails.base import RailRefused, RailUnreachable

LARGEST_BODY = 65_536  # of a callback, bytes; the gateway's door refuses larger ones before
_BUSY = (408, 425, 429)


def call(method: str, url: str, timeout: float, *, known: tuple[int, ...] = (), **options: Any) -> tuple[int, bytes]:
    """Status and body of an answer 2xx, or of one that is `known` to mean something. Raises RailUnreachable for no
    answer, a redirect, or a failure of the rail's; RailRefused for a plain no."""
    try:
        answer = requests.request(method, url, timeout=timeout, allow_redirects=False, **options)
    except requests.RequestException as error:
        raise RailUnreachable(type(error).__name__) from error
    if answer.status_code in known or 200 <= answer.status_code < 300:
        return answer.status_code, answer.content
    if 400 <= answer.status_code < 500 and answer.status_code not in _BUSY:
        raise RailRefused(f"HTTP {answer.status_code}")
    raise RailUnreachable(f"HTTP {answer.status_code}")


def json_answer(content: bytes) -> dict[str, Any]:
    """The object in an answer. Raises RailUnreachable when it is none."""
    try:
        data = orjson.loads(content)
    except ValueError as error:
        raise RailUnreachable("an answer that is none") from error
    if not isinstance(data, dict):
        raise RailUnreachable("an answer that is none")
    return data


def json_callback(body: str) -> dict[str, Any]:
    """The object in a callback. Refuses callback_malformed."""
    if len(body) > LARGEST_BODY:
        raise refuse("callback_malformed")
    try:
        data = orjson.loads(body)
    except ValueError as error:
        raise refuse("callback_malformed") from error
    if not isinstance(data, dict):
        raise refuse("callback_malformed")
    return data


def pounds(piastres: int) -> float:
    """An amount as the JSON number that a rail wants. What is sent is the number's shortest text, which is exact below
    a trillion pounds; nothing is computed with it."""
    return piastres / 100


def web_address(given: Any) -> str | None:
    """A link for people: http or https, for no signature covers it."""
    return given if isinstance(given, str) and given.startswith(("https://", "http://")) else None
