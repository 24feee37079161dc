"""The way through an application for whoever fills it in alone: one question or one small related group a page, in an
order that follows the answers. Which pages there are comes from the definition; no service is known by name.

A page never holds a question together with the one that it hangs on, so that what an answer calls for, or no longer
does, is a page more or less on the way and needs no script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from rules import conditions
from services.gateway.web.pages import applying, definition, particulars, shown
from services.gateway.web.pages.applying import Draft, Reading
from services.gateway.web.pages.definition import Definition

MOST_ON_A_PAGE = 5
_GROUPS = {
    "company": ("company",), "attorney": ("power_of_attorney", "principal"),
    "heirs": ("deceased", "inheritance", "heirs"), "citizen": (), "foreigner": (),
}  # fmt: skip
_EMPTY = ("field_required", "choose_one", "document_missing", "principal_not_identified")  # nothing is typed wrongly
DONE, STARTED, WRONG, OPEN, OPTIONAL = "done", "started", "wrong", "open", "optional"


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the way: `code` stands in its address, `names` are the form's fields on it, `task` is the line of the
    task list to which it belongs, `kind` which template draws it."""

    code: str
    kind: str
    title: str
    names: tuple[str, ...]
    task: str
    task_title: str
    section: str
    questions: tuple[Mapping[str, Any], ...] = ()
    document: Mapping[str, Any] | None = None

    @property
    def required(self) -> bool:
        """Whether something must be given here."""
        if self.document is not None:
            return bool(self.document.get("required"))
        return not self.questions or any(field.get("required") for field in self.questions)


@dataclass(frozen=True, slots=True)
class Task:
    """A line of the task list: where it leads and how far it is."""

    title: str
    section: str
    step: str
    state: str


def of(document: Definition, draft: Draft, found: Reading) -> list[Step]:
    """Every page that this draft calls for, in order."""
    return [*_applicant(document, draft), _place(), *_questions(document, found), *_documents(found)]


def step(way: list[Step], code: str) -> Step | None:
    """The page of a code, where the way has one."""
    return next((one for one in way if one.code == code), None)


def of_field(way: list[Step], field: str | None) -> Step | None:
    """The page on which a field is asked."""
    return next((one for one in way if field in one.names), None)


def state(one: Step, draft: Draft, found: Reading) -> str:
    """How far a page is: what was given and is sound, or passed where nothing must be given, is done."""
    faults = found.faults_of(one.names)
    if faults and not _given(one, draft):
        return OPEN
    if faults:
        return STARTED if all(fault.code in _EMPTY for fault in faults) else WRONG
    if one.code in draft["seen"] or (one.required and _given(one, draft)):
        return DONE
    return OPTIONAL if not one.required else OPEN


def ready(way: list[Step], draft: Draft, found: Reading) -> bool:
    """Whether it can be checked and sent: nothing is wrong, and nobody was led past what may be given."""
    return not found.faults and all(state(one, draft, found) == DONE for one in way)


def unfinished(way: list[Step], draft: Draft, found: Reading) -> Step | None:
    """The first page with something left to do."""
    return next((one for one in way if state(one, draft, found) != DONE), None)


def after(way: list[Step], one: Step) -> Step | None:
    """The page that follows; none after the last."""
    codes = [other.code for other in way]
    at = codes.index(one.code) + 1 if one.code in codes else 0
    return way[at] if at < len(way) else None


def before(way: list[Step], one: Step) -> Step | None:
    """The page to which the way back leads; none before the first."""
    codes = [other.code for other in way]
    at = codes.index(one.code) if one.code in codes else 0
    return way[at - 1] if at else None


def tasks(way: list[Step], draft: Draft, found: Reading) -> list[Task]:
    """The way as lines of a task list; a line leads to what is left of it, or to its beginning."""
    lines: dict[str, list[Step]] = {}
    for one in way:
        lines.setdefault(one.task, []).append(one)
    listed = []
    for members in lines.values():
        states = [state(one, draft, found) for one in members]
        left = next((one for one, how in zip(members, states, strict=True) if how != DONE), members[0])
        listed.append(Task(members[0].task_title, members[0].section, left.code, _together(states)))
    return listed


def _together(states: list[str]) -> str:
    if WRONG in states:
        return WRONG
    if set(states) <= {DONE}:
        return DONE
    if DONE in states or STARTED in states:
        return STARTED
    return OPTIONAL if set(states) == {OPTIONAL} else OPEN


