"""What the words of the language of definitions are called when somebody chooses among them."""

from __future__ import annotations

from collections.abc import Mapping

Pair = tuple[str, str]

WORDS: Mapping[str, Mapping[str, Pair]] = {
    "sources": {
        "law": ("قُرئ في القانون", "Read in the law"),
        "public": ("مصدر عام منشور", "A public source"),
        "unverified": ("غير مؤكد: توضيحي تحدده المحافظة", "Not verified: illustrative"),
    },
    "types": {
        "text": ("نص قصير", "Short text"),
        "long_text": ("نص طويل", "Long text"),
        "integer": ("عدد صحيح", "Whole number"),
        "decimal": ("عدد فيه كسر", "Number with a fraction"),
        "choice": ("اختيار واحد", "One choice"),
        "multi_choice": ("أكثر من اختيار", "Several choices"),
        "date": ("تاريخ", "Date"),
        "boolean": ("نعم أو لا", "Yes or no"),
        "national_id": ("رقم قومي", "National ID"),
        "mobile": ("رقم محمول", "Mobile number"),
        "email": ("بريد إلكتروني", "E-mail"),
    },
    "presented": {
        "copy": ("صورة", "Copy"),
        "original": ("الأصل", "The original"),
        "original_and_copy": ("صورة مع الأصل للاطلاع", "Copy, with the original to look at"),
    },
    "media_types": {
        "application/pdf": ("PDF", "PDF"),
        "image/jpeg": ("صورة JPEG", "JPEG picture"),
        "image/png": ("صورة PNG", "PNG picture"),
    },
    "fee_kinds": {
        "fixed": ("مبلغ ثابت", "A fixed amount"),
        "per_unit": ("مبلغ لكل وحدة (متر أو عامل)", "An amount for each unit"),
        "tiered": ("شرائح", "Bands"),
        "percentage": ("نسبة من رسوم أخرى", "Percentage of other fees"),
        "formula": ("معادلة", "Formula"),
    },
    "roundings": {"half_up": ("للأقرب", "To the nearest"), "up": ("لأعلى", "Up"), "down": ("لأسفل", "Down")},
    "day_kinds": {"calendar": ("أيام تقويمية", "Calendar days"), "working": ("أيام عمل", "Working days")},
    "silences": {"none": ("لا شيء", "Nothing"), "approval": ("قبول", "Approval"), "rejection": ("رفض", "Rejection")},
    "state_kinds": {
        "task": ("عمل لإدارة", "A department acts"),
        "payment": ("انتظار سداد", "Waits for payment"),
        "applicant": ("انتظار مقدم الطلب", "Waits for the applicant"),
        "external": ("رأي جهة خارجية", "Opinion of an outside body"),
        "parallel": ("عدة إدارات في وقت واحد", "Several act at the same time"),
        "end": ("نهاية", "End"),
    },
    "purposes": {
        "review": ("مراجعة", "Review"),
        "inspection": ("معاينة", "Inspection"),
        "decision": ("قرار", "Decision"),
        "issue": ("إصدار", "Issue"),
    },
    "shows": {"name": ("الاسم", "Name"), "contact": ("وسيلة الاتصال", "Contact")},
    "clocks": {"running": ("يعمل", "Running"), "stopped": ("متوقف", "Stopped")},
    "outcomes": {
        "approved": ("موافقة", "Approved"),
        "rejected": ("رفض", "Rejected"),
        "withdrawn": ("سحب", "Withdrawn"),
        "lapsed": ("حفظ لانقضاء المهلة", "Lapsed"),
    },
    "verdicts": {"favourable": ("موافق", "Favourable"), "unfavourable": ("معترض", "Unfavourable")},
    "output_kinds": {
        "licence": ("رخصة", "Licence"),
        "certificate": ("شهادة", "Certificate"),
        "letter": ("خطاب", "Letter"),
    },
    "deliveries": {
        "window": ("من الشباك", "At the window"),
        "digital": ("إلكترونياً", "Digitally"),
        "post": ("بالبريد", "By post"),
    },
    "block_kinds": {"heading": ("عنوان", "Heading"), "paragraph": ("فقرة", "Paragraph"), "clause": ("بند", "Clause")},
    "successions": {
        "renewal": ("تجديد", "Renewal"),
        "alteration": ("تعديل", "Alteration"),
        "transfer": ("تنازل", "Transfer"),
    },
    "tests": {
        "equals": ("يساوي", "is"),
        "in": ("واحد من", "is one of"),
        "at_least": ("لا يقل عن", "is at least"),
        "at_most": ("لا يزيد على", "is at most"),
        "between": ("بين", "is between"),
        "present": ("أُجيب عنه", "was answered"),
        "missing": ("لم يُجب عنه", "was not answered"),
    },
    "joins": {"all": ("تتحقق كلها معاً", "all must hold"), "any": ("يكفي واحد منها", "any one is enough")},
}
"""By what is chosen among: the values of the language with what they are called."""
