"""Who applies: what each kind must say, how it is kept, in whose name the outcome is issued."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rules import applicants

TODAY = date(2026, 3, 1)
PERSON = {"name": "محمود عبد الله حسن", "national_id": "28503150101232", "phone": "01012345678"}
COMPANY = {"name": "شركة النور للتجارة", "commercial_register": "٠٠١٢٣٤", "tax_number": "331-105-268"}
DEED = {"number": "1234 ب", "office": "توثيق الزيتون", "year": 2024}
PRINCIPAL = {"name": "سعاد علي", "national_id": "29001011234566"}
DECISION = {"number": "77/2025", "court": "محكمة الأسرة بالزيتون", "year": 2025}
HEIRS = {"deceased": {"name": "حسن محمود", "died_on": date(2025, 1, 2)}, "inheritance": DECISION,
         "heirs": [{"name": "محمود حسن", "national_id": "28503150101232"}, {"name": "منى حسن"}]}
KINDS: dict[str, dict[str, Any]] = {
    "citizen": {}, "company": {"company": COMPANY}, "heirs": HEIRS,
    "attorney": {"power_of_attorney": DEED, "principal": PRINCIPAL},
    "foreigner": {"national_id": None, "passport": "a 1234567", "nationality": "sd"},
}


def read(kind: str, **changes: Any) -> tuple[dict[str, Any], list[tuple[str, str | None]]]:
    found, faults = applicants.read({"kind": kind, "language": "ar", **PERSON, **KINDS[kind], **changes}, TODAY)
    return found, [(fault.code, fault.field) for fault in faults]


@pytest.mark.parametrize("kind", applicants.KINDS)
def test_every_kind_is_understood_with_its_own_particulars_and_nothing_else(kind: str) -> None:
    found, faults = read(kind)
    assert faults == []
    assert tuple(found["particulars"] or ()) == applicants.PARTICULARS[kind]


@pytest.mark.parametrize("kind", applicants.KINDS)
def test_what_a_kind_must_say_is_asked_for_by_name(kind: str) -> None:
    wanted = applicants.PARTICULARS[kind]
    _, faults = read(kind, **dict.fromkeys(wanted))
    assert faults == [("field_required", f"applicant/{name}") for name in wanted]


def test_numbers_are_kept_as_they_are_compared() -> None:
    company = read("company")[0]["particulars"]["company"]
    assert company == {"name": "شركة النور للتجارة", "commercial_register": "1234", "tax_number": "331105268"}
    assert read("foreigner")[0]["particulars"] == {"nationality": "SD"}
    assert read("heirs")[0]["particulars"]["deceased"] == {"name": "حسن محمود", "died_on": "2025-01-02"}


UNBORN = "32603020101239"  # born on the day after TODAY


@pytest.mark.parametrize(("kind", "changes", "fault"), [
    ("citizen", {"national_id": UNBORN}, ("national_id_date", "national_id")),
    ("attorney", {"principal": {**PRINCIPAL, "national_id": UNBORN}}, ("national_id_date", "principal/national_id")),
    ("heirs", {"heirs": [{"name": "منى حسن", "national_id": UNBORN}]}, ("national_id_date", "heirs/0/national_id")),
    ("company", {"company": {**COMPANY, "tax_number": "12345678"}}, ("tax_number_invalid", "company/tax_number")),
    ("company", {"company": {**COMPANY, "commercial_register": "12a"}},
     ("commercial_register_invalid", "company/commercial_register")),
    ("company", {"company": {**COMPANY, "name": "\u202eشركة"}}, ("answer_not_text", "company/name")),
    ("company", {"company": {**COMPANY, "name": None}}, ("field_required", "company/name")),
    ("company", {"nationality": "SD"}, ("particulars_not_asked", "nationality")),
    ("citizen", {"company": COMPANY}, ("particulars_not_asked", "company")),
    ("attorney", {"power_of_attorney": {**DEED, "year": 2027}},
     ("deed_year_impossible", "power_of_attorney/year")),
    ("attorney", {"power_of_attorney": {**DEED, "number": "؟؟"}}, ("deed_number_invalid", "power_of_attorney/number")),
    ("attorney", {"principal": {"name": "سعاد علي"}}, ("principal_not_identified", "principal/national_id")),
    ("attorney", {"principal": {**PRINCIPAL, "national_id": "123"}},
     ("national_id_length", "principal/national_id")),
    ("heirs", {"deceased": {"name": "حسن", "died_on": date(2026, 3, 2)}}, ("date_in_future", "deceased/died_on")),
    ("heirs", {"heirs": [{"name": "منى"}, {"name": "", "national_id": None}]}, ("field_required", "heirs/1/name")),
    ("heirs", {"heirs": [{"name": "منى حسن"}] * 61}, ("too_many_heirs", "heirs")),
    ("foreigner", {"nationality": "EG"}, ("nationality_unknown", "nationality")),
    ("foreigner", {"nationality": "ZZ"}, ("nationality_unknown", "nationality")),
    ("foreigner", {"passport": None}, ("field_required", "passport")),
])
def test_each_wrong_value_is_told_at_its_field(kind: str, changes: dict[str, Any], fault: tuple[str, str]) -> None:
    code, field = fault
    assert read(kind, **changes)[1] == [(code, f"applicant/{field}")]


def test_all_faults_are_told_at_once() -> None:
    _, faults = read("attorney", phone="12", power_of_attorney={}, principal={"name": "س"})
    assert {field for _, field in faults} == {"applicant/phone", "applicant/power_of_attorney",
                                              "applicant/principal/name", "applicant/principal/national_id"}


@pytest.mark.parametrize(("kind", "holder"), [
    ("citizen", PERSON["name"]), ("foreigner", PERSON["name"]), ("company", "شركة النور للتجارة"),
    ("attorney", "سعاد علي"), ("heirs", "ورثة حسن محمود")])
def test_the_outcome_is_issued_to_whom_the_applicant_acts_for(kind: str, holder: str) -> None:
    found, _ = read(kind)
    assert applicants.holder(found["name"], found["particulars"]) == holder
