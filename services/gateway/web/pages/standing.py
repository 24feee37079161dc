"""Where a request stands, in plain words: who has it, until when, why the count stands still, what its applicant must
do now, and what comes after. Everything is read from the timeline and from the version that it was lodged under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules import roles
from services.gateway.web.pages import shown
from services.gateway.web.platform import platform

OPEN_BILLS = ("created", "pending", "failed")
PAID_BILLS = ("paid", "refund_requested", "partly_refunded", "refunded", "disputed")


def view(found: Mapping[str, Any], bills: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page of a followed request tells besides the timeline's own words."""
    states = _states(found)
    stopped = _stopped(found, states)
    return {
        "who": who(found),
        "due": due(found),
        "stopped": stopped,
        "to_do": to_do(found, bills),
        "path": _path(found),
        "upcoming": _upcoming(found, states),
        "counted": _counted(found, states),
        "open_bills": [bill for bill in bills if bill["state"] in OPEN_BILLS],
        "receipts": [bill for bill in bills if bill["state"] in PAID_BILLS and bill.get("receipt_number")],
        "note": _last(found).get("note"),
        "ground": _last(found).get("legal_reason"),
    }


def who(found: Mapping[str, Any]) -> str:
    """Who has the request now, as a sentence."""
    kind = found["state_kind"]
    if kind == "end":
        return shown.text(f"stand.outcome.{found['outcome']}") if found["outcome"] else shown.named(found["state_name"])
    if kind in ("payment", "applicant"):
        return shown.text(f"stand.with.{kind}")
    if kind == "external" and found.get("body"):
        return shown.text("stand.with.external", name=shown.named(found["body"]))
    if kind == "parallel":
        at_work = [_department(one["department"]) for one in found["branches"] if not one["done"]]
        return shown.text("stand.with.parallel", names=shown.joined(dict.fromkeys(at_work)))
    if found.get("department"):
        return shown.text("stand.with.task", name=_department(found["department"]))
    return shown.named(found["state_name"])


def due(found: Mapping[str, Any]) -> str:
    """Until when, with the day of the week; nothing where the law gives no day or all is over."""
    if found["outcome"] or found["clock"] == "ended":
        return ""
    if found["due_on"]:
        return shown.text("stand.late" if found["late"] else "stand.due", day=shown.weekday(found["due_on"]))
    if found["clock"] == "stopped" and found.get("days_left"):
        return shown.text("stand.left", days=shown.counted(found["days_left"], "day"))
    return ""


def to_do(found: Mapping[str, Any], bills: list[dict[str, Any]]) -> list[str]:
    """What waits for the applicant, the most pressing first: pay, bill_soon, complete, replace, fetch."""
    open_bills = any(bill["state"] in OPEN_BILLS for bill in bills)
    return [
        what
        for what, waits in (
            ("complete", found["state_kind"] == "applicant"),
            ("pay", open_bills),
            ("bill_soon", found["state_kind"] == "payment" and not open_bills),
            ("replace", bool(found.get("documents_refused"))),
            ("fetch", bool(found.get("licence_serial"))),
        )
        if waits
    ]


def _stopped(found: Mapping[str, Any], states: Mapping[str, Any]) -> str:
    """Since when the count stands still and why; nothing while it runs."""
    if found["clock"] != "stopped" or not found.get("deadline"):
        return ""
    last = found["deadline"][-1]
    if last["clock"] != "stopped":
        return ""
    kind = (states.get(last["why"]) or {}).get("kind")
    if kind == "external" and found.get("body"):
        why = shown.text("stand.why.external", name=shown.named(found["body"]))
    elif kind in ("payment", "applicant"):
        why = shown.text(f"stand.why.{kind}")
    else:
        why = shown.text("stand.why.other", state=_name(states, last["why"]))
    return shown.text("stand.stopped", day=shown.weekday(last["from"]), why=why)


def _states(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """The states of the version that it was lodged under; nothing where this process does not have it yet."""
    entry = platform().guide.version(found["service_code"], found["service_version"])
    return entry.document["workflow"]["states"] if entry else {}


def _path(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What happened, the first first."""
    return [
        {
            "at": entry["at"],
            "what": shown.named(entry["action_name"]) or shown.text("stand.lodged"),
            "by": shown.named(entry["branch_name"]),
            "to": shown.named(entry["state_name"]),
            "with": _department(entry["department"]) if entry["department"] else "",
            "note": entry["note"],
        }
        for entry in found["entries"]
    ]


def _upcoming(found: Mapping[str, Any], states: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The usual way on from here: by the first way out of each state, until an end or where it was already."""
    if found["outcome"]:
        return []
    passed, code = [found["state"]], _onward(states.get(found["state"]) or {})
    while code in states and code not in passed:
        passed.append(code)
        code = _onward(states[code])
    return [
        {"name": shown.named(states[one]["name"]), "kind": states[one]["kind"],
         "with": _department(states[one]["department"]) if states[one].get("department") else ""}
        for one in passed[1:]
    ]  # fmt: skip


def _onward(state: Mapping[str, Any]) -> str:
    onward = state.get("next") or (state.get("join") or {}).get("favourable")
    return str(onward or next((action["to"] for action in state.get("actions") or ()), ""))


def _counted(found: Mapping[str, Any], states: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How the due date comes about, a line for each stretch of time."""
    return [{**one, "name": _name(states, one["why"])} for one in found.get("deadline") or ()]


def _name(states: Mapping[str, Any], code: str) -> str:
    return shown.named(states[code]["name"]) if code in states else ""


def _department(code: str) -> str:
    return roles.department_name(code, shown.language())


def _last(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return found["entries"][-1] if found["entries"] else {}
