"""The events' own description, for programs and for whoever builds on them."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Response
from flask_smorest import Blueprint

from contracts import asyncapi
from services.gateway.web.access import door
from services.gateway.web.api.answers import PREFIX
from services.gateway.web.platform import platform

blueprint = Blueprint("api_asyncapi", __name__, url_prefix=f"{PREFIX}/asyncapi.json", description="The events")


@door(blueprint, "GET", "", permission="guide.read")
@blueprint.response(200, {"type": "object"})
def asyncapi_document() -> Response:
    """The AsyncAPI 3.0 description of the events

    Every type with its schema and a sample, and the ways in which agencies get them."""
    response = Response(_written(_host()), content_type="application/json")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


def document() -> dict[str, Any]:
    """The description of this place's events. Made once a process."""
    return _document(_host())


def _host() -> str:
    address = platform().settings.env("PUBLIC_URL", "") or ""
    return urlsplit(address).netloc or asyncapi.HOST


@cache
def _document(host: str) -> dict[str, Any]:
    return asyncapi.document(host)


@cache
def _written(host: str) -> bytes:
    return orjson.dumps(_document(host))
