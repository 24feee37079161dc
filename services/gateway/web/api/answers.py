"""Small things all API views share."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response, request
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


def confirmed(tag: str, kept: str) -> Response | None:
    """304 where the client already holds the answer of this tag (`If-None-Match`); otherwise None."""
    if not request.if_none_match.contains(tag):
        return None
    response = Response(status=304)
    response.headers["Cache-Control"] = kept
    return tagged(response, tag)


def tagged(response: Response, tag: str) -> Response:
    """The answer with its strong tag: equal bytes for equal tags, as long as this version of the software answers."""
    response.set_etag(tag)
    return response
