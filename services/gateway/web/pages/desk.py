"""What the pages of desks, heads and managers share: names of colleagues, a form's token, what was done."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Response, redirect, request, url_for

from rules.refusal import Fault, Refusal
from services.gateway import colleagues
from services.gateway.web.caller import caller
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import UPLOAD_SECONDS, platform

STAFF = LANG + "/staff"
PASSED_ON = ("unauthenticated", "forbidden")  # of these a page has nothing to say at a field


def token() -> str:
    """What makes a form's command one: see kept.once."""
    return secrets.token_urlsafe(18)


def ask(method: str, payload: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Ask a service in the caller's name."""
    return platform().call(method, dict(payload), caller().actor, **more)


def names(ids: Iterable[str | None]) -> dict[str, str]:
    """Display names by account; see services.gateway.colleagues."""
    wanted = list(ids)
    return platform().run(lambda work: colleagues.names(work, wanted), caller().actor)


def done(endpoint: str, what: str, **values: Any) -> Response:
    """Lead back to a page that says what was done: `what` is the end of a key `desk.done.…`."""
    return redirect(url_for(endpoint, done=what, **values), 303)  # type: ignore[return-value]


def written(name: str, most: int = 2000) -> str:
    """A field of the form as it was typed, without the spaces around it."""
    return request.form.get(name, "").strip()[:most]


def asked(name: str, most: int = 60) -> str | None:
    """A parameter of the address; None where it says nothing."""
    return request.args.get(name, "").strip()[:most] or None


def day_of(name: str, faults: list[Fault]) -> date | None:
    """A date of the form; None where none was given. Appends field_invalid for what is none."""
    given = written(name, 10)
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        faults.append(Fault("field_invalid", name, {"reason": "Not a valid date."}))
        return None


def version(name: str = "version") -> int | None:
    """The version of what the page showed."""
    given = request.form.get(name, "")
    return int(given) if given.isdigit() and len(given) < 16 else None


def next_page(endpoint: str, after: str | None, name: str = "after", **values: str | None) -> str | None:
    """The address of the next page of a list."""
    if after is None:
        return None
    kept = {key: value for key, value in values.items() if value}
    return url_for(endpoint) + "?" + urlencode({**kept, name: after})


def said_here(refusal: Refusal) -> list[Fault]:
    """The faults to show beside the form; raises again what the form cannot mend."""
    if refusal.code in PASSED_ON:
        raise refusal
    return list(refusal.faults)


def pdf(found: Mapping[str, Any]) -> Response:
    """A document that a service answered, to be looked at in the browser."""
    return shown_file(found, str(found.get("file_name") or "document"))


def shown_file(found: Mapping[str, Any], name: str) -> Response:
    response = Response(base64.b64decode(found["content"]), content_type=found["media_type"])
    response.headers.set("Content-Disposition", "inline", filename=name)
    return response


def fetch(method: str, payload: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Ask for something large."""
    return ask(method, payload, timeout=UPLOAD_SECONDS, **more)
