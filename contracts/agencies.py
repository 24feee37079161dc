"""Agencies that consume events and answer: their events, and what the doors answer about them."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem

OPINIONS = ("agreed", "refused", "noted")
"""What an agency may answer to a letter: it agrees, it refuses, or it took note and has nothing to say."""


class AnswerGiven(EventSchema):
    """An agency answered a letter of a governorate. `number` is the letter's, `body` the outside body of the guide for
    which the agency answered; `note` is its own text, sealed for the node where the place that tells it is the
    centre."""

    answer_id = fields.UUID(required=True)
    node = fields.String(required=True)
    number = fields.String(required=True)
    body = fields.String(required=True)
    agency = fields.String(required=True)
    agency_name = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    opinion = fields.String(required=True, validate=validate.OneOf(OPINIONS))
    answered_on = fields.Date(required=True)
    reference = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    given_at = fields.AwareDateTime(required=True)


ANSWER_GIVEN = event("gateway.answer.given.v1", AnswerGiven)

PROBLEMS: dict[str, Problem] = {
    "agency_unknown": Problem(404, "لا توجد جهة مسجلة بهذا الرقم.", "There is no such agency."),
    "agency_closed": Problem(409, "أُوقف التعامل مع هذه الجهة.", "This agency was closed."),
    "agency_code_invalid": Problem(
        422, "كود الجهة من 2 إلى 40 من الحروف الإنجليزية الصغيرة والأرقام والشرطة، ويبدأ بحرف.",
        "An agency's code has 2 to 40 small letters, digits and hyphens, and begins with a letter."),
    "agency_code_taken": Problem(409, "كود الجهة مستعمل.", "This agency's code is taken."),
    "agency_name_invalid": Problem(422, "اكتب اسم الجهة بالعربية والإنجليزية في 3 إلى 120 حرفاً لكل منهما.",
                                   "Give the agency's name in Arabic and English, 3 to 120 characters each."),
    "agency_body_unknown": Problem(422, "لا توجد في الدليل جهة خارجية بهذا الكود: {body}",
                                   "The guide has no outside body of this code: {body}"),
    "agency_body_taken": Problem(409, "جهة مسجلة أخرى ترد عن هذه الجهة: {body}",
                                 "Another agency answers for this body: {body}"),
    "agency_key_missing": Problem(403, "هذا المفتاح لا يخص جهة مسجلة. اطلب مفتاحاً باسم جهتك من إدارة المنصة.",
                                  "This key is not an agency's. Ask the platform's administration for one of yours."),
    "agreement_unknown": Problem(404, "لا توجد اتفاقية بهذا الرقم لهذه الجهة.", "This agency has no such agreement."),
    "agreement_over": Problem(409, "انتهت هذه الاتفاقية. جدّدها أو اختر غيرها.",
                              "This agreement is over. Extend it, or choose another."),
    "agreement_reference_invalid": Problem(422, "اكتب رقم الاتفاقية الموقعة في 3 إلى 120 حرفاً.",
                                           "Give the reference of the signed agreement in 3 to 120 characters."),
    "agreement_events_invalid": Problem(422, "اختر حدثاً واحداً على الأقل مما يُتاح للجهات. غير المتاح: {events}",
                                        "Choose at least one event of those offered. Not offered: {events}"),
    "agreement_fields_invalid": Problem(422, "حقول غير متاحة في {event}: {fields}",
                                        "Fields that {event} does not offer: {fields}"),
    "agreement_services_invalid": Problem(422, "خدمات غير موجودة في الدليل: {services}",
                                          "Services that the guide does not have: {services}"),
    "agreement_governorates_invalid": Problem(422, "محافظات غير معروفة: {governorates}",
                                              "Governorates that are not known: {governorates}"),
    "agreement_dates_invalid": Problem(
        422, "تاريخ نهاية الاتفاقية بعد بدايتها، وخلال {years} سنوات منها، ولا يكون في الماضي.",
        "An agreement ends after it begins, within {years} years of it, and not in the past."),
    "subscription_unknown": Problem(404, "لا يوجد اشتراك بهذا الرقم.", "There is no such subscription."),
    "subscription_ended": Problem(409, "أُنهي هذا الاشتراك.", "This subscription was ended."),
    "subscription_name_invalid": Problem(422, "اكتب اسم الاشتراك في 3 إلى 120 حرفاً.",
                                         "Give the subscription's name in 3 to 120 characters."),
    "subscription_filter_invalid": Problem(422, "خارج ما تسمح به الاتفاقية: {values}",
                                           "Beyond what the agreement allows: {values}"),
    "subscription_way_differs": Problem(409, "هذا الاشتراك يُستهلك بطريقة أخرى.",
                                        "This subscription is consumed in another way."),
    "subscription_amqp_stands": Problem(
        409, "للجهة طابور واحد على الوسيط، وله اشتراك قائم. غيّر ذلك الاشتراك أو أنهه، أو اختر طريقة أخرى.",
        "An agency has one queue at the broker, and a subscription has it. Change or end that one, or choose another "
        "way."),
    "subscription_held": Problem(409, "هذا الاشتراك موقوف. استأنفه أولاً.",
                                 "This subscription is paused. Resume it first."),
    "webhook_url_malformed": Problem(422, "اكتب عنوان استقبال صحيحاً يبدأ بـ https:// دون اسم مستخدم أو علامة #.",
                                     "Give a valid address that begins with https://, without user name or fragment."),
    "webhook_url_plain": Problem(422, "عنوان الاستقبال يجب أن يكون https.", "The address must be https."),
    "webhook_url_port": Problem(422, "عنوان الاستقبال يستعمل المنفذ 443 أو 8443 فقط.",
                                "The address may use the ports 443 and 8443 only."),
    "webhook_url_private": Problem(
        422, "عنوان الاستقبال داخل شبكة خاصة لا تُرسل إليها المنصة. استعمل عنواناً عاماً أو اطلب إضافة شبكتكم.",
        "The address lies in a private network to which the platform sends nothing. Use a public one, or have your "
        "network added."),
    "webhook_overlap": Problem(422, "مدة بقاء السر القديم من 0 إلى {most} ساعة.",
                               "A former secret goes on signing for 0 to {most} hours."),
    "at_once_invalid": Problem(422, "عدد الإرسالات المتزامنة من 1 إلى {most}.",
                               "Deliveries at once are 1 to {most}."),
    "replay_date_invalid": Problem(422, "تاريخ الإعادة من بداية الاتفاقية حتى الآن.",
                                   "A replay begins between the agreement's first day and now."),
    "dead_letter_unknown": Problem(404, "لا توجد رسالة متعثرة بهذا الرقم في هذا الاشتراك.",
                                   "This subscription has no such dead letter."),
    "letter_not_yours": Problem(404, "لا يوجد خطاب بهذا الرقم موجه إلى جهتك.",
                                "There is no letter of this number to your agency."),
    "letter_answered_before": Problem(409, "سبق تسجيل رد على هذا الخطاب.", "This letter was answered before."),
    "letter_date_invalid": Problem(422, "تاريخ الرد من يوم إرسال الخطاب حتى اليوم.",
                                   "The answer's date lies between the letter's sending and today."),
    "letter_note_closed": Problem(422, "لا تُستقبل ملاحظات مكتوبة لهذه المحافظة بعد. أرسل الرد دون ملاحظة.",
                                  "This governorate takes no written notes yet. Answer without one."),
    "licence_not_heard_of": Problem(
        404, "لم يصل إلى المنصة ترخيص بهذا الرقم حتى {as_of}. إن صدر حديثاً أعد السؤال لاحقاً.",
        "No licence of this serial had arrived by {as_of}. If it is new, ask again later."),
    "too_many_waiting": Problem(503, "عدد المنتظرين على هذا الباب كبير الآن. اسأل دون انتظار ثم أعد المحاولة.",
                                "Too many wait at this door just now. Ask without waiting, and try again."),
}
