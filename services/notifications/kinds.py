"""The kinds of messages: what each may say, from which event it comes, and what it looks like with sample values.

Pure data. A placeholder that no event can fill would be found by a citizen: `check` holds each of them against the
schemas of the published language, at start and in a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from marshmallow import Schema, fields

from contracts import (
    payments,
    payments_refunds,
    requests,
    requests_afterwards,
    requests_deadlines,
    requests_engine,
    requests_intake,
    requests_outputs,
    requests_visits,
)
from contracts.events import REGISTRY, EventType

LANGUAGES = ("ar", "en")
SMS, EMAIL = "sms", "email"

# The source of a value that this service makes itself (the digits of a one-time code): no event carries it.
MADE_HERE = "notifications"


class Lane(IntEnum):
    """Which message goes first. A lower one is claimed before a higher one."""

    CODE = 0
    STEP = 1
    CAMPAIGN = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message.

    `sources`: per placeholder the fields it is made from, each as `event type:field`. `optional`: placeholders whose
    value may be empty, so that a wording names them in a conditional part. `sample`: per language a value for each
    placeholder. `legal`: a notice with legal effect (a decision, a deadline, what silence means, money due or given
    back, what became of a licence, a change that its owner must hear of): neither opting out nor the daily limit
    holds it back, quiet hours do. `channels`: one that never goes by e-mail has an SMS text and nothing else.
    """

    placeholders: frozenset[str]
    sources: Mapping[str, tuple[str, ...]]
    sample: Mapping[str, Mapping[str, str]]
    lane: Lane = Lane.STEP
    legal: bool = False
    optional: frozenset[str] = frozenset()
    channels: tuple[str, ...] = (SMS, EMAIL)


SAMPLE_URL = "https://cairo.shubbak.gov.eg"  # in a preview the node's own stands in its place

# Sample values, made up; the shapes are those of real ones, long ones among them, so that a preview shows the length.
_SAMPLES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "tracking_number": ("01-26-73634017-B", "01-26-73634017-B"),
    "service": ("ترخيص محل تجاري", "Shop licence"),
    "link": (f"{SAMPLE_URL}/ar/follow/01-26-73634017-B", f"{SAMPLE_URL}/en/follow/01-26-73634017-B"),
    "amount": ("12,345.50 ج.م", "EGP 12,345.50"),
    "bill_number": ("B-C-2026-000123-J", "B-C-2026-000123-J"),
    "reference": ("931337410", "931337410"),
    "receipt_number": ("R-C-2026-000123-A", "R-C-2026-000123-A"),
    "missing": ("صورة عقد الإيجار موثقة، وشهادة الحماية المدنية سارية",
                "A copy of the notarised lease, and the valid certificate of civil protection"),
    "missing_short": ("صورة عقد الإيجار موثقة، وشهادة الحماية...", "A copy of the notarised lease, and the..."),
    "until": ("28 سبتمبر 2026", "28 September 2026"),
    "due_on": ("28 سبتمبر 2026", "28 September 2026"),
    "day": ("الأربعاء 30 سبتمبر 2026", "Wednesday 30 September 2026"),
    "step": ("مراجعة الإدارة الهندسية", "Engineering review"),
    "serial": ("C-2026-000123-9", "C-2026-000123-9"),
    "number": ("D-C-2026-000123-S", "D-C-2026-000123-S"),
    "document": ("عقد إيجار المحل أو سند ملكيته", "Lease contract of the shop or proof of its ownership"),
    "reason": ("الملف تالف ولا يمكن فتحه. ارفع نسخة سليمة.", "The file is damaged. Upload a sound copy."),
    "note": ("ثبت في معاينتين أن المحل يبيع ما لا يسمح به الترخيص، ولم تُزل المخالفة.",
             "Two inspections found that the shop sells what the licence does not allow, and nothing was changed."),
    "note_short": ("ثبت في معاينتين أن المحل يبيع ما لا يسمح به...",
                   "Two inspections found that the shop sells what the..."),
    "visit_number": ("V-GZ-2026-000123-B", "V-GZ-2026-000123-B"),
    "purpose": ("استكمال مستندات", "Completion of documents"),
})  # fmt: skip
# What an editor is told of each placeholder. `name` is the applicant's: only an e-mail greets by it.
MEANINGS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "tracking_number": ("رقم متابعة الطلب", "The request's tracking number"),
    "service": ("اسم الخدمة", "The service's name"),
    "link": ("رابط صفحة الطلب", "The link to the request's page"),
    "amount": ("المبلغ بالجنيه", "The amount in EGP"),
    "bill_number": ("رقم المطالبة", "The bill's number"),
    "reference": ("الرقم المرجعي للسداد", "The reference to pay with"),
    "receipt_number": ("رقم الإيصال", "The receipt's number"),
    "missing": ("المطلوب استكماله كاملاً", "All that is missing"),
    "missing_short": ("أول المطلوب استكماله", "The first words of what is missing"),
    "until": ("آخر يوم للاستكمال", "The last day to complete the request"),
    "due_on": ("الموعد", "The day that it is due"),
    "day": ("يوم الزيارة", "The day of the visit"),
    "step": ("اسم الخطوة", "The step's name"),
    "serial": ("رقم الترخيص", "The licence's serial"),
    "number": ("رقم الشكوى أو المحرر", "The number of the complaint or document"),
    "document": ("اسم المستند", "The document's name"),
    "reason": ("سبب رفض المستند", "Why the document was refused"),
    "note": ("السبب أو الرد كاملاً", "The reason or answer, whole"),
    "note_short": ("أول السبب أو الرد", "The first words of the reason or answer"),
    "visit_number": ("رقم الزيارة", "The visit's number"),
    "purpose": ("غرض الزيارة", "What the visit is for"),
    "code": ("الرمز", "The code"),
    "minutes": ("مدة صلاحية الرمز بالدقائق", "For how many minutes the code is good"),
    "name": ("اسم مقدم الطلب (للبريد الإلكتروني فقط)", "The applicant's name (e-mail only)"),
})  # fmt: skip
NAME_SAMPLE: Mapping[str, str] = MappingProxyType({"ar": "منى السيد عبد الرحمن", "en": "Mona El-Sayed"})

