"""The page of one service and its form: what they tell of a definition, whatever service it is."""

from __future__ import annotations

import copy
import html
import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.definition import load_definition
from services.gateway.web.pages import formula
from tests.support.branching import branching
from tests.support.requests_ground import shop
from tests.unit.gateway.applicants import Applicant, Keeping
from tests.unit.gateway.ground import NUMBER, Service, app_of, client_of, csrf_of

FIELDS: list[dict[str, Any]] = [
    {"name": "area", "type": "integer", "label": {"ar": "المساحة", "en": "Area"}, "required": True, "min": 1,
     "max": 900},
    {"name": "corner", "type": "boolean", "label": {"ar": "على ناصية", "en": "On a corner"}},
    {"name": "use", "type": "choice", "label": {"ar": "الاستخدام", "en": "Use"}, "required": True, "options": [
        {"value": "home", "label": {"ar": "سكني", "en": "Homes"}},
        {"value": "trade", "label": {"ar": "تجاري", "en": "Trade"}}]},
]  # fmt: skip


def served(document: dict[str, Any]) -> Service:
    service = Service()
    service.definitions = [SimpleNamespace(code=document["code"], version=1, effective_from=date(2026, 1, 1),
                                           document=document)]  # fmt: skip
    return service


def seen(service: Service, path: str) -> str:
    """The page as text, one space between words."""
    answer = client_of(service).get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.get_data(as_text=True))).split())


def with_formula(text: str, **more: Any) -> dict[str, Any]:
    """The shop licence with a form of three questions and one fee."""
    definition = shop()
    end = definition["workflow"]["states"]
    end["awaiting_final_fee"]["stage"], end["awaiting_inspection_fee"]["stage"] = "final", "inspection"
    account = {"account": "1102", "source": "unverified"}
    definition |= {
        "code": "by-formula", "form": copy.deepcopy(FIELDS), "documents": [],
        "fees": [
            {"code": "look", "stage": "inspection", "name": {"ar": "معاينة", "en": "Inspection"}, "kind": "fixed",
             "amount": 10_000, **account, "source": "law"},
            {"code": "permit", "stage": "final", "name": {"ar": "ترخيص", "en": "Permit"}, "kind": "formula",
             "formula": text, **account},
        ],
        "examples": [{"name": {"ar": "بيت صغير", "en": "A small house"},
                      "answers": {"area": 150, "use": "home", "corner": True}},
                     {"name": {"ar": "برج", "en": "A tower"}, "answers": {"area": 900, "use": "trade"}}],
        "outputs": [{**definition["outputs"][0], "fields": ["area"]}],
        "sources": {**definition["sources"], "form": "unverified"}, "stage_periods": [], "follow_up": [],
        "external_bodies": [], "overridable": [], **more,
    }  # fmt: skip
    return load_definition(definition)


FORMULA = 'max(area - 100, 0) * 250 + if(corner and use in ("home", "trade"), 5000, 0)'


def test_a_formula_is_told_in_words_and_every_sample_applicant_with_the_fee_of_the_bill() -> None:
    service = served(with_formula(FORMULA))
    english, arabic = seen(service, "/en/services/by-formula"), seen(service, "/ar/services/by-formula")
    assert "in piastres: the most of [«Area» − 100, 0] × 250 + (5,000 if «On a corner» and " in english
    assert "«Use» is one of: Homes, Trade)" in english
    assert "بالقروش: الأكثر من [«المساحة» − 100، 0] × 250" in arabic and "سكني، تجاري" in arabic
    # 50 m² over at 2.50 pounds and 50 for the corner; 800 m² over
    stages = "Waiting for the inspection fee: EGP 100.00 · Waiting for the licence fee: EGP 175.00"
    assert f"A small house {stages}" in english
    assert "EGP 275.00" in english and "EGP 2,100.00" in english
    assert "EGP 275.00 to EGP 2,100.00" in english


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("area * (2 + 3)", "«Area» × (2 + 3)"),
        ("area - (2 - 1)", "«Area» − (2 − 1)"),
        ("(area - 2) - 1", "«Area» − 2 − 1"),
        ("area * 1.5", "«Area» × 1.5"),
        ("if(use == 'home', 1, 2) * 3", "(1 if «Use» = Homes, otherwise 2) × 3"),
        ("if(not (corner or area >= 10), 1, 0)", "1 if not («On a corner» or «Area» ≥ 10)"),
        ("ceil(area / 10) + floor(area / 7) + round(area / 3)",
         "[«Area» ÷ 10] rounded up + [«Area» ÷ 7] rounded down + [«Area» ÷ 3] rounded"),
        ("if(given(corner), min(area, 5), 0)", "the least of [«Area», 5] if «On a corner» was given"),
        ("if(true, -area, 0)", "−«Area» if Yes"),
    ],
)  # fmt: skip
def test_what_stands_together_is_told_together(text: str, told: str) -> None:
    with app_of(Service()).test_request_context("/en/"):
        from flask import g

        g.language = "en"
        assert formula.in_words(text, FIELDS) == told