def _given(one: Step, draft: Draft) -> bool:
    if one.document is not None:
        return one.document["code"] in draft["documents"]
    return any(value(draft, name) not in (None, "", []) for name in one.names)


def value(draft: Draft, name: str) -> Any:
    """What was typed at a field of the form."""
    group, _, rest = name.partition("/")
    return draft.get("unit") if group == "unit" else draft[group].get(rest)


# -- the pages --------------------------------------------------------------------------------------------------------


def _applicant(document: Definition, draft: Draft) -> Iterator[Step]:
    kind = applying.kind_of(document, draft["applicant"])
    section, about = shown.text("apply.section_who"), shown.text("apply.applicant")

    def page(code: str, title: str, *names: str, look: str = "applicant") -> Step:
        return Step(code, look, title, tuple(f"applicant/{name}" for name in names), "applicant", about, section)

    if len(definition.applicant_kinds(document)) > 1:
        yield page("kind", shown.text("apply.kind_asked"), "kind", look="kind")
    if kind is None:
        return
    own = ("name", "passport", "nationality") if kind == "foreigner" else ("name", "national_id")
    yield page("person", shown.text(f"apply.person_{kind}"), *own)
    for group in _GROUPS[kind]:
        names = [name for name in particulars.ASKED[kind] if name.split("/")[0] == group]
        yield page(group, shown.text(f"apply.about_{group}"), *names)
    yield page("contact", shown.text("apply.contact"), "phone", "email")


def _place() -> Step:
    return Step("place", "place", shown.text("apply.unit_asked"), ("unit",), "place", shown.text("apply.place"),
                shown.text("apply.section_about"))  # fmt: skip


def _questions(document: Definition, found: Reading) -> Iterator[Step]:
    asked = {field["name"] for field in found.fields}
    section = shown.text("apply.section_about")
    lines: list[list[tuple[str, tuple[Mapping[str, Any], ...]]]] = []
    part: Any = ""  # none of the form's own, which are codes
    for all_of_page in pages(definition.form(document)):
        key = _part(all_of_page[0])
        fields = tuple(field for field in all_of_page if field["name"] in asked)
        if not fields:
            continue
        if key != part:
            lines.append([])
            part = key
        lines[-1].append((f"q-{all_of_page[0]['name']}", fields))
    general = sum(_part(line[0][1][0]) is None for line in lines)
    for number, line in enumerate(lines):
        task = _line_title(line[0][1], len(line), alone=general == 1)
        for code, fields in line:
            title = definition.label(fields[0]) if len(fields) == 1 else shown.named(fields[0]["part"]["name"])
            yield Step(code, "questions", title, tuple(f"answers/{field['name']}" for field in fields),
                       f"answers-{number}", task, section, fields)  # fmt: skip


def _line_title(first: tuple[Mapping[str, Any], ...], count: int, *, alone: bool) -> str:
    """What a line of the task list with questions is called: its part; without one, by its first question where there
    are several such lines."""
    if _part(first[0]) is not None:
        return shown.named(first[0]["part"]["name"])
    if alone:
        return shown.text("apply.about")
    label = definition.label(first[0])
    return label if count == 1 else shown.text("apply.and_more", first=label)


def _documents(found: Reading) -> Iterator[Step]:
    for one in found.documents:
        name, code = shown.named(one["name"]), one["code"]
        yield Step(f"d-{code}", "document", name, (f"documents/{code}",), f"document-{code}", name,
                   shown.text("service.documents"), (), one)  # fmt: skip


def pages(form: list[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The form's questions by page, whatever is answered: each question alone, those of one part together, at most five
    and evenly, and none beside one that it hangs on."""
    found: list[list[Mapping[str, Any]]] = []
    for run in _runs(form):
        most = ceil(len(run) / ceil(len(run) / MOST_ON_A_PAGE))
        page: list[Mapping[str, Any]] = []
        for field in run:
            here = {other["name"] for other in page}
            if page and (len(page) == most or conditions.fields(field.get("when")) & here):
                found.append(page)
                page = []
            page.append(field)
        found.append(page)
    return found


def _runs(form: list[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    runs: list[list[Mapping[str, Any]]] = []
    for field in form:
        if runs and _part(field) is not None and _part(runs[-1][0]) == _part(field):
            runs[-1].append(field)
        else:
            runs.append([field])
    return runs


def _part(field: Mapping[str, Any]) -> Any:
    part = field.get("part")
    return (part["code"], part.get("prefix")) if part else None
