"""The published language of intake: who applies, documents in pieces, what it will cost, drafts, the printed receipt,
corrections, and the register of numbers. contracts/requests.py has the life of a request itself."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from contracts.problem import Problem

_NAME = validate.Length(max=200)
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
}
