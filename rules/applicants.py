"""Who applies: a citizen, a company, an attorney, heirs, a foreigner; what each kind must say of itself, and in whose
name the outcome is issued. Pure: what was typed in, what is kept or all that is wrong with it out.

The person at the window (`name`, and `national_id` or `passport`) is always a natural person: the citizen, the
foreigner, the company's representative, the attorney, the heir who acts for the others. The particulars say for whom.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

import phonenumbers
from stdnum.eg import tn
from stdnum.exceptions import ValidationError

from rules import identity
from rules.arabic import western_digits
from rules.refusal import Fault, Refusal, refuse

T = TypeVar("T")

KINDS = ("citizen", "company", "attorney", "heirs", "foreigner")
PARTICULARS: dict[str, tuple[str, ...]] = {
    "citizen": (),
    "company": ("company",),
    "attorney": ("power_of_attorney", "principal"),
    "heirs": ("deceased", "heirs", "inheritance"),
    "foreigner": ("nationality",),
}
"""What each kind says beyond the person who stands at the window."""

MOST_HEIRS = 60
SHORTEST_NAME = 3  # letters and what stands between them
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # override the direction of writing
_NUMBER = re.compile(r"[0-9A-Za-z\u0621-\u064a][0-9A-Za-z\u0621-\u064a /\-]{0,29}")
_REGISTER = re.compile(r"[0-9]{1,10}")
_FIRST_YEAR = 1900
_NOT_ISO = frozenset(("AC", "TA"))  # parts of other countries with a dialling code of their own
NATIONALITIES = frozenset(phonenumbers.SUPPORTED_REGIONS) - _NOT_ISO - {"EG"}
"""ISO 3166 codes of countries other than Egypt (and XK, which the standard leaves to its users)."""


def read(given: Mapping[str, Any], today: date) -> tuple[dict[str, Any], list[Fault]]:
    """The applicant in the form in which it is kept, and everything that is wrong with it. Keys: kind, name,
    national_id, passport, phone, email, language, particulars (a dict of the PARTICULARS of this kind, None where the
    kind has none). Values that were refused are None; whoever finds faults keeps nothing."""
    reader = _Reader(today)
    kind = given["kind"]
    foreigner = kind == "foreigner"
    found = {
        "kind": kind,
        "name": reader.take(parse_name, given, "applicant", "name"),
        "national_id": reader.national_id(given, "applicant", required=not foreigner),
        "passport": reader.take(identity.parse_passport, given, "applicant", "passport", required=foreigner),
        "phone": reader.take(identity.parse_mobile, given, "applicant", "phone"),
        "email": reader.take(identity.parse_email, given, "applicant", "email", required=False),
        "language": given.get("language", "ar"),
        "particulars": _particulars(kind, given, reader),
    }
    return found, reader.faults


def parse_name(given: str, field: str = "applicant/name") -> str:
    """A name as it will be printed. What would hide or turn round what stands beside it on a licence is refused
    (answer_not_text); what holds no letter or is shorter than three characters is missing (field_required)."""
    name = unicodedata.normalize("NFC", " ".join(given.split()))
    if len(name) < SHORTEST_NAME or not any(char.isalpha() for char in name):
        raise refuse("field_required", field)
    if any(unicodedata.category(char) in ("Cc", "Cs", "Co") or char in _TURNING for char in name):
        raise refuse("answer_not_text", field)
    return name


def parse_tax_number(text: str, field: str) -> str:
    """The nine digits of a tax registration number. Refuses tax_number_invalid."""
    try:
        return str(tn.validate(western_digits(text)))
    except ValidationError:
        raise refuse("tax_number_invalid", field) from None


def parse_commercial_register(text: str, field: str) -> str:
    """The number in the commercial register: up to ten digits, without leading zeros. Refuses
    commercial_register_invalid."""
    digits = re.sub(r"[\s\-]", "", western_digits(text))
    if not _REGISTER.fullmatch(digits) or not digits.strip("0"):
        raise refuse("commercial_register_invalid", field)
    return digits.lstrip("0")


def parse_number(text: str, field: str) -> str:
    """The number of a deed or a decision as it is written on it: letters, digits, strokes. Refuses
    deed_number_invalid."""
    number = " ".join(western_digits(text).split())
    if not _NUMBER.fullmatch(number) or not any(char.isdigit() for char in number):
        raise refuse("deed_number_invalid", field)
    return number


def parse_nationality(text: str, field: str = "applicant/nationality") -> str:
    """A country's two letters, not Egypt's: an Egyptian is a citizen and has a national ID. Refuses
    nationality_unknown."""
    code = text.strip().upper()
    if code not in NATIONALITIES:
        raise refuse("nationality_unknown", field)
    return code


def holder(name: str, particulars: Mapping[str, Any] | None) -> str:
    """In whose name the outcome is issued: the company, the principal of an attorney, the heirs of the deceased;
    otherwise the applicant."""
    found = particulars or {}
    if "company" in found:
        return str(found["company"]["name"])
    if "principal" in found:
        return str(found["principal"]["name"])
    if "deceased" in found:
        return f"ورثة {found['deceased']['name']}"
    return name


# -- reading -----------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads values one by one and gathers what is wrong with them."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.faults: list[Fault] = []

    def take(
        self, parse: Callable[[str, str], T], given: Mapping[str, Any], where: str, name: str, *, required: bool = True
    ) -> T | None:
        """The parsed value of a name; None where it is missing or refused, with the fault noted."""
        value = given.get(name)
        if value is None or not str(value).strip():
            if required:
                self.faults.append(Fault("field_required", f"{where}/{name}"))
            return None
        try:
            return parse(str(value), f"{where}/{name}")
        except Refusal as refusal:
            self.faults += refusal.faults
            return None

    def national_id(self, given: Mapping[str, Any], where: str, *, required: bool = False) -> str | None:
        """The digits of a national ID of somebody who is born already."""
        def parse(text: str, field: str) -> str:
            return identity.parse_national_id(text, field, self.today).digits

        return self.take(parse, given, where, "national_id", required=required)

    def year(self, given: Mapping[str, Any], where: str) -> int | None:
        """The year of a deed: from 1900 to this one. Refuses deed_year_impossible."""
        value = given.get("year")
        if value is None:
            self.faults.append(Fault("field_required", f"{where}/year"))
            return None
        if not _FIRST_YEAR <= value <= self.today.year:
            self.faults.append(Fault("deed_year_impossible", f"{where}/year"))
            return None
        return int(value)


def _particulars(kind: str, given: Mapping[str, Any], reader: _Reader) -> dict[str, Any] | None:
    wanted = PARTICULARS[kind]
    for names in PARTICULARS.values():
        reader.faults += [Fault("particulars_not_asked", f"applicant/{name}")
                          for name in names if name not in wanted and given.get(name)]
    found: dict[str, Any] = {}
    for name in wanted:
        if not given.get(name):
            reader.faults.append(Fault("field_required", f"applicant/{name}"))
            continue
        found[name] = _READERS[name](given[name], reader, f"applicant/{name}")
    return found or None


def _company(given: Mapping[str, Any], reader: _Reader, where: str) -> dict[str, Any]:
    return {
        "name": reader.take(parse_name, given, where, "name"),
        "commercial_register": reader.take(parse_commercial_register, given, where, "commercial_register"),
        "tax_number": reader.take(parse_tax_number, given, where, "tax_number"),
    }


def _power_of_attorney(given: Mapping[str, Any], reader: _Reader, where: str) -> dict[str, Any]:
    return {
        "number": reader.take(parse_number, given, where, "number"),
        "office": reader.take(parse_name, given, where, "office"),
        "year": reader.year(given, where),
    }


def _principal(given: Mapping[str, Any], reader: _Reader, where: str) -> dict[str, Any]:
    found = {
        "name": reader.take(parse_name, given, where, "name"),
        "national_id": reader.national_id(given, where),
        "passport": reader.take(identity.parse_passport, given, where, "passport", required=False),
        "commercial_register": reader.take(parse_commercial_register, given, where, "commercial_register",
                                           required=False),
    }
    if not any(given.get(name) for name in ("national_id", "passport", "commercial_register")):
        reader.faults.append(Fault("principal_not_identified", f"{where}/national_id"))
    return {name: value for name, value in found.items() if value is not None or name == "name"}


def _deceased(given: Mapping[str, Any], reader: _Reader, where: str) -> dict[str, Any]:
    died_on = given.get("died_on")
    if died_on is not None and died_on > reader.today:
        reader.faults.append(Fault("date_in_future", f"{where}/died_on"))
    return {
        "name": reader.take(parse_name, given, where, "name"),
        "died_on": died_on.isoformat() if died_on else None,
    }


def _heirs(given: list[Mapping[str, Any]], reader: _Reader, where: str) -> list[dict[str, Any]]:
    if len(given) > MOST_HEIRS:
        reader.faults.append(Fault("too_many_heirs", where, {"most": MOST_HEIRS}))
        return []
    heirs = []
    for number, one in enumerate(given):
        place = f"{where}/{number}"
        heirs.append({"name": reader.take(parse_name, one, place, "name"),
                      "national_id": reader.national_id(one, place)})
    return heirs


def _inheritance(given: Mapping[str, Any], reader: _Reader, where: str) -> dict[str, Any]:
    return {
        "number": reader.take(parse_number, given, where, "number"),
        "court": reader.take(parse_name, given, where, "court"),
        "year": reader.year(given, where),
    }


def _nationality(given: str, reader: _Reader, where: str) -> str | None:
    return reader.take(parse_nationality, {"nationality": given}, "applicant", "nationality")


_READERS: dict[str, Callable[[Any, _Reader, str], Any]] = {
    "company": _company,
    "power_of_attorney": _power_of_attorney,
    "principal": _principal,
    "deceased": _deceased,
    "heirs": _heirs,
    "inheritance": _inheritance,
    "nationality": _nationality,
}
