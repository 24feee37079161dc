"""What the pages of finance share: sending a command from a form, money as people type it, names of colleagues."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Response, redirect, render_template, request

from rules.arabic import western_digits
from rules.refusal import Fault, Refusal
from services.gateway import colleagues
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, shown
from services.gateway.web.pages.texts import TEXTS
from services.gateway.web.platform import platform

MOST_WRITTEN = 500
Answer = Response | str | tuple[str, int]
Page = Callable[[list[Fault], Mapping[str, Any]], str]


def send(method: str, payload: Mapping[str, Any], page: Page, to: Callable[[dict[str, Any]], str], *,
         fields: Iterable[str] = (), renamed: Mapping[str, str] | None = None) -> Answer:
    """Send the command of a form once and go on to where `to` leads with its answer. What is refused is told on the
    form again, each fault at the field it names (`renamed` where the form calls it otherwise; the first of `fields`
    where it has none of that name), with all that was typed."""
    known, given = list(fields), request.form.to_dict()
    try:
        done = platform().call(method, dict(payload), caller().actor, command_id=kept.once(method))
    except Refusal as refusal:
        if refusal.code in ("unauthenticated", "form_expired", "not_found"):
            raise
        faults = [Fault(one.code, _field(one.field, known, renamed or {}), one.params) for one in refusal.faults]
        return page(faults, given), 422
    return redirect(to(done), 303)  # type: ignore[return-value]


def refused(page: Page, faults: list[Fault]) -> Answer:
    """The form again with what is wrong, found before anything was sent."""
    return page(faults, request.form.to_dict()), 422


def _field(path: str | None, known: list[str], renamed: Mapping[str, str]) -> str | None:
    name = (path or "").partition("/")[0]
    name = renamed.get(name, name)
    return name if name in known else known[0] if known else None


def reason() -> str:
    """The reason as it was typed."""
    return request.form.get("reason", "").strip()[:MOST_WRITTEN]


def amount(typed: str, *, least: int = 1) -> int | None:
    """Piastres of an amount in pounds as people type it (`1,250.50`, Arabic digits too); None where it is none, or
    smaller than `least`."""
    text = western_digits(typed).replace(",", "").replace("٬", "").replace("٫", ".").strip()
    try:
        found = Decimal(text) * 100
    except InvalidOperation:
        return None
    whole = int(found) if found.is_finite() and found == found.to_integral_value() and abs(found) < 10**14 else None
    return whole if whole is not None and whole >= least else None


def label(prefix: str, code: str | None) -> str:
    """The name of a code, such as a rail's; the code itself where a newer part of the platform tells one that has no
    name here."""
    key = f"finance.{prefix}.{code}" if prefix == "rail" else f"{prefix}.{code}"
    return shown.text(key) if key in TEXTS else (code or "").replace("_", " ")


def render(template: str, **values: Any) -> str:
    """A page of finance, which can name codes."""
    return render_template(template, label=label, **values)


def once() -> str:
    """What makes a form's command one, however often it is sent."""
    return secrets.token_urlsafe(18)


def names(ids: Iterable[str | None]) -> dict[str, str]:
    """Who is meant by these accounts."""
    wanted = list(ids)
    return platform().run(lambda work: colleagues.names(work, wanted), caller().actor)


def ask(method: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a service answers to this person."""
    return platform().call(method, dict(payload), caller().actor)
