"""The published language of what citizens are told: versions of a wording, their review, and their preview."""

from __future__ import annotations

from types import MappingProxyType

from marshmallow import Schema, fields, validate

from contracts.problem import Problem

STATES = ("shipped", "draft", "proposed", "returned", "in_force", "replaced", "withdrawn")
_CODE = validate.Regexp(r"[a-z][a-z0-9_]{0,59}\Z")
_VERSION = validate.Range(1, 1_000_000)
# Wide enough for what is far too long to be told so, with its field and its length.
_TEXT = validate.Length(max=20_000)


class WordingText(Schema):
    """One language. What is missing or empty is told as a fault of its own field."""

    sms = fields.String(load_default="", validate=_TEXT)
    subject = fields.String(load_default="", validate=_TEXT)
    body = fields.List(fields.String(validate=_TEXT), load_default=list, validate=validate.Length(max=100))
    button = fields.String(load_default="", validate=_TEXT)


class WordingGiven(Schema):
    """Both languages; a lone one is refused by its name."""

    ar = fields.Nested(WordingText, load_default=None, allow_none=True)
    en = fields.Nested(WordingText, load_default=None, allow_none=True)


class ListTemplates(Schema):
    """Query `notifications.templates` → {templates: [{code, name, lane, legal, channels, placeholders, version, origin,
    shipped_version, shipped_changed, open}]}: every kind of message, the version in force, and the one that is being
    written, {version, state, revision} or null."""


class TemplateNamed(Schema):
    """Query `notifications.template` → the kind, its versions (newest first, at most 100), and how each that is open
    differs from the one in force."""

    code = fields.String(required=True, validate=_CODE)


class VersionNamed(Schema):
    """Query `notifications.template_version` → one version with its wording, its history, and what differs from the
    version in force (or from `against`)."""

    code = fields.String(required=True, validate=_CODE)
    version = fields.Integer(required=True, strict=True, validate=_VERSION)
    against = fields.Integer(load_default=None, allow_none=True, validate=_VERSION)


class WriteTemplate(Schema):
    """Command `notifications.write_template` → {code, version, revision, state, notes}: a draft is begun, or with
    `version` and `revision` the open one is written anew. Refuses every fault of the wording at once; nothing is kept
    then."""

    code = fields.String(required=True, validate=_CODE)
    version = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_VERSION)
    revision = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_VERSION)
    wording = fields.Nested(WordingGiven, required=True)


class MoveTemplate(Schema):
    """Commands `notifications.propose_template`, `.put_template_in_force`, `.withdraw_template` → {code, version,
    revision, state}. `revision` is the one that was read: what somebody else changed since is not decided on."""

    code = fields.String(required=True, validate=_CODE)
    version = fields.Integer(required=True, strict=True, validate=_VERSION)
    revision = fields.Integer(required=True, strict=True, validate=_VERSION)


class ReturnTemplate(MoveTemplate):
    """Command `notifications.return_template` → the same: it goes back to who wrote it, with a remark."""

    remark = fields.String(required=True, validate=[validate.Length(1, 1000), validate.Regexp(r"\s*\S")])


class PreviewTemplate(Schema):
    """Query `notifications.preview_template` → {sms: {…}, email: {subject, plain, html} or null, notes, reading}: a
    version (the one in force when none is named) or `wording`, in one language, with its sample values or those given
    in their place. Nothing is sent or kept."""

    code = fields.String(required=True, validate=_CODE)
    language = fields.String(load_default="ar", validate=validate.OneOf(("ar", "en")))
    version = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_VERSION)
    wording = fields.Nested(WordingGiven, load_default=None, allow_none=True)
    values = fields.Dict(keys=fields.String(validate=validate.Length(1, 40)),
                         values=fields.String(validate=validate.Length(max=2000)),
                         load_default=None, allow_none=True, validate=validate.Length(max=50))
    name = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 200))


