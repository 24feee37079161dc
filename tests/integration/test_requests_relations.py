"""Declared relations: with a person, a foreigner or a company; withdrawn by the head with a reason, and never gone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from chassis.actors import Actor
from chassis.answers import load
from contracts.requests_assignment import DeclareRelation
from contracts.requests_engine import ListRelations, WithdrawRelation
from rules.refusal import Refusal
from services.requests import relations
from tests.support.requests_ground import HEAD, NATIONAL_ID, OFFICER, Ground, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

COLLEAGUE = staff("colleague", "officer", "licensing")
ELSEWHERE = staff("elsewhere", "unit_head", "leadership", unit="EG-C-13")
REASON = "انتهت الصلة التي أُقر بها"


def declare(ground: Ground, actor: Actor, **number: str) -> dict[str, Any]:
    body = load(DeclareRelation(), number)
    answer: dict[str, Any] = ground.attempt(lambda work: relations.declare(work, body), actor)
    return answer


def listed(ground: Ground, actor: Actor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ground.attempt(
        lambda work: relations.listed(work, load(ListRelations(), {})), actor)["relations"]
    return found


def withdraw(ground: Ground, relation_id: str, actor: Actor = HEAD) -> dict[str, Any]:
    body = load(WithdrawRelation(), {"relation_id": relation_id, "reason": REASON})
    answer: dict[str, Any] = ground.attempt(lambda work: relations.withdraw(work, body), actor)
    return answer


@pytest.mark.parametrize("kind, number", [
    ("foreigner", {"passport": "A1234567"}), ("foreigner", {"passport": "a 123-4567"}),
    ("company", {"tax_number": "company"}), ("company", {"commercial_register": "company"})])
def test_a_relation_with_a_company_or_a_foreigner_keeps_apart(
        ground: Ground, kind: str, number: dict[str, str]) -> None:
    application = ground.application_of(kind)
    if kind == "company":
        [name] = number
        number = {name: str(application["applicant"]["company"][name])}
    if "passport" in number and number["passport"].count("-"):
        number = {"passport": number["passport"].replace("-", "")}
    declare(ground, OFFICER, **number)
    ground.pay(ground.submit(application))
    assert ground.next(OFFICER) is None and ground.next(COLLEAGUE) is not None


def test_only_keyed_hashes_are_kept(ground: Ground) -> None:
    application = ground.application_of("company")
    company = application["applicant"]["company"]
    ground.submit(application)
    kept = b"".join(bytes(row.person_key) for row in ground.rows("SELECT person_key FROM party"))
    assert len(ground.rows("SELECT 1 FROM party")) == 2
    for name in ("tax_number", "commercial_register"):
        assert str(company[name]).encode() not in kept


@pytest.mark.parametrize("numbers, field", [
    ({}, "national_id"), ({"national_id": NATIONAL_ID, "passport": "A1234567"}, "passport")])
def test_exactly_one_number_is_given(ground: Ground, numbers: dict[str, str], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        declare(ground, OFFICER, **numbers)
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [("relation_number_wanted", field)]
    assert ground.rows("SELECT * FROM declared_relation") == []


@pytest.mark.parametrize("numbers", [{"tax_number": "12"}, {"passport": "ج"}, {"commercial_register": "000"}])
def test_a_number_that_is_none_declares_nothing(ground: Ground, numbers: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        declare(ground, OFFICER, **numbers)
    assert [fault.field for fault in refused.value.faults] == list(numbers)
    assert ground.rows("SELECT * FROM declared_relation") == []


def test_a_head_withdraws_it_with_a_reason_and_its_record_stays(ground: Ground) -> None:
    declare(ground, OFFICER, national_id=NATIONAL_ID)
    ground.reviewed()
    assert ground.next(OFFICER) is None
    [one] = listed(ground, HEAD)
    withdraw(ground, one["relation_id"])
    assert ground.next(OFFICER) is not None
    [kept] = listed(ground, HEAD)
    assert (kept["account"], kept["kind"], kept["withdrawn_by"], kept["reason"]) == (
        OFFICER.id, "national_id", HEAD.id, REASON)
    assert REASON not in str(ground.rows("SELECT reason FROM declared_relation"))
    [trace] = ground.audited("relation.withdrawn")
    assert (trace.actor_id, trace.details["account"]) == (HEAD.id, OFFICER.id)


def test_it_may_be_declared_again_after_that(ground: Ground) -> None:
    declare(ground, OFFICER, national_id=NATIONAL_ID)
    withdraw(ground, listed(ground, HEAD)[0]["relation_id"])
    declare(ground, OFFICER, national_id=NATIONAL_ID)
    declare(ground, OFFICER, national_id=NATIONAL_ID)
    assert [one["withdrawn_at"] is None for one in listed(ground, HEAD)] == [True, False]
    ground.reviewed()
    assert ground.next(OFFICER) is None


def test_nobody_lets_themselves_in_and_no_other_unit_does(ground: Ground) -> None:
    declare(ground, HEAD, national_id=NATIONAL_ID)
    [own] = listed(ground, HEAD)
    for actor, code in ((HEAD, "apart_by_design"), (ELSEWHERE, "relation_unknown")):
        with pytest.raises(Refusal, match=code):
            withdraw(ground, own["relation_id"], actor)
    assert [row.actor_id for row in ground.audited("denied")] == [HEAD.id, ELSEWHERE.id]
    with pytest.raises(Refusal, match="relation_unknown"):
        withdraw(ground, str(UUID(int=7)))
    assert listed(ground, HEAD)[0]["withdrawn_at"] is None


def test_it_is_withdrawn_once(ground: Ground) -> None:
    declare(ground, OFFICER, national_id=NATIONAL_ID)
    [one] = listed(ground, HEAD)
    withdraw(ground, one["relation_id"])
    with pytest.raises(Refusal, match="relation_withdrawn"):
        withdraw(ground, one["relation_id"])


def test_everybody_sees_their_own_and_a_head_those_of_the_unit(ground: Ground) -> None:
    declare(ground, OFFICER, national_id=NATIONAL_ID)
    declare(ground, COLLEAGUE, passport="A1234567")
    assert [one["account"] for one in listed(ground, OFFICER)] == [OFFICER.id]
    assert [one["account"] for one in listed(ground, HEAD)] == [COLLEAGUE.id, OFFICER.id]
    assert listed(ground, ELSEWHERE) == []
    assert NATIONAL_ID not in str(listed(ground, HEAD))
