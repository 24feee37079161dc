"""How much a service asks of people, in numbers, so that two versions of it can be compared.

The usual path is the one that most requests are meant to take: from the start, at every state the first way out in the
order written from which an approved end can be reached, and a wait for the applicant only where nothing else leads on.
    steps        what somebody must do on it: tasks, questions to outside bodies, payments, the applicant's own; in a
                 parallel state each branch is a step. Ends are none.
    visits       how often the applicant must come in person:
                   once to apply, unless the service is open on the portal or a phone and every paper that all must
                   bring is taken as a copy;
                   once for each state that waits for the applicant, unless the service is open there;
                   once to fetch the output, unless it is delivered digitally or by post.
                 A payment needs no visit: every bill can be paid through a rail. An inspection comes to the applicant.
    days         the statutory period, in days of `day_kind`.
    least, most  no applicant pays less, none more, in piastres (rules.fee_bounds): sums of the bounds of all lines, so
                 lines that exclude one another are all in `most`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rules import fee_bounds, fees, forms
from rules.refusal import Refusal
from rules.workflow import APPEALED, State, Workflow

Definition = Mapping[str, Any]

_REMOTE = {"portal", "mobile"}
_DELIVERED = {"digital", "post"}
_COUNTS = ("steps", "documents_required", "documents_conditional", "days", "visits", "least_fee", "most_fee")


@dataclass(frozen=True, slots=True)
class ExampleFee:
    """What a sample applicant pays in all stages together, in piastres; None where the form or the fees do not take
    the answers."""

    name: Mapping[str, str]
    total: int | None


@dataclass(frozen=True, slots=True)
class Measure:
    """One version of a service in numbers; what each means stands above. `departments` and `bodies`: who acts on the
    usual path, by code."""

    steps: int
    departments: tuple[str, ...]
    bodies: tuple[str, ...]
    documents_required: int
    documents_conditional: int
    days: int
    day_kind: str
    visits: int
    fees_by_example: tuple[ExampleFee, ...]
    least_fee: int | None
    most_fee: int | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FeeEffect:
    """What one sample applicant paid before and pays after; None where that version does not take the answers."""

    name: Mapping[str, str]
    before: int | None
    after: int | None

    @property
    def difference(self) -> int | None:
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class Effect:
    """Two versions compared. `difference`: after minus before of every count, None where one is not known, or (days)
    where they are counted in other days; below zero is less for people to do. `departments_added` and the like: by
    code."""

    before: Measure
    after: Measure
    difference: dict[str, int | None]
    departments_added: tuple[str, ...]
    departments_removed: tuple[str, ...]
    fees: tuple[FeeEffect, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "before": self.before.as_dict(), "after": self.after.as_dict(), "difference": dict(self.difference),
            "departments_added": list(self.departments_added), "departments_removed": list(self.departments_removed),
            "fees": [{"name": dict(one.name), "before": one.before, "after": one.after, "difference": one.difference}
                     for one in self.fees]}


def usual_path(workflow: Workflow) -> list[State]:
    """The states of the usual path, from the first to an approved end; empty when no approved end can be reached."""
    tried: set[str] = set()
    path: list[State] = []

    def leads(code: str) -> bool:
        if code in tried or code not in workflow.states:
            return False
        tried.add(code)
        state = workflow.states[code]
        path.append(state)
        if state.outcome == "approved":
            return True
        targets = [exit_.to for exit_ in state.exits if exit_.to in workflow.states
                   and exit_.code != APPEALED]
        targets.sort(key=lambda to: workflow.states[to].kind == "applicant")  # stable: else the order written
        if any(leads(to) for to in targets):
            return True
        path.pop()
        return False

    return path if leads(workflow.initial) else []


def measure(definition: Definition) -> Measure:
    """The numbers of a loaded definition. Refuses workflow_malformed where there is no workflow to follow."""
    path = usual_path(Workflow.parse(definition["workflow"]))
    acting = [one for state in path for one in (state.branches or (state,))]
    documents = definition["documents"]
    charged = fee_bounds.bounds(definition["fees"], definition["form"])
    known = len(charged) == len(definition["fees"])
    return Measure(
        steps=sum(len(state.branches) or 1 for state in path if state.kind != "end"),
        departments=tuple(sorted({one.department for one in acting if one.department})),
        bodies=tuple(sorted({one.body for one in acting if one.body})),
        documents_required=sum(1 for one in documents if _required(one) and one.get("when") is None),
        documents_conditional=sum(1 for one in documents if _required(one) and one.get("when") is not None),
        days=definition["period"]["days"], day_kind=definition["period"]["kind"],
        visits=_visits(definition, path),
        fees_by_example=tuple(ExampleFee(one["name"], total(definition, one["answers"]))
                              for one in definition.get("examples") or ()),
        least_fee=sum(one.least for one in charged.values()) if known else None,
        most_fee=sum(one.most for one in charged.values()) if known else None)


def effect(before: Definition, after: Definition) -> Effect:
    """What changing one version into the other does to people. Fees are compared for the sample applicants of
    either."""
    one, other = measure(before), measure(after)
    difference: dict[str, int | None] = {}
    for count in _COUNTS:
        was, now = getattr(one, count), getattr(other, count)
        difference[count] = None if was is None or now is None else now - was
    if one.day_kind != other.day_kind:
        difference["days"] = None
    difference["departments"] = len(other.departments) - len(one.departments)
    return Effect(one, other, difference,
                  tuple(sorted({*other.departments} - {*one.departments})),
                  tuple(sorted({*one.departments} - {*other.departments})),
                  tuple(FeeEffect(example["name"], total(before, example["answers"]), total(after, example["answers"]))
                        for example in _examples(before, after)))


def total(definition: Definition, answers: Mapping[str, Any]) -> int | None:
    """What the answers cost in all stages together, in piastres. None where the form refuses an answer that a fee uses,
    or a fee cannot be computed; answers that no fee uses (one that was added, or is asked no longer) do not matter."""
    try:
        cleaned: Mapping[str, Any] = forms.validate(definition["form"], answers)
    except Refusal as refusal:
        used = {f"answers/{name}" for name in fees.inputs(definition["fees"])}
        if any(fault.field in used for fault in refusal.faults):
            return None
        cleaned = answers
    try:
        return fees.total(fees.compute(definition["fees"], cleaned))
    except Refusal:
        return None


def _examples(before: Definition, after: Definition) -> Sequence[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for one in [*(after.get("examples") or ()), *(before.get("examples") or ())]:
        if all(one["answers"] != other["answers"] for other in found):
            found.append(one)
    return found


def _required(document: Mapping[str, Any]) -> bool:
    return bool(document.get("required", True))


def _visits(definition: Definition, path: Sequence[State]) -> int:
    remote = bool(_REMOTE & set(definition["channels"]))
    originals = any(_required(one) and one.get("when") is None and one.get("presented", "copy") != "copy"
                    for one in definition["documents"])
    visits = 0 if remote and not originals else 1
    if not remote:
        visits += sum(1 for state in path if state.kind == "applicant")
    issued = {state.output for state in path}
    fetched = [one for one in definition["outputs"] if one["code"] in issued
               and not _DELIVERED & set(one.get("delivery") or ("window", "digital"))]
    return visits + (1 if fetched else 0)
