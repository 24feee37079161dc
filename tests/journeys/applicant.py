"""Applying in a browser, page by page, with whatever the pages ask for."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Mapping
from functools import partial
from operator import ne
from typing import Any

from PIL import Image
from playwright.sync_api import Page, TimeoutError

from tests.journeys.conftest import Visitor
from tests.support import papers

PHONE = "01012345678"
NAME = "محمود عبد الله حسن"
CITIZEN = {
    "applicant/kind": "citizen", "applicant/name": NAME, "applicant/national_id": "28503150101232",
    "applicant/phone": PHONE, "applicant/email": "owner@example.org", "unit": "EG-C-01",
}  # fmt: skip
KINDS: dict[str, dict[str, str]] = {
    "citizen": {},
    "company": {"applicant/company/name": "شركة النور للتجارة", "applicant/company/commercial_register": "12345",
                "applicant/company/tax_number": "331105268"},
    "attorney": {"applicant/power_of_attorney/number": "1234 أ", "applicant/power_of_attorney/office": "توثيق الزيتون",
                 "applicant/power_of_attorney/year": "2024", "applicant/principal/name": "سمير فهمي عوض",
                 "applicant/principal/national_id": "29001011234567"},
    "heirs": {"applicant/deceased/name": "حسن علي محمود", "applicant/deceased/died_on": "2024-05-01",
              "applicant/inheritance/number": "77", "applicant/inheritance/court": "محكمة الزيتون",
              "applicant/inheritance/year": "2024", "applicant/heirs/0/name": NAME,
              "applicant/heirs/0/national_id": "28503150101232", "applicant/heirs/1/name": "هدى حسن علي"},
    "foreigner": {"applicant/passport": "P7654321", "applicant/nationality": "SD"},
}  # fmt: skip


def file(name: str) -> dict[str, object]:
    return {"name": name, "mimeType": "application/pdf", "buffer": papers.ONE_PAGE}


def photo(name: str, width: int = 640, height: int = 480) -> dict[str, object]:
    """A picture as a telephone takes one: no two alike, and hardly to be compressed."""
    picture = Image.frombytes("RGB", (width, height), random.Random(name).randbytes(width * height * 3))
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=95)
    return {"name": name, "mimeType": "image/jpeg", "buffer": kept.getvalue()}


def values(answers: Mapping[str, Any], kind: str = "citizen") -> dict[str, Any]:
    """What is given at each field of the form, from answers as the guide's examples have them."""
    typed = {f"answers/{name}": value for name, value in answers.items()}
    return {**CITIZEN, **KINDS[kind], "applicant/kind": kind, **typed}


def fill(
    visitor: Visitor, given: Mapping[str, Any], *, until: str = "/apply/check",
    look: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """From a page of an application on, fill in what is asked and go on until an address; answers the pages passed.
    `look` is told each page, filled in."""
    page, passed = visitor.page, []
    while until not in page.url:
        code = re.split("[?#]", page.url)[0].rsplit("/", 1)[1]
        assert code not in passed, f"{code} comes again: {page.inner_text('main')}"
        passed.append(code)
        for field in page.locator("form[data-apply]").evaluate_all(_FIELDS):
            _put(page, field, given)
        look(code)
        before = page.url
        visitor.press(page.locator("form[data-apply] button[type=submit]:not([name])"))
        try:
            page.wait_for_url(partial(ne, before), wait_until="domcontentloaded", timeout=45_000)
        except TimeoutError as error:
            raise AssertionError(f"{code} goes no further: {page.inner_text('main')}") from error
    return passed


_FIELDS = """forms => [...forms[0].querySelectorAll("input, select, textarea")].map(({name, type, value, accept}) => (
  {name, type: type.startsWith("select") ? "select" : type, value, accept: accept ?? ""}))"""


def _put(page: Page, field: Mapping[str, str], given: Mapping[str, Any]) -> None:
    """Give one field of the page what it asks for: a file to a document, otherwise the value of its name."""
    name, kind = field["name"], field["type"]
    place = page.locator(f"form[data-apply] [name='{name}']")
    if name.startswith("documents/"):
        code = name.partition("/")[2]
        place.set_input_files(file(f"{code}.pdf") if "pdf" in field["accept"] else photo(f"{code}.jpg"))  # type: ignore[arg-type]
        return
    value = given.get(name)
    if kind in ("hidden", "file") or value is None:
        return
    wanted = [str(one).lower() if isinstance(one, bool) else str(one)
              for one in (value if isinstance(value, list) else [value])]  # fmt: skip
    if kind in ("radio", "checkbox"):
        if field["value"] in wanted:
            page.locator(f"form[data-apply] [name='{name}'][value='{field['value']}']").check()
    elif kind == "select":
        place.select_option(wanted[0])
    else:
        place.fill(wanted[0])


def send(visitor: Visitor) -> str:
    """Send what was checked; answers the tracking number."""
    visitor.press(visitor.t("check.send"))
    visitor.page.wait_for_url("**/received")
    number = re.search(r"\d\d-\d\d-\d{8}-\w", visitor.page.inner_text("main"))
    assert number is not None, visitor.page.inner_text("main")
    return number[0]


def inquire(visitor: Visitor, number: str, digits: str = PHONE[-4:]) -> None:
    """Open a request by its number and the phone's digits."""
    visitor.go("/follow")
    visitor.page.locator("[name='tracking_number']").fill(number)
    visitor.page.locator("[name='phone_last4']").fill(digits)
    visitor.press(visitor.t("inquiry.button"))


def pay(visitor: Visitor, look: Callable[[str], None] = lambda _: None) -> None:
    """From the request's page: the bill, a reference at the rail, the rail's own page, and back to the request."""
    visitor.wait_for(visitor.t("status.pay"))
    look("status-to-pay")
    visitor.press(visitor.t("status.pay_button"))
    look("bill")
    bill = visitor.page.url
    visitor.press(visitor.t("rail.fawry"))
    to_rail = visitor.page.get_by_role("link", name=visitor.t("bill.go_pay"))
    visitor.until(lambda: to_rail.is_visible(), bill)
    look("bill-reference")
    visitor.press(to_rail)
    visitor.press(visitor.page.get_by_role("button").first)
    visitor.page.goto(bill)
    paid = visitor.page.locator(".done", has_text=visitor.t("bill.paid"))
    visitor.until(lambda: paid.is_visible(), bill)
    look("bill-paid")
    visitor.press(visitor.t("back_to_request"))
