"""Statements of rails: sent in with their progress, what was found of them, what does not agree, what the bank
received; and the periods told to the treasury."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from flask import Blueprint, Response, redirect, request, url_for

from contracts.payments_statements import PIECE_BYTES, STATEMENT_BYTES, STATEMENT_MEGABYTES
from rules import reconciliation as rules
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal, refuse
from services.gateway.web.access import BODY_BYTES, FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import finance_forms as forms
from services.gateway.web.pages import kept
from services.gateway.web.pages.finance_forms import Answer
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import UPLOAD_SECONDS, platform
from services.gateway.web.uploads import digest, pieces

blueprint = Blueprint("finance_statements", __name__)
_FINANCE = LANG + "/staff/finance"
_STATEMENTS, _DIFFERENCES, _TREASURY = _FINANCE + "/statements", _FINANCE + "/differences", _FINANCE + "/treasury"
RAILS = ("fawry", "paymob", "efinance", "pos")
SENDING = ("rail", "since", "until", "file")
_PAGES = 20  # of differences that are looked through for one


# -- statements --------------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _STATEMENTS, permission="reconciliation.read")
def statements() -> Answer:
    """Statements of the rails, the newest first, and the form that sends one in."""
    return _list([], {})


@door(blueprint, "POST", _STATEMENTS, permission="reconciliation.import", media_types=FORM, csrf=True,
      limit=STATEMENT_BYTES + BODY_BYTES)
def send_statement() -> Answer:
    """Send a rail's daily file in, in pieces; it is read by a process of its own, and a page tells how far it is."""
    given = {name: request.form.get(name, "").strip()[:40] for name in SENDING}
    file = request.files.get("file")
    faults = [Fault("field_required", name) for name in ("rail", "since") if not given[name]]
    since, until = (_day(given[name], name, faults) for name in ("since", "until"))
    if file is None or not file.filename:
        faults.append(Fault("document_empty", "file"))
    if faults or file is None or since is None:
        return forms.refused(_list, faults)
    file.stream.seek(0, 2)
    size = file.stream.tell()
    file.stream.seek(0)
    if not 0 < size <= STATEMENT_BYTES:
        wrong = Fault("statement_too_large", "file", {"limit": STATEMENT_MEGABYTES})
        return forms.refused(_list, [wrong if size else Fault("document_empty", "file")])
    command, whole = kept.once("statement"), digest(file)
    try:
        begun = _tell(command, "begin_statement", {
            "rail": given["rail"], "name": str(file.filename)[:200], "size": size, "since": since.isoformat(),
            "until": until.isoformat() if until else None}, "begin")
        for number, piece in enumerate(pieces(file.stream, size, PIECE_BYTES)):
            _tell(command, "add_statement_piece", {
                "upload_id": begun["upload_id"], "number": number, "content": base64.b64encode(piece).decode()},
                f"piece {number}")
        _tell(command, "end_statement", {"upload_id": begun["upload_id"], "sha256": whole}, "end")
    except Refusal as refusal:
        if refusal.code in ("unauthenticated", "forbidden"):
            raise
        return forms.refused(_list, [Fault(one.code, one.field if one.field in SENDING else "file", one.params)
                                     for one in refusal.faults])
    to = url_for("finance_statements.show_upload", upload_id=begun["upload_id"])
    return redirect(to, 303)  # type: ignore[return-value]


def _tell(command: UUID, method: str, payload: Mapping[str, Any], step: str) -> dict[str, Any]:
    """Each step under a command id of its own, made of the form's, so that sending again goes on where it stopped."""
    return platform().call(f"payments.{method}", dict(payload), caller().actor, command_id=uuid5(command, step),
                           timeout=UPLOAD_SECONDS)


def _list(faults: list[Fault], given: Mapping[str, Any]) -> str:
    asked = {"rail": request.args.get("of") or None, "after": request.args.get("after") or None}
    found = forms.ask("payments.statements", asked)
    return forms.render("staff/finance/statements.html", found=found, rails=RAILS, faults=faults, given=given,
                           rail=asked["rail"] or "", once=forms.once())


@door(blueprint, "GET", _STATEMENTS + "/files/<uuid:upload_id>", permission="reconciliation.read")
def show_upload(upload_id: Any) -> Answer:
    """How far a file is; for htmx the part that changes, until it is read or refused."""
    upload = forms.ask("payments.statement_upload", {"upload_id": str(upload_id)})
    running = upload["state"] in ("coming", "waiting")
    part = "staff/finance/_upload.html" if request.headers.get("HX-Request") else "staff/finance/upload.html"
    faults = [Fault(one["code"], None, one.get("params") or {}) for one in upload["faults"]]
    return forms.render(part, upload=upload, running=running, faults=faults)


