"""Who a person is and how to reach them: national ID, passport, mobile, e-mail; and how each is masked on a screen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import phonenumbers

from rules.arabic import western_digits
from rules.places import BORN_ABROAD, governorates_by_national_id_code
from rules.refusal import refuse

_CENTURIES = {"2": 1900, "3": 2000}
_CHECK_WEIGHTS = (2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
EGYPT = 20  # country calling code, ITU-T E.164
_MOBILE = re.compile(r"\+201[0125][0-9]{8}")  # 010, 011, 012, 015 and eight digits
_SEPARATORS = re.compile(r"[\s().\-\u2010-\u2015\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
                    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class NationalId:
    """A national ID that is possible. `governorate` is the two-digit code of birth (88: abroad), `sex` is male or
    female. `check_suspect` is a warning for the clerk to compare with the card, never a reason to refuse."""

    digits: str
    birth_date: date
    governorate: str
    sex: str
    check_suspect: bool


def parse_national_id(text: str, field: str = "applicant/national_id", today: date | None = None) -> NationalId:
    """Read the 14 digits: century, birth date, governorate, serial (odd last digit: a man), check digit. Arabic-Indic
    digits, spaces and hyphens are accepted. Refuses national_id_malformed, _length, _century, _date (impossible, or
    after `today` when handed in), _governorate. Never refuses on the check digit: published rules for it disagree."""
    digits = _bare(text)
    if not digits.isascii() or not digits.isdigit():
        raise refuse("national_id_malformed", field)
    if len(digits) != 14:
        raise refuse("national_id_length", field, length=len(digits))
    if digits[0] not in _CENTURIES:
        raise refuse("national_id_century", field)
    try:
        born = date(_CENTURIES[digits[0]] + int(digits[1:3]), int(digits[3:5]), int(digits[5:7]))
    except ValueError:
        raise refuse("national_id_date", field) from None
    if today is not None and born > today:
        raise refuse("national_id_date", field)
    place = digits[7:9]
    if place != BORN_ABROAD and place not in governorates_by_national_id_code():
        raise refuse("national_id_governorate", field)
    sex = "male" if int(digits[12]) % 2 else "female"
    return NationalId(digits, born, place, sex, int(digits[13]) not in _plausible_checks(digits))


def _plausible_checks(digits: str) -> set[int]:
    """What the published weighted sums (mod 11) give; where they differ from each other both are plausible."""
    remainder = sum(int(digit) * weight for digit, weight in zip(digits, _CHECK_WEIGHTS, strict=False)) % 11
    check = 11 - remainder
    return {0, 1} if check == 11 else {check % 10}


def parse_mobile(text: str, field: str = "applicant/phone") -> str:
    """An Egyptian mobile number in E.164 (`+201012345678`). Arabic-Indic digits, spaces, +20 and 0020 are accepted.
    Refuses phone_landline and phone_foreign for numbers that exist but cannot be told by SMS, else phone_invalid."""
    plain = _bare(text)
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    if not re.fullmatch(r"\+?[0-9]{5,15}", plain):
        raise refuse("phone_invalid", field)
    try:
        number = phonenumbers.parse(plain, "EG")
    except phonenumbers.NumberParseException:
        raise refuse("phone_invalid", field) from None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not _MOBILE.fullmatch(e164):
        raise refuse(_why_no_mobile(number), field)
    return e164


def _why_no_mobile(number: phonenumbers.PhoneNumber) -> str:
    if not phonenumbers.is_valid_number(number):
        return "phone_invalid"
    if number.country_code != EGYPT:
        return "phone_foreign"
    landline = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE
    return "phone_landline" if landline else "phone_invalid"


def parse_email(text: str, field: str = "applicant/email") -> str:
    """An e-mail address that may safely stand in a message header, its domain in lower case. Refuses email_invalid:
    line breaks, several addresses, comments, quoted local parts, more than 254 characters."""
    address = text.strip(" ")
    local, _, domain = address.rpartition("@")
    if len(address) > 254 or not _EMAIL.fullmatch(address) or ".." in local or local[0] == "." or local[-1] == ".":
        raise refuse("email_invalid", field)
    return f"{local}@{domain.lower()}"


def parse_passport(text: str, field: str = "applicant/passport") -> str:
    """A passport number of 5 to 15 letters and digits, in capitals. Refuses passport_invalid."""
    number = _bare(text).upper()
    if not re.fullmatch(r"[A-Z0-9]{5,15}", number):
        raise refuse("passport_invalid", field)
    return number


def mask_phone(e164: str) -> str:
    """`010******78`. The last four digits open the public inquiry, so a mask never shows them all."""
    local = "0" + e164[3:] if e164.startswith("+20") else e164
    return local[:3] + "*" * max(len(local) - 5, 0) + local[-2:] if len(local) >= 7 else "*" * len(local)


def mask_email(address: str) -> str:
    """`a***@example.org`: the first letter and the domain."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def mask_national_id(digits: str) -> str:
    """`2***********89`: the century and the last two digits; no birth date, no governorate, no serial."""
    return digits[:1] + "*" * (len(digits) - 3) + digits[-2:] if len(digits) >= 5 else "*" * len(digits)


def _bare(text: str) -> str:
    return _SEPARATORS.sub("", western_digits(text))
