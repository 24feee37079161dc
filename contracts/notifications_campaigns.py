"""The published language of campaigns: one message to many citizens, written by one person and approved by another.
Times of day are Cairo time, prices thousandths of an Egyptian pound (millièmes)."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts.days import DAYS, MOMENTS
from contracts.events import EventSchema, event
from contracts.problem import Problem

STATES = ("draft", "submitted", "approved", "running", "paused", "done", "cancelled", "refused")
AUDIENCE_STATES = ("receiving", "reading", "faulty", "ready", "unreadable")
OUTCOMES = ("approved", "rejected", "withdrawn", "lapsed", "open")
LANGUAGES = ("ar", "en")
FORMATS = ("csv", "xlsx")

LIST_BYTES = 24 * 1024 * 1024  # 200,000 lines of 120 bytes
LIST_PIECE_BYTES = 256 * 1024
LIST_LINES = 300_000
FASTEST = 12_000  # messages a minute: 200 a second, below what one process hands over
SMS_CHARACTERS, SUBJECT_CHARACTERS, PARAGRAPH_CHARACTERS, PARAGRAPHS = 1_000, 150, 2_000, 20

_TIME = validate.Regexp(r"(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)(?![\s\S])")
_REASON = validate.Length(1, 500)


class CampaignState(EventSchema):
    """A campaign changed. How many it is for and how far it came; no text and nobody's address."""

    campaign_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    change = fields.String(required=True)  # what was done: written, submitted, approved, paused …
    why = fields.String(allow_none=True)  # of what the platform did by itself: too_many_failed
    unit = fields.String(allow_none=True)  # null: the governorate's own
    channels = fields.List(fields.String(), required=True)
    recipients = fields.Integer(required=True)  # 0 until it is submitted
    made = fields.Integer(required=True)  # messages made so far
    sent = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    failed = fields.Integer(required=True)  # for good, expired among them
    passed_over = fields.Integer(required=True)  # not written to: opted out, no address any more


CAMPAIGN_CHANGED = event("notifications.campaign.changed.v1", CampaignState)


class _Paragraphs(fields.List[str]):
    def __init__(self) -> None:
        super().__init__(fields.String(validate=validate.Length(1, PARAGRAPH_CHARACTERS)), required=True,
                         validate=validate.Length(1, PARAGRAPHS))


class CampaignEmail(Schema):
    """One language of an e-mail. Greeting, link to the portal and closing line are put around it."""

    subject = fields.String(required=True, validate=validate.Length(1, SUBJECT_CHARACTERS))
    body = _Paragraphs()


class CampaignSms(Schema):
    ar = fields.String(required=True, validate=validate.Length(1, SMS_CHARACTERS))
    en = fields.String(required=True, validate=validate.Length(1, SMS_CHARACTERS))


class CampaignEmails(Schema):
    ar = fields.Nested(CampaignEmail, required=True)
    en = fields.Nested(CampaignEmail, required=True)


class CampaignWording(Schema):
    """What is told, by channel, in both languages. One channel at least."""

    sms = fields.Nested(CampaignSms)
    email = fields.Nested(CampaignEmails)

    @validates_schema
    def _one_at_least(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("A wording for sms or email is needed.", "sms")


class _Schedule(Schema):
    """When and how fast. `not_before` null: as soon as it is approved."""

    not_before = fields.AwareDateTime(load_default=None, allow_none=True, validate=MOMENTS)
    hours_from = fields.String(load_default="09:00", validate=_TIME)
    hours_until = fields.String(load_default="20:00", validate=_TIME)
    per_minute = fields.Integer(load_default=600, strict=True, validate=validate.Range(1, FASTEST))


class WriteCampaign(_Schedule):
    """Command `notifications.write_campaign` (message editor) → the campaign, a draft. Without `campaign_id` a new one;
    with it `version` is the one that was read. `unit`: whose it is, whose people follow and approve it and whose
    applicants it may go to; a person of a unit writes for that one. Null: the governorate's own. `pause_at_percent`: of
    those whose end is known, so many failed for good and it pauses itself."""

    campaign_id = fields.UUID(load_default=None, allow_none=True)
    version = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(min=1))
    name = fields.String(required=True, validate=[validate.Length(3, 120), validate.Regexp(r"(?:\s*\S){3}")])
    unit = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 40))
    wording = fields.Nested(CampaignWording, required=True)
    pause_at_percent = fields.Integer(load_default=20, strict=True, validate=validate.Range(1, 100))


class ChooseApplicants(Schema):
    """Command `notifications.choose_applicants` (message editor) → the audience: whoever lodged requests like these and
    can be reached, each address once. What is left out narrows nothing. `since` and `until` are Cairo days of
    lodging; the outcome `open` is a request without one yet."""

    campaign_id = fields.UUID(required=True)
    units = fields.List(fields.String(validate=validate.Length(1, 40)), load_default=list,
                        validate=validate.Length(max=400))
    services = fields.List(fields.String(validate=validate.Length(1, 80)), load_default=list,
                           validate=validate.Length(max=300))
    outcomes = fields.List(fields.String(validate=validate.OneOf(OUTCOMES)), load_default=list,
                           validate=validate.Length(max=5))
    language = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(LANGUAGES))
    since = fields.Date(load_default=None, allow_none=True, validate=DAYS)
    until = fields.Date(load_default=None, allow_none=True, validate=DAYS)