def test_only_what_has_no_source_is_marked() -> None:
    definition = with_formula(FORMULA)
    definition["period"] |= {"source": "law"}
    page = client_of(served(definition)).get("/en/services/by-formula").get_data(as_text=True)
    rows = re.findall(r"<tr><td.*?</tr>", page, re.S)
    marked = {name: "unverified" in row for row in rows for name in ("Inspection<", "Permit<") if f">{name}" in row
              or f"{name[:-1]} <small" in row}  # fmt: skip
    assert marked == {"Inspection<": False, "Permit<": True}
    assert "we found; ask the centre" in page
    assert "unverified" not in page[page.index('<div class="fact">'):page.index("If time passes")]


def test_who_may_apply_and_by_which_ways_is_told() -> None:
    definition = with_formula(FORMULA, eligibility={"ar": "مالك المحل أو مستأجره", "en": "Whoever holds the shop"},
                              channels=["portal", "post_office"], applicants=["citizen", "company"],
                              unit_kinds=["district", "village"])  # fmt: skip
    page = seen(served(definition), "/en/services/by-formula")
    for told in ("Whoever holds the shop", "Citizen, Company", "This site, Post office", "District, Village"):
        assert told in page


def test_documents_periods_outputs_and_inspections_are_told() -> None:
    definition = with_formula(FORMULA)
    definition |= {
        "documents": [{"code": "deed", "name": {"ar": "عقد", "en": "Deed"}, "presented": "original_and_copy",
                       "source": "law", "required": True, "accepts": ["application/pdf"], "max_bytes": 1000,
                       "identity": False}],
        "stage_periods": [{"code": "look", "name": {"ar": "المعاينة", "en": "The inspection"}, "states": ["inspection"],
                           "days": 90, "kind": "working", "silence": "approval", "silence_to": "issued",
                           "source": "law"}],
        "external_bodies": [{"code": "civil-defence", "name": {"ar": "الحماية المدنية", "en": "Civil defence"},
                             "source": "unverified"}],
        "follow_up": [{"code": "after", "name": {"ar": "متابعة", "en": "A second look"}, "department": "engineering",
                       "role": "inspector", "after_days": 90, "every_months": 12, "source": "unverified"}],
    }  # fmt: skip
    definition["outputs"][0] |= {"validity_months": 36, "delivery": ["window", "post"], "renewal": {
        "service": "by-formula", "opens_days_before": 60, "late_days": 90, "late_fee": "permit"}}
    service = served(definition)
    page = seen(service, "/en/services/by-formula")
    for told in ("Deed original to be seen, and a copy", "The inspection 90 days, working days",
                 "If time passes without an answer: The request counts as approved", "Civil defence unverified",
                 "A second look unverified Engineering department · 90 days after the issue, then every 12 months",
                 "valid for 3 years · Handed over: at the window, by post", "renewal opens 60 days before it ends",
                 "still goes 90 days after", "Being late costs: Permit"):  # fmt: skip
        assert told in page
    arabic = seen(service, "/ar/services/by-formula")
    assert "3 سنوات" in arabic and "90 يوماً، أيام عمل" in arabic


@pytest.mark.parametrize(("number", "told"), [(1, "يوم واحد"), (2, "يومان"), (7, "7 أيام"), (60, "60 يوماً"),
                                              (100, "100 يوم"), (103, "103 أيام"), (365, "365 يوماً")])  # fmt: skip
def test_days_are_counted_as_arabic_counts_them(number: int, told: str) -> None:
    definition = with_formula(FORMULA)
    definition["period"]["days"] = number
    assert told in seen(served(definition), "/ar/services/by-formula")


def test_departments_that_act_at_once_are_one_step_and_the_path_goes_on_from_their_join() -> None:
    page = client_of(served(branching())).get("/en/services/branching").get_data(as_text=True)
    steps = re.search(r'<ol class="steps">(.*?)</ol>', page, re.S)
    assert steps is not None
    told = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", steps[1])).split())
    assert told == ("Review Licensing department Opinions of the departments at the same time: Structure Sewage "
                    "Sanitary conditions Opinion of civil defence Licensing department Decision Head of the unit's "
                    "office Issued")  # fmt: skip
    assert 'href="/api/v1/services/branching/graph.svg?language=en"' in page


def test_a_service_without_fees_says_so() -> None:
    page = seen(served(branching()), "/en/services/branching")
    assert "Free of charge" in page and "This service is free of charge." in page


# -- the form --------------------------------------------------------------------------------------------------------


def with_parts() -> dict[str, Any]:
    definition = branching()
    definition["form"] = [
        {"part": "property", "prefix": "site", "fields": ["area", "street"]},
        {"part": "person", "prefix": "owner", "fields": ["name", "national_id", "mobile", "email"],
         "required": ["name", "mobile"]},
        {"name": "notes", "type": "text", "label": {"ar": "ملاحظات", "en": "Notes"}},
    ]  # fmt: skip
    definition["documents"], definition["outputs"][0]["fields"] = [], []
    definition["sources"]["form"] = "unverified"
    return load_definition(definition)


