"""The published language of intake: who applies, documents in pieces, what it will cost, drafts, the printed receipt,
corrections, and the register of numbers. contracts/requests.py has the life of a request itself."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem

PIECE_BYTES = 256 * 1024
"""Size of each piece of a document but its last."""

_NAME = validate.Length(max=200)
# As contracts.requests.PLAIN_TEXT, which stands on this module.
_PLAIN = (
    validate.Length(max=2000),
    validate.Regexp(r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]*\Z"),
)
_SHORT = validate.Length(max=40)
APPLICANT_KINDS = ("citizen", "company", "attorney", "heirs", "foreigner")


class Company(Schema):
    """The company for which its representative applies."""

    name = fields.String(load_default=None, allow_none=True, validate=_NAME)
    commercial_register = fields.String(load_default=None, allow_none=True, validate=_SHORT)
    tax_number = fields.String(load_default=None, allow_none=True, validate=_SHORT)


class PowerOfAttorney(Schema):
    """The deed by which an attorney acts: its number, the notary's office that drew it up, its year."""

    number = fields.String(load_default=None, allow_none=True, validate=_SHORT)
    office = fields.String(load_default=None, allow_none=True, validate=_NAME)
    year = fields.Integer(load_default=None, allow_none=True, strict=True)


class Principal(Schema):
    """For whom an attorney acts, with at least one number that says who that is."""

    name = fields.String(load_default=None, allow_none=True, validate=_NAME)
    national_id = fields.String(load_default=None, allow_none=True, validate=_SHORT)
    passport = fields.String(load_default=None, allow_none=True, validate=_SHORT)
    commercial_register = fields.String(load_default=None, allow_none=True, validate=_SHORT)


class Deceased(Schema):
    name = fields.String(load_default=None, allow_none=True, validate=_NAME)
    died_on = fields.Date(load_default=None, allow_none=True)


class Heir(Schema):
    name = fields.String(load_default=None, allow_none=True, validate=_NAME)
    national_id = fields.String(load_default=None, allow_none=True, validate=_SHORT)


class Inheritance(Schema):
    """The court's decision that names the heirs."""

    number = fields.String(load_default=None, allow_none=True, validate=_SHORT)
    court = fields.String(load_default=None, allow_none=True, validate=_NAME)
    year = fields.Integer(load_default=None, allow_none=True, strict=True)


class Applicant(Schema):
    """The person who applies and, by `kind`, for whom: `company` of a company; `power_of_attorney` and `principal` of
    an attorney; `deceased`, `heirs` and `inheritance` of heirs; `nationality` (ISO 3166, two letters) of a foreigner,
    who has a passport in place of a national ID."""

    kind = fields.String(required=True, validate=validate.OneOf(APPLICANT_KINDS))
    name = fields.String(required=True, validate=validate.Length(min=3, max=200))
    national_id = fields.String(load_default=None, allow_none=True)
    passport = fields.String(load_default=None, allow_none=True)
    phone = fields.String(required=True)
    email = fields.String(load_default=None, allow_none=True)
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))
    company = fields.Nested(Company, load_default=None, allow_none=True)
    power_of_attorney = fields.Nested(PowerOfAttorney, load_default=None, allow_none=True)
    principal = fields.Nested(Principal, load_default=None, allow_none=True)
    deceased = fields.Nested(Deceased, load_default=None, allow_none=True)
    heirs = fields.List(fields.Nested(Heir), load_default=None, allow_none=True)
    inheritance = fields.Nested(Inheritance, load_default=None, allow_none=True)
    nationality = fields.String(load_default=None, allow_none=True, validate=_SHORT)


class DocumentRefused(EventSchema):
    """A document of a request did not pass its check; the applicant may bring another at once. `reason` is a code of
    the error catalogue."""

    document_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    tracking_number = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    reason = fields.String(required=True)
    language = fields.String(required=True, validate=validate.OneOf(("ar", "en")))


DOCUMENT_REFUSED = event("requests.document.refused.v1", DocumentRefused)


class Corrected(EventSchema):
    """A clerk put values of a request right. Subject is the request's corrections as a whole, sequence their number.
    `corrected` are paths, without values; `contact` is the corrected one, sealed under the `contact` ring, when it is
    another."""

    request_id = fields.UUID(required=True)
    tracking_number = fields.String(required=True)
    corrected = fields.List(fields.String(), required=True)
    contact = fields.String(allow_none=True)
    inquiry_check = fields.String(allow_none=True)  # another, where the phone is another
    language = fields.String(required=True, validate=validate.OneOf(("ar", "en")))


CORRECTED = event("requests.request.corrected.v1", Corrected)


class CorrectedApplicant(Applicant):
    """Only what changes. The kind of applicant is not a typing error."""

    class Meta:
        exclude = ("kind", "language")


class ShowCorrections(Schema):
    """Query `requests.corrections` → {tracking_number, corrected, applicant, answers, may_correct, corrections}."""

    tracking_number = fields.String(required=True)


