"""A wording's way from its writing into force, as data. Pure.

    draft ──► proposed ──► in_force ──► replaced (by the next one put in force)
      ▲ │        │ │           └──────► withdrawn (the shipped wording is in force again)
      │ └────┐   │ └► withdrawn
      └─ returned ┘        (withdrawn from draft and returned too)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rules.refusal import refuse

SHIPPED, DRAFT, PROPOSED, RETURNED = "shipped", "draft", "proposed", "returned"
IN_FORCE, REPLACED, WITHDRAWN = "in_force", "replaced", "withdrawn"
OPEN = (DRAFT, PROPOSED, RETURNED)

WRITE, REVIEW = "template.write", "template.review"


@dataclass(frozen=True, slots=True)
class Step:
    """Where an act leads, who may, and whether it takes somebody who wrote none of it."""

    to: str
    permission: str
    other_person: bool = False


# (state, act) → step
STEPS: Mapping[tuple[str, str], Step] = MappingProxyType({
    (DRAFT, "write"): Step(DRAFT, WRITE),
    (RETURNED, "write"): Step(DRAFT, WRITE),
    (DRAFT, "propose"): Step(PROPOSED, WRITE),
    (PROPOSED, "put_in_force"): Step(IN_FORCE, REVIEW, other_person=True),
    (PROPOSED, "return"): Step(RETURNED, REVIEW, other_person=True),
    (IN_FORCE, "replace"): Step(REPLACED, REVIEW),
    (DRAFT, "withdraw"): Step(WITHDRAWN, WRITE),
    (PROPOSED, "withdraw"): Step(WITHDRAWN, WRITE),
    (RETURNED, "withdraw"): Step(WITHDRAWN, WRITE),
    (IN_FORCE, "withdraw"): Step(WITHDRAWN, REVIEW),
})  # fmt: skip

NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({
    SHIPPED: ("الصيغة الأصلية", "shipped"), DRAFT: ("مسودة", "a draft"), PROPOSED: ("معروضة للمراجعة", "proposed"),
    RETURNED: ("مردودة", "returned"), IN_FORCE: ("سارية", "in force"), REPLACED: ("مستبدلة", "replaced"),
    WITHDRAWN: ("مسحوبة", "withdrawn"),
})  # fmt: skip


def step(state: str, act: str) -> Step:
    """What the act does in this state. Refuses template_not_possible, naming the state in both languages."""
    found = STEPS.get((state, act))
    if found is None:
        arabic, english = NAMES[state]
        raise refuse("template_not_possible", None, state_ar=arabic, state_en=english)
    return found


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> list[dict[str, object]]:
    """What differs between two wordings, text by text: {field, before, after}; a paragraph that is not there is
    null."""
    was, now = _flat(before), _flat(after)
    return [{"field": field, "before": was.get(field), "after": now.get(field)}
            for field in [*was, *(field for field in now if field not in was)] if was.get(field) != now.get(field)]


def _flat(given: object, at: str = "") -> dict[str, str]:
    if isinstance(given, Mapping):
        return {key: text for name in sorted(given) for key, text in _flat(given[name], f"{at}{name}/").items()}
    if isinstance(given, list | tuple):
        return {key: text for number, item in enumerate(given) for key, text in _flat(item, f"{at}{number}/").items()}
    return {at[:-1]: str(given)} if given else {}