@door(blueprint, "GET", _STATEMENTS + "/<uuid:statement_id>", permission="reconciliation.read")
def show_statement(statement_id: Any) -> Answer:
    return _statement_page(statement_id)([], {})


@door(blueprint, "POST", _STATEMENTS + "/<uuid:statement_id>/transfers", permission="settlement.record",
      media_types=FORM, csrf=True)
def receive(statement_id: Any) -> Answer:
    """The bank shows a transfer of the rail for this statement."""
    page, faults = _statement_page(statement_id), list[Fault]()
    drawn = request.form.get("drawn") == "yes"
    amount, on = forms.amount(request.form.get("amount", "")), _day(request.form.get("received_on", ""), "received_on",
                                                                   faults)
    if amount is None:
        faults.append(Fault("amount_malformed", "amount"))
    if on is None and not faults:
        faults.append(Fault("field_required", "received_on"))
    faults += [Fault("field_required", name) for name in ("reference", "account") if not request.form.get(name)]
    if faults or amount is None or on is None:
        return forms.refused(page, faults)
    payload = {"statement_id": str(statement_id), "reference": request.form["reference"].strip()[:64],
               "account": request.form["account"].strip()[:40], "amount": -amount if drawn else amount,
               "received_on": on.isoformat()}
    return forms.send("payments.receive_settlement", payload, page, lambda _: _to(statement_id),
                      fields=("amount", "reference", "account", "received_on"))


@door(blueprint, "POST", _STATEMENTS + "/<uuid:statement_id>/aside", permission="reconciliation.resolve",
      media_types=FORM, csrf=True)
def set_aside(statement_id: Any) -> Answer:
    """A wrong file counts no more."""
    return forms.send("payments.set_statement_aside", {"statement_id": str(statement_id), "reason": forms.reason()},
                      _statement_page(statement_id, "aside"), lambda _: _to(statement_id), fields=("reason",))


@door(blueprint, "POST", _STATEMENTS + "/<uuid:statement_id>/difference", permission="settlement.let_go",
      media_types=FORM, csrf=True)
def let_go(statement_id: Any) -> Answer:
    """What is outstanding of a statement is booked as a difference."""
    return forms.send("payments.let_difference_go", {"statement_id": str(statement_id), "reason": forms.reason()},
                      _statement_page(statement_id, "let_go"), lambda _: _to(statement_id), fields=("reason",))


def _to(statement_id: Any) -> str:
    return url_for("finance_statements.show_statement", statement_id=statement_id)


def _statement_page(statement_id: Any, act: str = "") -> forms.Page:
    def page(faults: list[Fault], given: Mapping[str, Any]) -> str:
        one = forms.ask("payments.statement", {"statement_id": str(statement_id)})
        kind = request.args.get("kind") if request.args.get("kind") in rules.OF_LINES else None
        lines = forms.ask("payments.statement_lines", {"statement_id": str(statement_id), "kind": kind,
                                                       "after": request.args.get("after", 0, type=int)})
        return forms.render("staff/finance/statement.html", one=one, lines=lines, kind=kind or "", faults=faults,
                               given=given, act=act or request.args.get("act", ""), kinds=rules.OF_LINES,
                               once=forms.once())

    return page


# -- differences -------------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _DIFFERENCES, permission="reconciliation.read")
def differences() -> Answer:
    """What does not agree between rails and books and waits for a person, the longest first; or what was decided."""
    kind = request.args.get("kind") if request.args.get("kind") in rules.FOR_A_PERSON else None
    settled = request.args.get("settled") == "1"
    found = forms.ask("payments.differences", {"kind": kind, "settled": settled,
                                               "after": request.args.get("after") or None})
    return forms.render("staff/finance/differences.html", found=found, kind=kind or "", kinds=rules.FOR_A_PERSON,
                           settled=settled, people=forms.names(one["settled_by"] for one in found["differences"]))


@door(blueprint, "GET", _DIFFERENCES + "/<uuid:difference_id>", permission="reconciliation.resolve")
def show_difference(difference_id: Any) -> Answer:
    return _difference_page(difference_id)([], {})


@door(blueprint, "POST", _DIFFERENCES + "/<uuid:difference_id>", permission="reconciliation.resolve", media_types=FORM,
      csrf=True)
