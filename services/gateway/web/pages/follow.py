"""Follow a request: the inquiry, where it stands, paying its bills, completing it, fetching the licence."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from rules.arabic import western_digits
from rules.refusal import Fault, Refusal, refuse
from services.gateway.web import ask
from services.gateway.web.access import FORM, door
from services.gateway.web.api.licences import pdf
from services.gateway.web.caller import caller
from services.gateway.web.pages import definition, kept
from services.gateway.web.pages.apply import FORM_BYTES, take_document
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import UPLOAD_SECONDS, platform

blueprint = Blueprint("follow", __name__)
_FOLLOW = LANG + "/follow"
_ONE = _FOLLOW + "/<tracking_number>"
SHOWN_INLINE = ("tracking_unknown", "field_required", "too_many_requests")


@door(blueprint, "GET", _FOLLOW, permission="request.inquire")
def show_inquiry() -> str:
    return render_template("public/inquiry.html", faults=[], number=request.args.get("number", "")[:40])


@door(blueprint, "POST", _FOLLOW, permission="request.inquire", media_types=FORM, csrf=True)
def inquire() -> Response | tuple[str, int, dict[str, str]]:
    """The digits come in a form's body, never in an address; afterwards the browser holds them sealed."""
    number, digits = request.form.get("tracking_number", "")[:40], request.form.get("phone_last4", "")[:10]
    try:
        found = ask.inquire("requests.status", number, digits)
    except Refusal as refusal:
        if refusal.code not in SHOWN_INLINE:
            raise
        fault = refusal.faults[0]
        field = "phone_last4" if refusal.code == "field_required" else "tracking_number"
        status = 429 if refusal.code == "too_many_requests" else 422
        headers = {"Retry-After": str(fault.params["seconds"])} if status == 429 else {}
        page = render_template("public/inquiry.html", faults=[Fault(fault.code, field, fault.params)], number=number)
        return page, status, headers
    exact = found["tracking_number"]
    response = redirect(url_for("follow.show", tracking_number=exact), 303)
    return kept.keep_followed(response, exact, western_digits(digits).strip())  # type: ignore[arg-type]


def _digits(tracking_number: str) -> str | None:
    return kept.followed().get(tracking_number)


def _again(tracking_number: str) -> Response:
    """The half hour is over, or another browser: ask for the digits again."""
    return redirect(url_for("follow.show_inquiry", number=tracking_number), 303)  # type: ignore[return-value]


def _bills(request_id: str) -> list[dict[str, Any]]:
    answer = platform().call("payments.bill", {"request_id": request_id}, caller().actor)
    return list(answer["bills"])


@door(blueprint, "GET", _ONE + "/received", permission="request.inquire")
def received(tracking_number: str) -> Response | str:
    digits = _digits(tracking_number)
    if digits is None:
        return _again(tracking_number)
    found = ask.inquire("requests.status", tracking_number, digits)
    link = url_for("follow.show_inquiry", number=tracking_number, _external=True)
    return render_template("public/received.html", found=found, link=link)


@door(blueprint, "GET", _ONE, permission="request.inquire")
def show(tracking_number: str) -> Response | str:
    digits = _digits(tracking_number)
    if digits is None:
        return _again(tracking_number)
    return _status(tracking_number, digits, [], "")


def _status(tracking_number: str, digits: str, faults: list[Fault], reason: str) -> str:
    found = ask.inquire("requests.timeline", tracking_number, digits)
    return render_template(
        "public/status.html",
        found=found,
        timeline=found,
        bills=_bills(found["request_id"]),
        soon="soon" in request.args,
        faults=faults,
        reason=reason,
        once=secrets.token_urlsafe(18),
    )


# -- paying ----------------------------------------------------------------------------------------------------------


def _bill(tracking_number: str, bill_id: Any) -> dict[str, Any] | None:
    """The bill, if it belongs to a request that this browser has opened."""
    if _digits(tracking_number) is None:
        return None
    bill = platform().call("payments.bill", {"bill_id": str(bill_id)}, caller().actor)
    if bill["tracking_number"] != tracking_number:
        raise refuse("bill_unknown")
    return bill


@door(blueprint, "GET", _ONE + "/bills/<uuid:bill_id>", permission="bill.read")
def show_bill(tracking_number: str, bill_id: Any) -> Response | str:
    bill = _bill(tracking_number, bill_id)
    if bill is None:
        return _again(tracking_number)
    return render_template("public/bill.html", bill=bill, once=secrets.token_urlsafe(18), started=None)


@door(blueprint, "POST", _ONE + "/bills/<uuid:bill_id>", permission="bill.pay", media_types=FORM, csrf=True)
def pay(tracking_number: str, bill_id: Any) -> Response | str:
    """Start the payment at the chosen rail and show where to pay."""
    bill = _bill(tracking_number, bill_id)
    if bill is None:
        return _again(tracking_number)
    rail = request.form.get("rail", "")[:40]
    started = platform().call(
        "payments.start", {"bill_id": str(bill_id), "rail": rail}, caller().actor, command_id=kept.once("pay")
    )
    fresh = _bill(tracking_number, bill_id)
    return render_template("public/bill.html", bill=fresh, once=secrets.token_urlsafe(18), started=started)


