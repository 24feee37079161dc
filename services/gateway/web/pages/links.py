"""The operator's pages about the links: how each stands, what both ends counted, what was not applied, what was given
back."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for

from rules import places
from rules.refusal import Fault, Refusal
from services.gateway import links
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import kept, shown
from services.gateway.web.pages.board_tables import COUNT, DATE, TEXT, Chart, Column, Table
from services.gateway.web.pages.public import LANG
from services.gateway.web.pages.texts import TEXTS
from services.gateway.web.platform import platform

blueprint = Blueprint("links", __name__)
_ALL = LANG + "/staff/links"
_ONE = _ALL + "/<peer>"
_MESSAGE = _ONE + "/parked/<uuid:message_id>"
_SAID_HERE = ("link_message_settled", "link_message_not_genuine", "link_message_refused", "skip_reason_required",
              "link_nothing_lost", "reason_short")
KINDS = {"up": "good", "behind": "warn", "silent": "bad", "never": "quiet"}
CENTRE = "EG"
LOST = "lost"
Answer = Response | str | tuple[str, int]


@door(blueprint, "GET", _ALL, permission="link.read")
def show_all() -> str:
    """Every link of this place, as a table that asks for itself again."""
    found = platform().run(links.overview, caller().actor)
    part = shown.for_a_part("links")
    return render_template("staff/_links.html" if part else "staff/links.html", found=found, **_words())


@door(blueprint, "GET", _ONE, permission="link.read")
def show(peer: str) -> Answer:
    return _shown(peer, [], {})


@door(blueprint, "GET", _ONE + "/recovered", permission="link.read")
def show_recovered(peer: str) -> str:
    """Facts that were given back, in the order in which they had been sent."""
    after = request.args.get("after")
    found = platform().run(lambda work: links.recovered(work, peer, after), caller().actor)
    return render_template("staff/links_recovered.html", peer=peer, found=found, **_words())


@door(blueprint, "POST", _MESSAGE + "/replay", permission="link.settle", media_types=FORM, csrf=True)
def replay(peer: str, message_id: UUID) -> Answer:
    return _done(peer, message_id, "replay_link_message", {},
                 lambda work: links.replay(work, peer, message_id))


@door(blueprint, "POST", _MESSAGE + "/settlement", permission="link.settle", media_types=FORM, csrf=True)
def settle(peer: str, message_id: UUID) -> Answer:
    reason = request.form.get("reason", "").strip()[:500]
    return _done(peer, message_id, "settle_link_message", {"reason": reason},
                 lambda work: links.settle(work, peer, message_id, reason))


@door(blueprint, "POST", _ONE + "/write-off", permission="link.settle", media_types=FORM, csrf=True)
def write_off(peer: str) -> Answer:
    """Wait no longer for what was lost."""
    reason = request.form.get("reason", "").strip()[:500]
    return _done(peer, None, "write_off_link_facts", {"reason": reason},
                 lambda work: links.write_off(work, peer, reason))


def _done(peer: str, message_id: UUID | None, what: str, said: dict[str, str], work: Any) -> Answer:
    of = str(message_id) if message_id else LOST
    body = {"peer": peer, **({"message_id": of} if message_id else {}), **said}
    try:
        platform().once(kept.once(what), f"gateway.{what}", body, work, caller().actor)
    except Refusal as refusal:
        if refusal.code not in _SAID_HERE:
            raise
        field = f"reason-{of}" if refusal.code in ("skip_reason_required", "reason_short") else None
        return _shown(peer, [replace(refusal.faults[0], field=field)], {"of": of, **said}), 422
    return redirect(url_for("links.show", peer=peer), 303)  # type: ignore[return-value]


def _shown(peer: str, faults: list[Fault], given: dict[str, str]) -> str:
    after = _uuid(request.args.get("after", ""))
    found, waiting = platform().run(lambda work: (links.one(work, peer), links.parked(work, peer, after)),
                                    caller().actor)
    return render_template("staff/link.html", link=found, waiting=waiting, tables=_tables(found), faults=faults,
                           given=given, at_centre=platform().at_centre, once=lambda: secrets.token_urlsafe(18),
                           **_words())  # fmt: skip


def _words() -> dict[str, Any]:
    return {"called": title(), "peer_name": peer_name, "kinds": KINDS, "age": age, "apart": apart, "why": why,
            "write": write}  # fmt: skip


def title() -> str:
    """The key of what the page of all links is called: a node has one, to the centre; the centre has one to each."""
    return "links.title_centre" if platform().at_centre else "links.title"


def _tables(found: dict[str, Any]) -> list[Table]:
    """Both counts by day, with a chart, and by type."""
    both = (Column(shown.text("links.out")), Column(shown.text("links.in")))
    days = Table("link-days", shown.text("links.days"), (Column(shown.text("links.day"), DATE), *both),
                 [(date.fromisoformat(row["day"]), row["out"], row["in"]) for row in reversed(found["days"])],
                 Chart("bars", (1, 2)), shown.text("links.days_note"))
    types = Table("types", shown.text("links.types"), (Column(shown.text("links.type"), TEXT), *both),
                  [(row["type"], row["out"], row["in"]) for row in found["types"]])
    return [days, *([types] if types.rows else [])]


def write(value: Any, kind: str) -> str:
    """A cell of a table as the page writes it."""
    if kind == DATE:
        return shown.weekday(value)
    return shown.number(value) if kind == COUNT else str(value)


def peer_name(peer: str) -> str:
    """`السويس` for EG-SUZ, the centre for EG; the code itself where nobody knows it."""
    if peer == CENTRE:
        return shown.text("links.centre")
    governorate = places.governorate(peer)
    return shown.named(governorate.name) if governorate else peer


def age(seconds: int | None) -> str:
    """How old something is, in the largest unit that fits."""
    if seconds is None:
        return shown.text("links.nothing")
    if seconds < 1:
        return shown.text("links.less")
    if seconds < 60:
        return shown.text("links.seconds", count=seconds)
    if seconds < 2 * 3600:
        return shown.counted(seconds // 60, "minute")
    if seconds < 2 * 86400:
        return shown.counted(seconds // 3600, "hour")
    return shown.counted(seconds // 86400, "day")


def apart(skew_ms: int | None) -> str:
    """The peer's clock before ours."""
    if skew_ms is None:
        return shown.text("links.unknown")
    if abs(skew_ms) < 100:
        return shown.text("links.skew_same")
    way = "ahead" if skew_ms > 0 else "behind"
    return shown.text(f"links.skew_{way}", seconds=f"{abs(skew_ms) / 1000:.1f}")


def why(reason: str) -> str:
    """A reason for parking in words; the code itself of one that has none."""
    key = f"links.why.{reason}"
    return shown.text(key) if key in TEXTS else reason


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None
