"""Bills for the finance officer: found, seen whole, and what may be done with one, a page for each act. Who may what,
and which state allows it, payments decides; here only what fits is offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for

from rules import numbering, payment_states
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal, refuse
from services.gateway import bills
from services.gateway.web import ask as gates
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import finance_forms as forms
from services.gateway.web.pages.finance_forms import Answer
from services.gateway.web.pages.public import LANG
from services.gateway.web.platform import platform

blueprint = Blueprint("finance", __name__)
_BILLS = LANG + "/staff/finance/bills"
_ACTING = "bill.amend|bill.issue|bill.cancel|refund.request|dispute.manage"
EXTRA = ("fine", "difference")  # kinds of bill that a person issued
REFUNDABLE = ("paid", "partly_refunded")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that may be done with a bill: the command, who may, whether it fits the bill now, the form's fields,
    and how its payload is read off the form. `read` raises Refusal with faults at the form's fields."""

    method: str
    permission: str
    fits: Callable[[Mapping[str, Any]], bool]
    fields: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], dict[str, Any]]


def _lines_to_refund(bill: Mapping[str, Any]) -> dict[str, Any]:
    """Parts of lines; nothing written means all that is left."""
    return {"lines": _amounts(bill, least=1, before={}) or None, "reason": forms.reason()}


def _lines_to_amend(bill: Mapping[str, Any]) -> dict[str, Any]:
    """Lines whose amount was changed."""
    before = {line["code"]: line["amount"] for line in bill["lines"]}
    changed = _amounts(bill, least=0, before=before)
    if not changed:
        raise refuse("bill_change_nothing", f"line-{next(iter(before), '')}")
    return {"lines": changed, "reason": forms.reason()}


def _amounts(bill: Mapping[str, Any], *, least: int, before: Mapping[str, int]) -> list[dict[str, Any]]:
    found, faults = [], []
    for line in bill["lines"]:
        typed = request.form.get(f"line-{line['code']}", "").strip()[:20]
        if not typed:
            continue
        amount = forms.amount(typed, least=least)
        if amount is None:
            faults.append(Fault("amount_malformed", f"line-{line['code']}"))
        elif amount != before.get(line["code"]):
            found.append({"code": line["code"], "amount": amount})
    if faults:
        raise Refusal(faults)
    return found


def _exempted(bill: Mapping[str, Any]) -> dict[str, Any]:
    """Chosen lines; none means the whole bill."""
    known = [line["code"] for line in bill["lines"]]
    chosen = [code for code in request.form.getlist("lines") if code in known]
    return {"lines": chosen or None, "legal_basis": request.form.get("legal_basis", "").strip()[:300],
            "reason": forms.reason()}


def _extended(_: Mapping[str, Any]) -> dict[str, Any]:
    days = western_digits(request.form.get("days", "")).strip()
    if not days.isascii() or not days.isdecimal() or not 1 <= int(days[:6]) <= 365:
        raise refuse("days_malformed", "days", most=365)
    return {"days": int(days), "reason": forms.reason()}


def _disputed(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"reference": request.form.get("reference", "").strip()[:60] or None, "reason": forms.reason()}


def _dispute_decided(_: Mapping[str, Any]) -> dict[str, Any]:
    won = request.form.get("won", "")
    if won not in ("yes", "no"):
        raise refuse("field_required", "won")
    return {"won": won == "yes", "reason": forms.reason()}


def _only_reason(_: Mapping[str, Any]) -> dict[str, Any]:
    return {"reason": forms.reason()}


def _open(bill: Mapping[str, Any]) -> bool:
    return bill["state"] in payment_states.OPEN


def _extra(bill: Mapping[str, Any]) -> bool:
    return bill.get("kind") in EXTRA


ACTS: dict[str, Act] = {
    "refund": Act("payments.request_refund", "refund.request", lambda bill: bill["state"] in REFUNDABLE, ("reason",),
                  _lines_to_refund),
    "exemption": Act("payments.request_exemption", "bill.amend", _open, ("reason", "lines", "legal_basis"), _exempted),
    "amendment": Act("payments.amend_bill", "bill.amend", _open, ("reason",), _lines_to_amend),
    "cancellation": Act("payments.cancel_bill", "bill.cancel", lambda bill: _open(bill) and _extra(bill), ("reason",),
                        _only_reason),
    "extension": Act("payments.extend_bill", "bill.issue",
                     lambda bill: _extra(bill) and bill["state"] in (*payment_states.OPEN, "expired"),
                     ("days", "reason"), _extended),
    "dispute": Act("payments.open_dispute", "dispute.manage", lambda bill: bill["state"] in REFUNDABLE,
                   ("reason", "reference"), _disputed),
    "dispute-decision": Act("payments.close_dispute", "dispute.manage", lambda bill: bill["state"] == "disputed",
                            ("reason", "won"), _dispute_decided),
}


@door(blueprint, "GET", _BILLS, permission="bill.amend|refund.read|bill.issue", staff=True)
def find() -> Answer:
    """Bills by their own number or by their request's."""
    number = request.args.get("number", "").strip()[:40]
    found = platform().run(lambda work: bills.find(work, _canonical(number)), caller().actor) if number else []
    unit = caller().actor.unit
    return forms.render("staff/finance/find.html", number=number,
                           found=[one for one in found if unit is None or one.unit == unit])


