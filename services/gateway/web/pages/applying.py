"""An application while it is being filled in, whoever fills it in and on however many pages: what it asks, everything
that is wrong with it, what is lodged of it, and how it is told to be checked.

A draft holds what was typed, as it was typed, so that nothing is lost whatever is wrong with it; what it comes to is
read from it each time against the definition in force. Keys: `id` (its uploads and its lodging are commands made of
it), `code` of the service, `unit`, `applicant` (flat, see particulars), `answers` by field, `documents` by code
({document_id, file_name, size}), `account` (whose it is; none: anybody's who holds it), `seen` (steps passed).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rules import conditions, forms
from rules.refusal import Fault, Refusal
from services.gateway.web.pages import definition, particulars, shown
from services.gateway.web.pages.definition import Definition

Draft = dict[str, Any]
APPLICANT = ("kind", *particulars.PERSON, *particulars.EVERY)
LONGEST, LONGEST_OF_HEIRS = 300, 12_000  # characters of one particular


@dataclass(frozen=True, slots=True)
class Reading:
    """A draft held against a definition. `fields` and `documents` are those that its answers call for, `answers` the
    cleaned ones of them; `faults` everything that keeps it from being lodged, in the order of the form."""

    fields: list[Mapping[str, Any]]
    answers: dict[str, Any]
    documents: list[Mapping[str, Any]]
    faults: list[Fault]

    def faults_of(self, names: Iterable[str]) -> list[Fault]:
        """Those at these fields."""
        wanted = frozenset(names)
        return [fault for fault in self.faults if fault.field in wanted]


def read(document: Definition, draft: Mapping[str, Any], today: date) -> Reading:
    """What the draft comes to today. Never refuses."""
    fields, answers, answer_faults = clean(definition.form(document), draft["answers"])
    documents = forms.accepted_documents(definition.documents(document), answers)
    required = {one["code"] for one in forms.required_documents(definition.documents(document), answers)}
    missing = [missing_document(one) for one in documents
               if one["code"] in required and one["code"] not in draft["documents"]]  # fmt: skip
    offered = {unit.code for unit in definition.units(document)}
    where = [] if draft["unit"] in offered else [Fault("choose_one", "unit")]
    faults = [*applicant_faults(document, draft["applicant"], today), *where, *answer_faults, *missing]
    return Reading(fields, answers, documents, faults)


def clean(
    form: Iterable[forms.FormField], given: Mapping[str, Any]
) -> tuple[list[Mapping[str, Any]], dict[str, Any], list[Fault]]:
    """The questions that the answers call for, the answers cleaned one by one, and every fault: one hides no other. A
    question hangs on sound answers only; what was typed to one that no longer applies is left out."""
    asked: list[Mapping[str, Any]] = []
    cleaned: dict[str, Any] = {}
    faults: list[Fault] = []
    for field in form:
        if not conditions.holds(field.get("when"), cleaned):
            continue
        asked.append(field)
        name = field["name"]
        try:
            cleaned.update(forms.validate([{**field, "when": None}], {name: given.get(name)}))
        except Refusal as refusal:
            faults += refusal.faults
    return asked, cleaned, faults


def applicant_faults(document: Definition, applicant: Mapping[str, str], today: date) -> list[Fault]:
    """What is wrong with the applicant, in the order in which he is asked."""
    kind = kind_of(document, applicant)
    if kind is None:
        return [Fault("choose_one", "applicant/kind")]
    flat = {**dict.fromkeys(APPLICANT, ""), **applicant, "kind": kind}
    flat["national_id" if kind == "foreigner" else "passport"] = ""
    order = [f"applicant/{name}" for name in APPLICANT]
    found = particulars.faults(flat, today)
    return sorted(found, key=lambda fault: order.index(fault.field or "") if fault.field in order else len(order))


def heirs_faults(document: Definition, applicant: Mapping[str, str], today: date) -> list[Fault]:
    """What is wrong with the heirs, each at its own field; none where nobody applies as heirs."""
    if kind_of(document, applicant) != "heirs":
        return []
    flat = {**dict.fromkeys(APPLICANT, ""), **applicant, "kind": "heirs"}
    return [fault for fault in particulars.faults(flat, today, each_heir=True)
            if (fault.field or "").startswith("applicant/heirs")]  # fmt: skip


def kind_of(document: Definition, applicant: Mapping[str, str]) -> str | None:
    """As what the applicant applies: as chosen, or as the only kind that the service knows. None: still to be said."""
    kinds = definition.applicant_kinds(document)
    if len(kinds) == 1:
        return kinds[0]
    return applicant.get("kind") if applicant.get("kind") in kinds else None


def missing_document(one: Mapping[str, Any]) -> Fault:
    names = {"name_ar": one["name"]["ar"], "name_en": one["name"]["en"]}
    return Fault("document_missing", f"documents/{one['code']}", names)


def submission(document: Definition, draft: Mapping[str, Any], found: Reading, language: str) -> dict[str, Any]:
    """The body of `requests.submit`: only what the answers call for goes along. `channel` is the door's to say."""
    kind = kind_of(document, draft["applicant"])
    accepted = {one["code"] for one in found.documents}
    return {
        "service_code": draft["code"],
        "unit": draft["unit"],
        "applicant": particulars.nested({**draft["applicant"], "kind": kind or ""}, language),
        "answers": found.answers,
        "documents": [{"code": code, "document_id": one["document_id"]}
                      for code, one in draft["documents"].items() if code in accepted],
    }  # fmt: skip


# -- told to be checked ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to be checked: at which field of the form it was given."""

    field: str
    label: str
    value: str


def told(document: Definition, draft: Mapping[str, Any], found: Reading) -> list[tuple[str, list[Line]]]:
    """The whole application by section, each with its name, in the page's language."""
    return [
        (shown.text("apply.applicant"), _applicant(document, draft["applicant"])),
        (shown.text("apply.place"), [Line("unit", shown.text("apply.unit"), shown.unit_name(draft["unit"]))]),
        (shown.text("apply.about"), _answers(found)),
        (shown.text("service.documents"), _documents(draft, found)),
    ]


def applicant_label(name: str) -> str:
    """What a particular of the applicant is called."""
    return shown.text(f"apply.{name}" if name in ("kind", *particulars.PERSON) else f"particulars.{name}")


def _applicant(document: Definition, applicant: Mapping[str, str]) -> list[Line]:
    kind = kind_of(document, applicant) or ""
    card = "passport" if kind == "foreigner" else "national_id"
    lines = [Line("applicant/kind", applicant_label("kind"), shown.text(f"kind.{kind}") if kind else "")]
    names = ("name", card, *particulars.ASKED.get(kind, ()), "phone", "email")
    return lines + [Line(f"applicant/{name}", applicant_label(name), applicant[name])
                    for name in names if applicant.get(name)]  # fmt: skip


def _answers(found: Reading) -> list[Line]:
    return [
        Line(f"answers/{field['name']}", definition.label(field),
             definition.answer_text(field, found.answers.get(field["name"])) or shown.text("check.nothing"))
        for field in found.fields
    ]  # fmt: skip


def _documents(draft: Mapping[str, Any], found: Reading) -> list[Line]:
    given = draft["documents"]
    return [
        Line(f"documents/{one['code']}", shown.named(one["name"]),
             given[one["code"]]["file_name"] if one["code"] in given else shown.text("check.no_document"))
        for one in found.documents
    ]  # fmt: skip