def settle_difference(difference_id: Any) -> Answer:
    """Decide of a difference, with the reason."""
    page, decision = _difference_page(difference_id), request.form.get("decision", "")
    if not decision:
        return forms.refused(page, [Fault("field_required", "decision")])
    payload = {"difference_id": str(difference_id), "decision": decision[:20], "reason": forms.reason()}
    return forms.send("payments.settle_difference", payload, page,
                      lambda _: url_for("finance_statements.differences"), fields=("decision", "reason"))


def _difference_page(difference_id: Any) -> forms.Page:
    def page(faults: list[Fault], given: Mapping[str, Any]) -> str:
        return forms.render("staff/finance/difference.html", one=_difference(str(difference_id)), faults=faults,
                               given=given, once=forms.once())

    return page


def _difference(wanted: str) -> dict[str, Any]:
    """The difference that waits under this id. Refuses difference_unknown."""
    after = None
    for _ in range(_PAGES):
        found = forms.ask("payments.differences", {"settled": False, "after": after})
        for one in found["differences"]:
            if one["difference_id"] == wanted:
                return dict(one)
        after = found["next"]
        if after is None:
            break
    raise refuse("difference_unknown", "difference_id")


# -- the treasury ------------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _TREASURY, permission="reconciliation.read")
def treasury() -> Answer:
    """Periods told to the treasury, the newest first, and the form that prepares the next."""
    return _periods([], {})


@door(blueprint, "POST", _TREASURY, permission="treasury.export", media_types=FORM, csrf=True)
def prepare() -> Answer:
    """Prepare the next period, or prepare it anew."""
    faults: list[Fault] = []
    since, until = (_day(request.form.get(name, ""), name, faults) for name in ("since", "until"))
    if until is None and not faults:
        faults.append(Fault("field_required", "until"))
    if faults or until is None:
        return forms.refused(_periods, faults)
    payload = {"since": since.isoformat() if since else None, "until": until.isoformat()}
    return forms.send("payments.prepare_treasury", payload, _periods,
                      lambda one: url_for("finance_statements.show_period", period_id=one["period_id"]),
                      fields=("until", "since"))


def _periods(faults: list[Fault], given: Mapping[str, Any]) -> str:
    periods = forms.ask("payments.treasury_periods", {})["periods"]
    people = forms.names(one[who] for one in periods for who in ("prepared_by", "closed_by"))
    return forms.render("staff/finance/treasury.html", periods=periods, people=people, faults=faults, given=given,
                           once=forms.once())


@door(blueprint, "GET", _TREASURY + "/<uuid:period_id>", permission="reconciliation.read")
def show_period(period_id: Any) -> Answer:
    return _period_page(period_id)([], {})


@door(blueprint, "POST", _TREASURY + "/<uuid:period_id>/closing", permission="treasury.close", media_types=FORM,
      csrf=True)
def close(period_id: Any) -> Answer:
    """Close a period that another person prepared: the file that was looked at, for good."""
    payload = {"period_id": str(period_id), "digest": request.form.get("digest", "")[:64]}
    return forms.send("payments.close_treasury", payload, _period_page(period_id),
                      lambda _: url_for("finance_statements.treasury"), fields=("digest",))


@door(blueprint, "GET", _TREASURY + "/<uuid:period_id>/file", permission="reconciliation.read")
def download(period_id: Any) -> Response:
    """The file of a period as it is told: XML or CSV."""
    wanted = "csv" if request.args.get("format") == "csv" else "xml"
    found = forms.ask("payments.treasury_file", {"period_id": str(period_id), "format": wanted})
    response = Response(found["body"].encode(), content_type=found["media_type"])
    response.headers["Content-Disposition"] = f'attachment; filename="{found["name"]}"'
    return response


def _period_page(period_id: Any) -> forms.Page:
    def page(faults: list[Fault], given: Mapping[str, Any]) -> str:
        found = forms.ask("payments.treasury_file", {"period_id": str(period_id), "format": "xml"})
        one = found["period"]
        return forms.render("staff/finance/period.html", one=one, faults=faults, given=given, once=forms.once(),
                               people=forms.names((one["prepared_by"], one["closed_by"])),
                               own=one["prepared_by"] == caller().actor.id)

    return page


def _day(typed: str, field: str, faults: list[Fault]) -> date | None:
    if not typed:
        return None
    try:
        return date.fromisoformat(western_digits(typed).strip())
    except ValueError:
        faults.append(Fault("board_day_malformed", field))
        return None
