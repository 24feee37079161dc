"""The events as they are described: to programs as AsyncAPI, to people as pages."""

from __future__ import annotations

import re
from html import unescape

import pytest

from contracts import asyncapi
from contracts.agency_events import OFFERED
from tests.unit.gateway.ground import Service, client_of


def test_programs_get_the_document_of_this_place() -> None:
    answer = client_of(Service()).get("/api/v1/asyncapi.json")
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.get_json() == asyncapi.document()


@pytest.mark.parametrize("lang", ["ar", "en"])
def test_every_type_that_agencies_may_get_is_listed_and_leads_to_its_page(lang: str) -> None:
    client = client_of(Service())
    page = client.get(f"/{lang}/developers/events").text
    linked = set(re.findall(rf'href="(/{lang}/developers/events/[\w.]+)"', page))
    assert linked == {f"/{lang}/developers/events/{name}" for name in OFFERED}
    assert "/api/v1/asyncapi.json" in page
    for address in linked:
        assert client.get(address).status_code == 200, address


def test_a_types_page_shows_its_fields_and_a_sample() -> None:
    page = unescape(client_of(Service()).get("/en/developers/events/requests.request.moved.v1").text)
    for told in ("tracking_number", "branches[].verdict", "favourable | unfavourable | null",
                 '"type": "requests.request.moved.v1"', "date-time", "specversion"):
        assert told in page, told
    assert "contact" not in page
    fields = dict(re.findall(r'<th scope="row"><code>([\w.\[\]]+)</code>( <small>may be absent</small>)?', page))
    assert fields["tracking_number"] == "" and fields["due_on"] != ""


def test_types_are_found_by_their_words() -> None:
    client = client_of(Service())
    found = client.get("/en/developers/events?q=licence+issued").text
    assert "requests.licence.issued.v1" in found and "payments.bill.paid.v1" not in found
    assert "No type has these words." in client.get("/en/developers/events?q=elephants").text


@pytest.mark.parametrize("name", ["nothing.of.this.v1", "bus.requests.request.moved.v1",
                                  "notifications.message.changed.v1"])
def test_a_type_that_agencies_do_not_get_has_no_page(name: str) -> None:
    assert client_of(Service()).get(f"/en/developers/events/{name}").status_code == 404


def test_whoever_reads_about_the_api_finds_the_events() -> None:
    assert 'href="/ar/developers/events"' in client_of(Service()).get("/ar/developers").text
