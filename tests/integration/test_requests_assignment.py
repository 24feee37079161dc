"""Apart by design, over a real database: whom the engine hands a file, whom it never does, who takes one back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chassis.actors import Actor
from chassis.answers import load
from contracts import requests_assignment as language
from rules import assignment as rule
from rules.refusal import Refusal
from services.requests import assignment, oversight, relations
from tests.support.requests_ground import HEAD, NATIONAL_ID, OFFICER, UNIT, Ground, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

COLLEAGUE = staff("colleague", "officer", "licensing")
MANAGER = staff("manager", "department_head", "licensing")
REASON = "غاب صاحب الملف عن العمل"
DIWAN = {"name": {"ar": "الديوان العام", "en": "Diwan"}, "kind": "diwan", "governorate": "EG-C", "authority": None,
         "parent": None, "status": "open"}


def declare(ground: Ground, actor: Actor, national_id: str = NATIONAL_ID) -> None:
    body = load(language.DeclareRelation(), {"national_id": national_id})
    assert ground.attempt(lambda work: relations.declare(work, body), actor) == {"declared": True}


def take_back(ground: Ground, actor: Actor, task: Mapping[str, Any], reason: str = REASON, **more: Any) -> Any:
    body = load(language.TakeBack(), {"task_id": task["task_id"], "reason": reason, **more})
    return ground.attempt(lambda work: oversight.take_back(work, body), actor)


def desk(ground: Ground, actor: Actor) -> list[dict[str, Any]]:
    found: dict[str, Any] = ground.attempt(lambda work: oversight.desk(work, {"after": None, "limit": 50}), actor)
    return list(found["tasks"])


def request_of(ground: Ground, task: Mapping[str, Any] | None) -> str | None:
    if task is None:
        return None
    return str(ground.rows("SELECT request_id FROM task WHERE id = :t", t=task["task_id"])[0].request_id)


# -- rotation


def test_the_audit_row_shows_an_auditor_who_had_to_get_it(ground: Ground) -> None:
    for _ in range(6):
        ground.reviewed()
    for _ in range(2):
        for actor in (OFFICER, COLLEAGUE, MANAGER):
            ground.next(actor)
    rows = ground.audited("task.handed_out")
    assert len(rows) == 4  # the manager has another role, and no file of the officers'
    for row in rows:
        assert rule.recompute(row.actor_id, row.details) == row.subject
    last = rows[-1].details["candidates"]
    assert set(last) == {OFFICER.id, COLLEAGUE.id} and last[OFFICER.id] == [2, 2]


def test_nobody_hoards_while_a_colleague_at_the_desk_has_less(ground: Ground) -> None:
    for _ in range(6):
        ground.reviewed()
    assert ground.next(COLLEAGUE) is not None
    held = [ground.next(OFFICER) for _ in range(rule.SPREAD + 2)]
    assert [task is not None for task in held] == [True] * (rule.SPREAD + 1) + [False]
    answer = ground.attempt(assignment.next_task, OFFICER)
    assert answer == {"task": None, "because": "colleagues_first"}
    ground.wait(minutes=31)  # the colleague has gone
    assert ground.next(OFFICER) is not None


def test_a_desk_with_nothing_open_says_so(ground: Ground) -> None:
    assert ground.attempt(assignment.next_task, OFFICER) == {"task": None, "because": "nothing_open"}


# -- kept apart


def test_who_collected_a_requests_money_is_never_handed_its_file(ground: Ground) -> None:
    lodged = ground.submit()
    ground.hear(ground.bill_event(lodged["request_id"], collected_by=OFFICER.id))
    assert ground.next(OFFICER) is None
    assert request_of(ground, ground.next(COLLEAGUE)) == lodged["request_id"]


def test_who_collected_cannot_act_even_were_the_file_given(ground: Ground) -> None:
    lodged = ground.submit()
    ground.hear(ground.bill_event(lodged["request_id"], collected_by=OFFICER.id))
    task = ground.rows("UPDATE task SET status = 'held', held_by = :o RETURNING id", o=OFFICER.id)[0]
    before = ground.counts()
    with pytest.raises(Refusal, match="apart_by_design"):
        ground.act(OFFICER, {"task_id": str(task.id)}, "accept")
    assert ground.counts() == before
    assert [(row.actor_id, row.subject) for row in ground.audited("denied")] == [(OFFICER.id, lodged["request_id"])]


def test_money_that_comes_beside_the_request_keeps_its_collector_apart_too(ground: Ground) -> None:
    lodged = ground.reviewed()
    ground.hear(ground.bill_event(lodged["request_id"], "final", collected_by=OFFICER.id))
    assert ground.next(OFFICER) is None and ground.next(COLLEAGUE) is not None


def test_a_declared_relation_is_handed_no_file_of_that_person(ground: Ground) -> None:
    declare(ground, OFFICER, "٢٨٥٠٣١٥٠١٠١٢٣٢")
    ground.reviewed()
    other = ground.reviewed(applicant__national_id="29001011234566")
    assert request_of(ground, ground.next(OFFICER)) == other["request_id"]
    assert ground.next(OFFICER) is None
    assert ground.next(COLLEAGUE) is not None


def test_what_was_in_hand_goes_back_when_the_relation_is_declared(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    declare(ground, OFFICER)
    with pytest.raises(Refusal, match="task_unknown"):
        ground.act(OFFICER, task, "accept")
    again = ground.next(COLLEAGUE)
    assert again is not None and again["task_id"] == task["task_id"]
    assert ground.act(COLLEAGUE, again, "accept")["state"] == "inspection"


def test_a_relation_is_kept_as_a_keyed_hash_and_declared_twice_is_one(ground: Ground) -> None:
    declare(ground, OFFICER)
    declare(ground, OFFICER)
    [row] = ground.rows("SELECT * FROM relation")
    assert row.account == OFFICER.id and NATIONAL_ID.encode() not in bytes(row.person_key)
    assert all(entry.details == {} for entry in ground.audited("relation.declared"))


def test_a_relation_with_the_principal_or_an_heir_keeps_apart_too(ground: Ground) -> None:
    declare(ground, OFFICER, "29001011234566")
    ground.pay(ground.submit(ground.application_of("attorney")))
    assert ground.next(OFFICER) is None and ground.next(COLLEAGUE) is not None
    [party] = ground.rows("SELECT * FROM party")
    assert b"29001011234566" not in bytes(party.person_key)


def test_a_number_that_is_none_declares_nothing(ground: Ground) -> None:
    with pytest.raises(Refusal) as refused:
        declare(ground, OFFICER, "123")
    assert [fault.field for fault in refused.value.faults] == ["national_id"]
    assert ground.rows("SELECT * FROM relation") == []


# -- nobody left: the unit above


def test_where_exclusions_leave_nobody_the_unit_above_decides(ground: Ground) -> None:
    lodged = ground.decided()
    declare(ground, HEAD)
    assert ground.next(HEAD) is None

    assert ground.attempt(assignment.raise_to_the_unit_above) == 1

    above = staff("above", "unit_head", "leadership", unit="EG-C-DW")
    task = ground.next(above)
    assert request_of(ground, task) == lodged["request_id"] and task is not None
    assert ground.file(above, task)["raised_from"] == UNIT
    assert ground.act(above, task, "approve")["state"] == "awaiting_final_fee"
    [row] = ground.audited("task.raised")
    assert (row.details["unit"], row.details["above"], row.details["barred"]) == (UNIT, "EG-C-DW", [HEAD.id])


def test_the_parent_that_the_organisation_names_comes_before_the_diwan(ground: Ground) -> None:
    city = {**DIWAN, "kind": "city", "name": {"ar": "مدينة", "en": "City"}}
    ground.organise("unit", "EG-C-DW", {"valid_from": "2026-01-01", "body": DIWAN})
    ground.organise("unit", "EG-C-CITY", {"valid_from": "2026-01-01", "body": city})
    ground.organise("unit", UNIT, {"valid_from": "2026-01-01", "body": {**city, "parent": "EG-C-CITY"}})
    ground.decided()
    declare(ground, HEAD)
    ground.next(HEAD)
    assert ground.attempt(assignment.raise_to_the_unit_above) == 1
    assert ground.next(staff("above", "unit_head", "leadership", unit="EG-C-CITY")) is not None


def test_a_file_stays_while_one_of_the_desk_may_have_it_or_no_unit_is_above(ground: Ground) -> None:
    ground.organise("unit", "EG-C-DW", {"valid_from": "1970-01-01", "valid_until": "2026-01-01", "body": DIWAN})
    ground.reviewed()
    declare(ground, OFFICER)
    ground.next(OFFICER)
    assert ground.attempt(assignment.raise_to_the_unit_above) == 0  # Cairo's diwan stands no more
    ground.organise("unit", "EG-C-DW", {"valid_from": "2026-01-01", "body": DIWAN})
    declare(ground, COLLEAGUE, "29001011234566")
    ground.next(COLLEAGUE)
    ground.rows("UPDATE task SET status = 'open', held_by = NULL RETURNING id")
    assert ground.attempt(assignment.raise_to_the_unit_above) == 0  # the colleague may
    assert ground.next(COLLEAGUE) is not None


# -- taken back


def test_a_head_takes_a_file_back_and_the_engine_gives_it_to_another(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None and ground.next(COLLEAGUE) is None

    answer = take_back(ground, MANAGER, task, version=task["version"])

    assert answer == {"task_id": task["task_id"], "version": task["version"] + 1}
    assert ground.next(OFFICER) is None  # it lay with them, and a colleague is there
    with pytest.raises(Refusal, match="task_unknown"):
        ground.act(OFFICER, task, "accept")
    again = ground.next(COLLEAGUE)
    assert again is not None and again["task_id"] == task["task_id"]
    [kept] = ground.rows("SELECT * FROM taken_back")
    assert (kept.holder, kept.by) == (OFFICER.id, MANAGER.id) and REASON not in kept.reason
    assert [row.details["why"] for row in ground.audited("task.taken_back")] == ["reason"]


def test_who_is_alone_at_the_desk_is_given_it_again(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    take_back(ground, MANAGER, task)
    assert ground.next(OFFICER) is not None


@pytest.mark.parametrize("stranger", [
    staff("a", "department_head", "engineering"), staff("b", "department_head", "licensing", unit="EG-C-02"),
    staff("c", "unit_head", "leadership", unit="EG-C-02"),
])
def test_a_head_of_others_takes_nothing_back_and_the_attempt_stays(ground: Ground, stranger: Actor) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    with pytest.raises(Refusal, match="task_unknown"):
        take_back(ground, stranger, task)
    assert [row.actor_id for row in ground.audited("denied")] == [stranger.id]
    assert desk(ground, stranger) == []
    assert ground.act(OFFICER, task, "accept")["state"] == "inspection"


def test_what_nobody_holds_and_what_changed_meanwhile_is_not_taken_back(ground: Ground) -> None:
    ground.reviewed()
    [listed] = desk(ground, HEAD)
    assert (listed["status"], listed["holder"]) == ("open", None)
    with pytest.raises(Refusal, match="task_not_held"):
        take_back(ground, HEAD, listed)
    task = ground.next(OFFICER)
    assert task is not None
    with pytest.raises(Refusal, match="conflict"):
        take_back(ground, HEAD, task, version=task["version"] - 1)
    with pytest.raises(Refusal, match="field_invalid"):
        take_back(ground, HEAD, task, reason="قصير")
    assert desk(ground, MANAGER)[0]["holder"] == OFFICER.id


def test_a_file_left_lying_goes_back_by_itself(ground: Ground) -> None:
    ground.reviewed()
    task = ground.next(OFFICER)
    assert task is not None
    due_on = ground.rows("SELECT due_on FROM task")[0].due_on
    ground.wait(days=max(7, (due_on - ground.now.date()).days))
    assert ground.attempt(oversight.return_left_lying) == 0
    ground.wait(days=21)
    assert ground.attempt(oversight.return_left_lying) == 1
    assert ground.attempt(oversight.return_left_lying) == 0
    [kept] = ground.rows("SELECT * FROM taken_back")
    assert (kept.holder, kept.by, kept.reason) == (OFFICER.id, "service:requests", None)
    assert ground.next(COLLEAGUE) is not None