@door(blueprint, "GET", _ONE + "/bills/<uuid:bill_id>/receipt", permission="receipt.read")
def show_receipt(tracking_number: str, bill_id: Any) -> Response | str:
    if _bill(tracking_number, bill_id) is None:
        return _again(tracking_number)
    receipt = platform().call("payments.receipt", {"bill_id": str(bill_id)}, caller().actor)
    back = url_for("follow.show", tracking_number=tracking_number)
    return render_template("receipt.html", receipt=receipt, back=back)


@door(blueprint, "GET", _ONE + "/graph.svg", permission="request.inquire")
def draw(tracking_number: str) -> Response | str:
    """The path of the request as a picture, with where it stands."""
    digits = _digits(tracking_number)
    if digits is None:
        return _again(tracking_number)
    drawn = ask.inquire("requests.graph", tracking_number, digits, language=g.language)
    return Response(drawn["svg"], content_type="image/svg+xml")


# -- appealing -------------------------------------------------------------------------------------------------------


@door(blueprint, "POST", _ONE + "/appeal", permission="request.complete", media_types=FORM, csrf=True)
def appeal(tracking_number: str) -> Response | str | tuple[str, int]:
    """Appeal a rejection; what is wrong with it is told beside what was written."""
    digits = _digits(tracking_number)
    if digits is None:
        return _again(tracking_number)
    reason = request.form.get("reason", "").strip()[:2000]
    try:
        ask.inquire("requests.appeal", tracking_number, digits, command_id=kept.once("appeal"), reason=reason)
    except Refusal as refusal:
        if refusal.code == "tracking_unknown":
            raise
        return _status(tracking_number, digits, refusal.faults, reason), 422
    return redirect(url_for("follow.show", tracking_number=tracking_number), 303)  # type: ignore[return-value]


# -- completing ------------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _ONE + "/complete", permission="request.complete")
def show_completion(tracking_number: str) -> Response | str:
    digits = _digits(tracking_number)
    if digits is None:
        return _again(tracking_number)
    return _completion(ask.inquire("requests.timeline", tracking_number, digits), str(uuid4()), {}, [])


@door(
    blueprint, "POST", _ONE + "/complete", permission="request.complete", media_types=FORM, csrf=True, limit=FORM_BYTES
)
def complete(tracking_number: str) -> Response | tuple[str, int]:
    """Upload what was missing and send the file back to the department."""
    digits = _digits(tracking_number)
    if digits is None:
        return _again(tracking_number)
    found = ask.inquire("requests.timeline", tracking_number, digits)
    draft = kept.open_draft(request.form.get("draft", ""), tracking_number)
    if action := request.form.get("action", "")[:60]:
        return _otherwise(found, digits, draft, action)
    faults: list[Fault] = []
    for code in _codes(found):
        file = request.files.get(f"documents/{code}")
        if file is not None and file.filename:
            faults += take_document(draft["id"], draft["documents"], code, file)
    if not faults and not draft["documents"]:
        faults = [Fault("document_empty", f"documents/{code}") for code in _codes(found)[:1]]
    if not faults:
        documents = [{"code": code, "document_id": one["document_id"]} for code, one in draft["documents"].items()]
        try:
            ask.inquire(
                "requests.resubmit", tracking_number, digits, command_id=kept.once("complete"), documents=documents
            )
            return redirect(url_for("follow.show", tracking_number=tracking_number), 303)  # type: ignore[return-value]
        except Refusal as refusal:
            faults = refusal.faults
    return _completion(found, draft["id"], draft["documents"], faults), 422


def _otherwise(
    found: dict[str, Any], digits: str, draft: dict[str, Any], action: str
) -> Response | tuple[str, int]:
    """Another action than completing: to withdraw, where the service offers it."""
    number = found["tracking_number"]
    reason = request.form.get("reason", "").strip()[:2000] or None
    try:
        ask.inquire("requests.resubmit", number, digits, command_id=kept.once("act"), action=action, reason=reason)
    except Refusal as refusal:
        return _completion(found, draft["id"], draft["documents"], refusal.faults), 422
    return redirect(url_for("follow.show", tracking_number=number), 303)  # type: ignore[return-value]


def _codes(found: dict[str, Any]) -> list[str]:
    return [one["code"] for one in _documents(found)]


def _documents(found: dict[str, Any]) -> list[Any]:
    """What may be brought: the documents of the version it was lodged under, by the answers that are known here."""
    entry = platform().guide.version(found["service_code"], found["service_version"])
    return list(definition.documents(entry.document)) if entry else []


def _completion(found: dict[str, Any], draft_id: str, documents: dict[str, Any], faults: list[Fault]) -> str:
    draft = {"id": draft_id, "code": found["tracking_number"], "documents": documents}
    return render_template(
        "public/complete.html",
        found=found,
        draft=draft,
        sealed=kept.seal_draft(draft),
        documents=_documents(found),
        faults=faults,
        once=secrets.token_urlsafe(18),
    )


# -- the licence -----------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _ONE + "/licence", permission="licence.fetch")
def licence(tracking_number: str) -> Response:
    digits = _digits(tracking_number)
    if digits is None:
        return _again(tracking_number)
    try:
        document = ask.inquire("requests.licence_document", tracking_number, digits, timeout=UPLOAD_SECONDS)
    except Refusal as refusal:
        if refusal.code != "licence_not_ready":
            raise
        return redirect(url_for("follow.show", tracking_number=tracking_number, soon=1), 303)  # type: ignore[return-value]
    return pdf(document)
