"""Money that waits for a person: refunds, changes of bills, money under review. Lists by how long they wait, and for
each one a page with a single question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request, url_for

from contracts.payments_centre import REFUND_WHYS
from rules import refunds as rules
from rules.refusal import Fault, refuse
from services.gateway.web.access import FORM, door
from services.gateway.web.caller import caller
from services.gateway.web.pages import finance_forms as forms
from services.gateway.web.pages.finance_forms import Answer
from services.gateway.web.pages.public import LANG

blueprint = Blueprint("finance_waiting", __name__)
_FINANCE = LANG + "/staff/finance"
_REFUNDS, _CHANGES, _REVIEWS = _FINANCE + "/refunds", _FINANCE + "/changes", _FINANCE + "/reviews"
REVIEW_DECISIONS = ("accept", "return", "note")
DECIDED = ("requested", "approved", "rejected", "void")  # states of a change of a bill
STEERING = (rules.SENT_AGAIN, rules.REROUTED, rules.CONFIRMED, rules.GIVEN_UP)
# What a person may steer from which state; what the table of rules.refunds does not have is not offered.
STEERED = {"approved": (rules.REROUTED, rules.GIVEN_UP),
           "refused": (rules.SENT_AGAIN, rules.REROUTED, rules.CONFIRMED, rules.GIVEN_UP),
           "uncertain": (rules.SENT_AGAIN, rules.REROUTED, rules.CONFIRMED)}
# Of one at a rail of the centre's, what the centre alone can say is not offered.
STEERED_THERE = {**STEERED, "refused": (rules.SENT_AGAIN, rules.REROUTED, rules.GIVEN_UP),
                 "uncertain": (rules.SENT_AGAIN,)}


# -- refunds -----------------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _REFUNDS, permission="refund.read")
def refunds() -> Answer:
    """Refunds that wait for a person, for a rail or for their hand-over, the longest first."""
    waiting = forms.ask("payments.refunds", {})["refunds"]
    return forms.render("staff/finance/refunds.html", waiting=waiting, done=_done(rules.STATES),
                           people=forms.names(one["requested_by"] for one in waiting))


@door(blueprint, "GET", _REFUNDS + "/<uuid:refund_id>", permission="refund.read")
def show_refund(refund_id: Any) -> Answer:
    return _refund_page(refund_id)([], {"steer": request.args.get("steer", "")})


@door(blueprint, "POST", _REFUNDS + "/<uuid:refund_id>/decision", permission="refund.approve", media_types=FORM,
      csrf=True)
def decide_refund(refund_id: Any) -> Answer:
    """A second person approves, and may say by which way it goes, or rejects."""
    page = _refund_page(refund_id)
    approve = _yes_or_no("approve")
    if approve is None:
        return forms.refused(page, [Fault("field_required", "approve")])
    way = request.form.get("way", "")
    payload = {"refund_id": str(refund_id), "approve": approve, "reason": forms.reason(),
               "way": way if approve and way in rules.WAYS else None}
    return forms.send("payments.decide_refund", payload, page, lambda one: _back_to_refunds(one["state"]),
                      fields=("reason", "approve", "way"))


@door(blueprint, "POST", _REFUNDS + "/<uuid:refund_id>/payment", permission="refund.pay", media_types=FORM, csrf=True)
def pay_refund(refund_id: Any) -> Answer:
    """Say that an approved refund was handed over: in cash out of the own shift, at the bank, the terminal, the rail's
    pages."""
    payload = {"refund_id": str(refund_id), "reference": request.form.get("reference", "").strip()[:60] or None}
    return forms.send("payments.hand_over_refund", payload, _refund_page(refund_id),
                      lambda one: _back_to_refunds(one["state"]), fields=("reference",))


@door(blueprint, "POST", _REFUNDS + "/<uuid:refund_id>/steering", permission="refund.approve", media_types=FORM,
      csrf=True)
def steer_refund(refund_id: Any) -> Answer:
    """Decide about one that the rail refused, or of which nobody can tell whether it was done."""
    page, act, way = _refund_page(refund_id), request.form.get("act", ""), request.form.get("way", "")
    if act not in STEERING:
        return forms.refused(page, [Fault("field_required", "act")])
    payload = {"refund_id": str(refund_id), "act": act, "reason": forms.reason(),
               "way": way if act == rules.REROUTED and way in rules.WAYS else None,
               "reference": request.form.get("reference", "").strip()[:60] or None}
    return forms.send("payments.steer_refund", payload, page, lambda one: _back_to_refunds(one["state"]),
                      fields=("reason", "act", "way", "reference"))


def _refund_page(refund_id: Any) -> forms.Page:
    def page(faults: list[Fault], given: Mapping[str, Any]) -> str:
        waiting = forms.ask("payments.refunds", {})["refunds"]
        one = next((one for one in waiting if one["refund_id"] == str(refund_id)), None)
        if one is None:
            raise refuse("refund_unknown", "refund_id")
        return forms.render("staff/finance/refund.html", one=one, ways=rules.WAYS, faults=faults, given=given,
                               steered=(STEERED_THERE if one["travels"] else STEERED).get(one["state"], ()),
                               said=_centre_said(one), once=forms.once(),
                               people=forms.names((one["requested_by"], one["decided_by"])))

    return page


def _centre_said(one: Mapping[str, Any]) -> tuple[str, str]:
    """Why a refund at a rail of the centre's waits or was refused there: a code of REFUND_WHYS or '', and the rail's
    own words."""
    why, _, detail = (one["error"] or "").partition(": ") if one["travels"] else ("", "", "")
    return (why, detail) if why in REFUND_WHYS else ("", one["error"] or "")


def _back_to_refunds(state: str) -> str:
    return url_for("finance_waiting.refunds", done=state)


# -- changes of bills --------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _CHANGES, permission="bill.amend")
def changes() -> Answer:
    """Exemptions and amendments that wait for a second person, the longest first."""
    waiting = forms.ask("payments.bill_changes", {})["changes"]
    return forms.render("staff/finance/changes.html", waiting=waiting, done=_done(DECIDED),
                           people=forms.names(one["requested_by"] for one in waiting))


@door(blueprint, "GET", _CHANGES + "/<uuid:change_id>", permission="bill.amend")
def show_change(change_id: Any) -> Answer:
    return _change_page(change_id)([], {})


@door(blueprint, "POST", _CHANGES + "/<uuid:change_id>", permission="bill.approve", media_types=FORM, csrf=True)
def decide_change(change_id: Any) -> Answer:
    """A second person approves or rejects."""
    page, approve = _change_page(change_id), _yes_or_no("approve")
    if approve is None:
        return forms.refused(page, [Fault("field_required", "approve")])
    payload = {"change_id": str(change_id), "approve": approve, "reason": forms.reason()}
    return forms.send("payments.decide_change", payload, page,
                      lambda one: url_for("finance_waiting.changes", done=one["state"]), fields=("reason", "approve"))


def _change_page(change_id: Any) -> forms.Page:
    def page(faults: list[Fault], given: Mapping[str, Any]) -> str:
        waiting = forms.ask("payments.bill_changes", {})["changes"]
        one = next((one for one in waiting if one["change_id"] == str(change_id)), None)
        if one is None:
            raise refuse("bill_change_unknown", "change_id")
        kept = {line["code"]: line["amount"] for line in one["new_lines"]}
        return forms.render("staff/finance/change.html", one=one, kept=kept, faults=faults, given=given,
                               bill=forms.ask("payments.bill", {"bill_id": one["bill_id"]}), once=forms.once(),
                               own=one["requested_by"] == caller().actor.id, people=forms.names((one["requested_by"],)))

    return page


# -- money under review ------------------------------------------------------------------------------------------------


@door(blueprint, "GET", _REVIEWS, permission="review.settle")
def reviews() -> Answer:
    """Money and reports of rails that fit nothing, the longest first."""
    waiting = forms.ask("payments.reviews", {})["reviews"]
    return forms.render("staff/finance/reviews.html", waiting=waiting, done=_done(REVIEW_DECISIONS))


@door(blueprint, "GET", _REVIEWS + "/<uuid:review_id>", permission="review.settle")
def show_review(review_id: Any) -> Answer:
    return _review_page(review_id)([], {})


@door(blueprint, "POST", _REVIEWS + "/<uuid:review_id>", permission="review.settle", media_types=FORM, csrf=True)
def settle_review(review_id: Any) -> Answer:
    """Accept the money for its bill, ask that it go back, or note a report without money."""
    page, decision = _review_page(review_id), request.form.get("decision", "")
    if decision not in REVIEW_DECISIONS:
        return forms.refused(page, [Fault("field_required", "decision")])
    payload = {"review_id": str(review_id), "decision": decision, "reason": forms.reason()}
    return forms.send("payments.settle_review", payload, page,
                      lambda one: url_for("finance_waiting.reviews", done=one["decision"]),
                      fields=("decision", "reason"))


def _review_page(review_id: Any) -> forms.Page:
    def page(faults: list[Fault], given: Mapping[str, Any]) -> str:
        waiting = forms.ask("payments.reviews", {})["reviews"]
        one = next((one for one in waiting if one["review_id"] == str(review_id)), None)
        if one is None:
            raise refuse("review_unknown", "review_id")
        bill = forms.ask("payments.bill", {"bill_id": one["bill_id"]}) if one["bill_id"] else None
        possible = [code for code in REVIEW_DECISIONS
                    if {"accept": bill is not None and one["amount"] > 0, "return": one["amount"] > 0,
                        "note": not one["amount"]}[code]]
        return forms.render("staff/finance/review.html", one=one, bill=bill, possible=possible, faults=faults,
                               given=given, once=forms.once())

    return page


def _done(known: tuple[str, ...]) -> str:
    """What the page before did, where it is one of these."""
    done = request.args.get("done", "")
    return done if done in known else ""


def _yes_or_no(name: str) -> bool | None:
    return {"yes": True, "no": False}.get(request.form.get(name, ""))
