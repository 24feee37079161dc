"""What is handed out between two requests without a row in a database: sealed and dated, so that nobody can read or
change it, and useless after its time."""

from __future__ import annotations

from typing import Any

import orjson

from chassis.privacy import CannotOpen
from services.gateway.web.platform import platform


def seal(value: Any, field: str, seconds: int) -> str:
    ends = platform().now().timestamp() + seconds
    return platform().privacy.seal(orjson.dumps({"ends": ends, "value": value}).decode(), field=f"gateway.{field}")


def unseal(sealed: str, field: str) -> Any:
    """The value again; None when it is not ours, was changed, or its time is over."""
    if not sealed:
        return None
    try:
        kept = orjson.loads(platform().privacy.open(sealed, field=f"gateway.{field}"))
    except (CannotOpen, ValueError):
        return None
    return kept["value"] if kept["ends"] > platform().now().timestamp() else None
