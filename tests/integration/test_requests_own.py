"""A citizen's own requests over a database: which account, bound or not, sees which."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from chassis.actors import PUBLIC, Actor
from chassis.answers import load
from chassis.ids import uuid7
from contracts.requests_afterwards import Complain
from contracts.requests_own import OwnRequests
from contracts.requests_visits import OrderVisit
from rules.refusal import Refusal
from services.requests import complaints, inquiry, own, visits
from tests.support.requests_ground import CLERK, HEAD, LAST4, NATIONAL_ID, OFFICER, Ground, shop
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

OTHER = "29001011234566"


def citizen(*, bound: bool = False) -> Actor:
    return Actor(str(uuid7()), "citizen", ("citizen", "bound_citizen") if bound else ("citizen",))


def see(ground: Ground, actor: Actor, **asked: Any) -> dict[str, Any]:
    answer: dict[str, Any] = ground.attempt(lambda work: own.listed(work, OwnRequests().load(asked)), actor)
    return answer


def numbers(answer: dict[str, Any]) -> list[str]:
    return [one["tracking_number"] for one in answer["requests"]]


def lodge(ground: Ground, actor: Actor = PUBLIC, **changes: Any) -> str:
    number: str = ground.submit(ground.application(**changes), actor)["tracking_number"]
    return number


def test_who_sees_what(ground: Ground) -> None:
    """Three ways in which a request of one national ID came: from an account, from nobody's, from another account; and
    one that the first account lodged for somebody else."""
    account, other = citizen(), citizen()
    own_one = lodge(ground, account)
    without = lodge(ground)
    elsewhere = lodge(ground, other)
    for_another = lodge(ground, account, applicant__national_id=OTHER)
    at_the_window = lodge(ground, CLERK, channel="centre")

    assert numbers(see(ground, account)) == [for_another, own_one]
    assert numbers(see(ground, other)) == [elsewhere]
    assert numbers(see(ground, citizen())) == []

    bound = Actor(account.id, "citizen", ("citizen", "bound_citizen"))
    seen = see(ground, bound, national_id=NATIONAL_ID)
    assert numbers(seen) == [at_the_window, for_another, elsewhere, without, own_one]
    assert [one["lodged_here"] for one in seen["requests"]] == [False, True, False, False, True]
    assert numbers(see(ground, bound)) == [for_another, own_one]

    another_phone = citizen(bound=True)  # the same person, bound anew: what the old account lodged for others stays
    assert numbers(see(ground, another_phone, national_id=NATIONAL_ID)) == [at_the_window, elsewhere, without, own_one]
    assert numbers(see(ground, citizen(bound=True), national_id="29001011234567")) == []


def test_what_is_still_open_of_each_is_told_beside_it(ground: Ground) -> None:
    account = citizen()
    quiet, lively = lodge(ground, account), lodge(ground, account)
    wish = load(OrderVisit(), {"purpose": "inspection", "tracking_number": lively, "phone_last4": LAST4,
                               "address": "12 شارع سليم الأول"})
    visit = ground.attempt(lambda work: visits.order(work, wish), account)["visit_number"]
    said = load(Complain(), {"tracking_number": lively, "phone_last4": LAST4, "kind": "delay",
                             "text": "تأخر طلبي أسبوعين"})
    complaint = ground.attempt(lambda work: complaints.complain(work, said), account)
    found = {one["tracking_number"]: one for one in see(ground, account)["requests"]}
    assert found[lively]["visit"] == {"number": visit, "state": "ordered", "on": None}
    assert found[lively]["complaint"] == {
        "number": complaint["complaint_number"], "state": "open", "on": complaint["due_on"]}
    assert (found[quiet]["visit"], found[quiet]["complaint"]) == (None, None)
    digits = {"phone_last4": LAST4}
    told = {number: inquiry.timeline(ground.unit_of_work(PUBLIC), {"tracking_number": number, **digits})["visit"]
            for number in (quiet, lively)}
    assert told == {quiet: None, lively: {"number": visit, "state": "ordered", "on": None}}


def test_a_number_of_a_card_counts_only_from_who_is_bound(ground: Ground) -> None:
    lodge(ground)
    for asked in ({"national_id": NATIONAL_ID}, {"passport": "A1234567"}):
        with pytest.raises(Refusal, match="forbidden"):
            see(ground, citizen(), **asked)
    with ground.database.transaction() as connection:
        denied = connection.execute(text("SELECT details ->> 'permission' FROM audit WHERE action = 'denied'"))
        assert [row[0] for row in denied] == [own.OWN_PERSON, own.OWN_PERSON]


@pytest.mark.parametrize("actor", [CLERK, OFFICER, HEAD, PUBLIC])
def test_nobody_but_a_citizen_has_own_requests(ground: Ground, actor: Actor) -> None:
    with pytest.raises(Refusal, match="forbidden"):
        see(ground, actor)


def test_pages_by_key_bring_each_request_once(ground: Ground) -> None:
    account = citizen(bound=True)
    mine = [lodge(ground, account if turn % 2 else PUBLIC) for turn in range(7)]
    lodge(ground, PUBLIC, applicant__national_id=OTHER)
    brought, after = [], None
    while True:
        page = see(ground, account, national_id=NATIONAL_ID, limit=3, **({"after": after} if after else {}))
        brought += numbers(page)
        after = page["next"]
        if after is None:
            break
        assert len(page["requests"]) == 3
    assert brought == mine[::-1]


def test_a_foreigner_by_the_passport(ground: Ground) -> None:
    definition = shop()
    definition["applicants"] = [*definition["applicants"], "foreigner"]
    ground.publish({**definition, "code": "for-foreigners"})
    number = lodge(ground, service_code="for-foreigners", applicant__kind="foreigner", applicant__national_id=None,
                   applicant__passport="a 1234567", applicant__nationality="SD")  # fmt: skip
    lodge(ground)
    assert numbers(see(ground, citizen(bound=True), passport="A-1234567")) == [number]
    assert numbers(see(ground, citizen(bound=True), passport="A1234568")) == []


def test_a_citizen_s_account_keeps_nobody_of_the_staff_from_the_file(ground: Ground) -> None:
    account = citizen()
    lodge(ground, account)
    with ground.database.transaction() as connection:
        row = connection.execute(text("SELECT taken_by, account_id FROM request")).one()
    assert (row.taken_by, str(row.account_id)) == ("public", account.id)
