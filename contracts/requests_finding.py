"""The published language of finding and listing requests, for the staff of a unit."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem

LATENESS = ("late", "due_soon")  # an open request past its date; one whose date comes within DUE_SOON_DAYS
DUE_SOON_DAYS = 7  # calendar days, today among them
MOST = 50
_CODE = validate.Regexp(r"[a-z][a-z0-9_-]{0,59}\Z")


class ListRequests(Schema):
    """Query `requests.list` → {requests: [{request_id, tracking_number, service_code, service_name, unit, state,
    state_kind, state_name, outcome, lodged_at, due_on, late}], next}: by what the file itself says; nobody is named.
    Newest first; with `lateness` the longest overdue first. `after` is the `next` of the page before. A person of a
    unit sees its requests only; who has none sees the whole node's, or those of `unit`."""

    unit = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"[A-Z0-9-]{1,20}\Z"))
    service_code = fields.String(load_default=None, allow_none=True, validate=_CODE)
    state = fields.String(load_default=None, allow_none=True, validate=_CODE)
    lateness = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(LATENESS))
    after = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MOST))


class OpenOfService(Schema):
    """Query `requests.open_of_service` → {code, open: [{version, count}]}: how many requests of a service are open on
    this node, by the version of the guide that they were lodged under and go on by. Newest version first."""

    code = fields.String(required=True, validate=_CODE)


class FindRequests(ListRequests):
    """Query `requests.find` → the same, each with `applicant` ({kind, name}, the name masked) for who may find by
    person. Several criteria narrow each other. `name` and `address` are searched by whole words, all of which must be
    there, in any order, folded for Arabic. A search that names or shows people is recorded with what it brought up."""

    tracking_number = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    national_id = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    passport = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    address = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=250))


PROBLEMS: dict[str, Problem] = {
    "find_nothing_asked": Problem(
        422, "حدد ما تبحث عنه: رقم الطلب أو الرقم القومي أو الاسم أو عنوان العقار أو الخدمة أو الحالة أو التأخير.",
        "Say what to look for: a number, a national ID, a name, a property's address, a service, a state or lateness."),
    "find_no_words": Problem(422, "لا توجد كلمة يمكن البحث عنها. اكتب كلمة كاملة على الأقل.",
                             "There is no word to look for. Write at least one whole word."),
    "find_too_many_words": Problem(422, "{given} كلمات أكثر من المسموح ({most}). احذف بعضها.",
                                   "{given} words are more than a search takes ({most}). Leave some out."),
    "find_page_unknown": Problem(422, "هذه ليست صفحة من هذا البحث. ابدأ من الصفحة الأولى.",
                                 "That is no page of this search. Begin with the first."),
    "find_apart": Problem(
        403, "من يبت في الملفات لا يبحث بالاسم ولا بالرقم القومي ولا بجواز السفر. ابحث برقم الطلب أو بعنوان العقار.",
        "Who decides on files does not search by name, national ID or passport. Search by number or by the"
        " property's address."),
}
