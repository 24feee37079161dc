"""How a new service begins: as another one is, or as the plainest service that can be executed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from contracts.requests import CHANNELS
from contracts.requests_intake import APPLICANT_KINDS
from rules import guide_words, places
from services.gateway.web.pages.editor_words import WORDS

_ITEMS = ("form", "documents", "fees", "outputs", "external_bodies", "stage_periods", "follow_up")
_WHOLE = ("applicants", "channels", "unit_kinds", "workflow", "eligibility", "period")


def after(base: Mapping[str, Any], code: str, name: Mapping[str, str]) -> dict[str, Any]:
    """A copy of a service under another code and name, all of it to be verified anew. What only the first can be (the
    licence that it takes the place of, how its own is renewed) is left out."""
    body = copy.deepcopy(dict(base))
    body |= {"code": code, "name": dict(name)}
    body.pop("supersedes", None)
    for output in body.get("outputs") or ():
        output["renewal"] = None
    return body


def plain(code: str, name: Mapping[str, str]) -> dict[str, Any]:
    """A service that is free: documents are looked at, the head of the unit decides, a certificate is issued. Sound as
    it stands but for what only its editor knows: the legal basis."""
    unverified = "unverified"
    return {
        "code": code, "name": dict(name), "summary": dict(name), "keywords": [],
        "sector": next(iter(guide_words.load().sectors)), "life_event": next(iter(guide_words.load().life_events)),
        "legal_basis": [], "sources": {**dict.fromkeys(_ITEMS, unverified), **dict.fromkeys(_WHOLE, unverified)},
        "applicants": list(APPLICANT_KINDS), "channels": list(CHANNELS), "unit_kinds": list(places.UNIT_KINDS),
        "form": [], "documents": [], "fees": [], "examples": [], "stage_periods": [], "external_bodies": [],
        "follow_up": [], "overridable": [],
        "period": {"days": 30, "kind": "calendar", "silence": "none", "source": unverified},
        "workflow": {"initial": "review", "inputs": [], "states": _states()},
        "outputs": [{"code": "certificate", "kind": "certificate", "name": dict(name), "validity_months": None,
                     "fields": [], "delivery": ["window", "digital"], "renewal": None, "template": None,
                     "source": unverified}]}


def _states() -> dict[str, Any]:
    def action(code: str, ar: str, en: str, to: str, *requires: str) -> dict[str, Any]:
        return {"code": code, "name": {"ar": ar, "en": en}, "to": to, "requires": list(requires)}

    def end(ar: str, en: str, outcome: str, **more: Any) -> dict[str, Any]:
        return {"kind": "end", "name": {"ar": ar, "en": en}, "outcome": outcome, "actions": [], **more}

    outcomes = {code: pair for code, pair in WORDS["outcomes"].items() if code not in ("approved", "rejected")}
    return {
        "review": {
            "kind": "task", "name": {"ar": "مراجعة الطلب", "en": "Review of the request"}, "department": "licensing",
            "role": "officer", "purpose": "review", "clock": "running", "target": {"days": 3, "kind": "working"},
            "actions": [action("accept", "قبول الطلب", "Accept", "decision"),
                        action("send_back", "إعادة للاستيفاء", "Send back for completion", "completion", "reason")]},
        "completion": {
            "kind": "applicant", "name": {"ar": "في انتظار استيفاء من مقدم الطلب", "en": "Waiting for the applicant"},
            "clock": "stopped", "expired": "lapsed",
            "time_limit": {"days": 30, "kind": "calendar", "source": "unverified"},
            "actions": [action("resubmit", "إعادة التقديم بعد الاستيفاء", "Submit again", "review"),
                        action("withdraw", "سحب الطلب", "Withdraw the request", "withdrawn")]},
        "decision": {
            "kind": "task", "name": {"ar": "قرار رئيس الوحدة المحلية", "en": "Decision of the head of the unit"},
            "department": "leadership", "role": "unit_head", "purpose": "decision", "clock": "running",
            "target": {"days": 3, "kind": "working"},
            "actions": [action("approve", "موافقة", "Approve", "issued"),
                        action("reject", "رفض", "Reject", "rejected", "reason")]},
        "issued": end("صدر المحرر", "Issued", "approved", output="certificate"),
        "rejected": end("رُفض الطلب", "Rejected", "rejected"),
        **{code: end(ar, en, code) for code, (ar, en) in outcomes.items()}}
