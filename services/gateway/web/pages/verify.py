"""Anybody checks a licence: by its serial, or by the text of its QR, whose signature is checked here."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from rules import licence as rules_licence
from rules import register, release
from rules.refusal import Fault, Refusal
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("verify", __name__)


@door(blueprint, "GET", "/verify", permission="licence.verify")
def short() -> Response:
    return redirect(url_for("verify.show_form", lang="ar"), 302)  # type: ignore[return-value]


@door(blueprint, "GET", "/verify/<serial>", permission="licence.verify")
def short_of(serial: str) -> Response:
    """The short address that can be printed on a licence."""
    return redirect(url_for("verify.show", lang="ar", serial=serial), 302)  # type: ignore[return-value]


@door(blueprint, "GET", LANG + "/verify", permission="licence.verify")
def show_form() -> str:
    return render_template("public/verify.html", faults=[], given="", found=None, proved=False)


@door(blueprint, "POST", LANG + "/verify", permission="licence.verify", media_types=FORM, csrf=True)
def take() -> Response | str | tuple[str, int]:
    """A serial, or the text that a telephone read from the QR."""
    given = _said(request.form.get("given", "").strip()[: rules_licence.MAX_TEXT])
    if not given:
        return _refused(given, Fault("field_required", "given"))
    if not given.startswith((f"{rules_licence.FORM}.", f"{release.FORM}.")):
        return redirect(url_for("verify.show", serial=given[:60]), 303)  # type: ignore[return-value]
    try:
        proved = rules_licence.verify(given, _keys())
        if _other(proved.serial):
            return redirect(url_for("verify.show", serial=proved.serial), 303)  # type: ignore[return-value]
        found = ask.licence(proved.serial, in_hand=True)
    except Refusal as refusal:
        return _refused(given, Fault(refusal.code, "given", refusal.faults[0].params))
    waits = found["status"] == register.NOT_REPORTED_YET and proved.released is not None
    same = found["status"] == register.VOID or waits or found["qr"] == given
    return render_template("public/verify.html", faults=[], given="", found=found, proved=same, in_hand=waits)


@door(blueprint, "GET", LANG + "/verify/<serial>", permission="licence.verify")
def show(serial: str) -> str | tuple[str, int]:
    try:
        if other := _other(serial):
            template, question = other
            return render_template(template, faults=[], given="", found=question(serial))
        found = ask.licence(serial)
        return render_template("public/verify.html", faults=[], given="", found=found, proved=True)
    except Refusal as refusal:
        if refusal.code == "too_many_requests":
            raise
        return _refused(serial, Fault(refusal.code, "given", refusal.faults[0].params))


# What else is verified here, by the letter its number begins with; no licence's serial begins so.
_OTHERS: dict[str, tuple[str, Any]] = {
    "L": ("public/verify_letter.html", ask.letter), "D": ("public/verify_deemed.html", ask.deemed)}


def _other(number: str) -> tuple[str, Any] | None:
    found = re.match(r"\s*([A-Za-z])\W+[A-Za-z]", number)
    return _OTHERS.get(found[1].upper()) if found else None


def _said(given: str) -> str:
    """What a telephone read: the code itself, or the address that a letter's code begins with."""
    if not re.match(r"https?://", given):
        return given
    address, _, code = given.partition("#")
    return code or address.rstrip("/").rpartition("/")[2]


def _keys() -> Any:
    return rules_licence.public_keyring(platform().settings.env("LICENCE_PUBLIC_KEYS", "") or "")


def _refused(given: str, fault: Fault) -> tuple[str, int]:
    return render_template("public/verify.html", faults=[fault], given=given, found=None, proved=False), 422
