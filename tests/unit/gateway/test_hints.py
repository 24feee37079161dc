"""What the hints of fields say: an example is one that its own field takes, and stands on one line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from rules import numbering
from services.gateway.web.pages import shown
from services.gateway.web.pages.texts import TEXTS
from tests.unit.gateway.ground import Service, client_of

EXAMPLES: dict[str, Callable[[str], Any]] = {
    "inquiry.number_help": numbering.parse_tracking, "verify.given_help": numbering.parse_licence_serial,
    "window.serial_help": numbering.parse_licence_serial, "complain.number_help": numbering.parse_complaint_number,
    "visit.number_help": numbering.parse_visit_number,
}  # fmt: skip


@pytest.mark.parametrize("language", [0, 1])
@pytest.mark.parametrize("key", EXAMPLES)
def test_an_example_is_a_number_that_its_field_takes(key: str, language: int) -> None:
    [example, *_] = re.findall("\u2066(.*?)\u2069", TEXTS[key][language])
    EXAMPLES[key](example)


def test_an_example_is_not_broken_at_its_hyphens_and_nothing_else_becomes_markup() -> None:
    assert shown.whole("such as \u2066<A-1>\u2069 & more") == (
        'such as <bdi dir="ltr" class="number">&lt;A-1&gt;</bdi> &amp; more')
    page = client_of(Service()).get("/ar/follow").get_data(as_text=True)
    assert '<bdi dir="ltr" class="number">01-26-48392075-0</bdi>' in page


@pytest.mark.parametrize(("path", "home"), [("/ar/staff/nothing-here", "/ar/staff"), ("/en/nothing-here", "/en/")])
def test_an_address_that_is_not_there_leads_back_to_where_one_was(path: str, home: str) -> None:
    answer = client_of(Service()).get(path)
    assert answer.status_code == 404
    assert f'<a class="button" href="{home}">' in answer.get_data(as_text=True)