PROBLEMS: dict[str, Problem] = {
    "message_kind_unknown": Problem(404, "لا توجد رسالة من هذا النوع ({code}).", "No message is of the kind {code}."),
    "template_version_unknown": Problem(404, "لا توجد صيغة رقم {version} لهذه الرسالة.",
                                        "This message has no version {version}."),
    "template_open": Problem(409, "توجد صيغة رقم {version} قيد الكتابة أو المراجعة. أكملها أو اسحبها أولاً.",
                             "Version {version} is being written or reviewed. Finish or withdraw that one first."),
    "template_not_possible": Problem(409, "الصيغة ({state_ar}) لا تسمح بهذا الإجراء.",
                                     "The version is {state_en}; this cannot be done with it."),
    "template_changed": Problem(409, "تغيرت هذه الصيغة منذ أن قرأتها. اقرأها من جديد ثم قرر.",
                                "This version was changed since you read it. Read it again, then decide."),
    "template_own": Problem(403, "من كتب الصيغة لا يعتمدها ولا يردها. يلزم شخص آخر.",
                            "Who wrote a version does not review it. Ask another person."),
    "wording_language_missing": Problem(422, "اكتب النص باللغتين العربية والإنجليزية؛ الناقص: {language}.",
                                        "Write both Arabic and English; missing: {language}."),
    "wording_empty": Problem(422, "النص فارغ، أو يصير فارغاً عندما تغيب القيم الاختيارية. اكتب نصاً.",
                             "The text is empty, or is when its optional values are. Write a text."),
    "wording_no_email": Problem(422, "هذه الرسالة لا تُرسل بالبريد الإلكتروني. احذف هذا النص.",
                                "This message never goes by e-mail. Leave this text out."),
    "wording_placeholder_unknown": Problem(422, "لا قيمة لهذه الخانة «{name}» في هذه الرسالة. المتاح: {allowed}.",
                                           "This message has no value for «{name}». There are: {allowed}."),
    "wording_placeholder_long": Problem(
        422, "قيمة «{name}» قد تطول، فلا توضع إلا في فقرات البريد. استعمل هنا «{name}_short».",
        "The value of «{name}» may be long and goes only into paragraphs of an e-mail. Use «{name}_short» here."),
    "wording_value_missing": Problem(422, "لم تُعط قيمة للخانة «{name}». أعطها ثم أعد المحاولة.",
                                     "No value was given for «{name}». Give one and try again."),
    "wording_brace": Problem(422, "القوس المعقوف لا يُستعمل إلا حول اسم خانة بلا مسافات، عند: {near}",
                             "Braces only go around the name of a placeholder and nothing else, near: {near}"),
    "wording_brackets": Problem(422, "قوسا الجزء المشروط [[ ]] غير متقابلين، عند: {near}",
                                "The brackets of a conditional part do not pair, near: {near}"),
    "wording_condition": Problem(422, "الجزء المشروط يبدأ باسم خانة وعلامة استفهام، مثل [[note? ...]]، عند: {near}",
                                 "A conditional part begins with a placeholder's name and a question mark, as"
                                 " [[note? ...]], near: {near}"),
    "wording_nested": Problem(422, "لا يوضع جزء مشروط داخل آخر، عند: {near}",
                              "A conditional part cannot stand inside another, near: {near}"),
    "wording_markup": Problem(422, "لا يُكتب في الرسالة HTML ولا رابط برنامج، عند: {near}. اكتب نصاً عادياً.",
                              "A message holds no HTML and no link that runs a program, near: {near}. Write plain"
                              " text."),
    "wording_control": Problem(422, "في النص حروف خفية أو تعكس اتجاه الكتابة: {characters}. احذفها واكتب النص من جديد.",
                               "The text holds hidden characters or such that turn its direction: {characters}. Remove"
                               " them."),
    "wording_too_long": Problem(422, "{given} {what_ar} أكثر من المسموح ({most}). اختصر.",
                                "{given} {what_en} are more than the {most} allowed. Make it shorter."),
    "wording_too_many_parts": Problem(
        422, "الرسالة القصيرة {parts} أجزاء، والحد {most}. اختصرها أو اكتب التفاصيل في البريد.",
        "The SMS takes {parts} parts of at most {most}. Shorten it, or put the details into the e-mail."),
}  # fmt: skip

# Hints on tone and length: (Arabic, English). They hold up nobody.
NOTES: MappingProxyType[str, tuple[str, str]] = MappingProxyType({
    "note_many_parts": ("الرسالة القصيرة {parts} أجزاء؛ {most} أو أقل تُقرأ أسرع وتكلف أقل.",
                        "The SMS takes {parts} parts; {most} or fewer are read sooner and cost less."),
    "note_fold_saves": ("حروف متشابهة تزيد الرسالة {parts} جزءاً. استعمل النص البديل المعروض.",
                        "Look-alike characters cost {parts} more part(s). Use the folded text that is shown."),
    "note_exclamations": ("أكثر من علامة تعجب. يكفي أن يكون النص واضحاً.",
                          "Several exclamation marks. A clear text needs none."),
    "note_shouting": ("كلمات بحروف كبيرة ({near}) تُقرأ كصياح.", "Words in capitals ({near}) read as shouting."),
    "note_foreign_link": ("الرابط {link} ليس من موقعنا، والمواطن لا يعرف أنه منا.",
                          "The link {link} is not ours, and the citizen cannot tell that it comes from us."),
    "note_long_sentence": ("أطول جملة {words} كلمة. قسّمها؛ {most} كلمة أو أقل أوضح.",
                           "The longest sentence has {words} words. Part it; {most} or fewer are clearer."),
    "note_unasked": ("قد تغيب قيمة «{name}». ضعها في جزء مشروط: [[{name}? ...]].",
                     "«{name}» may have no value. Put it into a conditional part: [[{name}? ...]]."),
    "note_one_language": ("خانات في لغة دون الأخرى: {names}.", "Placeholders in one language only: {names}."),
})  # fmt: skip
