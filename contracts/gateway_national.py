"""The published language of the national portal: an application for any governorate, taken at the centre under a
number of that governorate's, and lodged at its node; and the inquiry at the centre.

What is personal travels in `sealed`: a sealed box (X25519, XSalsa20-Poly1305) that only the node of the governorate
opens, as base64. An application is one event and, for each 256 KB of its documents, one more; all of them have the
application for their subject, and the node lodges it when all of them are there, in whatever order they came.
"""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from contracts.requests import SubmittedDocument
from contracts.requests_intake import Applicant

MOST_BYTES = 20 * 1024 * 1024
"""Documents of one application in all: at 600 KB/s the line carries so much in under a minute."""


class PortalApplication(EventSchema):
    """An application of the national portal, for the node of `governorate`, under a number of its own that is final.
    `sealed` opens to {submission: what `requests.submit` takes, documents: [{document_id, file_name, media_type, size,
    sha256, parts}]}; `parts` is how many events with parts of documents belong to it. The period that the law gives
    counts from `lodged_at`."""

    application_id = fields.UUID(required=True)
    governorate = fields.String(required=True)
    unit = fields.String(required=True)
    service_code = fields.String(required=True)
    tracking_number = fields.String(required=True)
    lodged_at = fields.AwareDateTime(required=True)
    parts = fields.Integer(required=True)
    sealed = fields.String(required=True)


class PortalPart(EventSchema):
    """One piece of one document of an application; `sealed` opens to its bytes (PIECE_BYTES, the last what is left).
    `number` counts from 0 within the document."""

    application_id = fields.UUID(required=True)
    governorate = fields.String(required=True)
    document_id = fields.UUID(required=True)
    number = fields.Integer(required=True)
    sealed = fields.String(required=True)


GIVEN = event("gateway.application.lodged.v1", PortalApplication)
PART_GIVEN = event("gateway.application.part_lodged.v1", PortalPart)
RECEIVED = event("gateway.application.received.v1", PortalApplication)
PART_RECEIVED = event("gateway.application.part_received.v1", PortalPart)


class LodgeNationally(Schema):
    """`POST /api/v1/national/requests` → {application_id, tracking_number, service_code, service_name, unit, lodged_at,
    state}. The documents were uploaded at the centre before."""

    governorate = fields.String(required=True, validate=validate.Length(max=10))
    service_code = fields.String(required=True, validate=validate.Length(max=60))
    unit = fields.String(required=True, validate=validate.Length(max=20))
    applicant = fields.Nested(Applicant, required=True)
    answers = fields.Dict(required=True)
    documents = fields.List(fields.Nested(SubmittedDocument), load_default=list)


PROBLEMS: dict[str, Problem] = {
    "not_at_the_centre": Problem(
        404, "هذه الصفحة من عمل المحافظة نفسها ولا تُفتح من البوابة القومية. افتح بوابة محافظتك، أو تابع طلبك برقمه "
        "من هنا.",
        "This is a governorate's own work and is not found at the national portal. Go to your governorate's portal, or "
        "follow your request here by its number."),
    "only_at_the_centre": Problem(
        404, "هذه الصفحة في البوابة القومية فقط. من هنا يمكنك التقديم في هذه المحافظة ومتابعة طلبك.",
        "This is found at the national portal only. Here you can apply in this governorate and follow your request."),
    "governorate_unknown": Problem(404, "لا توجد محافظة بهذا الكود.", "There is no governorate with this code."),
    "governorate_not_joined": Problem(
        409, "لا تستقبل محافظة {name_ar} طلبات من البوابة القومية بعد. قدّم من بوابة المحافظة أو من شباك أقرب مركز.",
        "{name_en} does not take applications from the national portal yet. Apply at the governorate's own portal or "
        "at the window of the nearest centre."),
    "governorate_not_heard": Problem(
        503, "لا تستقبل البوابة القومية طلبات لمحافظة {name_ar} الآن، إلى أن يعود الاتصال بها. ما كتبته محفوظ: أعد "
        "المحاولة لاحقاً، أو قدّم من شباك أقرب مركز في المحافظة.",
        "The national portal is not receiving applications for {name_en} now, until it is in contact with the "
        "governorate again. What you wrote is kept: try again later, or apply at the window of the nearest centre of "
        "the governorate."),
    "numbers_used_up": Problem(
        503, "انتهت أرقام المتابعة المخصصة للبوابة القومية من محافظة {name_ar}، والخط معها مقطوع أو لم يصل غيرها بعد. "
        "ما كتبته محفوظ: أعد المحاولة لاحقاً، أو قدّم من شباك أقرب مركز في المحافظة.",
        "The tracking numbers that {name_en} gave to the national portal are used up and no others have come yet. What "
        "you wrote is kept: try again later, or apply at the window of the nearest centre of the governorate."),
    "application_too_large": Problem(
        413, "حجم المستندات معاً أكبر من {limit} ميجابايت. صغّر الصور أو ارفع ملفات أصغر.",
        "The documents together are larger than {limit} MB. Make the pictures smaller or upload smaller files."),
    "asked_at_the_centre": Problem(
        503, "هذا الرقم لطلب في محافظة {name_ar}، وتعذر الوصول الآن إلى البوابة القومية لمعرفة حالته. أعد المحاولة بعد "
        "قليل، أو تابعه من بوابة محافظة {name_ar}.",
        "This number is of a request in {name_en}, and the national portal, which knows how it stands, cannot be "
        "reached now. Try again shortly, or follow it at the portal of {name_en}."),
    "not_known_here": Problem(
        404, "رقم المتابعة أو آخر أربعة أرقام من الهاتف غير صحيح. وإن كنت قدّمت من البوابة القومية فقد لا يكون طلبك وصل "
        "إلى هنا بعد، ولا يمكن سؤالها الآن: أعد المحاولة بعد قليل.",
        "The tracking number or the last four digits of the phone are not right. If you applied at the national "
        "portal, your application may not have come here yet, and the portal cannot be asked now: try again shortly."),
    "number_of_another_governorate": Problem(
        409, "هذا الرقم لطلب في محافظة {name_ar}. تابع حالته هنا؛ أما الإجراء عليه فمن بوابة محافظة {name_ar}.",
        "This number is of a request in {name_en}. How it stands is shown here; what you want to do with it is done at "
        "the portal of {name_en}."),
}
