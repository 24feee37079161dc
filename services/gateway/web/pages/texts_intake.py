"""Texts of intake: who applies for whom, drafts, receipts, withdrawal, corrections."""

from __future__ import annotations

INTAKE: dict[str, tuple[str, str]] = {
    "particulars.company/name": ("اسم الشركة كما في السجل التجاري", "Company's name as in the commercial register"),
    "particulars.company/commercial_register": ("رقم السجل التجاري", "Commercial register number"),
    "particulars.company/tax_number": ("رقم التسجيل الضريبي", "Tax registration number"),
    "particulars.power_of_attorney/number": ("رقم التوكيل", "Number of the power of attorney"),
    "particulars.power_of_attorney/office": ("مكتب التوثيق", "Notary office"),
    "particulars.power_of_attorney/year": ("سنة التوكيل", "Year of the power of attorney"),
    "particulars.principal/name": ("اسم الموكل", "Principal's name"),
    "particulars.principal/national_id": ("الرقم القومي للموكل", "Principal's national ID"),
    "particulars.principal/passport": ("جواز سفر الموكل", "Principal's passport"),
    "particulars.principal/commercial_register": ("السجل التجاري للموكل", "Principal's commercial register"),
    "particulars.deceased/name": ("اسم المتوفى", "Name of the deceased"),
    "particulars.deceased/died_on": ("تاريخ الوفاة", "Date of death"),
    "particulars.inheritance/number": ("رقم إعلام الوراثة", "Number of the inheritance decision"),
    "particulars.inheritance/court": ("المحكمة", "Court"),
    "particulars.inheritance/year": ("سنة إعلام الوراثة", "Year of the inheritance decision"),
    "particulars.heirs": ("الورثة", "Heirs"),
    "particulars.heirs_help": (
        "وارث في كل سطر: الاسم، وبعده فاصلة ثم الرقم القومي إن وُجد",
        "One heir a line: the name, then a comma and the national ID if known",
    ),
    "particulars.nationality": ("دولة جواز السفر", "Country of the passport"),
    "particulars.nationality_help": ("حرفان مثل \u2066SD\u2069 أو \u2066SY\u2069", "Two letters such as SD or SY"),
    "draft.save": ("احفظ وأكمل لاحقاً", "Save and go on later"),
    "draft.title": ("المسودة محفوظة", "The draft is saved"),
    "draft.keep": (
        "احتفظ بهذا الكود. من يحمله يفتح المسودة ويكملها حتى {day}.",
        "Keep this code. Whoever holds it can open the draft and go on, until {day}.",
    ),
    "draft.code": ("كود المسودة", "Draft code"),
    "draft.resume": ("أكمل مسودة محفوظة", "Go on with a saved draft"),
    "draft.open": ("افتح المسودة", "Open the draft"),
    "receipt_request.download": ("اطبع إيصال الاستلام (PDF)", "Print the receipt (PDF)"),
    "withdraw.title": ("سحب الطلب", "Withdraw the request"),
    "withdraw.help": (
        "ينتهي الطلب ولا يُعاد فتحه. ما سُدد من رسوم لا يُرد تلقائياً.",
        "The request ends for good. Fees that were paid are not returned by this.",
    ),
    "withdraw.button": ("اسحب الطلب", "Withdraw"),
    "refused.title": ("مستندات لم تُقبل", "Documents that were not accepted"),
    "refused.help": (
        "ارفع بديلاً لكل مستند. يبقى الطلب في مكانه.",
        "Upload another for each. The request stays where it is.",
    ),
    "refused.send": ("أرسل البدائل", "Send them"),
}
