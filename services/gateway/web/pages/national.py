"""The national portal, at the centre: every governorate, its units, what each offers, and where a request of any of
them stands. At a node, the same face of a request of another governorate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chassis import boxes
from chassis.actors import PUBLIC
from rules import places
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal, refuse
from rules.search import Filters
from services.gateway.national import guide, inquiry, lodging
from services.gateway.web import nationwide
from services.gateway.web.access import door
from services.gateway.web.pages import drafts, kept, shown
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform
from services.gateway.web.whose import instead

blueprint = Blueprint("national", __name__)
PER_PAGE = 20
PORTAL = "portal"
SHOWN_INLINE = ("tracking_unknown", "field_required", "too_many_requests", "asked_at_the_centre")


# -- choose: governorate, unit, service ------------------------------------------------------------------------------


@instead("public.home")
def home() -> str:
    """Every governorate, and whether it takes applications from here now."""
    begun = [entry for code in drafts.begun() if (entry := platform().offer(code)) is not None]
    return render_template("national/home.html", governorates=_governorates(), begun=begun)


@instead("public.search")
def search() -> Response:
    """What is offered hangs on the governorate: choose one first."""
    return redirect(url_for("public.home"), 302)  # type: ignore[return-value]


@instead("staff.home")
def staff_home() -> str:
    """The workspace of the centre: its menu, and as of when each governorate is known."""
    return render_template("national/staff_home.html", governorates=_governorates())


@door(blueprint, "GET", LANG + "/governorates/<governorate>", permission="guide.read")
def show_governorate(governorate: str) -> str:
    """The units of a governorate, and what it offers."""
    known = _governorate(governorate)
    units = sorted(_units(governorate), key=lambda unit: shown.named(unit.name))
    offers = platform().national.edition(governorate)
    counts = offers.find("", Filters(channel=PORTAL), limit=1).facets["unit_kind"]
    return render_template(
        "national/governorate.html", known=known, code=governorate, why=_why(governorate), total=len(offers.entries),
        units=[(unit, counts.get(unit.kind, 0)) for unit in units])  # fmt: skip


@door(blueprint, "GET", LANG + "/governorates/<governorate>/units/<unit>", permission="guide.read")
def show_unit(governorate: str, unit: str) -> str:
    """What one unit offers from here, found by words."""
    known = _governorate(governorate)
    chosen = next((one for one in _units(governorate) if one.code == unit), None)
    if chosen is None:
        raise refuse("unit_unknown", "unit")
    query = request.args.get("q", "")[:200].strip()
    found = platform().national.edition(governorate).find(
        query, Filters(unit_kind=chosen.kind, channel=PORTAL), after=request.args.get("after") or None, limit=PER_PAGE)
    entries = [(guide.address(unit, entry.code), entry) for entry in found.entries]
    part = shown.for_a_part("found")
    return render_template(
        "national/_found.html" if part else "national/unit.html", known=known, code=governorate, unit=chosen,
        query=query, entries=entries, total=found.total, why=_why(governorate),
        next_url=url_for("national.show_unit", governorate=governorate, unit=unit, q=query or None, after=found.next)
        if found.next else None)  # fmt: skip


def _governorate(code: str) -> places.Governorate:
    known = places.governorate(code)
    if known is None:
        raise refuse("governorate_unknown", "governorate")
    return known


def _units(governorate: str) -> list[places.Unit]:
    held = platform()
    return [unit for unit in held.organisation.known().units(held.today())
            if unit.governorate == governorate and unit.status == "open"]  # fmt: skip


def _why(governorate: str) -> Fault | None:
    """Why no application is taken for a governorate now."""
    code = platform().run(lambda work: lodging.takes(work, governorate), PUBLIC)
    return Fault(code, None, inquiry.names(governorate)) if code else None


def _governorates() -> list[dict[str, Any]]:
    """Every governorate by its name in the page's language: whether it takes applications from here, as of when it is
    known, and whether its line is up."""
    held = platform()

    def read(work: Any) -> tuple[dict[str, int], set[str] | None, list[dict[str, Any]]]:
        return lodging.left(work), lodging.heard(work), inquiry.as_of(work)

    left, since, standings = held.run(read, PUBLIC)
    known = {one["governorate"]: one for one in standings}
    joined, offering = boxes.public_keys(held.settings), set(held.national.offering())
    rows = [
        {"code": code, "name": shown.named(one.name), "offers": code in offering, "left": left.get(code, 0),
         "takes": (code in joined and code in offering and left.get(code, 0) > 0
                  and (since is None or code in since)),
         "as_of": known.get(code, {}).get("as_of"), "line": known.get(code, {}).get("line", inquiry.DOWN)}
        for code, one in places.governorates().items()]  # fmt: skip
    return sorted(rows, key=lambda row: (not row["takes"], row["name"]))


# -- follow ----------------------------------------------------------------------------------------------------------


@instead("follow.show_inquiry")
def show_inquiry() -> str:
    return render_template("public/inquiry.html", faults=[], number=request.args.get("number", "")[:40])


@instead("follow.inquire")
def inquire() -> ResponseReturnValue:
    """As a node's inquiry (follow.inquire): the digits come in a form's body, afterwards the browser holds them
    sealed."""
    number, digits = request.form.get("tracking_number", "")[:40], request.form.get("phone_last4", "")[:10]
    faults = [Fault("field_required", name) for name, given in (("tracking_number", number), ("phone_last4", digits))
              if not given.strip()]  # fmt: skip
    if faults:
        return render_template("public/inquiry.html", faults=faults, number=number), 422
    try:
        found = nationwide.inquire(number, digits)
    except Refusal as refusal:
        if refusal.code not in SHOWN_INLINE:
            raise
        return _refused(refusal, number)
    exact = found["tracking_number"]
    response = redirect(url_for("follow.show", tracking_number=exact), 303)
    return kept.keep_followed(response, exact, western_digits(digits).strip())  # type: ignore[arg-type]


def _refused(refusal: Refusal, number: str) -> ResponseReturnValue:
    fault = refusal.faults[0]
    status = {"too_many_requests": 429, "asked_at_the_centre": 503}.get(refusal.code, 422)
    headers = {"Retry-After": str(fault.params.get("seconds", 5))} if status in (429, 503) else {}
    at_field = [Fault(fault.code, "tracking_number", fault.params)]
    return render_template("public/inquiry.html", faults=at_field, number=number), status, headers


@instead("follow.show")
def show(tracking_number: str) -> ResponseReturnValue:
    """Where a request of any governorate stands, as far as the centre knows, and as of when."""
    digits = kept.followed().get(tracking_number)
    if digits is None:
        return redirect(url_for("follow.show_inquiry", number=tracking_number), 303)
    try:
        found = nationwide.inquire(tracking_number, digits)
    except Refusal as refusal:
        if refusal.code != "asked_at_the_centre":
            raise
        return _refused(refusal, tracking_number)
    return status_page(found)


def status_page(found: Mapping[str, Any]) -> str:
    """Where a request stands by the centre's word."""
    return render_template("national/status.html", found=found, stand=_stand(found))


@instead("follow.received")
def received(tracking_number: str) -> ResponseReturnValue:
    """What was just handed down: its number, and what happens now."""
    digits = kept.followed().get(tracking_number)
    if digits is None:
        return redirect(url_for("follow.show_inquiry", number=tracking_number), 303)
    found = nationwide.inquire(tracking_number, digits)
    link = url_for("follow.show_inquiry", number=tracking_number, _external=True)
    return render_template("national/received.html", found=found, link=link)


def _stand(found: Mapping[str, Any]) -> dict[str, str]:
    """The sentence about where it stands, and what to do next."""
    name = shown.named(found["governorate_name"])
    if found["portal"]:
        say = f"national.portal.{found['portal']}"
    elif found["outcome"]:
        say = f"national.outcome.{found['outcome']}"
    else:
        say = f"national.kind.{found['state_kind']}"
    return {"next": shown.text(say, governorate=name),
            "line": "" if found["line"] == inquiry.UP else shown.text(
                "national.cut", governorate=name, moment=shown.moment(found["as_of"])) if found["as_of"] else
            shown.text("national.never_heard", governorate=name)}  # fmt: skip
