"""The fee calculator of a service's page, and the form that can be read before anybody applies."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from rules import fees, forms
from services.gateway.web.pages import definition
from services.gateway.web.pages.applying import clean
from tests.unit.gateway.ground import Service, client_of, definitions

SHOP = "/ar/services/shop-licence"
EXAMPLES = [(row.code, example["answers"]) for row in definitions() for example in row.document["examples"]]


@pytest.fixture(scope="module")
def whole_guide() -> Service:
    return Service()


def seen(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def calculator(service: Service, path: str, asked: dict[str, Any]) -> str:
    answer = client_of(service).get(path, query_string=asked, headers={"HX-Target": "fees"})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def query(answers: dict[str, Any]) -> dict[str, Any]:
    return {f"answers/{name}": str(value).lower() if isinstance(value, bool) else value
            for name, value in answers.items()}  # fmt: skip


@pytest.mark.parametrize(("code", "answers"), EXAMPLES)
def test_it_tells_every_sample_applicant_the_total_of_the_bills(
    whole_guide: Service, code: str, answers: dict[str, Any]
) -> None:
    document = next(row.document for row in whole_guide.definitions if row.code == code)
    text = calculator(whole_guide, f"/en/services/{code}", query(answers))
    if not document["fees"]:
        return
    total = fees.total(fees.compute(document["fees"], forms.validate(document["form"], answers)))
    fixed = not fees.inputs(document["fees"])
    assert fixed or (f"EGP {total / 100:,.2f}" in seen(text) if total else "free of charge" in seen(text))


def test_it_asks_only_what_fees_hang_on_and_what_these_hang_on(whole_guide: Service) -> None:
    text = calculator(whole_guide, SHOP, {})
    assert re.findall(r'<(?:input|select)[^>]* name="(answers/[^"]+)"', text).count("answers/activity") == 5
    names = set(re.findall(r' name="answers/([^"]+)"', text))
    assert names == {"activity", "area_m2", "workers"} and "<html" not in text
    cafe = calculator(whole_guide, SHOP, {"answers/activity": "cafe"})
    assert set(re.findall(r' name="answers/([^"]+)"', cafe)) == names | {"shisha"}


def test_what_is_missing_is_named_and_the_rest_is_told_already(whole_guide: Service) -> None:
    text = seen(calculator(whole_guide, "/en/services/shop-licence", {"answers/area_m2": "45"}))
    assert "Answer this too: Number of workers" in text and "150.00" in text and "after the inspection" not in text
    nothing = seen(calculator(whole_guide, "/en/services/shop-licence", {}))
    assert "Answer this too" not in nothing and "Total" not in nothing


def test_a_wrong_number_is_said_at_its_field_and_nothing_is_computed(whole_guide: Service) -> None:
    text = calculator(whole_guide, SHOP, {"answers/area_m2": "9999999", "answers/workers": "1"})
    assert 'id="answers-area_m2-wrong-1"' in text and 'value="9999999"' in text and "<tfoot" not in text


def test_without_scripts_it_is_the_service_page_with_the_answer(whole_guide: Service) -> None:
    page = client_of(whole_guide).get(SHOP, query_string={"answers/area_m2": "45", "answers/workers": "3"}).text
    assert '<div id="fees">' in page and "1,205.75" in page and 'action="/ar/services/shop-licence#fees"' in page


@pytest.mark.parametrize("asked", [
    {"answers/area_m2": "\u202e1"}, {"answers/activity": "<b>"}, {"answers/workers": "1" * 900},
    {"answers/area_m2": ["1", "2"]}, {"answers/nothing": "1"},
])  # fmt: skip
def test_whatever_is_asked_of_it_is_answered(whole_guide: Service, asked: dict[str, Any]) -> None:
    assert "<b>" not in calculator(whole_guide, SHOP, asked)


def test_fees_that_hang_on_nothing_need_no_calculator(whole_guide: Service) -> None:
    fixed = next(row.code for row in whole_guide.definitions
                 if row.document["fees"] and not fees.inputs(row.document["fees"]))  # fmt: skip
    page = client_of(whole_guide).get(f"/ar/services/{fixed}").text
    assert "احسب رسومك" not in page and "الرسوم" in page


@pytest.mark.parametrize("lang", ["ar", "en"])
@pytest.mark.parametrize("code", [row.code for row in definitions()])
def test_every_question_and_document_of_a_form_can_be_read_before(whole_guide: Service, code: str, lang: str) -> None:
    document = next(row.document for row in whole_guide.definitions if row.code == code)
    answer = client_of(whole_guide).get(f"/{lang}/services/{code}/form")
    text = html.unescape(answer.text)
    assert answer.status_code == 200 and not re.search(r">\s*None\s*<", text)
    for one in (*document["form"], *document["documents"]):
        assert (one.get("label") or one["name"])[lang] in text


def test_a_question_says_what_it_takes_and_when_it_is_asked(whole_guide: Service) -> None:
    text = seen(client_of(whole_guide).get("/en/services/shop-licence/form").text)
    assert "Area in square metres number · from 1 to 5000" in text
    assert "Is a shisha permit wanted? (optional) yes or no · depends on: Activity" in text
    assert "Activity one choice Retail Food Coffee shop" in text
    assert "Attorney Number of the power of attorney, Notary office" in text


def test_what_the_calculator_reads_is_what_an_application_reads(whole_guide: Service) -> None:
    """The same cleaning: a fee that is told is a fee that is billed."""
    document = next(row.document for row in whole_guide.definitions if row.code == "shop-licence")
    fields, answers, faults = clean(definition.form(document), {"area_m2": "٤٥٫٥", "workers": "٣"})
    assert (answers, {fault.code for fault in faults}) == ({"area_m2": "45.5", "workers": 3}, {"field_required"})
    assert "shisha" not in {field["name"] for field in fields}
