"""Finding requests over a database: by number, person, words, address, state, service, lateness; for whom, and what is
recorded."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.actors import Actor
from contracts import requests_finding as language
from contracts import requests_intake
from rules.refusal import Refusal
from services.requests import corrections, finding
from tests.support.requests_ground import CLERK, HEAD, NATIONAL_ID, OFFICER, Ground, shop, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

MANAGER = Actor(id="staff:manager", kind="staff", roles=("centre_manager",))
ELSEWHERE = staff("far", "window_clerk", unit="EG-C-02")


def find(ground: Ground, actor: Actor = CLERK, **asked: Any) -> dict[str, Any]:
    body = language.FindRequests().load(asked)
    answer: dict[str, Any] = ground.attempt(lambda work: finding.find(work, body), actor)
    return answer


def listed(ground: Ground, actor: Actor = HEAD, **asked: Any) -> dict[str, Any]:
    body = language.ListRequests().load(asked)
    answer: dict[str, Any] = ground.attempt(lambda work: finding.listed(work, body), actor)
    return answer


def numbers(answer: dict[str, Any]) -> list[str]:
    return [one["tracking_number"] for one in answer["requests"]]


def lodge(ground: Ground, name: str = "محمود عبد الله حسن", **changes: Any) -> str:
    number: str = ground.submit(ground.application(applicant__name=name, **changes))["tracking_number"]
    return number


@pytest.mark.parametrize("typed", ["محمود", "حسن محمود", "مَحمود عبدالله", "محمود عبد الله حسن"])
def test_by_whole_words_of_a_name_in_any_order_and_spelling(ground: Ground, typed: str) -> None:
    own = lodge(ground)
    lodge(ground, "منى عبد الله سالم")
    assert numbers(find(ground, name=typed)) == [own]


@pytest.mark.parametrize("typed", ["محمو", "الله", "محمود منى", "محمود سالم"])
def test_a_part_of_a_word_or_words_of_two_people_find_nothing(ground: Ground, typed: str) -> None:
    lodge(ground)
    lodge(ground, "منى عبد الله سالم")
    assert numbers(find(ground, name=typed)) == []


def test_by_everybody_in_whose_name_it_is(ground: Ground) -> None:
    numbers_of = {kind: ground.submit(ground.application_of(kind))["tracking_number"]
                  for kind in ("company", "attorney", "heirs") if kind in shop()["applicants"]}
    asked = {"company": "النور للتجارة", "attorney": "سعاد علي", "heirs": "منى حسن"}
    assert numbers_of
    for kind, number in numbers_of.items():
        assert number in numbers(find(ground, name=asked[kind])), kind


def test_by_number_however_typed(ground: Ground) -> None:
    own = lodge(ground)
    lodge(ground)
    assert numbers(find(ground, tracking_number=own.replace("-", " ").lower())) == [own]
    with pytest.raises(Refusal, match="tracking_malformed"):
        find(ground, tracking_number="12")


def test_by_national_id_and_passport(ground: Ground) -> None:
    own = lodge(ground)
    other = lodge(ground, applicant__national_id="29001011234566")
    assert numbers(find(ground, national_id=NATIONAL_ID)) == [own]
    assert numbers(find(ground, national_id="29001011234566")) == [other]
    assert numbers(find(ground, national_id="29001011234565")) == []
    if "foreigner" in shop()["applicants"]:
        foreign = ground.submit(ground.application_of("foreigner"))["tracking_number"]
        assert numbers(find(ground, passport="A-1234567")) == [foreign]
    assert numbers(find(ground, passport="B1234567")) == []


def test_by_the_words_of_the_property_s_address(ground: Ground) -> None:
    own = lodge(ground)
    other = lodge(ground, answers__address="١٤ شارع النزهة")
    assert numbers(find(ground, address="النزهه شارع")) == [other, own]
    assert numbers(find(ground, HEAD, address="12 النزهة")) == [own]
    assert numbers(find(ground, address="النزهة", name="منى")) == []


def test_a_corrected_address_or_name_is_found_and_the_old_one_is_not(ground: Ground) -> None:
    own = lodge(ground)
    body = requests_intake.Correct().load({
        "tracking_number": own, "reason": "خطأ في كتابة الاسم",
        "applicant": {"name": "محمود عبد الله حسنين"}, "answers": {"address": "12 شارع الحجاز"}})
    ground.attempt(lambda work: corrections.correct(work, body), CLERK)
    assert numbers(find(ground, name="حسنين محمود", address="الحجاز")) == [own]
    assert numbers(find(ground, name="حسن")) == numbers(find(ground, address="النزهة")) == []


def test_the_address_follows_what_the_applicant_puts_right(ground: Ground) -> None:
    lodged = ground.sent_back()
    ground.resubmit(lodged, answers={"address": "9 شارع الحجاز"},
                    documents=[{"code": "lease_contract", "document_id": ground.upload()}])
    assert numbers(find(ground, address="الحجاز 9")) == [lodged["tracking_number"]]
    assert numbers(find(ground, address="النزهة")) == []


@pytest.mark.parametrize("typed", ["شارع 12 النزهة", "النزهة 12 شارع", "12 النزهة شارع"])
def test_the_rarest_word_leads_whatever_was_typed_first(ground: Ground, typed: str) -> None:
    own = lodge(ground)
    for _ in range(3):
        lodge(ground, answers__address="14 شارع النزهة")
    lodge(ground, answers__address="14 شارع الحجاز")
    assert numbers(find(ground, address=typed)) == numbers(find(ground, MANAGER, address=typed)) == [own]


def test_nothing_of_a_name_stands_in_the_index(ground: Ground) -> None:
    lodge(ground)
    kept = ground.rows("SELECT found_by::text AS row FROM found_by")
    assert len(kept) == 3 + 3  # محمود عبدالله حسن, 12 شارع النزهة
    assert not any(word in one.row for one in kept for word in ("محمود", "حسن"))
    assert len({one.row for one in kept}) == 6


def test_a_clerk_sees_the_own_unit_only_and_the_manager_of_the_node_all(ground: Ground) -> None:
    own, far = lodge(ground), lodge(ground, unit="EG-C-02")
    for asked in ({"name": "محمود"}, {"national_id": NATIONAL_ID}, {"address": "النزهة"},
                  {"service_code": "shop-licence"}):  # fmt: skip
        assert numbers(find(ground, CLERK, **asked)) == [own], asked
        assert numbers(find(ground, ELSEWHERE, **asked)) == [far], asked
        assert numbers(find(ground, MANAGER, **asked)) == [far, own], asked
        assert numbers(find(ground, MANAGER, unit="EG-C-01", **asked)) == [own], asked
    assert numbers(find(ground, CLERK, tracking_number=far)) == []
    with pytest.raises(Refusal, match="forbidden"):
        find(ground, CLERK, name="محمود", unit="EG-C-02")
    assert ground.audited("denied")[-1].details["permission"] == "request.find"


def test_a_name_is_shown_masked_and_no_contact_at_all(ground: Ground) -> None:
    lodge(ground)
    [found] = find(ground, name="محمود")["requests"]
    assert found["applicant"] == {"kind": "citizen", "name": "محمود ع*** ا*** ح***"}
    assert not {"phone", "contact", "national_id", "answers"} & found.keys()


def test_every_search_that_shows_people_is_recorded_and_tells_no_name(ground: Ground) -> None:
    lodge(ground)
    request_id = find(ground, name="محمود")["requests"][0]["request_id"]
    find(ground, national_id="29001011234566")
    first, second = ground.audited("request.find")
    assert first.actor_id == CLERK.id
    assert (first.details["by"], first.details["requests"]) == (["name"], [request_id])
    assert second.details["requests"] == []
    assert NATIONAL_ID not in str(second.details) and "محمود" not in str(first.details)


@pytest.mark.parametrize("asked", [{"name": "محمود"}, {"national_id": NATIONAL_ID}, {"passport": "A1234567"}])
@pytest.mark.parametrize("actor", [
    HEAD,
    staff("dh", "department_head", "licensing"),
    Actor(id="staff:both", kind="staff", roles=("window_clerk", "officer"), unit="EG-C-01", department="licensing"),
])
def test_who_decides_finds_nobody_by_person(ground: Ground, actor: Actor, asked: dict[str, str]) -> None:
    own = lodge(ground)
    with pytest.raises(Refusal, match="find_apart"):
        find(ground, actor, **asked)
    assert ground.audited("denied")[-1].details["permission"] == "request.find_person"
    [found] = find(ground, actor, tracking_number=own)["requests"]
    assert "applicant" not in found and ground.audited("request.find") == []


def test_lists_by_service_state_and_lateness(ground: Ground) -> None:
    waiting, reviewed = lodge(ground), ground.reviewed()["tracking_number"]
    state = listed(ground, service_code="shop-licence")["requests"][0]["state"]
    assert numbers(listed(ground, state=state)) == [reviewed]
    assert numbers(listed(ground, service_code="shop-licence")) == [reviewed, waiting]
    assert numbers(listed(ground, service_code="shop-renewal")) == []
    assert listed(ground, lateness="late")["requests"] == []
    ground.wait(days=365)
    late = listed(ground, lateness="late")["requests"]
    assert reviewed in [one["tracking_number"] for one in late] and all(one["late"] for one in late)
    assert numbers(listed(ground, lateness="late", state=state)) == [reviewed]
    assert numbers(listed(ground, lateness="due_soon")) == []


def test_what_is_due_soon_is_not_late(ground: Ground) -> None:
    lodged = ground.reviewed()
    due_on = ground.row(lodged).due_on
    ground.wait(days=(due_on - ground.now.date()).days - 1)
    assert numbers(listed(ground, lateness="due_soon")) == [lodged["tracking_number"]]
    assert listed(ground, lateness="late")["requests"] == []


def test_a_list_names_nobody(ground: Ground) -> None:
    lodge(ground)
    for actor in (HEAD, CLERK, MANAGER):
        assert all("applicant" not in one for one in listed(ground, actor, service_code="shop-licence")["requests"])
    assert ground.audited("request.find") == []


@pytest.mark.parametrize("asked", [
    {"name": "محمود"}, {"address": "النزهة شارع"}, {"service_code": "shop-licence"}, {"national_id": NATIONAL_ID},
    {"lateness": "late"}, {"lateness": "late", "name": "محمود"}])
@pytest.mark.parametrize("actor", [CLERK, MANAGER])
def test_pages_hold_everything_once(ground: Ground, asked: dict[str, str], actor: Actor) -> None:
    lodged = [ground.reviewed()["tracking_number"] for _ in range(5)]
    ground.wait(days=365)
    seen: list[str] = []
    after, pages = None, 0
    while pages == 0 or after:
        page = find(ground, actor, limit=2, after=after, **asked)
        seen, after, pages = seen + numbers(page), page["next"], pages + 1
    assert sorted(seen) == sorted(lodged) and pages == 3


@pytest.mark.parametrize(("asked", "code"), [
    ({}, "find_nothing_asked"),
    ({"unit": "EG-C-01"}, "find_nothing_asked"),
    ({"name": " - "}, "find_no_words"),
    ({"name": "a b c d e f g h i"}, "find_too_many_words"),
    ({"name": "محمود", "after": "x"}, "find_page_unknown"),
    ({"lateness": "late", "after": "2026-13-01/x"}, "find_page_unknown"),
    ({"national_id": "12"}, "national_id_length"),
    ({"passport": "*"}, "passport_invalid"),
])
def test_what_cannot_be_looked_for_is_said(ground: Ground, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        find(ground, **asked)


def test_all_that_is_wrong_is_told_at_once(ground: Ground) -> None:
    with pytest.raises(Refusal) as refused:
        find(ground, name="-", national_id="12", tracking_number="1")
    assert {fault.field for fault in refused.value.faults} == {"name", "national_id", "tracking_number"}


def test_an_officer_may_not_search_at_all() -> None:
    assert not OFFICER.permits("request.find")
