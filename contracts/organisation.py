"""The published language of the organisation: governorates, new-city authorities, units, centres, windows, departments,
jobs, employees, addresses, working hours, decreed holidays. How a change of it is written: `organisation_change`."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.events import EventSchema, event
from contracts.problem import Problem
from rules.organisation_kinds import KINDS

_CODE = validate.Length(min=1, max=60)
_KIND = validate.OneOf(tuple(KINDS))


class Version(EventSchema):
    """What holds from `valid_from` on, until the day before `valid_until` (null: until it is changed)."""

    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)
    body = fields.Dict(required=True)


class OrganisationChanged(EventSchema):
    """An entity of the organisation changed, or will: its whole timeline as it is now known, oldest first. Employees
    are not told. A node says besides what its word rests on: `answers`, the number of the centre's word about the
    entity that it takes over here, null for a change of its own; `heard`, the newest word of the centre's about it
    that it knew, 0 for none. The centre numbers its words by entity, from 1; they are its events' sequence."""

    kind = fields.String(required=True, validate=_KIND)
    code = fields.String(required=True)
    timeline = fields.List(fields.Nested(Version), required=True)
    answers = fields.Integer(allow_none=True)
    heard = fields.Integer()


CHANGED = event("catalog.organisation.changed.v1", OrganisationChanged)


class ListOrganisation(Schema):
    """Query `catalog.organisation` → {on, entities: [{kind, code, valid_from, valid_until, body}], next}: what stands
    on a day (today in Cairo unless said), by code. `parent`: only what names this entity. An employee's name is masked;
    job, department and centre are not."""

    kind = fields.String(required=True, validate=_KIND)
    parent = fields.String(load_default=None, allow_none=True, validate=_CODE)
    on = fields.Date(load_default=None, allow_none=True)
    after = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


class OrganisationHistory(Schema):
    """Query `catalog.organisation_history` → {kind, code, versions: [{version, op, valid_from, valid_until, body,
    proposal_id, proposed_by, edited_by, approved_by: [{permission, by, at}], at}]}: every version ever approved, oldest
    first. Version 0 is what the published lists say. An employee's name is masked."""

    kind = fields.String(required=True, validate=_KIND)
    code = fields.String(required=True, validate=_CODE)


class ReadEmployee(Schema):
    """Query `catalog.employee` → {code, name, valid_from, valid_until, body}: who works under a code, by name. With
    `proposal_id`, as that proposal says. Each reading is recorded."""

    code = fields.String(required=True, validate=_CODE)
    proposal_id = fields.UUID(load_default=None, allow_none=True)


class ShowCalendar(Schema):
    """Query `catalog.calendar` → {year, unit, governorate, days: [{date, working, why, name, decree, forecast}]}: each
    non-working day of a year and why (`weekend`, `holiday` of the public calendar, `decree`), and each day that a
    decree makes a working day. Without `unit`, the governorate's calendar."""

    unit = fields.String(load_default=None, allow_none=True, validate=_CODE)
    year = fields.Integer(required=True, validate=validate.Range(2000, 2100))