# What every message about a request names: kept from the request's first event.
_COMMON: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "tracking_number": (f"{requests.SUBMITTED.name}:tracking_number",),
    "service": (f"{requests.SUBMITTED.name}:service_name",),
    "link": (f"{requests.SUBMITTED.name}:tracking_number", f"{requests.SUBMITTED.name}:language"),
})  # fmt: skip


def kind(sources: Mapping[str, tuple[str, ...]], *, samples: Mapping[str, tuple[str, str]] = _SAMPLES,
         lane: Lane = Lane.STEP, legal: bool = False, optional: frozenset[str] = frozenset(),
         channels: tuple[str, ...] = (SMS, EMAIL)) -> Kind:
    """A kind whose samples are looked up by placeholder, (Arabic, English). KeyError where a sample is missing."""
    sample = {language: MappingProxyType({name: samples[name][at] for name in sources})
              for at, language in enumerate(LANGUAGES)}
    return Kind(frozenset(sources), MappingProxyType(dict(sources)), MappingProxyType(sample), lane, legal, optional,
                channels)


def _of(event: EventType, legal: bool = False, optional: frozenset[str] = frozenset(), /, **names: str) -> Kind:
    """A kind about a request, made from one event; `names` maps a placeholder to the event's field."""
    return kind({**_COMMON, **{name: (f"{event.name}:{path}",) for name, path in names.items()}},
                legal=legal, optional=optional)


def _visit(**names: str) -> Kind:
    """A visit may be about no request yet, so its event says all."""
    name = requests_visits.VISIT_CHANGED.name
    return kind({
        "visit_number": (f"{name}:number",), "service": (f"{name}:service_name",), "purpose": (f"{name}:purpose",),
        "link": (f"{name}:tracking_number", f"{name}:language"),
        **{placeholder: (f"{name}:{path}",) for placeholder, path in names.items()}})


_NOTE = {"note": "note", "note_short": "note"}
_NOTES = frozenset(_NOTE)
_LICENCE, _COMPLAINT = requests_outputs.LICENCE_CHANGED, requests_afterwards.COMPLAINT_CHANGED
_REOPENING, _REFUND = requests_afterwards.REOPENING_CHANGED, payments_refunds.REFUND_CHANGED

# A one-time code and for how many minutes it holds.
_CODE = kind({"code": (MADE_HERE,), "minutes": (MADE_HERE,)},
             samples={"code": ("482915", "482915"), "minutes": ("10", "10")}, lane=Lane.CODE, legal=True,
             channels=(SMS,))

