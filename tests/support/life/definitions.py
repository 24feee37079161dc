"""Services that differ in what a request may meet on its way, composed from a few choices."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from contracts.definition import load_definition
from tests.support.requests_ground import shop

DEPARTMENTS = ("engineering", "health", "engineering")  # of the branches, in this order


@dataclass(frozen=True)
class Choices:
    """What a composed service has. `branches` are 0 (an inspection instead), 2 or 3; without
    `own_withdrawal` nobody may take it back. `waits` is for how many days an applicant or an outside body is waited
    for, 0 for ever."""

    fees: bool = True
    branches: int = 0
    external: bool = False
    silence: str = "none"
    appeal: bool = False
    extension: bool = False
    own_withdrawal: bool = True
    days: int = 12
    kind: str = "calendar"
    waits: int = 0

    @property
    def code(self) -> str:
        told = (str(int(value)) if isinstance(value, int) else value[0] for value in asdict(self).values())
        return "composed-" + "-".join(told)


# The three that every run meets; the others are drawn.
LINEAR = Choices(silence="approval", appeal=True, extension=True, waits=4)
PARALLEL = Choices(fees=False, branches=3, external=True, silence="rejection", kind="working", appeal=True, waits=3)
PAID_PARALLEL = Choices(branches=2, silence="approval", own_withdrawal=False, extension=True, days=6)


def composed(of: Choices) -> dict[str, Any]:
    """The definition, checked as every published one is."""
    granted = "awaiting_final_fee" if of.fees else "issued"
    asked = "departments" if of.branches else "inspection"
    opinion = "civil_defence" if of.external else "decision"
    reject = ["reason", "legal_reason"] if of.appeal else ["reason"]
    states: dict[str, Any] = {
        "review": _task("licensing", "officer", accept=(asked, ()), send_back=("completion", ("reason",))),
        "completion": {
            "kind": "applicant", "name": _name("completion"), "clock": "stopped",
            "actions": [_action("resubmit", "review"),
                        *([_action("withdraw", "withdrawn")] if of.own_withdrawal else [])]},
        "decision": {**_task("leadership", "unit_head", approve=(granted, ()), reject=("rejected", reject),
                             ask_again=(asked, ("reason",))), "purpose": "decision"},
        "issued": {**_end("approved"), "output": "licence"},
        "rejected": _end("rejected"),
    }
    if of.own_withdrawal:
        states["withdrawn"] = _end("withdrawn")
    if of.branches:
        states["departments"] = {
            "kind": "parallel", "name": _name("departments"), "clock": "running",
            "branches": [_branch(f"b{number}", DEPARTMENTS[number]) for number in range(of.branches)],
            "join": {"favourable": opinion, "unfavourable": "objections"}}
        states["objections"] = _task("leadership", "unit_head", uphold=("rejected", reject), overrule=("decision", ()))
    else:
        states["inspection"] = _task("engineering", "officer", report=(opinion, ("opinion",)))
    if of.external:
        states["civil_defence"] = {**_task("licensing", "officer", answered=("decision", ())), "kind": "external",
                                   "body": "civil-defence", "clock": "stopped"}
    if of.fees:
        states["awaiting_inspection_fee"] = _payment("inspection", "review")
        states["awaiting_final_fee"] = _payment("final", "issued")
    if of.fees or of.waits:
        states["lapsed"] = _end("lapsed")
    if of.waits:
        limit = {"days": of.waits, "kind": of.kind, "extension": {"days": 3, "times": 1}, "source": "unverified"}
        states["completion"] |= {"time_limit": limit, "expired": "lapsed"}
        if of.external:
            states["civil_defence"] |= {"time_limit": limit, "expired": "decision"}
    workflow: dict[str, Any] = {
        "initial": "awaiting_inspection_fee" if of.fees else "review", "states": states,
        "inputs": [{"name": "opinion", "type": "long_text", "label": _name("opinion"), "max_length": 200}]}
    if of.appeal:
        workflow["reasons"] = [{"code": "safety", "name": _name("safety"),
                                "legal_basis": {**_name("law"), "source": "unverified"}}]
        states["appeal"] = {**_task("leadership", "unit_head", grant=(granted, ()), dismiss=("rejected", reject)),
                            "purpose": "decision", "clock": "stopped"}
        workflow["appeal"] = {"days": 10, "kind": of.kind, "state": "appeal", "source": "unverified"}
    period: dict[str, Any] = {"days": of.days, "kind": of.kind, "silence": of.silence, "source": "law"}
    if of.silence == "approval" and not of.fees:
        period["silence"] = "rejection"  # silence hands out no document that nobody signed
    if period["silence"] != "none":
        period["silence_to"] = granted if period["silence"] == "approval" else "rejected"
    if of.extension:
        period["extension"] = {"days": 5, "times": 1}
    definition = shop()
    definition |= {"code": of.code, "documents": [], "period": period, "stage_periods": [],
                   "follow_up": [], "overridable": [], "workflow": workflow,
                   "outputs": [{**one, "renewal": None} for one in definition["outputs"]]}
    definition["external_bodies"] = [
        {"code": "civil-defence", "name": _name("civil defence"), "source": "unverified"}] if of.external else []
    if not of.fees:
        definition |= {"fees": [], "examples": []}
    return load_definition(definition)


def _name(english: str) -> dict[str, str]:
    return {"ar": f"خطوة {english}", "en": english}


def _action(code: str, to: str, requires: tuple[str, ...] | list[str] = ()) -> dict[str, Any]:
    return {"code": code, "name": _name(code), "to": to, "requires": list(requires)}


def _task(department: str, role: str, **actions: Any) -> dict[str, Any]:
    return {"kind": "task", "name": _name(department), "department": department, "role": role, "clock": "running",
            "target": {"days": 3, "kind": "working"},
            "actions": [_action(code, to, requires) for code, (to, requires) in actions.items()]}


def _branch(code: str, department: str) -> dict[str, Any]:
    return {"code": code, "name": _name(code), "department": department, "role": "officer",
            "target": {"days": 5, "kind": "working"},
            "actions": [{"code": "agree", "name": _name("agree"), "verdict": "favourable", "requires": ["opinion"]},
                        {"code": "object", "name": _name("object"), "verdict": "unfavourable",
                         "requires": ["reason"]},
                        {"code": "send_back", "name": _name("send back"), "to": "completion", "requires": ["reason"]}]}


def _payment(stage: str, following: str) -> dict[str, Any]:
    return {"kind": "payment", "name": _name(stage), "stage": stage, "next": following, "expired": "lapsed",
            "clock": "stopped"}


def _end(outcome: str) -> dict[str, Any]:
    return {"kind": "end", "name": _name(outcome), "outcome": outcome}
