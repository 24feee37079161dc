"""Every component of the pages on one page, for whoever continues the work; the tests look at it as at any page."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for

from rules.refusal import Fault
from services.gateway.web.access import door
from services.gateway.web.pages.public import LANG
from services.gateway.web.pages.shown import text

blueprint = Blueprint("components", __name__)
COLOURS = ("brand", "brand-pale", "paper", "ground", "good-pale", "good-deep", "bad-pale", "bad-deep", "gold",
           "gold-pale", "warn-deep", "focus")


@door(blueprint, "GET", LANG + "/components", permission="guide.read")
def show() -> str:
    here = url_for("components.show")
    kinds = (("done", "good"), ("to_do", "quiet"), ("wrong", "bad"), ("waiting", "warn"))
    tasks = [{"text": text("components.sample"), "url": None if kind == "waiting" else here,
              "tag": text(f"components.{kind}"), "kind": look,
              "hint": text("form.file_help") if kind == "wrong" else None} for kind, look in kinds]
    answers = [{"label": text("apply.unit"), "value": text("components.sample"), "url": here},
               {"label": text("components.type"), "value": "0123456789", "url": None}]
    return render_template("components.html", colours=COLOURS, tasks=tasks, answers=answers,
                           faults=[Fault("phone_invalid", "phone"), Fault("phone_invalid", "choice")])
