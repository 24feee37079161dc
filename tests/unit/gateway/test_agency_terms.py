"""Nothing leaves for an agency but what is agreed, offered still, and an event's own."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from contracts import asyncapi, event_schemas
from contracts.agency_events import OFFERED
from contracts.projections import Projection
from services.gateway.agencies.terms import Terms

MOVED = "requests.request.moved.v1"
SUBJECT = UUID(int=1)


def terms(**more: Any) -> Terms:
    return Terms(SimpleNamespace(**{
        "agreed_events": [MOVED], "events": None, "agreed_governorates": None, "governorates": None,
        "agreed_services": None, "services": None, "valid_from": date(2026, 1, 1), "valid_until": date(2027, 1, 1),
        "agreement_ended_at": None, "fields": {}, **more}))  # fmt: skip


@pytest.fixture
def moved() -> dict[str, Any]:
    return asyncapi.sample(event_schemas.every()[MOVED])


def test_an_attribute_that_a_sender_put_beside_the_data_goes_no_further(moved: dict[str, Any]) -> None:
    cut = terms().cut({**moved, "holder": "منى عبد الله"}, SUBJECT)
    assert cut is not None and cut.envelope == moved


def test_fields_that_nobody_offers_go_out_under_no_agreement(moved: dict[str, Any]) -> None:
    moved["data"]["contact"] = "01001234567"
    for fields in ({}, {MOVED: ["state", "contact"]}):
        cut = terms(fields=fields).cut(moved, SUBJECT)
        assert cut is not None and "state" in cut.envelope["data"] and "contact" not in cut.envelope["data"]


def test_a_type_that_is_offered_no_more_goes_out_under_no_agreement(
    moved: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(OFFERED, MOVED)
    assert terms().cut(moved, SUBJECT) is None


def test_a_field_that_is_withdrawn_goes_out_no_more_where_it_was_agreed(
    moved: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OFFERED, MOVED, Projection("request_id", "state"))
    cut = terms(fields={MOVED: ["state", "tracking_number"]}).cut(moved, SUBJECT)
    assert cut is not None and cut.envelope["data"] == {"state": moved["data"]["state"]}