PROBLEMS: dict[str, Problem] = {
    "organisation_change_empty": Problem(422, "لا يتضمن التعديل أي عملية. أضف عملية واحدة على الأقل.",
                                         "The change has no operation. Add at least one."),
    "organisation_change_long": Problem(422, "عدد العمليات أكبر من {most}. قسّم التعديل.",
                                        "A change has at most {most} operations. Split it."),
    "organisation_code_malformed": Problem(422, "الكود حروف لاتينية وأرقام و. و- و_ فقط، حتى 60 رمزاً.",
                                           "A code is Latin letters, digits, . - and _, at most 60."),
    "organisation_text_unfit": Problem(422, "اكتب سطراً واحداً من 1 إلى 200 حرف، بلا رموز تحكم.",
                                       "Give one line of 1 to 200 characters without control characters."),
    "organisation_time_malformed": Problem(422, "اكتب الوقت هكذا: 09:00.", "Give a time such as 09:00."),
    "organisation_date_malformed": Problem(422, "اكتب التاريخ هكذا: 2027-01-31.", "Give a date such as 2027-01-31."),
    "organisation_choice": Problem(422, "اختر واحدة من: {choices}.", "Choose one of: {choices}."),
    "organisation_value_unfit": Problem(422, "قيمة لا تصلح هنا. راجع نوعها وطولها.",
                                        "The value does not fit here. Check its kind and length."),
    "organisation_until_only_added": Problem(422, "until للإضافة فقط. احذفه أو استخدم close.",
                                             "`until` is for `add` only. Remove it, or close the entity."),
    "organisation_close_without_body": Problem(422, "الإنهاء لا يحمل بيانات. احذف body.",
                                               "To close says nothing else. Remove `body`."),
    "organisation_date_past": Problem(422, "تاريخ السريان قبل اليوم ({today}). اختر اليوم أو ما بعده.",
                                      "The effective date lies before today ({today}). Choose today or a later day."),
    "organisation_operation_twice": Problem(422, "عمليتان على {kind_ar} {code} في اليوم نفسه. أبقِ واحدة.",
                                            "Two operations on {kind_en} {code} on one day. Keep one."),
    "organisation_period_backwards": Problem(422, "نهاية الفترة قبل بدايتها. صحح التاريخ.",
                                             "The period ends before it begins. Correct the date."),
    "organisation_period_overlaps": Problem(
        422, "{kind_ar} {code} قائم منذ {since}، فلا تبدأ فترة أخرى معه. استخدم change أو أنهِه أولاً.",
        "{kind_en} {code} stands since {since}; no other period begins beside it. Change it, or close it first."),
    "organisation_entity_unknown": Problem(422, "لا يوجد {kind_ar} {code} قائم في {day}. راجع الكود أو أضفه.",
                                           "No {kind_en} {code} stands on {day}. Check the code, or add it."),
    "organisation_before_last_change": Problem(
        422, "آخر تعديل معتمد على {kind_ar} {code} يسري من {last}. اختر تاريخاً بعده.",
        "The last approved change of {kind_en} {code} is from {last} on. Choose a later day."),
    "organisation_field_fixed": Problem(422, "لا يتغير {name} في {kind_ar} {code}. أنهِه وأضف غيره بكود جديد.",
                                        "{name} of {kind_en} {code} never changes. Close it and add another code."),
    "organisation_reference_unknown": Problem(422, "لا يوجد {kind_ar} {code} قائم في {day}. أضفه أو اختر غيره.",
                                              "No {kind_en} {code} stands on {day}. Add it, or name another."),
    "organisation_still_used": Problem(
        422, "{by_kind_ar} {by_code} ما زال قائماً على {kind_ar} {code} في {day}. أنهِه أو انقله أولاً.",
        "{by_kind_en} {by_code} still stands on {kind_en} {code} on {day}. Close or move it first."),
    "organisation_circle": Problem(422, "{kind_ar} {code} يتبع نفسه: {circle}. غيّر parent.",
                                   "{kind_en} {code} stands under itself: {circle}. Choose another parent."),
    "organisation_employee_in_two_places": Problem(
        422, "الموظف في مكانين معاً في {day}: {place}. أنهِ عمله في أحدهما أولاً.",
        "The employee is in two places at once on {day}: {place}. End the work in one of them first."),
    "organisation_employee_nowhere": Problem(422, "الموظف بلا إدارة ولا مركز. حدد أحدهما.",
                                             "The employee has no department and no centre. Name one."),
    "organisation_window_without_centre": Problem(422, "حدد المركز الذي فيه الشباك.",
                                                  "Name the centre that the window is in."),
    "organisation_one_master": Problem(422, "الوحدة تتبع محافظة أو هيئة، واحدة فقط. صحح governorate أو authority.",
                                       "A unit belongs to a governorate or an authority, to exactly one. Correct it."),
    "organisation_new_city_master": Problem(422, "المدينة الجديدة تتبع هيئة، وغيرها يتبع محافظة. صحح kind.",
                                            "A new city belongs to an authority, any other unit to a governorate."
                                            " Correct `kind`."),
    "organisation_parent_elsewhere": Problem(422, "الوحدة {code} تتبع جهة أخرى. اختر وحدة من الجهة نفسها.",
                                             "The unit {code} belongs elsewhere. Choose one of the same governorate"
                                             " or authority."),
    "organisation_address_root": Problem(422, "العنوان يتبع عنواناً أعلى، والمحافظة وحدها بلا parent.",
                                         "An address stands in a wider one; only a governorate has no parent."),
    "organisation_address_rank": Problem(422, "العنوان {code} لا يقع داخل {parent}. راجع نوع كل منهما.",
                                         "The address {code} cannot lie in {parent}. Check the kind of both."),
    "organisation_hours_twice": Problem(422, "لـ {kind_ar} {code} مواعيد عمل أخرى: {other}. عدّلها بدلاً من إضافة غيرها.",
                                        "{kind_en} {code} has other working hours: {other}. Change those instead."),
    "organisation_hours_backwards": Problem(422, "وقت الإغلاق {closes} ليس بعد وقت الفتح {opens}. صححه.",
                                            "It closes at {closes}, not after it opens at {opens}. Correct it."),
    "organisation_hours_overlap": Problem(422, "فترتان متداخلتان يوم {weekday_ar} عند {opens}. افصل بينهما.",
                                          "Two periods overlap on {weekday_en} at {opens}. Part them."),
    "organisation_hours_on_weekend": Problem(422, "{weekday_ar} عطلة أسبوعية ولها مواعيد عمل. احذف إحداهما.",
                                             "{weekday_en} is a day off and has hours. Remove one of the two."),
    "organisation_never_open": Problem(422, "الأسبوع كله عطلة. أبقِ يوم عمل واحداً على الأقل.",
                                       "The whole week is off. Leave at least one working day."),
    "organisation_holiday_twice": Problem(422, "في {day} قرار آخر للنطاق نفسه: {other}. عدّله أو أنهِه أولاً.",
                                          "{day} is decreed already for the same places: {other}. Change or close"
                                          " that first."),
    "organisation_holiday_long": Problem(422, "القرار أطول من {most} يوماً. راجع التاريخين.",
                                         "A decree covers at most {most} days. Check both dates."),
    "organisation_holiday_past": Problem(422, "القرار يسري من {start} ويشمل أياماً قبله. صحح التاريخ.",
                                         "The decree counts from {start} and covers days before. Correct the date."),
    "organisation_name_unsealed": Problem(422, "لا يُقرأ اسم الموظف كما أُرسل. اكتب name من جديد.",
                                          "The employee's sealed name does not open here. Send `name` anew."),
    "organisation_kept_by_centre": Problem(409, "{kind_ar} {code} يحدده المركز. اطلب التعديل من المركز.",
                                           "{kind_en} {code} is kept by the centre. Ask the centre to change it."),
    "organisation_code_taken": Problem(
        409, "أرسل المركز {kind_ar} بالكود {code}، وللمحافظة {kind_ar} بهذا الكود. أنهِ ما للمحافظة أو أضفه بكود آخر، "
             "ثم أعد المحاولة.",
        "The centre told of {kind_en} {code}, and the governorate has one of its own under this code. Close it, or add "
        "it under another code, then try again."),
    "organisation_unknown": Problem(404, "لا يوجد {kind_ar} بهذا الكود: {code}", "There is no {kind_en} with the code"
                                    " {code}."),
}
