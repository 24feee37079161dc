"""The answers of a form as a request keeps them: those the definition marks personal are sealed one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from chassis.uow import UnitOfWork
from rules import fees, forms
from rules.refusal import Refusal
from services.requests.guide import Definition

_ANSWER = "requests.request.answer"
_YES, _NO = {"ar": "نعم", "en": "Yes"}, {"ar": "لا", "en": "No"}


def sealed(work: UnitOfWork, definition: Definition, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Cleaned answers as they are stored."""
    return {
        name: work.privacy.seal(orjson.dumps(value).decode(), field=_ANSWER)
        if name in definition.personal_fields
        else value
        for name, value in answers.items()
    }


def opened(work: UnitOfWork, definition: Definition, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored answers as they were given; for a rule to judge, not to be shown."""
    return {
        name: orjson.loads(work.privacy.open(value, field=_ANSWER)) if name in definition.personal_fields else value
        for name, value in stored.items()
    }


def corrected(definition: Definition, before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Cleaned answers with corrections (None takes one back). What was answered before and no longer applies, given the
    corrections, is dropped. Refuses what rules.forms refuses."""
    answers = {**before, **given}
    while True:
        try:
            return forms.validate(definition.body["form"], answers)
        except Refusal as refusal:
            stale = {
                name
                for name in before
                if name not in given
                and any(f.code == "answer_not_applicable" and f.field == f"answers/{name}" for f in refusal.faults)
            } & answers.keys()
            if not stale:
                raise
            answers = {name: value for name, value in answers.items() if name not in stale}


def value_name(field: Mapping[str, Any], value: Any) -> dict[str, str] | None:
    """A cleaned answer in words, where its value is a code: a choice, several, yes or no. None where it speaks for
    itself."""
    if isinstance(value, bool):
        return dict(_YES if value else _NO)
    options = {option["value"]: option["label"] for option in field.get("options") or ()}
    chosen = [options[one] for one in (value if isinstance(value, list) else [value]) if one in options]
    if not chosen:
        return None
    return {"ar": "، ".join(one["ar"] for one in chosen), "en": ", ".join(one["en"] for one in chosen)}


def charges(definition: Definition, answers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What payments will bill, stage by stage. Refuses answers from which a fee cannot be computed."""
    lines = definition.body["fees"]
    return [
        {**charge.as_dict(), "stage": stage}
        for stage in sorted(fees.stages(lines))
        for charge in fees.compute(lines, answers, stage)
    ]
