"""The published language of the log of reads: who looked at what a request holds of its applicant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from marshmallow import fields, validate

from contracts.requests import Status


@dataclass(frozen=True)
class Read:
    """A kind of read, as the audit records it. `identifies`: it shows who the applicant is."""

    name: Mapping[str, str]
    identifies: bool


READS: Mapping[str, Read] = {
    "file.read": Read({"ar": "الاطلاع على ملف الطلب دون الاسم وبيانات الاتصال",
                       "en": "Read the file, without name and contacts"}, False),
    "document.read": Read({"ar": "فتح مستند من الملف", "en": "Opened a document of the file"}, False),
    "document.unmask": Read({"ar": "فتح مستند هوية", "en": "Opened an identity document"}, True),
    "applicant.unmask": Read({"ar": "الاطلاع على بيانات مقدم الطلب", "en": "Was shown the applicant"}, True),
    "letter.read": Read({"ar": "فتح خطاب صادر", "en": "Opened a letter"}, False),
    "letter.unmask": Read({"ar": "فتح خطاب يذكر مقدم الطلب", "en": "Opened a letter that names the applicant"}, True),
    "licence.read": Read({"ar": "الاطلاع على الرخصة في السجل", "en": "Read the licence in the register"}, True),
    "licence.print": Read({"ar": "طباعة الرخصة", "en": "Printed the licence"}, True),
    "request.correction_read": Read({"ar": "الاطلاع على بيانات مقدم الطلب لتصحيحها",
                                     "en": "Read the applicant's particulars to correct them"}, True),
    "receipt.read": Read({"ar": "طباعة إيصال الطلب", "en": "Printed the receipt of the request"}, True),
    "request.find": Read({"ar": "ظهور الطلب في نتيجة بحث", "en": "Found the request by a search"}, True),
    "visit.read": Read({"ar": "الاطلاع على بيانات زيارة لتحديد موعدها", "en": "Read a visit to plan it"}, True),
    "visit.bundle": Read({"ar": "تحميل بيانات الزيارة على جهاز الحي المتنقل",
                          "en": "Took the visit along on a tablet"}, True),
    "offline.read": Read({"ar": "مراجعة ما رفعه جهاز الحي المتنقل عن الطلب",
                          "en": "Read what a tablet uploaded about the request"}, True),
    "reopening.read": Read({"ar": "الاطلاع على طلب إعادة النظر وسببه",
                            "en": "Read the wish to have it looked at again"}, False),
    "complaint.read": Read({"ar": "الاطلاع على شكوى", "en": "Read a complaint"}, True),
}


class AccessLog(Status):
    """Query `requests.access_log` → {tracking_number, entries: [{at, act, act_name, identifies, role, role_name,
    department, department_name, unit, unit_name}], next}: reads by staff, the newest first; `before` is the `next` of
    the page before. Nobody of the staff is named."""

    before = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