class Correct(ShowCorrections):
    """Command `requests.correct` → {tracking_number, corrected, fields}. `corrected` is the count as it was read;
    another one that stands now is refused `conflict`."""

    corrected = fields.Integer(load_default=None, allow_none=True)
    applicant = fields.Nested(CorrectedApplicant(partial=True), load_default=dict)
    answers = fields.Dict(load_default=dict)
    reason = fields.String(required=True, validate=(validate.Length(3, 500), _PLAIN[1]))


class Withdraw(Schema):
    """Command `requests.withdraw` → the state after it: the applicant takes the request back."""

    tracking_number = fields.String(required=True)
    phone_last4 = fields.String(required=True)
    reason = fields.String(load_default=None, allow_none=True, validate=_PLAIN)


class Quote(Schema):
    """Query `requests.quote` → {service_version, stages: [{stage, name, charges, total, missing}], total, complete}:
    what it will cost with these answers, which may be incomplete. Amounts are piastres."""

    service_code = fields.String(required=True)
    answers = fields.Dict(load_default=dict)


class Receipt(Schema):
    """Query `requests.receipt` → {file_name, media_type, content(base64)}: the printed receipt of a request."""

    tracking_number = fields.String(required=True)
    phone_last4 = fields.String(required=True)
    language = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(("ar", "en")))


class SaveDraft(Schema):
    """Command `requests.save_draft` → {token, service_code, saved_at, ends_at}. With `token` the draft is saved again
    under its code; without, a citizen's account has one draft a service. `documents` are those it names: they wait as
    long as the draft."""

    token = fields.String(load_default=None, allow_none=True, validate=_SHORT)
    service_code = fields.String(required=True)
    draft = fields.Dict(required=True)
    documents = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))


class Draft(Schema):
    """Query `requests.draft` → {service_code, draft, saved_at, ends_at}; command `requests.drop_draft` → {dropped}."""

    token = fields.String(required=True, validate=_SHORT)


class OwnDrafts(Schema):
    """Query `requests.own_drafts` (a citizen's account) → {drafts: [{token, service_code, saved_at, ends_at}]}: what
    was begun in it of these services."""

    services = fields.List(fields.String(validate=validate.Length(max=80)), required=True,
                           validate=validate.Length(max=500))  # fmt: skip


class BeginUpload(Schema):
    """Command `requests.begin_upload` → {upload_id, piece_bytes, pieces}: a document that comes in pieces."""

    file_name = fields.String(required=True, validate=validate.Length(1, 200))
    size = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class AddPiece(Schema):
    """Command `requests.add_piece` → {upload_id, piece_bytes, missing}. `number` counts from 0; content is base64. The
    same piece again changes nothing."""

    upload_id = fields.UUID(required=True)
    number = fields.Integer(required=True, strict=True, validate=validate.Range(0, 10_000))
    content = fields.String(required=True)


class Upload(Schema):
    """Query `requests.upload` → {upload_id, piece_bytes, missing}: where to go on after a break."""

    upload_id = fields.UUID(required=True)


class EndUpload(Upload):
    """Command `requests.end_upload` → {document_id, sha256, size, media_type, status}. The id of the document is that
    of the upload. With `sha256` (hexadecimal) the bytes are held against it."""

    sha256 = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"[0-9a-fA-F]{64}\Z"))


class GivenDocument(Schema):
    code = fields.String(required=True)
    document_id = fields.UUID(required=True)


class ReplaceDocuments(Schema):
    """Command `requests.replace_documents` → {tracking_number, replaced}: the applicant brings others for documents
    that were refused. The request stays where it is."""

    tracking_number = fields.String(required=True)
    phone_last4 = fields.String(required=True)
    documents = fields.List(fields.Nested(GivenDocument), required=True, validate=validate.Length(min=1))


