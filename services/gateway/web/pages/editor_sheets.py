"""The forms of the editor: what each holds, in the order in which it is asked. Labels that are not written here are
those of rules.difference_words."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from contracts.definition.schema import FEE_NEEDS
from services.gateway.web.pages.editor_shapes import Group, Item, Leaf, Rows, Shape, days, is_one_of, texts

Body = Mapping[str, Any]
SOURCE = Leaf("source", "one", ("من أين عُرف", "Where it is known from"), options="sources")
WHEN = Leaf("when", "condition", ("متى ينطبق", "When it applies"),
            ("بلا شرط ينطبق دائماً.", "Without a condition it always applies."))
_TASK, _HELD = is_one_of("kind", "task"), is_one_of("kind", "task", "external")
_BODY = is_one_of("kind", "external")


def code_of(english: str, taken: Collection[str], otherwise: str) -> str:
    """A code for something new, from its English name, unlike those that are taken."""
    plain = re.sub(r"[^a-z0-9]+", "_", english.lower()).strip("_")[:40].strip("_")
    base = plain if plain[:1].isalpha() else f"{otherwise}_{plain}".strip("_")
    code, number = base, 2
    while code in taken:
        code, number = f"{base}_{number}", number + 1
    return code


def codes(items: Any, key: str = "code") -> set[str]:
    """The codes that items of a list have."""
    return {str(one[key]) for one in items or () if isinstance(one, Mapping) and key in one}


def _fresh_pair(**more: Any) -> Callable[[list[Any]], dict[str, Any]]:
    return lambda _: {"ar": "", "en": "", **more}


def _fresh_coded(what: str, key: str = "code", text: str = "name", **more: Any) -> Callable[[list[Any]], dict[str,
    Any]]:
    return lambda items: {key: code_of("", codes(items, key), f"{what}_{len(items) + 1}"),
                          text: {"ar": "", "en": ""}, **more}


# -- one thing each --------------------------------------------------------------------------------------------------

NAMES = Group("", (
    texts("name", ("اسم الخدمة", "Name of the service")),
    texts("summary", ("ما هي الخدمة، في سطرين", "What it is, in two lines"), long=True),
    Leaf("keywords", "words", ("كلمات البحث", "Words people search by"),
         ("كلمة أو عبارة في كل سطر، كما يقولها الناس.", "One a line, as people say it.")),
    Leaf("sector", "one", options="sectors"),
    Leaf("life_event", "one", ("المناسبة في حياة الناس", "Occasion in people's lives"), options="life_events"),
    Rows("legal_basis", Group("", (
        Leaf("ar", "text", ("بالعربية", "In Arabic")), Leaf("en", "text", ("بالإنجليزية", "In English")), SOURCE)),
        _fresh_pair(source="unverified"), ("السند القانوني", "Legal basis"), add=("أضف سنداً", "Add a legal basis")),
    Group("retention", (Leaf("years", "whole", ("السنوات", "Years")), SOURCE),
          ("كم سنة يبقى اسم مقدم الطلب بعد انتهاء طلبه", "Years the applicant stays named after the end"),
          optional=True)))

WHO = Group("", (
    texts("eligibility", ("من له حق التقدم", "Who may apply"), long=True, optional=True),
    Leaf("applicants", "many", ("صفة مقدم الطلب", "As what one may apply"), options="applicants"),
    Leaf("channels", "many", ("أين يُقدَّم الطلب", "Where one may apply"), options="channels"),
    Leaf("unit_kinds", "many", ("الوحدات التي تقدم الخدمة", "Units that offer it"), options="unit_kinds")))


def question(*, conditional: bool = True) -> Group:
    """One question of the application form, or one thing that a department fills in."""
    chosen, counted = is_one_of("type", "choice", "multi_choice"), is_one_of("type", "integer", "decimal", "date")
    written = is_one_of("type", "text", "long_text")
    option = Group("", (texts("label", ("نص الخيار", "Text of the option")), Leaf("value", "code", ("كوده",
        "Its code"))))
    children: tuple[Shape, ...] = (
        Leaf("name", "code", ("كود السؤال", "Code of the question")),
        texts("label", ("نص السؤال", "Question")),
        texts("help", ("شرح تحت السؤال", "Explanation below it"), long=True, optional=True),
        Leaf("type", "one", ("نوع الإجابة", "Kind of answer"),
             ("بعد تغيير النوع احفظ لتظهر حدوده أو خياراته.", "After changing it, save: its limits or options appear."),
             options="types"),
        Rows("options", option, _fresh_coded("option", "value", "label"), ("الخيارات", "Options"),
             add=("أضف خياراً", "Add an option"), shown=chosen),
        Leaf("min", "bound", ("أقل قيمة", "Least value"),
             ("للتاريخ اكتب مثل 2026-01-31. يلزم حدان لكل رقم تُحسب منه رسوم.",
              "A date such as 2026-01-31. A number that a fee is computed from needs both limits."), shown=counted),
        Leaf("max", "bound", ("أكبر قيمة", "Greatest value"), shown=counted),
        Leaf("max_length", "whole", ("أكبر عدد من الحروف", "Most letters"), shown=written),
        Leaf("pattern", "formula", ("صيغة لازمة (للمتخصص)", "Pattern to be met (for specialists)"),
             ("تعبير RE2 تطابقه الإجابة كلها.", "An RE2 expression that the whole answer meets."), shown=written),
        Leaf("required", "flag", ("الإجابة لازمة", "Must be answered")),
        Leaf("personal", "flag", ("بيان شخصي: يُختم ولا تراه الإدارات", "Personal: sealed, hidden from departments")),
        *((replace(WHEN, label=("متى يُسأل", "When it is asked"),
                   help=("بلا شرط يُسأل دائماً. الشرط على أسئلة تسبقه.",
                         "Without a condition always. It may read earlier questions.")),) if conditional else ()),
        SOURCE)
    return Group("", children)


DOCUMENT = Group("", (
    Leaf("code", "code"), texts("name", ("اسم المستند", "Name of the document")),
    texts("help", ("شرح", "Explanation"), long=True, optional=True),
    Leaf("required", "flag", ("لازم", "Must be brought"), default=True),
    Leaf("identity", "flag", ("يثبت الشخصية: يُحرس ويُسجل كل اطلاع عليه",
        "Shows identity: guarded, every look recorded")),
    Leaf("presented", "one", ("أصل أم صورة", "Original or copy"), options="presented"),
    Leaf("accepts", "many", ("أنواع الملفات", "Types of file"), options="media_types"),
    Leaf("max_bytes", "megabytes", ("أكبر حجم للملف بالميجابايت", "Largest file, in megabytes")),
    replace(WHEN, label=("متى يُطلب", "When it is asked for")), SOURCE))


def _needs(key: str) -> Callable[[Item], bool]:
    return is_one_of("kind", *(kind for kind, needed in FEE_NEEDS.items() if key in needed))


FEE = Group("", (
    Leaf("code", "code"), texts("name", ("اسم الرسم", "Name of the fee")),
    Leaf("stage", "one", ("متى يُسدد", "When it is paid"), options="stages"),
    Leaf("account", "text", ("الحساب المالي", "Account")),
    Leaf("kind", "one", ("كيف يُحسب", "How it is computed"),
         ("بعد تغيير الطريقة احفظ لتظهر خاناتها.", "After changing it, save: its fields appear."), options="fee_kinds"),
    Leaf("amount", "money", ("القيمة بالجنيه", "Amount in pounds"), shown=_needs("amount")),
    Leaf("per", "names", ("يُحسب عن", "Counted per"), options="numbers", shown=_needs("per")),
    Rows("tiers", Group("", (
        Leaf("up_to", "decimal", ("حتى (فارغ: بلا نهاية)", "Up to (empty: without end)"), nullable=True),
        Leaf("amount", "money", ("القيمة بالجنيه", "Amount in pounds")))),
        lambda _: {"up_to": None, "amount": 0}, ("الشرائح من الأصغر للأكبر", "Bands from small to large"),
        add=("أضف شريحة", "Add a band"), shown=_needs("tiers")),
    Leaf("percent", "decimal", ("النسبة المئوية", "Percent"), shown=_needs("percent")),
    Leaf("of", "many", ("من هذه الرسوم", "Of these fees"), options="fees", shown=_needs("of")),
    Leaf("formula", "formula", ("المعادلة، بالقرش", "Formula, in piastres"),
         ("مثل max(area_m2 - 100, 0) * 250. أسماء الأسئلة هي أكوادها.",
          "Such as max(area_m2 - 100, 0) * 250. Questions are named by their codes."), shown=_needs("formula")),
    Leaf("min_amount", "money", ("لا يقل عن، بالجنيه", "Not less than, in pounds")),
    Leaf("max_amount", "money", ("لا يزيد على، بالجنيه", "Not more than, in pounds")),
    Leaf("round_to", "money", ("يُقرب إلى، بالجنيه", "Rounded to, in pounds")),
    Leaf("rounding", "one", ("اتجاه التقريب", "Rounding"), options="roundings"),
    replace(WHEN, label=("متى يُستحق", "When it is due")),
    Leaf("exempt_when", "condition", ("متى يُعفى", "When one is exempt"),
         ("بلا شرط لا إعفاء.", "Without a condition nobody is.")), SOURCE))

_EXTENSION = Group("extension", (
    Leaf("days", "whole", ("أيام المد", "Days longer")), Leaf("times", "whole", ("عدد مرات المد", "How often"))),
    ("مد رئيس الوحدة للمدة بسبب", "Made longer by the head of the unit, with a reason"), optional=True)
_PERIOD: tuple[Shape, ...] = (
    Leaf("days", "whole", ("عدد الأيام", "Number of days")),
    Leaf("kind", "one", ("أي أيام", "Which days"), options="day_kinds"),
    Leaf("silence", "one", ("ماذا يعني مضي المدة بلا رد", "What silence means when it has passed"), options="silences"),
    Leaf("silence_to", "one", ("الحالة التي يؤدي إليها السكوت", "State that silence leads to"), options="states"),
    _EXTENSION, SOURCE, texts("note", ("ملاحظة", "Note"), long=True, optional=True))
TIME = Group("", (
    Group("period", _PERIOD, ("المدة القانونية للخدمة كلها", "Statutory period of the whole")),
    Rows("stage_periods", Group("", (
        Leaf("code", "code"), texts("name", ("اسم المدة", "Name")),
        Leaf("states", "many", ("تُحسب في هذه الحالات", "Runs in these states"), options="states"), *_PERIOD)),
        _fresh_coded("period", states=[], days=None, silence="none"), ("مدد المراحل", "Periods of stages"),
        add=("أضف مدة مرحلة", "Add a period of a stage"))))

# -- the path of a request -------------------------------------------------------------------------------------------

_WHOSE: tuple[Shape, ...] = (
    Leaf("department", "one", ("الإدارة", "Department"), options="departments"),
    Leaf("role", "one", ("من يقوم به", "Who acts"), options="task_roles"))
_GOALS: tuple[Shape, ...] = (
    Leaf("shows", "many", ("ما يلزم كشفه من مقدم الطلب", "What of the applicant it cannot do without"),
         ("يُسجل كل اطلاع.", "Every look is recorded."), options="shows", drop=True),
    days("target", ("المستهدف لإنجازها", "Target")),
    Group("escalation", (
        Leaf("role", "one", ("يُبلَّغ", "Tell"), options="staff_roles"),
        days("after", ("بعد تجاوز المستهدف بـ", "When later than the target by"), optional=False)),
        ("التصعيد عند التأخر", "When it is late"), optional=True))


def _held(*shapes: Shape) -> tuple[Shape, ...]:
    return tuple(replace(one, shown=_HELD) for one in shapes)


def _actions(*, branch: bool) -> Rows:
    verdict = (Leaf("verdict", "one", ("الرأي", "Opinion"), ("أو اتركه فارغاً واختر حالة.",
        "Or leave it empty and choose a state."),
                    options="verdicts"),) if branch else ()
    return Rows("actions", Group("", (
        Leaf("code", "code"), texts("name", ("ما يُكتب على الزر", "What the button says")), *verdict,
        Leaf("to", "one", ("ينتقل الطلب إلى", "The request goes to"), options="states"),
        Leaf("requires", "many", ("يلزم له", "It needs"), options="inputs"))),
        _fresh_coded("action", requires=[], **({} if branch else {"to": ""})), ("الإجراءات المتاحة", "Actions"),
        add=("أضف إجراء", "Add an action"), shown=None if branch else is_one_of("kind", "task", "external",
            "applicant"))


_BRANCH = Group("", (
    Leaf("code", "code"), texts("name", ("اسم الجهة أو الإدارة", "Name")),
    Leaf("body", "one", ("الجهة الخارجية إن وُجدت", "Outside body, if any"), options="bodies"), *_WHOSE,
    Leaf("purpose", "one", ("الغرض", "Purpose"), options="purposes"), *_GOALS, _actions(branch=True)))
STATE = Group("", (
    texts("name", ("اسم الحالة", "Name of the state")),
    Leaf("kind", "one", ("نوع الحالة", "Kind of state"),
         ("بعد تغيير النوع احفظ لتظهر خاناته.", "After changing it, save: its fields appear."), options="state_kinds"),
    Leaf("body", "one", ("الجهة الخارجية", "Outside body"), options="bodies", shown=_BODY), *_held(*_WHOSE),
    Leaf("purpose", "one", ("الغرض", "Purpose"), options="purposes", shown=_TASK), *_held(*_GOALS),
    Leaf("stage", "one", ("يُسدد فيها رسوم", "Collects the fees of"), options="stages", shown=is_one_of("kind",
        "payment")),
    Leaf("next", "one", ("بعد السداد ينتقل إلى", "Once paid it goes to"), options="states",
         shown=is_one_of("kind", "payment")),
    days("time_limit", ("مهلة الانتظار", "How long it waits"), more=(_EXTENSION, SOURCE),
         shown=is_one_of("kind", "applicant", "external")),
    Leaf("expired", "one", ("عند انقضاء المهلة ينتقل إلى", "When time runs out it goes to"), options="states",
         shown=is_one_of("kind", "payment", "applicant", "external")),
    Leaf("outcome", "one", ("النتيجة", "Outcome"), options="outcomes", shown=is_one_of("kind", "end")),
    Leaf("output", "one", ("ما يصدر", "What is issued"), options="outputs", shown=is_one_of("kind", "end")),
    Leaf("clock", "one", ("العداد القانوني", "Statutory clock"), options="clocks"),
    _actions(branch=False),
    Rows("branches", _BRANCH, _fresh_coded("branch", department="", role="", actions=[]),
         ("من يعملون في وقت واحد", "Who act at the same time"), add=("أضف جهة أو إدارة", "Add one"),
         shown=is_one_of("kind", "parallel")),
    Group("join", (
        Leaf("favourable", "one", ("إذا وافق الجميع", "When all agree"), options="states"),
        Leaf("unfavourable", "one", ("إذا اعترض أحدهم", "When any objects"), options="states")),
        ("بعد اكتمال الآراء", "Once all have acted"), optional=True, shown=is_one_of("kind", "parallel"))))
RULES = Group("", (
    Leaf("initial", "one", ("حالة البداية", "First state"), options="states"),
    Rows("reasons", Group("", (
        Leaf("code", "code"), texts("name", ("السبب", "Ground")),
        Group("legal_basis", (Leaf("ar", "text", ("السند بالعربية", "Law, in Arabic")),
                              Leaf("en", "text", ("السند بالإنجليزية", "Law, in English")), SOURCE)))),
        _fresh_coded("reason", legal_basis={"ar": "", "en": "", "source": "unverified"}),
        ("الأسباب القانونية للقرار", "Legal grounds of a decision"), add=("أضف سبباً قانونياً", "Add a legal ground"),
        drop=True),
    days("appeal", ("التظلم من الرفض", "Appeal against a rejection"), more=(
        Leaf("state", "one", ("ينظره", "Heard in"), options="states"), SOURCE))))

# -- what comes out --------------------------------------------------------------------------------------------------

OUTPUT = Group("", (
    Leaf("code", "code"), texts("name", ("اسم المحرر", "Name")),
    Leaf("kind", "one", ("نوعه", "Kind"), options="output_kinds"),
    Leaf("validity_months", "whole", ("صلاحيته بالشهور (فارغ: بلا نهاية)", "Valid, months (empty: without end)"),
        nullable=True),
    Leaf("fields", "many", ("إجابات تظهر عليه", "Answers shown on it"), options="questions"),
    Leaf("delivery", "many", ("طريقة التسليم", "Delivery"), options="deliveries"),
    Leaf("template", "one", ("نصه", "Its text"), options="templates", nullable=True),
    Group("renewal", (
        Leaf("service", "one", ("يُجدد بخدمة", "Renewed by"), options="services"),
        Leaf("opens_days_before", "whole", ("يُفتح قبل الانتهاء بأيام", "Opens, days before the end")),
        Leaf("late_days", "whole", ("يُقبل بعد الانتهاء بأيام", "Accepted, days after the end")),
        Leaf("late_fee", "text", ("كود رسم التأخير في خدمة التجديد", "Code of the late fee there"), nullable=True)),
        ("التجديد", "Renewal"), optional=True), SOURCE))
TEMPLATE = Group("", (
    Leaf("code", "code"),
    Rows("blocks", Group("", (
        Leaf("kind", "one", ("شكلها", "Set as"), options="block_kinds"),
        texts("text", ("النص", "Text"),
              ("بين قوسين {} كود سؤال أو {holder} {unit} {governorate} {serial} {valid_from} {valid_until}.",
               "In braces a question's code, or {holder} {unit} {governorate} {serial} {valid_from} {valid_until}."),
              long=True), replace(WHEN, label=("متى تُكتب", "When it is written")))),
        lambda _: {"kind": "paragraph", "text": {"ar": "", "en": ""}}, ("الفقرات", "Paragraphs"),
        add=("أضف فقرة", "Add a paragraph"))))
BODIES = Group("", (Rows("external_bodies", Group("", (
    Leaf("code", "code"), texts("name", ("اسم الجهة", "Name")),
    Leaf("letter", "one", ("نص الخطاب إليها", "Text of the letter to it"), options="templates"), SOURCE)),
    _fresh_coded("body"), ("الجهات الخارجية التي يُؤخذ رأيها", "Outside bodies that are consulted"),
    add=("أضف جهة", "Add a body")),))
AFTER = Group("", (
    Group("supersedes", (
        Leaf("answer", "one", ("السؤال الذي يذكر رقم الرخصة", "Question that names the licence"), options="questions"),
        Leaf("as", "one", ("بصفة", "As"), options="successions"),
        Leaf("of", "words", ("أكواد الخدمات التي صدرت منها، كل كود في سطر",
            "Codes of services it came from, one a line"),
             drop=True),
        Leaf("months_late", "one", ("سؤال يملؤه السجل بشهور التأخير", "Question that the register fills: months late"),
             options="questions"),
        Leaf("paper", "flag", ("تُقبل الرخص الورقية السابقة", "Former paper licences are accepted")), WHEN, SOURCE),
        ("الرخصة التي يحل محلها ما يصدر", "Licence that this takes the place of"), optional=True),
    Rows("follow_up", Group("", (
        Leaf("code", "code"), texts("name", ("اسم المتابعة", "Name")), *_WHOSE,
        Leaf("after_days", "whole", ("أول مرة بعد أيام", "First after, days")),
        Leaf("every_months", "whole", ("ثم كل شهور (فارغ: مرة واحدة)", "Then every, months (empty: no more)"),
            nullable=True),
        *_GOALS[1:], SOURCE)), _fresh_coded("follow_up", after_days=None),
        ("المتابعة بعد الإصدار", "Follow-up after issue"),
        add=("أضف متابعة", "Add a follow-up"))))
OWN = Group("", (
    Rows("overridable", Group("", (
        Leaf("path", "one", ("القيمة", "Value"), options="paths"), Leaf("min", "bound", ("من", "From")),
        Leaf("max", "bound", ("إلى", "To")))), lambda _: {"path": ""},
        ("ما يجوز للمحافظة أن تحدده بنفسها", "What a governorate may set for itself"),
        ("المبالغ هنا بالقرش.", "Amounts here are in piastres."), add=("أضف قيمة", "Add a value")),
    Group("sources", tuple(Leaf(key, "one", options="sources") for key in (
        "eligibility", "applicants", "channels", "unit_kinds", "form", "documents", "fees", "period", "stage_periods",
        "workflow", "external_bodies", "outputs", "follow_up")), ("مصادر الأقسام", "Sources of the sections"))))


def example(body: Body) -> Group:
    """A sample applicant: the questions of this very form, all of them optional."""
    return Group("", (
        texts("name", ("وصف مقدم الطلب", "Who this is")),
        Group("answers", tuple(_answer(one) for one in body.get("form") or () if isinstance(one, Mapping)
                               and isinstance(one.get("name"), str)), ("إجاباته", "Answers"))))


def _answer(field: Mapping[str, Any]) -> Leaf:
    kind = {"choice": "one", "multi_choice": "many", "boolean": "yes_no", "integer": "whole", "decimal": "decimal",
            "long_text": "long"}.get(str(field.get("type")), "text")
    label = field.get("label")
    name, said = str(field["name"]), label if isinstance(label, Mapping) else {}
    told = (str(said.get("ar") or name), str(said.get("en") or name))
    return Leaf(name, kind, told, options=f"answer:{name}", drop=True)