class BeginList(Schema):
    """Command `notifications.begin_list` (message editor) → {audience_id, piece_bytes, pieces}: a list is going to come
    in pieces, all but the last of `piece_bytes`."""

    campaign_id = fields.UUID(required=True)
    file_name = fields.String(required=True, validate=validate.Length(1, 200))
    format = fields.String(required=True, validate=validate.OneOf(FORMATS))
    size = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class AddListPiece(Schema):
    """Command `notifications.add_list_piece` → {audience_id, missing}. Base64; the same piece again changes nothing."""

    audience_id = fields.UUID(required=True)
    number = fields.Integer(required=True, strict=True, validate=validate.Range(0, 10_000))
    content = fields.String(required=True)


class EndList(Schema):
    """Command `notifications.end_list` → the audience. It is read from now on. A list that is the campaign's already
    (the same bytes) stays as it is."""

    audience_id = fields.UUID(required=True)
    sha256 = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z"))


class GetCampaign(Schema):
    """Query `notifications.campaign` → the campaign with its audience, estimate and progress."""

    campaign_id = fields.UUID(required=True)


class ListAudienceFaults(Schema):
    """Query `notifications.audience_faults` → {faults: [{line, field, code, params}], next}: the broken lines of the
    list, by their number."""

    campaign_id = fields.UUID(required=True)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0))


class AcceptAudience(Schema):
    """Command `notifications.accept_audience` (message editor) → the audience, ready: to go on without the broken
    lines. `broken` is how many the person saw."""

    campaign_id = fields.UUID(required=True)
    broken = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class PreviewCampaign(Schema):
    """Query `notifications.preview_campaign` → {messages: [{channel, language, address, characters, parts, text |
    subject, plain, html}], estimate}: the first recipients of each channel and language, addresses masked."""

    campaign_id = fields.UUID(required=True)


class SubmitCampaign(Schema):
    """Command `notifications.submit_campaign` (message editor) → the campaign, handed over for approval. From here on
    text and audience stay as they are."""

    campaign_id = fields.UUID(required=True)
    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class DecideCampaign(Schema):
    """Command `notifications.decide_campaign` (who may approve, never who wrote it) → the campaign. `version` is the
    one that was looked at; a refusal says why."""

    campaign_id = fields.UUID(required=True)
    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    approve = fields.Boolean(required=True)
    reason = fields.String(load_default=None, allow_none=True, validate=_REASON)


class ScheduleCampaign(_Schedule):
    """Command `notifications.schedule_campaign` → the campaign with other times and another speed, at once."""

    campaign_id = fields.UUID(required=True)


class StopCampaign(Schema):
    """Commands `notifications.pause_campaign`, `notifications.resume_campaign`, `notifications.cancel_campaign` → the
    campaign. A pause holds what was not handed over yet, a resumption goes on there, a cancellation gives it up."""

    campaign_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=_REASON)


class ListCampaigns(Schema):
    """Query `notifications.campaigns` → {campaigns: [...], next}: newest first, of the own unit."""

    state = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(STATES))
    after = fields.UUID(load_default=None, allow_none=True)