PROBLEMS: dict[str, Problem] = {
    # who applies
    "particulars_not_asked": Problem(422, "هذه البيانات ليست لهذا النوع من المتقدمين. احذفها أو غيّر نوع المتقدم.",
                                     "This is not asked of this kind of applicant. Remove it or change the kind."),
    "tax_number_invalid": Problem(422, "رقم التسجيل الضريبي تسعة أرقام كما في البطاقة الضريبية.",
                                  "The tax registration number has nine digits, as on the tax card."),
    "commercial_register_invalid": Problem(422, "رقم السجل التجاري أرقام فقط وبحد أقصى عشرة.",
                                           "The commercial register number has digits only, ten at most."),
    "deed_number_invalid": Problem(422, "اكتب الرقم كما هو مدوَّن على المحرر، وفيه رقم واحد على الأقل.",
                                   "Write the number as it stands on the deed, with at least one digit."),
    "deed_year_impossible": Problem(422, "السنة أربعة أرقام من 1900 إلى السنة الحالية.",
                                    "The year has four digits, from 1900 to this year."),
    "nationality_unknown": Problem(422, "اختر دولة جواز السفر. المصري يقدَّم مواطناً برقمه القومي.",
                                   "Choose the passport's country (two letters). An Egyptian applies as a citizen, "
                                   "with the national ID."),
    "principal_not_identified": Problem(422, "اذكر الرقم القومي للموكل أو جواز سفره أو سجله التجاري.",
                                        "Give the principal's national ID, passport or commercial register."),
    "date_in_future": Problem(422, "هذا التاريخ لم يأتِ بعد.", "This date has not come yet."),
    "too_many_heirs": Problem(422, "بحد أقصى {most} وارثاً. اذكر الباقين في إعلام الوراثة المرفق.",
                              "{most} heirs at most. The attached decision names the others."),
    # documents
    "document_in_quarantine": Problem(409, "يجري فحص هذا المستند الآن. أعد المحاولة بعد لحظات.",
                                      "This document is still being checked. Try again in a moment."),
    "document_unreadable": Problem(422, "الملف تالف ولا يمكن فتحه. ارفع نسخة سليمة.",
                                   "The file is damaged and cannot be opened. Upload a sound copy."),
    "document_image_too_large": Problem(422, "أبعاد الصورة أكبر من المسموح. صوِّر المستند بدقة أقل.",
                                        "The picture has too many points. Take it at a lower resolution."),
    "document_pdf_encrypted": Problem(422, "الملف محمي بكلمة مرور. ارفعه بدون حماية.",
                                      "The PDF is protected by a password. Upload it without."),
    "document_pdf_active": Problem(422, "يحتوي ملف PDF على برامج أو نماذج تفاعلية. اطبعه إلى ملف PDF جديد ثم ارفعه.",
                                   "The PDF holds scripts or actions. Print it to a new PDF and upload that."),
    "document_pdf_carries_files": Problem(422, "يحتوي ملف PDF على ملفات مرفقة بداخله. ارفع كل مستند وحده.",
                                          "The PDF carries other files in it. Upload each document by itself."),
    "document_pdf_without_pages": Problem(422, "ملف PDF بلا صفحات.", "The PDF has no pages."),
    "document_pdf_too_long": Problem(422, "ملف PDF أطول من المسموح. ارفع الصفحات المطلوبة فقط.",
                                     "The PDF is too long. Upload only the pages that were asked for."),
    "document_infected": Problem(422, "وُجد في الملف برنامج ضار. افحص جهازك ثم ارفع نسخة سليمة.",
                                 "Malware was found in the file. Check your device and upload a sound copy."),
    "upload_unknown": Problem(404, "لا يوجد رفع جارٍ بهذا الرقم. ابدأ الرفع من جديد.",
                              "No upload with this number is under way. Begin again."),
    "upload_piece_wrong": Problem(422, "القطعة {number} حجمها {came} بايت والمطلوب {wanted}.",
                                  "Piece {number} has {came} bytes where {wanted} were expected."),
    "upload_piece_differs": Problem(409, "وصلت القطعة {number} من قبل بمحتوى آخر. ابدأ الرفع من جديد.",
                                    "Piece {number} came before with other content. Begin the upload again."),
    "upload_incomplete": Problem(409, "لم تصل {missing} من قطع الملف بعد. أرسلها ثم أنهِ الرفع.",
                                 "{missing} pieces have not come yet. Send them, then end the upload."),
    "checksum_differs": Problem(422, "محتوى الملف يختلف عن بصمته. ارفعه مرة أخرى.",
                                "The file's content differs from its checksum. Upload it again."),
    # corrections and withdrawal
    "correction_too_late": Problem(409, "لا تُصحَّح هذه البيانات في هذه المرحلة. يصححها مقدم الطلب عند الاستيفاء.",
                                   "This can no longer be corrected at the window. The applicant changes it when the "
                                   "file is sent back."),
    "correction_of_billed_fee": Problem(409, "يتوقف على هذه الإجابة رسم صدرت مطالبته، فلا تُصحَّح.",
                                        "A fee that was billed already hangs on this answer; it cannot be corrected."),
    "nothing_corrected": Problem(422, "لم يتغير شيء. صحح قيمة واحدة على الأقل.",
                                 "Nothing differs. Correct at least one value."),
    "withdrawal_not_offered": Problem(409, "لا يمكن سحب هذا الطلب: انتهى، أو لا تعرف خدمته السحب.",
                                      "This request cannot be withdrawn: it has ended, or its service knows no "
                                      "withdrawal."),
    # drafts
    "draft_unknown": Problem(404, "لا توجد مسودة بهذا الكود أو انتهت مدتها.",
                             "There is no draft under this code, or its time is over."),
    "draft_too_large": Problem(413, "المسودة أكبر من {limit} كيلوبايت.", "The draft is larger than {limit} KB."),
}