def _canonical(number: str) -> str:
    """The number as it is kept, whichever of the two kinds it is; as it was typed where it is neither."""
    for parse in (numbering.parse_tracking, lambda text: numbering.parse_bill_number(text).text):
        try:
            return parse(number)
        except Refusal:
            continue
    return number


@door(blueprint, "GET", _BILLS + "/<uuid:bill_id>", permission="bill.amend|refund.read|bill.issue", staff=True)
def show(bill_id: Any) -> Answer:
    """A bill with what was paid, given back, changed and disputed of it, and what may be done now."""
    bill, may = _bill(bill_id), caller().actor.permits
    back = forms.ask("payments.refunds", {"bill_id": str(bill_id)}) if may("refund.read") else None
    changes = forms.ask("payments.bill_changes", {"bill_id": str(bill_id)})["changes"] if may("bill.amend") else []
    people = forms.names([one[who] for one in changes for who in ("requested_by", "decided_by")])
    done = request.args.get("done", "")
    offered = [code for code, act in ACTS.items() if may(act.permission) and act.fits(bill)]
    return forms.render("staff/finance/bill.html", bill=bill, back=back, changes=changes, people=people,
                        offered=offered, done=done if done in (*ACTS, "issue") else "")


@door(blueprint, "GET", _BILLS + "/<uuid:bill_id>/<string:act>", permission=_ACTING)
def show_act(bill_id: Any, act: str) -> Answer:
    return _act_page(bill_id, act)([], {})


@door(blueprint, "POST", _BILLS + "/<uuid:bill_id>/<string:act>", permission=_ACTING, media_types=FORM, csrf=True)
def do_act(bill_id: Any, act: str) -> Answer:
    """Do one thing with a bill, with its reason."""
    known, page = _act(act), _act_page(bill_id, act)
    bill = _bill(bill_id)
    try:
        payload = known.read(bill)
    except Refusal as refusal:
        return forms.refused(page, refusal.faults)
    return forms.send(known.method, {"bill_id": str(bill_id), **payload}, page,
                      lambda _: url_for("finance.show", bill_id=bill_id, done=act), fields=known.fields)


def _act(code: str) -> Act:
    """The act of this name, for who may do it. Refuses not_found, forbidden."""
    act = ACTS.get(code)
    if act is None:
        raise refuse("not_found")
    gates.must(act.permission)
    return act


def _act_page(bill_id: Any, code: str) -> forms.Page:
    known = _act(code)

    def page(faults: list[Fault], given: Mapping[str, Any]) -> str:
        bill = _bill(bill_id)
        return forms.render("staff/finance/act.html", bill=bill, act=code, fits=known.fits(bill) or bool(faults),
                            faults=faults, given=given,
                            chosen=request.form.getlist("lines"), once=forms.once())

    return page


def _bill(bill_id: Any) -> dict[str, Any]:
    """The bill, of the own unit where there is one. Refuses bill_unknown, forbidden."""
    bill = forms.ask("payments.bill", {"bill_id": str(bill_id)})
    unit = caller().actor.unit
    if unit is not None and bill["unit"] != unit:
        platform().run(lambda work: work.deny("bill.read", str(bill_id)), caller().actor)
        raise refuse("bill_unknown", "bill_id")
    return bill


# -- fines and differences ---------------------------------------------------------------------------------------------


@door(blueprint, "GET", _BILLS + "/new", permission="bill.issue")
def show_new() -> Answer:
    return _new([], {"number": request.args.get("number", "")[:40]})


@door(blueprint, "POST", _BILLS + "/new", permission="bill.issue", media_types=FORM, csrf=True)
def issue() -> Answer:
    """Bill a fine or a difference of fees."""
    given = {name: request.form.get(name, "").strip() for name in ("number", "kind", "name_ar", "name_en", "account",
                                                                   "amount", "days")}
    faults = [Fault("field_required", name) for name in ("number", "kind", "name_ar", "name_en", "account")
              if not given[name]]
    amount, days = forms.amount(given["amount"]), western_digits(given["days"])
    if amount is None:
        faults.append(Fault("amount_malformed", "amount"))
    if days and not (days.isascii() and days.isdecimal() and 1 <= int(days[:6]) <= 365):
        faults.append(Fault("days_malformed", "days", {"most": 365}))
    if not forms.reason():
        faults.append(Fault("field_required", "reason"))
    if faults:
        return forms.refused(_new, faults)
    line = {"name_ar": given["name_ar"][:200], "name_en": given["name_en"][:200], "account": given["account"][:40],
            "amount": amount}
    payload = {"tracking_number": given["number"][:40], "kind": given["kind"], "lines": [line],
               "reason": forms.reason(), "days": int(days) if days else None}
    return forms.send("payments.issue_bill", payload, _new,
                      lambda bill: url_for("finance.show", bill_id=bill["bill_id"], done="issue"),
                      fields=("number", "kind", "account", "days", "reason"),
                      renamed={"tracking_number": "number", "request_id": "number", "lines": "account"})


def _new(faults: list[Fault], given: Mapping[str, Any]) -> str:
    return forms.render("staff/finance/new.html", faults=faults, given=given, once=forms.once())
