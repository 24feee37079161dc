"""What came from the national portal and cannot be lodged as it is waits whole, for a person, a number or a key."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from nacl.public import PrivateKey
from sqlalchemy import text

from chassis import boxes
from chassis.answers import load
from chassis.config import decode_key
from chassis.ids import uuid7
from contracts import requests_portal as language
from rules.refusal import Refusal
from services.requests import numbers, portal_review
from tests.support import papers
from tests.support.portal_ground import *  # noqa: F403  (fixtures)
from tests.support.portal_ground import HEAD, application, hear, public, reserve, retry, standing, sweep, told, unknown
from tests.support.requests_ground import PHONE, Ground, staff


def test_what_was_retired_before_it_was_taken_waits_for_a_person_whole(ground: Ground) -> None:
    number, *_ = reserve(ground)
    ground.retire("shop-licence", "2026-02-01")
    one = application(ground, number)
    hear(ground, *one.events)
    sweep(ground)
    assert (standing(ground, one).state, told(ground, one)) == ("review", ["review"])
    [listed] = portal_review.listed(ground.unit_of_work(HEAD), load(language.ListPortalApplications(), {}))[
        "applications"]
    assert (listed["tracking_number"], listed["codes"]) == (number, ["service_retired"])
    found = ground.attempt(lambda work: portal_review.file(work, one.id), HEAD)
    assert found["submission"]["applicant"]["phone"] == PHONE and found["faults"][0]["ar"]
    assert len(ground.audited("portal_application.read")) == 1
    first, *_ = found["documents"]
    with pytest.raises(Refusal, match="document_in_quarantine"):
        ground.attempt(lambda work: portal_review.document(work, one.id, UUID(first["document_id"])), HEAD)
    ground.check_documents()
    shown = ground.attempt(lambda work: portal_review.document(work, one.id, UUID(first["document_id"])), HEAD)
    assert shown["media_type"] == "application/pdf" and len(ground.audited("portal_application.document")) == 1
    with pytest.raises(Refusal, match="document_unknown"):
        ground.attempt(lambda work: portal_review.document(work, one.id, UUID(ground.upload())), HEAD)
    assert retry(ground, one)["state"] == "review"
    with ground.database.transaction() as connection:
        connection.execute(text("TRUNCATE retirement"))
    assert retry(ground, one) == {"application_id": str(one.id), "state": "lodged", "tracking_number": number,
                                  "faults": []}
    assert told(ground, one) == ["review", "review", "lodged"]
    with pytest.raises(Refusal, match="portal_application_settled"):
        retry(ground, one)


def test_a_document_that_is_not_what_was_sent_is_seen(ground: Ground) -> None:
    number, *_ = reserve(ground)
    one = application(ground, number)
    part = one.events[-1]
    forged = replace(part, data={**part.data, "sealed": boxes.seal(b"other", public())})
    hear(ground, *one.events[:-1], forged)
    sweep(ground)
    assert (standing(ground, one).state, list(standing(ground, one).codes)) == ("review", ["checksum_differs"])
    assert ground.rows("SELECT 1 FROM request") == []


def test_a_number_that_was_not_given_to_the_portal_waits_for_a_person(ground: Ground) -> None:
    lodged = ground.submit()
    one = application(ground, lodged["tracking_number"])
    hear(ground, *one.events)
    sweep(ground)
    assert list(standing(ground, one).codes) == ["number_not_reserved"]
    assert ground.rows("SELECT count(*) AS n FROM request")[0].n == 1


def test_what_waits_for_its_forgotten_number_already_is_lodged_when_it_is_tried_again(ground: Ground) -> None:
    number = unknown(ground)
    one = application(ground, number, (papers.ONE_PAGE, papers.ONE_PAGE))
    hear(ground, *one.events)
    with ground.database.transaction() as connection:
        connection.execute(text("TRUNCATE reserved_serial, serial_block"))
        connection.execute(text("UPDATE number_register SET reason = 'restored'"))
        connection.execute(text("UPDATE portal_application SET state = 'review', codes = '{number_not_reserved}'"))
    retry(ground, one)
    sweep(ground)
    assert standing(ground, one).state == "lodged"
    assert [row.tracking_number for row in ground.rows("SELECT tracking_number FROM request")] == [number]


@pytest.mark.parametrize("number", ["27-26-12345678-0", "nonsense"])
def test_a_number_that_is_none_of_this_nodes_is_not_taken_in(ground: Ground, number: str) -> None:
    one = application(ground, number)
    hear(ground, *one.events)
    sweep(ground)
    assert standing(ground, one).state == "review" and ground.rows("SELECT 1 FROM reserved_serial") == []


def test_a_number_that_a_device_holds_is_not_the_portals(ground: Ground) -> None:
    device = uuid7()
    number, *_ = ground.attempt(lambda work: numbers.reserve(work, device, 1))
    one = application(ground, number)
    hear(ground, *one.events)
    sweep(ground)
    assert list(standing(ground, one).codes) == ["number_not_reserved"]
    assert ground.rows("SELECT device_id, state FROM reserved_serial") == [(device, "reserved")]


def test_what_this_nodes_key_does_not_open_is_kept_and_lodged_when_the_key_is_there(ground: Ground) -> None:
    number, *_ = reserve(ground)
    one = application(ground, number, (papers.ONE_PAGE, papers.ONE_PAGE))
    whole, *parts = one.events
    other = application(ground, number, (), key=PrivateKey(decode_key("sample-other")).public_key).events[0]
    sealed_for_another = replace(whole, data={**whole.data, "sealed": other.data["sealed"]})
    hear(ground, sealed_for_another, *parts)
    sweep(ground)
    assert list(standing(ground, one).codes) == ["portal_application_sealed"]
    found = ground.attempt(lambda work: portal_review.file(work, one.id), HEAD)
    assert found["submission"] is None and found["faults"][0]["code"] == "portal_application_sealed"
    with ground.database.transaction() as connection:
        connection.execute(text("UPDATE portal_application SET sealed = :sealed"), {"sealed": whole.data["sealed"]})
    assert retry(ground, one)["state"] == "waiting"
    sweep(ground)
    assert standing(ground, one).state == "lodged"


def test_a_person_closes_what_was_dealt_with_otherwise_and_another_units_people_do_not(ground: Ground) -> None:
    number, *_ = reserve(ground)
    ground.retire("shop-licence", "2026-02-01")
    one = application(ground, number)
    hear(ground, *one.events)
    sweep(ground)
    body = load(language.ClosePortalApplication(), {"application_id": str(one.id), "reason": "قُدِّم من الشباك"})
    with pytest.raises(Refusal, match="forbidden"):
        ground.attempt(lambda work: portal_review.close(work, body), staff("other", "centre_manager", unit="EG-C-02"))
    ground.attempt(lambda work: portal_review.close(work, body), HEAD)
    row = standing(ground, one)
    assert row.state == "closed" and "قُدِّم" not in row.reason and row.sealed
    assert told(ground, one) == ["review", "closed"]