def kept(document: dict[str, Any]) -> Keeping:
    service = Keeping()
    service.definitions = served(document).definitions
    return service


def test_the_questions_of_a_part_stand_together_under_its_name() -> None:
    applicant = Applicant(kept(with_parts()), "branching", "en")
    page = applicant.go("q-site_area").text
    assert re.search(r"<h1>\s*Property", page) and applicant.names() == ["answers/site_area", "answers/site_street"]
    page = applicant.go("q-owner_name").text
    assert re.search(r"<h1>\s*Person", page)
    assert applicant.names() == [f"answers/owner_{name}" for name in ("name", "national_id", "mobile", "email")]
    assert re.search(r'name="answers/owner_mobile" type="tel"[^>]*dir="ltr"', page)
    assert re.search(r'name="answers/owner_email" type="email"[^>]*dir="ltr"', page)
    assert re.search(r'name="answers/owner_national_id" type="text"[^>]*inputmode="numeric"[^>]*dir="ltr"', page)
    applicant.go("q-notes")
    assert re.search(r"<h1>\s*Notes <small>\(optional\)", applicant.page.text)


def test_faults_and_the_check_page_say_of_which_part_a_question_is() -> None:
    applicant = Applicant(kept(with_parts()), "branching", "en")
    values = {
        "unit": "EG-C-01", "applicant/kind": "citizen", "applicant/name": "Mahmoud Hassan",
        "applicant/national_id": "28503150101232", "applicant/phone": "01012345678",
        "answers/site_area": "El Zeitoun", "answers/site_street": "Selim", "answers/owner_name": "Hoda",
        "answers/owner_mobile": "123", "answers/notes": "",
    }  # fmt: skip
    start = re.search(r'class="button" href="[^"]*/apply/(\w+)"', applicant.page.text)
    assert start is not None
    applicant.fill(values, until="q-owner_name", start=start[1])
    refused = applicant.post(values)
    assert refused.status_code == 422 and "Person: Mobile" in refused.text
    values["answers/owner_mobile"] = "01012345678"
    applicant.fill(values, start="q-owner_name")
    told = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", applicant.page.text)).split())
    assert "Property: Area, sheyakha or village El Zeitoun" in told and "Person: Mobile" in told


# -- the organisation ------------------------------------------------------------------------------------------------


def test_units_are_offered_as_published_and_not_before_or_after_their_time() -> None:
    service = served(branching())
    body = {"name": {"ar": "حي الأسمرات", "en": "El Asmarat"}, "governorate": "EG-C", "kind": "district",
            "status": "open"}  # fmt: skip

    def organised(code: str, since: str, until: str | None) -> SimpleNamespace:
        return SimpleNamespace(kind="unit", code=code,
                               timeline=[{"valid_from": since, "valid_until": until, "body": body}])  # fmt: skip

    service.organisation = [organised("EG-C-71", "2026-01-01", None), organised("EG-C-72", "2999-01-01", None),
                            organised("EG-C-01", "2020-01-01", "2020-02-01")]  # fmt: skip
    page = client_of(service).get("/en/services/branching/apply/place").get_data(as_text=True)
    offered = re.findall(r'<option value="(EG-[\w-]+)"', page)
    assert "EG-C-71" in offered and "EG-C-02" in offered
    assert "EG-C-72" not in offered and "EG-C-01" not in offered
    assert "El Asmarat" in page


# -- a request before several departments ----------------------------------------------------------------------------


def test_the_status_page_shows_who_is_still_at_work() -> None:
    service = served(branching())
    name = {"ar": "آراء", "en": "Opinions"}
    branch = {"department": "engineering", "body": None}
    found = {
        "request_id": "01980c5e-7c00-7000-8000-000000000003", "tracking_number": NUMBER, "service_code": "branching",
        "service_version": 1, "service_name": name, "unit": "EG-C-01", "state": "departments", "state_kind": "parallel",
        "state_name": name, "department": None, "body": None, "due_on": None, "clock": "running", "outcome": None,
        "licence_serial": None, "actions": [], "deadline": [], "as_of": "2026-03-01T09:00:00+00:00",
        "branches": [{"code": "a", "name": {"ar": "الإنشائي", "en": "Structure"}, "done": True, **branch},
                     {"code": "b", "name": {"ar": "الصرف", "en": "Sewage"}, "done": False, **branch}],
        "entries": [{"at": "2026-03-01T08:00:00+00:00", "state": "departments", "state_name": name, "note": None,
                     "department": "engineering", "body": None, "action": "object", "outcome": None,
                     "branch": "a", "branch_name": {"ar": "الإنشائي", "en": "Structure"}, "action_name": name}],
    }  # fmt: skip
    service.answers |= {"requests.status": found, "requests.timeline": found, "payments.bill": {"bills": []}}
    client = client_of(service)
    client.post("/en/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "5678"})
    page = " ".join(re.sub(r"<[^>]*>", " ", client.get(f"/en/follow/{NUMBER}").get_data(as_text=True)).split())
    assert "Structure Engineering department done Sewage Engineering department at work" in page
    assert "Opinions Structure" in page  # what was done, and which of the departments did it
