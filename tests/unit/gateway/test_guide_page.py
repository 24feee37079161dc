"""The page on which a service is found."""

from __future__ import annotations

import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from services.gateway.web.pages import search
from tests.support import guides
from tests.unit.gateway.applicants import SHOP, Applicant, Keeping
from tests.unit.gateway.ground import Service, client_of


def page(path: str, service: Service | None = None) -> str:
    answer = client_of(service or Service()).get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def shown(text: str) -> list[str]:
    return re.findall(r'class="card" href="/\w+/services/([\w-]+)"', text)


def scripts_are_files(text: str) -> bool:
    """Whether nothing of what was asked became a script: each is a file of ours, and holds nothing itself."""
    return "<script" not in re.sub(r'<script( type="module")? src="/static/[\w/.?=-]+"( defer)?></script>', "", text)


def options(text: str, name: str) -> dict[str, str]:
    (select,) = re.findall(rf'<select id="{name}".*?</select>', text, re.DOTALL)
    return dict(re.findall(r'<option value="([^"]*)"(?: selected)?>([^<]*)</option>', select))


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_service_is_found_and_every_filter_has_a_label_and_a_form_that_needs_no_script(language: str) -> None:
    text = page(f"/{language}/services?q=ترخصي+محل")
    assert shown(text)[0] == "shop-licence" and scripts_are_files(text)
    for name in search.FILTERS:
        assert f'<label for="{name}">' in text
        assert options(text, name)[""]
    assert text.count("<form") == 1 and 'method="get"' in text


def test_a_filter_says_how_many_it_leaves_and_leaves_as_many() -> None:
    service = Service()
    sectors = options(page("/ar/services", service), "sector")
    assert "astronomy" not in sectors
    for code, label in sectors.items():
        if code:
            text = page(f"/ar/services?sector={code}", service)
            wanted = sum(row.document["sector"] == code for row in service.definitions)
            assert f"({wanted})" in label and len(shown(text)) == min(wanted, search.PER_PAGE)
            assert "Narrow down (1)" in text.replace("تضييق النتائج", "Narrow down")
            assert re.search(rf'<option value="{code}" selected>', text)


def test_a_unit_narrows_to_what_its_kind_offers() -> None:
    service = Service()
    text = page("/ar/services?unit=EG-C-01&channel=post_office", service)
    wanted = {row.code for row in service.definitions
              if "district" in row.document["unit_kinds"] and "post_office" in row.document["channels"]}  # fmt: skip
    assert set(shown(text)) <= wanted and f"{len(wanted)}" in text
    assert options(text, "unit")["EG-C-01"]


def many(count: int) -> Service:
    service = Service()
    service.definitions = [SimpleNamespace(code=one["code"], version=1, effective_from=date(2026, 1, 1), document=one)
                           for one in guides.definitions(count)]  # fmt: skip
    return service


def test_a_long_list_is_walked_page_by_page_with_its_filters_kept() -> None:
    service, path, walked = many(90), "/ar/services?channel=portal", list[str]()
    for _ in range(9):
        text = page(path, service)
        walked += shown(text)
        link = re.search(r'href="([^"]+)" rel="next"', text)
        if link is None:
            break
        path = link[1].replace("&amp;", "&")
        assert "channel=portal" in path
    wanted = sorted(row.code for row in service.definitions if "portal" in row.document["channels"])
    assert walked == wanted and len(wanted) > search.PER_PAGE


@pytest.mark.parametrize("query", [
    {"q": "<script>alert(1)</script>"}, {"sector": '"><b>'}, {"unit": "' or 1=1", "channel": "٪"}, {"q": "م" * 900},
])  # fmt: skip
def test_whatever_is_asked_is_shown_as_text_and_finds_nothing_wrong(query: dict[str, Any]) -> None:
    answer = client_of(Service()).get("/ar/services", query_string=query)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200 and scripts_are_files(text) and "<b>" not in text


def test_a_cursor_of_nobodys_is_refused_with_a_page() -> None:
    answer = client_of(Service()).get("/ar/services?after=x")
    assert answer.status_code == 422 and "after" in answer.get_data(as_text=True)


def test_the_guide_can_be_fetched_from_here() -> None:
    text = page("/en/services")
    for form in ("json", "yaml", "xlsx", "jsonld"):
        assert f'href="/api/v1/guide.{form}"' in text


# -- while one types, and the home page --------------------------------------------------------------------------------


def part(path: str, element: str) -> str:
    """What a script is given for an element of the page."""
    answer = client_of(Service()).get(path, headers={"HX-Request": "true", "HX-Target": element})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_script_is_given_what_was_found_and_no_page_around_it() -> None:
    text = part("/ar/services?q=ترخيص+محل", "found")
    assert shown(text)[0] == "shop-licence" and "<html" not in text and "<form" not in text
    assert 'role="status"' in text


def test_the_home_page_suggests_the_best_while_one_types() -> None:
    text = part("/ar/services?q=ترخيص", "suggested")
    links = re.findall(r'href="/ar/services/([\w-]+)"', text)
    assert len(links) == 5 and "<html" not in text and "/ar/services?q=" in text
    assert "<li>" not in part("/ar/services?q=", "suggested")
    assert "لا توجد خدمة" in part("/ar/services?q=zzzzqqq", "suggested")


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_home_page_leads_to_every_event_and_sector_that_has_services(language: str) -> None:
    service = Service()
    text = page(f"/{language}/", service)
    for name in ("life_event", "sector"):
        led = set(re.findall(rf'/services\?{name}=([\w-]+)"', text))
        assert led == {row.document[name] for row in service.definitions}
    assert f"({len(service.definitions)})" in text


def test_what_was_begun_in_this_browser_stands_on_the_home_page() -> None:
    applicant = Applicant(Keeping())
    assert "أكمل طلباً" not in applicant.client.get("/ar/").text
    applicant.fill(SHOP, until="place")
    home = applicant.client.get("/ar/").text
    assert "أكمل طلباً" in home and "/ar/services/shop-licence/apply" in home and "محمود" not in home
