"""A service whose file goes to several departments at once, then to an outside body, then to a decision."""

from __future__ import annotations

from typing import Any

from contracts.definition import load_definition
from tests.support.requests_ground import shop, staff

CODE = "branching"
REVIEWER = staff("reviewer", "officer", "licensing")
ENGINEER = staff("engineer", "officer", "engineering")
PHYSICIAN = staff("physician", "officer", "health")
DESKS = {"structure": ENGINEER, "sewage": ENGINEER, "health": PHYSICIAN}


def _name(arabic: str, english: str) -> dict[str, str]:
    return {"ar": arabic, "en": english}


def _branch(code: str, department: str, name: dict[str, str]) -> dict[str, Any]:
    return {
        "code": code, "name": name, "department": department, "role": "officer",
        "target": {"days": 5, "kind": "working"},
        "actions": [
            {"code": "agree", "name": _name("موافقة", "Agree"), "verdict": "favourable", "requires": ["opinion"]},
            {"code": "object", "name": _name("اعتراض", "Object"), "verdict": "unfavourable", "requires": ["reason"]},
            {"code": "send_back", "name": _name("إعادة للاستيفاء", "Send back"), "to": "completion",
             "requires": ["reason"]},
        ],
    }  # fmt: skip


def _task(name: dict[str, str], department: str, role: str, *actions: tuple[str, str]) -> dict[str, Any]:
    return {"kind": "task", "name": name, "department": department, "role": role, "clock": "running",
            "target": {"days": 3, "kind": "working"},
            "actions": [{"code": code, "name": _name(code, code), "to": to} for code, to in actions]}


def _end(name: dict[str, str], outcome: str, **more: str) -> dict[str, Any]:
    return {"kind": "end", "name": name, "outcome": outcome, **more}


def branching() -> dict[str, Any]:
    """The definition, loaded, to be changed at will."""
    definition = shop()
    definition |= {
        "code": CODE, "fees": [], "examples": [],
        "external_bodies": [{"code": "civil-defence", "name": _name("الحماية المدنية", "Civil defence"),
                             "source": "unverified"}],
        "period": {"days": 20, "kind": "working", "silence": "none", "source": "unverified"},
        "stage_periods": [], "follow_up": [], "overridable": [],
    }  # fmt: skip
    definition["workflow"] = {
        "initial": "review",
        "inputs": [{"name": "opinion", "type": "long_text", "label": _name("الرأي", "Opinion"), "max_length": 500}],
        "states": {
            "review": _task(_name("مراجعة", "Review"), "licensing", "officer", ("send_out", "departments")),
            "departments": {
                "kind": "parallel", "name": _name("آراء الإدارات", "Opinions of the departments"), "clock": "running",
                "branches": [_branch("structure", "engineering", _name("السلامة الإنشائية", "Structure")),
                             _branch("sewage", "engineering", _name("الصرف", "Sewage")),
                             _branch("health", "health", _name("الاشتراطات الصحية", "Sanitary conditions"))],
                "join": {"favourable": "civil_defence", "unfavourable": "objections"},
            },
            "civil_defence": {
                **_task(_name("رأي الحماية المدنية", "Opinion of civil defence"), "licensing", "officer",
                        ("answered", "decision")),
                "kind": "external", "body": "civil-defence", "clock": "stopped",
            },
            "objections": _task(_name("نظر الاعتراضات", "Objections"), "leadership", "unit_head",
                                ("uphold", "rejected"), ("overrule", "decision")),
            "decision": _task(_name("القرار", "Decision"), "leadership", "unit_head", ("approve", "issued"),
                              ("reject", "rejected"), ("ask_again", "departments")),
            "completion": {
                "kind": "applicant", "name": _name("استيفاء", "Completion"), "clock": "stopped", "expired": "lapsed",
                "time_limit": {"days": 30, "kind": "calendar", "source": "unverified"},
                "actions": [{"code": "resubmit", "name": _name("تقديم", "Submit again"), "to": "departments"},
                            {"code": "withdraw", "name": _name("سحب", "Withdraw"), "to": "withdrawn"}],
            },
            "issued": _end(_name("صدرت", "Issued"), "approved", output="licence"),
            "rejected": _end(_name("رُفض", "Rejected"), "rejected"),
            "withdrawn": _end(_name("سُحب", "Withdrawn"), "withdrawn"),
            "lapsed": _end(_name("حُفظ", "Closed"), "lapsed"),
        },
    }  # fmt: skip
    return load_definition(definition)
