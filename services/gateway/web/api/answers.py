"""Small things all API views share."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response
from marshmallow import INCLUDE, Schema

PREFIX = "/api/v1"


class Shown(Schema):
    """Describes an answer. What a service adds to its answer later is passed on."""

    class Meta:
        unknown = INCLUDE


def answer(body: dict[str, Any], status: int = 200, **headers: str) -> Response:
    """A JSON answer. `headers` names use `_` for `-`."""
    response = Response(orjson.dumps(body), status, content_type="application/json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response
