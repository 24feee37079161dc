"""An application begun on a telephone, kept, and taken up again under its code."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.journeys.conftest import Visitor

pytestmark = pytest.mark.journey


def test_a_company_keeps_its_application_and_goes_on_with_it_elsewhere(visit: Callable[[str], Visitor]) -> None:
    at_home = visit("phone")
    at_home.go("/ar/services/shop-renewal/apply")
    page = at_home.page
    page.locator("[name='applicant/kind'][value='company']").check()
    page.locator("[name='applicant/name']").fill("محمود عبد الله حسن")
    at_home.press("تابع للمراجعة")
    assert page.locator("#faults").is_visible()
    page.locator("[name='applicant/company/name']").fill("شركة النور للتجارة")
    at_home.see("50-company-faults")
    at_home.press("احفظ وأكمل لاحقاً")
    at_home.see("51-draft-kept")
    code = page.locator(".big-number").inner_text().strip()
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4})+", code)

    at_work = visit("desktop")
    at_work.go("/ar/drafts")
    at_work.page.locator("[name='token']").fill(code.lower().replace("-", " "))
    at_work.see("52-draft-asked")
    at_work.page.locator("main form").get_by_role("button").first.click()
    assert at_work.page.locator("[name='applicant/company/name']").input_value() == "شركة النور للتجارة"
    assert at_work.page.locator("[name='applicant/name']").input_value() == "محمود عبد الله حسن"
    at_work.see("53-draft-taken-up")
