"""The parts of a definition as the editor offers them: in which form each section is changed, and how something new
begins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.definition.basics import MAX_DOCUMENT_BYTES
from services.gateway.web.pages import editor_sheets as sheets
from services.gateway.web.pages.editor_shapes import Group, Item, Pair
from services.gateway.web.pages.editor_sheets import Body, code_of


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form. `path`: where its mapping stands in the definition, empty for the definition itself."""

    group: Group
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the editor: one form (`sheet`), or a list of items of which each has a form (`item`). `keys`: the
    sections of the definition that faults of this part begin with. `path`: where its list or mapping of items stands.
    `fresh` makes an item of what was asked for it; `asks`: the further question asked for a new one, by its options."""

    code: str
    name: Pair
    hint: Pair
    keys: tuple[str, ...]
    sheet: Sheet | None = None
    path: tuple[str, ...] = ()
    item: Callable[[Body], Group] | None = None
    fresh: Callable[[str, str, str, Collection[str]], dict[str, Any]] | None = None
    asks: tuple[str, Pair, str] | None = None
    add: Pair = ("أضف", "Add")


# -- making new ones -------------------------------------------------------------------------------------------------


def _new_question(ar: str, en: str, kind: str, taken: Collection[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"name": code_of(en, taken, f"question_{len(taken) + 1}"), "type": kind or "text",
                            "label": {"ar": ar, "en": en}, "required": False, "source": "unverified"}
    return {**made, "options": []} if kind in ("choice", "multi_choice") else made


def _new_document(ar: str, en: str, kind: str, taken: Collection[str]) -> dict[str, Any]:
    return {"code": code_of(en, taken, f"document_{len(taken) + 1}"), "name": {"ar": ar, "en": en}, "required": True,
            "presented": "copy", "accepts": ["application/pdf", "image/jpeg", "image/png"], "identity": False,
            "max_bytes": MAX_DOCUMENT_BYTES, "source": "unverified"}


def _new_fee(ar: str, en: str, kind: str, taken: Collection[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"code": code_of(en, taken, f"fee_{len(taken) + 1}"), "name": {"ar": ar, "en": en},
                            "kind": kind or "fixed", "source": "unverified"}
    return {**made, "tiers": []} if kind == "tiered" else made


def _new_example(ar: str, en: str, kind: str, taken: Collection[str]) -> dict[str, Any]:
    return {"name": {"ar": ar, "en": en}, "answers": {}}


def _new_output(ar: str, en: str, kind: str, taken: Collection[str]) -> dict[str, Any]:
    return {"code": code_of(en, taken, f"output_{len(taken) + 1}"), "name": {"ar": ar, "en": en},
            "kind": kind or "licence", "validity_months": None, "fields": [], "delivery": ["window", "digital"],
            "renewal": None, "template": None, "source": "unverified"}


def _new_template(ar: str, en: str, kind: str, taken: Collection[str]) -> dict[str, Any]:
    return {"code": code_of(en, taken, f"template_{len(taken) + 1}"),
            "blocks": [{"kind": "heading", "text": {"ar": ar, "en": en}}]}


def _new_state(ar: str, en: str, kind: str, taken: Collection[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": kind or "task", "name": {"ar": ar, "en": en}, "actions": []}
    code = code_of(en, taken, f"state_{len(taken) + 1}")
    if kind == "payment":
        made["stage"] = code
    elif kind == "parallel":
        made["branches"] = []
    return {"code": code, **made}


PARTS: tuple[Part, ...] = (
    Part("names", ("الاسم والسند القانوني", "Name and legal basis"),
         ("الاسم والوصف وكلمات البحث وما تقوم عليه الخدمة.", "Name, summary, search words, what it rests on."),
         ("code", "name", "summary", "keywords", "sector", "life_event", "legal_basis", "retention"),
             Sheet(sheets.NAMES)),
    Part("who", ("من يتقدم وأين", "Who applies, and where"), ("مقدمو الطلب والقنوات والوحدات.",
        "Applicants, channels, units."),
         ("eligibility", "applicants", "channels", "unit_kinds"), Sheet(sheets.WHO)),
    Part("form", ("أسئلة نموذج الطلب", "Questions of the form"),
         ("ما يُسأل عنه مقدم الطلب بالترتيب.", "What the applicant is asked, in order."), ("form",), path=("form",),
         item=lambda _: sheets.question(), fresh=_new_question, asks=("type", ("نوع الإجابة", "Kind of answer"),
             "types"),
         add=("أضف سؤالاً", "Add a question")),
    Part("documents", ("المستندات", "Documents"), ("ما يُحضره مقدم الطلب.", "What the applicant brings."),
        ("documents",),
         path=("documents",), item=lambda _: sheets.DOCUMENT, fresh=_new_document, add=("أضف مستنداً",
             "Add a document")),
    Part("fees", ("الرسوم", "Fees"), ("كم يُدفع ومتى وكيف يُحسب.", "How much, when, how computed."), ("fees",),
         path=("fees",), item=lambda _: sheets.FEE, fresh=_new_fee, asks=("kind", ("كيف يُحسب",
             "How it is computed"), "fee_kinds"),
         add=("أضف رسماً", "Add a fee")),
    Part("examples", ("أمثلة لمقدمي طلبات", "Sample applicants"),
         ("تُحسب بها الرسوم وتُعرض في الدليل.", "Fees are computed for them, and shown in the guide."), ("examples",),
         path=("examples",), item=sheets.example, fresh=_new_example, add=("أضف مثالاً", "Add an example")),
    Part("time", ("المدة وأثر السكوت", "Period and silence"),
         ("المدة القانونية وماذا يعني مضيها.", "The statutory period and what it means when it passes."),
         ("period", "stage_periods"), Sheet(sheets.TIME)),
    Part("states", ("مسار العمل", "Path of the request"),
         ("الحالات ومن يعمل فيها وما يؤدي إليه كل إجراء.", "States, who acts, where each action leads."),
         ("workflow/states",), path=("workflow", "states"), item=lambda _: sheets.STATE, fresh=_new_state,
         asks=("kind", ("نوع الحالة", "Kind of state"), "state_kinds"), add=("أضف حالة", "Add a state")),
    Part("rules", ("البداية والأسباب القانونية والتظلم", "Start, legal grounds, appeal"),
         ("أول حالة، وأسباب الرفض في القانون، والتظلم.", "First state, grounds of rejection, appeal."),
         ("workflow", "workflow/initial", "workflow/reasons", "workflow/appeal"), Sheet(sheets.RULES, ("workflow",))),
    Part("inputs", ("ما تكتبه الإدارات", "What departments write"),
         ("بيانات يلزم أن يسجلها من يقوم بإجراء.", "What an action asks of whoever takes it."), ("workflow/inputs",),
         path=("workflow", "inputs"), item=lambda _: sheets.question(), fresh=_new_question,
         asks=("type", ("نوع الإجابة", "Kind of answer"), "types"), add=("أضف بياناً", "Add one")),
    Part("bodies", ("الجهات الخارجية", "Outside bodies"), ("من تُرسل إليه خطابات ويُنتظر رده.",
        "Who is written to and waited for."),
         ("external_bodies",), Sheet(sheets.BODIES)),
    Part("outputs", ("ما يصدر", "What is issued"), ("الرخص والشهادات والخطابات.", "Licences, certificates, letters."),
         ("outputs",), path=("outputs",), item=lambda _: sheets.OUTPUT, fresh=_new_output,
         asks=("kind", ("نوعه", "Kind"), "output_kinds"), add=("أضف محرراً", "Add one")),
    Part("templates", ("نصوص المحررات والخطابات", "Texts of outputs and letters"),
         ("ما يُطبع، فقرة فقرة.", "What is printed, paragraph by paragraph."), ("templates",), path=("templates",),
         item=lambda _: sheets.TEMPLATE, fresh=_new_template, add=("أضف نصاً", "Add a text")),
    Part("after", ("ما بعد الإصدار", "After issue"), ("المتابعة وما يحل محله.",
        "Follow-up, and what it takes the place of."),
         ("supersedes", "follow_up"), Sheet(sheets.AFTER)),
    Part("own", ("ما تحدده المحافظة والمصادر", "Governorate's values and sources"),
         ("القيم التي تتركها الخدمة للمحافظة، ومن أين عُرفت الأقسام.",
             "What is left to the governorate; where sections are known from."),
         ("overridable", "sources"), Sheet(sheets.OWN)),
)
BY_CODE: Mapping[str, Part] = {part.code: part for part in PARTS}


def tidied(part: str, before: Item, after: dict[str, Any]) -> dict[str, Any]:
    """What was written for a former kind goes when the kind changes, for it would have no place: of a fee, a question
    and a state."""
    key = {"form": "type", "inputs": "type", "fees": "kind", "states": "kind"}.get(part)
    if key is None or before.get(key) == after.get(key):
        return after
    group = {"fees": sheets.FEE, "states": sheets.STATE}.get(part) or sheets.question()
    gone = {child.key for child in group.children if child.shown is not None and not child.shown(after)}
    return {name: value for name, value in after.items() if name not in gone or value in (None, [])}