KINDS: Mapping[str, Kind] = MappingProxyType({
    "request_received": _of(requests.SUBMITTED),
    "payment_needed": _of(payments.ISSUED, True, amount="total", bill_number="bill_number"),
    "payment_reference": _of(payments.PENDING, True, amount="total", reference="reference"),
    "refund_promised": _of(_REFUND, True, amount="amount"),
    "refund_ready": _of(_REFUND, True, amount="amount"),
    "refund_done": _of(_REFUND, True, amount="amount"),
    "payment_received": _of(payments.PAID, amount="total", receipt_number="receipt_number"),
    "completion_needed": _of(requests.MOVED, True, missing="note", missing_short="note"),
    "completion_by": _of(requests.MOVED, True, missing="note", missing_short="note", until="applicant_until"),
    "completion_reminder": _of(requests_engine.REMINDED, True, until="until"),
    "completion_extended": _of(requests_deadlines.DUE_CHANGED, True, until="applicant_until"),
    "moved": _of(requests.MOVED, step="state_name"),
    "approved": _of(requests.MOVED, True),
    "rejected": _of(requests.MOVED, True),
    "withdrawn": _of(requests.MOVED, True),
    "lapsed": _of(requests.MOVED, True),
    "licence_ready": _of(requests.LICENCE_ISSUED, serial="serial"),
    "rating_asked": kind({**_COMMON, "link": (f"{requests.MOVED.name}:rating", f"{requests.MOVED.name}:language")}),
    "due_moved": _of(requests_deadlines.DUE_CHANGED, True, due_on="due_on"),
    "due_extended": _of(requests_deadlines.DUE_CHANGED, True, due_on="due_on"),
    "deemed_approval": _of(requests_deadlines.DEEMED_ISSUED, True, number="number"),
    "deemed_rejection": _of(requests_deadlines.DEEMED_ISSUED, True, number="number"),
    "corrected": _of(requests_intake.CORRECTED, True),  # a wrong correction cannot hide behind an opt-out
    "document_refused": _of(requests_intake.DOCUMENT_REFUSED, True, document="name", reason="reason"),
    "licence_suspended": _of(_LICENCE, True, _NOTES, serial="serial", **_NOTE),
    "licence_resumed": _of(_LICENCE, True, serial="serial"),
    "licence_cancelled": _of(_LICENCE, True, _NOTES, serial="serial", **_NOTE),
    "licence_print_replaced": _of(_LICENCE, serial="serial"),
    "licence_transferred": _of(_LICENCE, True, serial="serial"),
    "complaint_received": _of(_COMPLAINT, number="number", due_on="due_on"),
    "complaint_escalated": _of(_COMPLAINT, number="number", due_on="due_on"),
    "complaint_upheld": _of(_COMPLAINT, True, _NOTES, number="number", **_NOTE),
    "complaint_not_upheld": _of(_COMPLAINT, True, _NOTES, number="number", **_NOTE),
    "reopening_granted": _of(_REOPENING, True, _NOTES, **_NOTE),
    "reopening_refused": _of(_REOPENING, True, _NOTES, **_NOTE),
    "visit_planned": _visit(day="day"),
    "visit_moved": _visit(day="day"),
    "visit_cancelled": _visit(),
    "visit_missed": _visit(),
    "login_code": _CODE,
    "binding_code": _CODE,
    "phone_unbound": kind({}, legal=True, channels=(SMS,)),  # whoever lost an account must hear of it
    # and whose messages somebody else may have stopped
    "messages_stopped": kind({"link": (MADE_HERE,)}, legal=True, samples={"link": (
        f"{SAMPLE_URL}/ar/messages/{'A' * 43}", f"{SAMPLE_URL}/en/messages/{'A' * 43}")}),
})  # fmt: skip


