"""The centre's picture of the country: requests, money, offers and numbers as the nodes tell them, in whatever order
and however often; and the inquiry by number and digits."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.ids import uuid7
from rules import numbering
from rules.refusal import Refusal
from services.gateway.link.arrival import Arrival
from services.gateway.national import appliers, guide, inquiry, money
from tests.support.centre_ground import *  # noqa: F403  (fixtures)
from tests.support.centre_ground import NOON, Centre, request

NUMBER = numbering.tracking_number("01", 2026, 1, b"n" * 32)
OF_SUEZ = numbering.tracking_number("04", 2026, 1, b"n" * 32)
SUBMITTED, MOVED = "requests.request.submitted.v1", "requests.request.moved.v1"


def find(centre: Centre, number: str = NUMBER, last4: str = "5678") -> dict[str, Any]:
    return inquiry.find(centre.unit_of_work(), number, last4)


def told(centre: Centre, number: str, request_id: UUID, states: list[str]) -> list[Arrival]:
    return [centre.arrival("EG-C", SUBMITTED if place == 0 else MOVED, request_id, place + 1,
                           request(number, request_id=request_id, state=state))
            for place, state in enumerate(states)]  # fmt: skip


def test_a_request_is_found_by_its_number_and_digits_alone(centre: Centre) -> None:
    centre.hear(*told(centre, NUMBER, uuid7(), ["review", "inspection"]))
    found = find(centre)
    assert (found["state"], found["governorate"], found["unit"], found["line"]) == (
        "inspection", "EG-C", "EG-C-01", "up")
    assert found["as_of"] == NOON.isoformat()
    for number, last4 in ((NUMBER, "0000"), (OF_SUEZ, "5678"), (NUMBER, "")):
        with pytest.raises(Refusal, match="tracking_unknown"):
            find(centre, number, last4)


@pytest.mark.parametrize("seed", range(5))
def test_the_latest_word_counts_in_whatever_order_and_however_often_it_comes(centre: Centre, seed: int) -> None:
    chance = random.Random(seed)
    arrivals = told(centre, NUMBER, uuid7(), ["review", "inspection", "decision", "issued"])
    mixed = arrivals + chance.choices(arrivals, k=4)
    chance.shuffle(mixed)
    while mixed:
        size = chance.randint(1, len(mixed))
        centre.hear(*mixed[:size])
        del mixed[:size]
    assert find(centre)["state"] == "issued"
    assert centre.rows("SELECT count(*) AS n FROM national_request")[0].n == 1


def test_what_a_restored_node_says_goes_before_what_it_said_before(centre: Centre) -> None:
    request_id = uuid7()
    centre.hear(*told(centre, NUMBER, request_id, ["review", "inspection", "decision"]))
    again = centre.arrival("EG-C", MOVED, request_id, 2, request(NUMBER, request_id=request_id, state="refused"),
                           epoch=2)  # fmt: skip
    centre.hear(again)
    assert find(centre)["state"] == "refused"


def test_a_node_that_was_not_heard_of_is_cut_off_and_what_is_known_has_its_time(centre: Centre) -> None:
    centre.hear(*told(centre, NUMBER, uuid7(), ["review"]))
    centre.wait(seconds=44)
    assert find(centre)["line"] == "up"
    centre.wait(hours=5)
    found = find(centre)
    assert (found["line"], found["as_of"]) == ("down", NOON.isoformat())
    [standing] = inquiry.as_of(centre.unit_of_work())
    assert standing == {"governorate": "EG-C", "as_of": NOON.isoformat(), "line": "down"}


def test_while_a_governorate_catches_up_what_is_known_is_as_of_what_it_told_so_far(centre: Centre) -> None:
    past = NOON - timedelta(days=3)
    request_id = uuid7()
    heap = [centre.arrival("EG-C", MOVED, request_id, 2 + place, request(NUMBER, request_id=request_id), at=past)
            for place in range(appliers.HEAP)]  # fmt: skip
    centre.hear(*heap)
    found = find(centre)
    assert (found["line"], found["as_of"]) == ("up", past.isoformat())
    centre.hear(centre.arrival("EG-C", MOVED, request_id, 90, request(NUMBER, request_id=request_id)))
    assert find(centre)["as_of"] == NOON.isoformat()


def test_a_corrected_phone_opens_and_the_old_one_no_more(centre: Centre) -> None:
    request_id = uuid7()
    centre.hear(*told(centre, NUMBER, request_id, ["review"]))
    new = request(NUMBER, last4="9999")["inquiry_check"]
    data = {"request_id": request_id, "tracking_number": NUMBER, "corrected": ["applicant/phone"], "language": "ar",
            "inquiry_check": new}
    fixed = centre.arrival("EG-C", "requests.request.corrected.v1", uuid7(), 2, data)
    late = centre.arrival("EG-C", "requests.request.corrected.v1", uuid7(), 1, {
        **data, "inquiry_check": request(NUMBER, last4="1111")["inquiry_check"]})
    silent = centre.arrival("EG-C", "requests.request.corrected.v1", uuid7(), 3, {**data, "inquiry_check": None})
    centre.hear(fixed)
    centre.hear(late, silent)
    assert find(centre, last4="9999")["state"] == "review"
    with pytest.raises(Refusal, match="tracking_unknown"):
        find(centre)


def test_a_restored_nodes_first_correction_counts_though_its_former_self_had_told_more(centre: Centre) -> None:
    request_id = uuid7()
    centre.hear(*told(centre, NUMBER, request_id, ["review"]))

    def corrected(last4: str, number: int, epoch: int) -> Arrival:
        return centre.arrival("EG-C", "requests.request.corrected.v1", uuid7(), number, {
            "request_id": request_id, "tracking_number": NUMBER, "corrected": ["applicant/phone"], "language": "ar",
            "inquiry_check": request(NUMBER, last4=last4)["inquiry_check"]}, epoch=epoch)

    former = [corrected("1111", 1, 1), corrected("2222", 2, 1)]
    centre.hear(*former)
    again = corrected("3333", 1, 2)
    centre.hear(again)
    assert find(centre, last4="3333")["state"] == "review"
    centre.hear(*former)  # the tail of the old epoch, sent once more
    centre.hear(again, corrected("4444", 3, 1))
    assert find(centre, last4="3333")["state"] == "review"
    for old in ("5678", "1111", "2222", "4444"):
        with pytest.raises(Refusal, match="tracking_unknown"):
            find(centre, last4=old)


def test_what_a_node_forgot_of_an_applicant_opens_to_nobody_and_does_not_come_back(centre: Centre) -> None:
    request_id = uuid7()
    first, second = told(centre, NUMBER, request_id, ["review", "issued"])
    centre.hear(first)
    centre.hear(centre.arrival("EG-C", "requests.person.forgotten.v1", uuid7(), 1, {"request_id": request_id}))
    centre.hear(second)
    assert centre.rows("SELECT state, inquiry_check FROM national_request")[0] == ("issued", "")
    for last4 in ("5678", ""):
        with pytest.raises(Refusal, match="tracking_unknown"):
            find(centre, last4=last4)


@pytest.mark.parametrize(("peer", "number", "unit"), [
    ("EG-SUZ", NUMBER, "EG-SUZ-01"), ("EG-SUZ", OF_SUEZ, "EG-C-01"), ("EG-C", NUMBER, "EG-CX-01"),
    ("EG-XX", NUMBER, "EG-XX-01")])
def test_a_node_tells_of_its_own_requests_only(centre: Centre, peer: str, number: str, unit: str) -> None:
    one = centre.arrival(peer, SUBMITTED, uuid7(), 1, request(number, unit=unit))
    with pytest.raises(appliers.NotItsOwn):
        centre.hear(one)
    assert centre.rows("SELECT 1 FROM national_request") == []


# -- money -----------------------------------------------------------------------------------------------------------


def test_a_node_changes_nothing_of_anothers_request_or_bill_by_its_id(centre: Centre) -> None:
    request_id, bill_id = uuid7(), uuid7()
    centre.hear(*told(centre, NUMBER, request_id, ["review"]), bill(centre, bill_id, 1, "paid", 5000))
    before = totals(centre)
    foreign = request(OF_SUEZ, request_id=request_id, state="refused", unit="EG-SUZ-01")
    money_too = bill(centre, bill_id, 9, "paid", 1, peer="EG-SUZ", unit="EG-SUZ-01")
    centre.hear(centre.arrival("EG-SUZ", MOVED, request_id, 9, foreign), money_too,
                centre.arrival("EG-SUZ", "requests.person.forgotten.v1", request_id, 9,
                               {"request_id": str(request_id)}))  # fmt: skip
    assert find(centre)["state"] == "review" and totals(centre) == before


def bill(centre: Centre, bill_id: UUID, sequence: int, state: str, total: int, refunded: int = 0, *,
         unit: str = "EG-C-01", service: str = "shop-licence", paid: date = date(2026, 3, 1),
         epoch: int = 1, peer: str = "EG-C") -> Arrival:
    data = {"bill_id": bill_id, "bill_number": "B", "request_id": uuid7(), "tracking_number": NUMBER,
            "service_code": service, "unit": unit, "stage": "final", "state": state, "total": total,
            "currency": "EGP", "lines": [], "paid_at": f"{paid}T09:00:00+00:00" if state != "created" else None,
            "refunded": refunded}
    kind = {"created": "issued", "paid": "paid"}.get(state, "changed")
    return centre.arrival(peer, f"payments.bill.{kind}.v1", bill_id, sequence, data, epoch=epoch)


def totals(centre: Centre, by: str = "unit", **more: Any) -> dict[str, Any]:
    return money.totals(centre.unit_of_work(), by, date(2026, 1, 1), date(2026, 12, 31), **more)


@pytest.mark.parametrize("seed", range(6))
def test_totals_are_the_nodes_to_the_piastre_whatever_comes_twice_or_late(centre: Centre, seed: int) -> None:
    chance = random.Random(seed)
    expected: Counter[str] = Counter()
    arrivals: list[Arrival] = []
    for number in range(40):
        bill_id, unit = uuid7(), f"EG-C-0{chance.randint(1, 3)}"
        total, paid = chance.randint(1, 10**9), date(2026, 3, 1) + timedelta(days=chance.randint(0, 5))
        told_of = [bill(centre, bill_id, 1, "created", total, unit=unit, paid=paid)]
        if number % 4:
            told_of.append(bill(centre, bill_id, 2, "paid", total, unit=unit, paid=paid))
            expected[unit] += total
        if number % 4 == 3:
            back = chance.randint(1, total)
            told_of.append(bill(centre, bill_id, 3, "refund_requested", total, unit=unit, paid=paid))
            told_of.append(bill(centre, bill_id, 4, "partly_refunded", total, back, unit=unit, paid=paid))
            expected[unit] -= back
        arrivals += told_of
    mixed = arrivals + chance.choices(arrivals, k=60)
    chance.shuffle(mixed)
    while mixed:
        size = chance.randint(1, 25)
        centre.hear(*mixed[:size])
        del mixed[:size]
        if chance.random() < 0.4:
            while centre.attempt(money.fold):
                pass
    found = totals(centre)
    assert {row["key"]: row["collected"] - row["refunded"] for row in found["rows"]} == dict(expected)
    assert found["collected"] - found["refunded"] == sum(expected.values())
    folded = totals(centre, "day")
    while centre.attempt(money.fold):
        pass
    assert totals(centre, "day") == folded and centre.rows("SELECT 1 FROM national_money_delta") == []


@pytest.mark.parametrize("at_once", [1, 3, 6])
def test_each_refund_counts_on_its_own_day_also_where_several_come_in_one_batch(centre: Centre, at_once: int) -> None:
    bill_id, other = uuid7(), uuid7()

    def refund(which: UUID, sequence: int, back: int, day: int) -> Arrival:
        at = datetime(2026, 3, day, 9, tzinfo=UTC)
        told_of = bill(centre, which, sequence, "partly_refunded", 900, back)
        return replace(told_of, event=replace(told_of.event, time=at))

    told_of = [bill(centre, bill_id, 1, "paid", 900), bill(centre, other, 1, "paid", 900), refund(bill_id, 2, 100, 2),
               refund(bill_id, 3, 300, 4), refund(other, 2, 50, 4), refund(bill_id, 4, 600, 5)]
    for first in range(0, len(told_of), at_once):
        centre.hear(*told_of[max(0, first - 1) : first + at_once])  # the last one comes again
    refunded = {row["key"]: row["refunded"] for row in totals(centre, "day")["rows"] if row["refunded"]}
    assert refunded == {"2026-03-02": 100, "2026-03-04": 250, "2026-03-05": 300}


def test_a_bill_of_a_restored_node_counts_as_it_says_now(centre: Centre) -> None:
    bill_id = uuid7()
    centre.hear(bill(centre, bill_id, 1, "created", 700), bill(centre, bill_id, 2, "paid", 700))
    assert totals(centre)["collected"] == 700
    centre.hear(bill(centre, bill_id, 1, "created", 500, epoch=2))
    assert totals(centre) == {**totals(centre), "collected": 0, "refunded": 0}
    centre.hear(bill(centre, bill_id, 2, "paid", 500, epoch=2))
    assert totals(centre, "service", governorate="EG-C")["rows"] == [
        {"key": "shop-licence", "collected": 500, "refunded": 0, "bills": 1}]
    assert totals(centre, governorate="EG-SUZ")["rows"] == []


def test_a_batch_is_few_statements_however_long_it_is(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    arrivals = [one for _ in range(200) for one in told(centre, NUMBER, uuid7(), ["review", "inspection"])]
    arrivals += [bill(centre, uuid7(), 2, "paid", 100) for _ in range(200)]
    work = centre.unit_of_work()
    appliers.apply(work, arrivals)
    assert len({id(statement) for statement, _, _ in work._writes}) <= 4
    work.commit()
    assert totals(centre)["collected"] == 20_000


# -- offers, units, numbers ------------------------------------------------------------------------------------------


def national(centre: Centre) -> guide.NationalGuide:
    return guide.NationalGuide(centre.read, lambda: date(2026, 3, 1))


def test_each_governorate_offers_what_it_published_and_no_document_is_kept_twice(centre: Centre) -> None:
    centre.hear(centre.offer("EG-C"), centre.offer("EG-SUZ"), centre.offer("EG-C", 2, day="2026-12-01"))
    known = national(centre)
    assert known.offering() == ["EG-C", "EG-SUZ"]
    entry = known.get("EG-C:shop-licence")
    assert entry is not None and (entry.code, entry.version) == ("EG-C:shop-licence", 1)
    assert entry.document["name"]["ar"]
    assert known.get("EG-GZ:shop-licence") is None and known.get("shop-licence") is None
    assert centre.rows("SELECT count(*) AS n FROM national_definition")[0].n == 1


def test_what_a_governorate_retired_is_offered_there_no_more(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    centre.hear(centre.offer("EG-C"), centre.offer("EG-SUZ"))
    known = national(centre)
    assert known.get("EG-C:shop-licence") is not None
    monkeypatch.setattr(guide, "FRESH_SECONDS", 0.0)
    data = {"code": "shop-licence", "retired_from": "2026-02-01", "reason": {"ar": "دُمجت", "en": "Merged"}}
    centre.hear(centre.arrival("EG-C", "catalog.definition.retired.v1", uuid7(), 2, data))
    assert known.get("EG-C:shop-licence") is None and known.get("EG-SUZ:shop-licence") is not None


def test_a_nodes_own_units_are_known_as_it_says_and_no_others(centre: Centre) -> None:
    def entity(peer: str, code: str, name: str, sequence: int) -> Arrival:
        body = {"name": {"ar": name, "en": name}, "governorate": peer, "kind": "district", "status": "open"}
        data = {"kind": "unit", "code": code, "timeline": [{"valid_from": "2026-01-01", "valid_until": None,
                                                            "body": body}]}
        return centre.arrival(peer, "catalog.organisation.changed.v1", uuid7(), sequence, data)

    centre.hear(entity("EG-C", "EG-C-77", "الجديد", 2), entity("EG-SUZ", "EG-C-78", "دخيل", 1))
    centre.hear(entity("EG-C", "EG-C-77", "القديم", 1))
    rows = centre.rows("SELECT code, timeline FROM organisation")
    assert [row.code for row in rows] == ["EG-C-77"] and rows[0].timeline[0]["body"]["name"]["ar"] == "الجديد"


def test_numbers_of_a_block_are_there_once_and_only_a_governorates_own(centre: Centre) -> None:
    block = {"block_id": uuid7(), "numbers": [NUMBER]}
    one = centre.arrival("EG-C", "requests.portalblock.reserved.v1", block["block_id"], 1, block)
    centre.hear(one, one)
    centre.hear(one)
    assert [(row.number, row.governorate) for row in centre.rows("SELECT * FROM national_number")] == [
        (NUMBER, "EG-C")]
    with pytest.raises(appliers.NotItsOwn):
        centre.hear(centre.arrival("EG-SUZ", "requests.portalblock.reserved.v1", uuid7(), 1, block))