PROBLEMS: dict[str, Problem] = {
    "campaign_unknown": Problem(404, "لا توجد حملة بهذا الرقم.", "There is no campaign with this number."),
    "campaign_state": Problem(409, "لا يمكن هذا والحملة في حالة {state}. الممكن الآن: {possible}.",
                              "This cannot be done to a campaign that is {state}. Possible now: {possible}."),
    "campaign_moved": Problem(409, "تغيرت الحملة منذ قرأتها. اقرأها من جديد ثم قرر.",
                              "The campaign changed since you read it. Read it again, then decide."),
    "campaign_unit_fixed": Problem(422, "الوحدة صاحبة الحملة لا تتغير. اكتب حملة جديدة.",
                                   "Whose campaign it is does not change. Write a new one."),
    "campaign_own": Problem(
        403, "لا يعتمد الحملة من شارك في كتابتها أو اختيار جمهورها أو رفعها للاعتماد. يعتمدها شخص آخر.",
        "Whoever wrote a campaign, chose its audience or submitted it does not approve it. Another person does."),
    "campaign_hours": Problem(
        422, "ساعات الإرسال {hours_from}-{hours_until} غير ممكنة: نهايتها بعد بدايتها وخارج ساعات الهدوء {quiet}.",
        "Sending from {hours_from} to {hours_until} is not possible: the end comes after the beginning, and both lie "
        "outside the quiet hours {quiet}."),
    "campaign_reason_required": Problem(422, "اذكر السبب في عشرة أحرف على الأقل.",
                                        "Give the reason in ten letters or more."),
    "campaign_audience_missing": Problem(422, "حدد الجمهور أولاً: ارفع قائمة أو اختر مقدمي طلبات.",
                                         "Say whom it is for first: upload a list, or choose applicants."),
    "campaign_audience_not_ready": Problem(
        409, "لم يجهز الجمهور بعد ({state}). انتظر حتى تنتهي القراءة وعالج الأسطر المعيبة.",
        "The audience is not ready ({state}). Wait until it is read and deal with its broken lines."),
    "campaign_audience_empty": Problem(422, "لا يوجد من تصل إليه الحملة بهذه القنوات.",
                                       "Nobody can be reached by these channels."),
    "campaign_weighing": Problem(409, "ما زال حساب التكلفة جارياً. أعد المحاولة بعد قليل.",
                                 "The price is still being worked out. Try again shortly."),
    "campaign_placeholder_unknown": Problem(
        422, "الخانة {{{name}}} ليست من بيانات الجمهور. المتاح: {known}.",
        "The audience has no {{{name}}}. Available: {known}."),
    "campaign_value_missing": Problem(
        422, "عند {count} من المستلمين لا توجد قيمة لخانة في النص (أولهم في السطر {line}). أكمل القائمة أو اجعل الجملة "
             "مشروطة.",
        "{count} recipients have no value for a placeholder of the text (the first on line {line}). Complete the list, "
        "or make the sentence conditional."),
    "campaign_too_long": Problem(
        422, "نص الرسالة يصل إلى {parts} أجزاء والمسموح {most}. اختصره.",
        "The text comes to {parts} parts; {most} are allowed. Shorten it."),
    "campaign_period_reversed": Problem(422, "نهاية الفترة قبل بدايتها.", "The period ends before it begins."),
    "audience_unknown": Problem(404, "لا توجد قائمة بهذا الرقم قيد الرفع.", "No such list is being uploaded."),
    "audience_changed": Problem(409, "عدد الأسطر المعيبة الآن {broken}. راجعها ثم قرر.",
                                "There are {broken} broken lines now. Look at them, then decide."),
    "list_too_large": Problem(413, "القائمة أكبر من {megabytes} ميجابايت. قسّمها على حملتين.",
                              "The list is larger than {megabytes} MB. Split it over two campaigns."),
    "list_too_long": Problem(422, "في القائمة أكثر من {lines} سطر. قسّمها على حملتين.",
                             "The list has more than {lines} lines. Split it over two campaigns."),
    "list_piece_wrong": Problem(422, "الجزء {number} حجمه {came} بايت والمطلوب {wanted}.",
                                "Piece {number} has {came} bytes; {wanted} are wanted."),
    "list_piece_differs": Problem(409, "وصل الجزء {number} من قبل بمحتوى آخر. ابدأ الرفع من جديد.",
                                  "Piece {number} came before with other content. Begin the upload again."),
    "list_incomplete": Problem(409, "ينقص القائمة {missing} أجزاء.", "{missing} pieces of the list are missing."),
    "list_checksum_differs": Problem(422, "محتوى القائمة ليس ما أُرسل. أعد الرفع.",
                                     "The list is not what was sent. Upload it again."),
    "list_unreadable": Problem(422, "تعذرت قراءة الملف. احفظه بصيغة XLSX أو CSV من جديد ثم ارفعه.",
                               "The file cannot be read. Save it as XLSX or CSV again and upload that."),
    "list_not_utf8": Problem(422, "الملف ليس بترميز UTF-8. احفظه بصيغة CSV UTF-8 أو XLSX.",
                             "The file is not UTF-8. Save it as CSV UTF-8, or as XLSX."),
    "list_heading_missing": Problem(
        422, "السطر الأول يجب أن يسمي الأعمدة، ومنها phone أو email.",
        "The first line must name the columns, phone or email among them."),
    "list_heading_unknown": Problem(
        422, "اسم العمود {column} غير مقبول. استعمل phone أو email أو language أو اسماً لاتينياً صغيراً للخانة.",
        "The column name {column} is not accepted. Use phone, email, language, or a small Latin name of a "
        "placeholder."),
    "list_heading_doubled": Problem(422, "العمود {column} مكرر.", "The column {column} stands there twice."),
    "list_line_broken": Problem(422, "السطر تالف أو عدد خاناته ليس عدد الأعمدة.",
                                "The line is damaged, or has another number of fields than there are columns."),
    "list_contact_missing": Problem(422, "لا هاتف ولا بريد إلكتروني في السطر.",
                                    "The line has neither phone nor e-mail."),
    "list_duplicate": Problem(422, "العنوان نفسه ورد في السطر {first}.", "The same address stands on line {first}."),
    "list_language_unknown": Problem(422, "اللغة غير معروفة. اكتب ar أو en أو اتركها فارغة (عربي).",
                                     "The language is not known. Write ar or en, or leave it empty (Arabic)."),
    "list_value_invalid": Problem(422, "قيمة أطول من {most} حرف أو بها سطر جديد أو رمز تحكم.",
                                  "A value of more than {most} characters, or with a line break or control "
                                  "character."),
}