# What staff read in the place of a code. A campaign's messages are of no kind, and have a name all the same.
CAMPAIGN = "campaign"
NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "request_received": ("استلام الطلب", "Request received"),
    "payment_needed": ("رسوم مطلوبة", "Payment needed"),
    "payment_reference": ("الرقم المرجعي للسداد", "Payment reference"),
    "refund_promised": ("مبلغ سيُرد", "Refund promised"),
    "refund_ready": ("مبلغ جاهز للصرف نقداً", "Refund ready in cash"),
    "refund_done": ("رُد المبلغ", "Refund done"),
    "payment_received": ("إيصال السداد", "Payment received"),
    "completion_needed": ("مطلوب استيفاء", "Completion needed"),
    "completion_by": ("مطلوب استيفاء قبل موعد", "Completion needed by a day"),
    "completion_reminder": ("تذكير بالاستيفاء", "Reminder to complete"),
    "completion_extended": ("مد مهلة الاستيفاء", "More time to complete"),
    "moved": ("انتقال الطلب إلى خطوة جديدة", "Moved to another step"),
    "approved": ("الموافقة على الطلب", "Request approved"),
    "rejected": ("رفض الطلب", "Request rejected"),
    "withdrawn": ("سحب الطلب", "Request withdrawn"),
    "lapsed": ("انتهاء مهلة الطلب", "Request lapsed"),
    "licence_ready": ("صدور الترخيص", "Licence ready"),
    "rating_asked": ("طلب تقييم الخدمة", "Rating asked for"),
    "due_moved": ("تغير موعد الطلب", "Due date moved"),
    "due_extended": ("مد المدة القانونية", "Statutory period extended"),
    "deemed_approval": ("إفادة بالموافقة الحكمية", "Deemed approval"),
    "deemed_rejection": ("إفادة بالرفض الحكمي", "Deemed rejection"),
    "corrected": ("تصحيح بيانات الطلب", "Details corrected"),
    "document_refused": ("عدم قبول مستند", "Document refused"),
    "licence_suspended": ("إيقاف الترخيص", "Licence suspended"),
    "licence_resumed": ("عودة سريان الترخيص", "Licence resumed"),
    "licence_cancelled": ("إلغاء الترخيص", "Licence cancelled"),
    "licence_print_replaced": ("بدل نسخة الترخيص", "Print of the licence replaced"),
    "licence_transferred": ("نقل الترخيص", "Licence transferred"),
    "complaint_received": ("استلام الشكوى", "Complaint received"),
    "complaint_escalated": ("رفع الشكوى إلى المستوى الأعلى", "Complaint escalated"),
    "complaint_upheld": ("قبول الشكوى", "Complaint upheld"),
    "complaint_not_upheld": ("رفض الشكوى", "Complaint not upheld"),
    "reopening_granted": ("إعادة فتح الطلب", "Reopening granted"),
    "reopening_refused": ("رفض إعادة الفتح", "Reopening refused"),
    "visit_planned": ("موعد الزيارة", "Visit planned"),
    "visit_moved": ("تغير موعد الزيارة", "Visit moved"),
    "visit_cancelled": ("إلغاء الزيارة", "Visit cancelled"),
    "visit_missed": ("زيارة لم تتم", "Visit missed"),
    "login_code": ("رمز الدخول", "Log-in code"),
    "binding_code": ("رمز ربط الهاتف", "Code to bind a phone"),
    "phone_unbound": ("فك ربط الهاتف", "Phone unbound"),
    "messages_stopped": ("إيقاف الرسائل", "Messages stopped"),
    CAMPAIGN: ("حملة", "Campaign"),
})  # fmt: skip


def name_of(code: str) -> dict[str, str]:
    """What a kind is called in each language. A message may outlive its kind: then its code is its name."""
    return dict(zip(LANGUAGES, NAMES.get(code, (code, code)), strict=True))


def check(kinds: Mapping[str, Kind] = KINDS) -> list[str]:
    """What is wrong with the kinds: a placeholder without a source or a sample, a source that no event's schema holds,
    an optional placeholder that is none, a kind without a name. Empty when every placeholder can be filled."""
    wrong: list[str] = []
    for code, one in kinds.items():
        if not all(NAMES.get(code, ("",))):
            wrong.append(f"{code}: it has no name")
        if set(one.sources) != one.placeholders:
            wrong.append(f"{code}: sources are given for {sorted(one.sources)}, not for {sorted(one.placeholders)}")
        wrong += [f"{code}: nothing tells what {name} is" for name in sorted(one.placeholders - set(MEANINGS))]
        if one.optional - one.placeholders:
            wrong.append(f"{code}: {sorted(one.optional - one.placeholders)} are optional and no placeholders")
        for language in LANGUAGES:
            given = one.sample.get(language, {})
            if set(given) != one.placeholders or not all(value.strip() for value in given.values()):
                wrong.append(f"{code}: the samples in {language} are not those of its placeholders")
        wrong += [f"{code}: {name} comes from {source}, which no event holds"
                  for name, sources in one.sources.items() for source in sources or ("nothing",)
                  if source != MADE_HERE and not _exists(source)]
    return wrong


def _exists(source: str) -> bool:
    """Whether `event type:field.field` names a field of that event's schema. What lies inside a Dict is not described
    by its schema, so a path ends there."""
    name, _, path = source.partition(":")
    event = REGISTRY.get(name)
    if event is None or not path:
        return False
    declared: type[Schema] | Schema = event.schema
    *above, last = path.split(".")
    for part in above:
        field = declared._declared_fields.get(part)
        if not isinstance(field, fields.Nested):
            return False
        declared = field.schema
    return last in declared._declared_fields
