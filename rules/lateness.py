"""Why a request is late and what was done about it, as data: the lists from which a head chooses, and for whom a file
waits. House lists, not law."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CAUSES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "workload": ("كثرة الملفات عن طاقة الإدارة", "More files than the department can do"),
    "absence": ("غياب الموظف المختص", "The person in charge was absent"),
    "no_inspector": ("تعذر خروج المعاينة", "No inspection could be made"),
    "applicant_slow": ("تأخر مقدم الطلب في الاستيفاء", "The applicant was slow to complete it"),
    "external_slow": ("تأخر رد الجهة الخارجية", "The outside body was slow to answer"),
    "file_unsound": ("مستندات الملف غير كافية للبت", "The file did not allow a decision"),
    "dispute": ("نزاع أو شكوى على الموقع", "A dispute about the place"),
    "wrong_desk": ("عُرض الملف على غير إدارته", "The file lay at the wrong desk"),
    "system_down": ("توقف النظام أو الشبكة", "The system or the line was down"),
    "neglect": ("تقصير في إنجاز الملف", "The file was let lie"),
    "other": ("سبب آخر", "Another reason"),
})
"""Each cause in Arabic and English."""

MEASURES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "handed_over": ("سُلّم الملف لموظف آخر", "Handed to somebody else"),
    "put_first": ("قُدّم الملف على غيره", "Put before other files"),
    "staff_added": ("دُعمت الإدارة بموظفين", "Staff were added"),
    "body_reminded": ("خوطبت الجهة الخارجية مرة أخرى", "The outside body was reminded"),
    "applicant_reminded": ("نُبّه مقدم الطلب", "The applicant was reminded"),
    "referred": ("عُرض الأمر على المستوى الأعلى", "Put before the level above"),
    "inquiry": ("أُحيل المقصر للمساءلة", "Whoever let it lie was called to account"),
    "none": ("لا إجراء بعد", "Nothing yet"),
})
"""Each measure taken, in Arabic and English."""

APPLICANT, PAYMENT, EXTERNAL, DESK, QUEUE = "applicant", "payment", "external", "desk", "queue"
WAITS_FOR = (APPLICANT, PAYMENT, EXTERNAL, DESK, QUEUE)


def waits_for(state_kind: str, body: str | None, held: bool) -> str:
    """For whom a file waits that stands in a state of this kind: its applicant, a payment, an outside body that is
    asked, somebody of the desk who holds it, or the desk's queue."""
    if state_kind in (APPLICANT, PAYMENT):
        return state_kind
    if body is not None:
        return EXTERNAL
    return DESK if held else QUEUE
