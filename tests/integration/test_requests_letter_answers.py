"""Answers that agencies give through the platform: on their letter at once, or, fitting none, before a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from nacl.public import PrivateKey
from sqlalchemy import text

from chassis import boxes
from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.ids import uuid7
from contracts.events import Event
from contracts.received import LETTER_ANSWERED
from contracts.requests import Act
from contracts.requests_intake import Withdraw
from contracts.requests_letter_answers import AttachLetterAnswer
from rules.refusal import Refusal
from services.requests import inquiry, letter_answers, tasks
from tests.integration.test_requests_letters import answer, asked, draw, ground, letter, opened, send
from tests.support.branching import REVIEWER
from tests.support.requests_ground import LAST4, UNIT, Ground

__all__ = ["ground", "opened"]  # fixtures
KEY = PrivateKey.generate()
NOTE = "لا مانع بشرط تركيب طفايتين"


@pytest.fixture(autouse=True)
def _box(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "private_keys", lambda _: (KEY,))
    with ground.database.transaction() as connection:
        connection.execute(text("TRUNCATE letter_answer"))


def given(number: str, ground: Ground, **more: Any) -> Event:
    data = {
        "answer_id": str(uuid7()), "node": "EG-C", "number": number, "body": "civil-defence", "agency": "civil-defence",
        "agency_name": {"ar": "الحماية المدنية", "en": "Civil Defence"}, "opinion": "agreed",
        "answered_on": ground.now.date().isoformat(), "reference": "ص/77",
        "note": boxes.seal(NOTE.encode(), KEY.public_key), "given_at": ground.now.isoformat(),
        "line": {"peer": "EG", "epoch": 1, "sequence": 1}, **more}
    assert LETTER_ANSWERED.schema().validate(data) == {}
    return Event(uuid7(), LETTER_ANSWERED.name, "urn:test", uuid7(), 1, ground.now, "test", data)


def arrive(ground: Ground, *events: Event) -> None:
    for event in events:
        ground.attempt(lambda work, event=event: letter_answers.take(work, event))


def written(ground: Ground) -> tuple[dict[str, Any], str]:
    task = asked(ground)
    draw(ground)
    return task, letter(ground, task)["number"]


def aside(ground: Ground, actor: Any = REVIEWER, state: str = "aside") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ground.attempt(lambda work: letter_answers.listed(
        work, {"state": state, "before": None, "limit": 50}), actor)["answers"]
    return found


def test_an_answer_is_recorded_on_its_letter_and_a_person_decides_what_follows(ground: Ground) -> None:
    task, number = written(ground)
    send(ground, task)
    ground.wait(days=2)
    arrive(ground, given(number, ground))
    found = letter(ground, task)
    assert (found["status"], found["answered_on"]) == ("answered", ground.now.date().isoformat())
    [row] = ground.rows("SELECT * FROM letter")
    assert (row.answer_opinion, row.answer_agency["en"], row.answered_by, row.answer_reference) == (
        "agreed", "Civil Defence", "agency:civil-defence", "ص/77")
    assert NOTE not in str(row)
    assert NOTE not in str(ground.rows("SELECT to_jsonb(letter_answer)::text FROM letter_answer"))
    assert [(event.sequence, event.data["status"]) for event in ground.events(row.id)][-1] == (3, "answered")
    [kept] = aside(ground, state="recorded")
    assert kept["number"] == number and aside(ground) == []
    # The request waits until somebody acts on the task; the paper's form is not asked for again.
    with pytest.raises(Refusal, match="letter_answered_by_agency"):
        answer(ground, task, on=ground.now.date().isoformat())
    act = load(Act(), {"task_id": task["task_id"], "action": "answered"})
    assert ground.attempt(lambda work: tasks.act(work, act), REVIEWER)["state"] == "decision"


def test_the_file_of_the_task_shows_the_opinion_and_the_note(ground: Ground) -> None:
    task, number = written(ground)
    send(ground, task)
    arrive(ground, given(number, ground))
    file = ground.attempt(lambda work: tasks.file(work, UUID(task["task_id"])), REVIEWER)
    [shown] = [one for one in file["letters"] if one["current"]]
    assert (shown["opinion"], shown["agency_name"]["en"], shown["note"]) == ("agreed", "Civil Defence", NOTE)


def test_an_answer_before_the_sending_was_recorded_counts_as_sent_through_the_platform(ground: Ground) -> None:
    task, number = written(ground)
    arrive(ground, given(number, ground))
    [row] = ground.rows("SELECT sent_how, sent_on, answered_on FROM letter")
    assert (row.sent_how, row.sent_on) == ("portal", row.answered_on)
    with pytest.raises(Refusal, match="letter_sent_before"):
        send(ground, task)


def test_the_same_answer_twice_is_one_and_another_one_lies_before_a_person(ground: Ground) -> None:
    task, number = written(ground)
    send(ground, task)
    first = given(number, ground)
    arrive(ground, first, first)
    assert len(aside(ground, state="recorded")) == 1 and aside(ground) == []
    arrive(ground, given(number, ground, opinion="refused"))
    [one] = aside(ground)
    assert (one["why"], one["opinion"]) == ("answered_before", "refused")
    assert ground.rows("SELECT answer_opinion FROM letter")[0].answer_opinion == "agreed"


def test_an_answer_that_comes_after_the_withdrawal_or_the_decision_is_never_lost(ground: Ground) -> None:
    task, number = written(ground)
    send(ground, task)
    answer(ground, task, on=ground.now.date().isoformat())  # a paper was faster
    arrive(ground, given(number, ground))
    _, other = written(ground)
    [row] = ground.rows("SELECT request_id FROM letter WHERE number = :n", n=other)
    [request] = ground.rows("SELECT tracking_number FROM request WHERE id = :i", i=row.request_id)
    body = load(Withdraw(), {"tracking_number": request.tracking_number, "phone_last4": LAST4})
    ground.attempt(lambda work: inquiry.withdraw(work, body), PUBLIC)
    arrive(ground, given(other, ground))
    assert {(one["number"], one["why"]) for one in aside(ground)} == {(number, "answered_before"), (other, "withdrawn")}
    assert {one["tracking_number"] for one in aside(ground)} >= {request.tracking_number}


def test_an_answer_to_no_letter_or_from_another_body_lies_before_every_unit(ground: Ground) -> None:
    task, number = written(ground)
    send(ground, task)
    arrive(ground, given("L-C-2026-999999-9", ground), given(number, ground, body="health"))
    assert {one["why"] for one in aside(ground)} == {"letter_unknown", "body_differs"}
    assert ground.rows("SELECT status FROM letter")[0].status == "sent"
    [stray] = [one for one in aside(ground) if one["why"] == "letter_unknown"]
    assert (stray["unit"], stray["tracking_number"]) == (None, None)


def test_what_this_nodes_key_does_not_open_is_answered_and_shown_to_a_person(ground: Ground) -> None:
    task, number = written(ground)
    send(ground, task)
    sealed = boxes.seal(NOTE.encode(), PrivateKey.generate().public_key)
    arrive(ground, given(number, ground, note=sealed))
    assert ground.rows("SELECT status FROM letter")[0].status == "answered"
    [one] = aside(ground)
    assert (one["why"], one["has_note"]) == ("note_unreadable", True)
    read = ground.attempt(lambda work: letter_answers.read(work, UUID(one["answer_id"])), REVIEWER)
    assert read["note"] is None
    assert ground.rows("SELECT box FROM letter_answer")[0].box == sealed


def test_a_person_reads_it_and_says_what_was_done(ground: Ground) -> None:
    arrive(ground, given("L-C-2026-999999-9", ground))
    [one] = aside(ground)
    answer_id = UUID(one["answer_id"])
    assert ground.attempt(lambda work: letter_answers.read(work, answer_id), REVIEWER)["note"] == NOTE
    assert [row.actor_id for row in ground.audited("letter.answer_read")] == [REVIEWER.id]
    body = {"answer_id": answer_id, "remark": "أُرسل إلى الوحدة المختصة"}
    assert ground.attempt(lambda work: letter_answers.settle(work, body), REVIEWER)["state"] == "seen"
    with pytest.raises(Refusal, match="letter_answer_settled"):
        ground.attempt(lambda work: letter_answers.settle(work, body), REVIEWER)
    assert aside(ground) == [] and len(aside(ground, state="seen")) == 1


def test_another_unit_sees_nothing_of_a_letter_that_is_not_its_own(ground: Ground) -> None:
    _, number = written(ground)
    arrive(ground, given(number, ground), given(number, ground))
    [one] = aside(ground)
    assert one["unit"] == UNIT
    other = type(REVIEWER)(id="staff:elsewhere", kind="staff", roles=REVIEWER.roles, unit="EG-C-02",
                           department=REVIEWER.department)
    assert aside(ground, other) == []
    with pytest.raises(Refusal, match="letter_answer_unknown"):
        ground.attempt(lambda work: letter_answers.read(work, UUID(one["answer_id"])), other)


WHY = "ذكرت الجهة رقماً ناقصاً، وأكدته هاتفياً"


def attach(ground: Ground, answer_id: str, number: str, actor: Any = REVIEWER) -> dict[str, Any]:
    body = load(AttachLetterAnswer(), {"answer_id": answer_id, "number": number, "remark": WHY})
    done: dict[str, Any] = ground.attempt(lambda work: letter_answers.attach(work, body), actor)
    return done


def test_an_answer_that_quoted_another_number_is_recorded_on_its_letter_by_a_person(ground: Ground) -> None:
    task, number = written(ground)
    send(ground, task)
    ground.wait(days=2)
    arrive(ground, given("L-C-2026-999999-9", ground))
    [one] = aside(ground)
    read = ground.attempt(lambda work: letter_answers.read(work, UUID(one["answer_id"])), REVIEWER)
    assert [(each["number"], each["sent_on"] is not None) for each in read["candidates"]] == [(number, True)]
    assert attach(ground, one["answer_id"], f" {number.lower()} ")["number"] == number
    found = letter(ground, task)
    assert (found["status"], found["answered_on"]) == ("answered", ground.now.date().isoformat())
    file = ground.attempt(lambda work: tasks.file(work, UUID(task["task_id"])), REVIEWER)
    assert [each["note"] for each in file["letters"] if each["current"]] == [NOTE]
    [row] = ground.rows("SELECT letter_id, request_id, unit, remark FROM letter_answer")
    assert row.letter_id and row.request_id and row.unit == UNIT and WHY not in row.remark
    [kept] = aside(ground, state="recorded")
    assert (kept["number"], kept["letter_number"], kept["settled_by"]) == ("L-C-2026-999999-9", number, REVIEWER.id)
    [audited] = ground.audited("letter.answer_attached")
    assert (audited.subject, audited.details["quoted"]) == (number, "L-C-2026-999999-9")
    with pytest.raises(Refusal, match="letter_answer_settled"):
        attach(ground, one["answer_id"], number)
    act = load(Act(), {"task_id": task["task_id"], "action": "answered"})
    assert ground.attempt(lambda work: tasks.act(work, act), REVIEWER)["state"] == "decision"


def test_it_is_attached_to_no_letter_that_is_anothers_or_waits_for_nothing(ground: Ground) -> None:
    task, number = written(ground)
    send(ground, task)
    other = given("L-C-2026-999999-9", ground, body="health")
    early = given("L-C-2026-999999-8", ground, answered_on=(ground.now.date() - timedelta(days=30)).isoformat())
    arrive(ground, other, early)
    for event, code in ((other, "letter_to_attach_differs"), (early, "letter_date_unsound")):
        with pytest.raises(Refusal, match=code) as refused:
            attach(ground, event.data["answer_id"], number)
        assert refused.value.faults[0].field == "number"
    with pytest.raises(Refusal, match="letter_to_attach_unknown"):
        attach(ground, other.data["answer_id"], "L-C-2026-000000-0")
    elsewhere = type(REVIEWER)(id="staff:elsewhere", kind="staff", roles=REVIEWER.roles, unit="EG-C-02",
                               department=REVIEWER.department)
    with pytest.raises(Refusal, match="letter_to_attach_unknown"):
        attach(ground, other.data["answer_id"], number, elsewhere)
    arrive(ground, given(number, ground))
    stray = given("L-C-2026-999999-7", ground)
    arrive(ground, stray)
    with pytest.raises(Refusal, match="letter_to_attach_waits_not"):
        attach(ground, stray.data["answer_id"], number)
    read = ground.attempt(lambda work: letter_answers.read(work, UUID(stray.data["answer_id"])), REVIEWER)
    assert read["candidates"] == [] and len(aside(ground)) == 3


def test_words_that_did_not_open_are_tried_again_with_the_keys_of_today(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, number = written(ground)
    send(ground, task)
    later = PrivateKey.generate()
    arrive(ground, given("L-C-2026-999999-9", ground, note=boxes.seal(NOTE.encode(), later.public_key)))
    [one] = aside(ground)
    monkeypatch.setattr(boxes, "private_keys", lambda _: (KEY, later))
    attach(ground, one["answer_id"], number)
    file = ground.attempt(lambda work: tasks.file(work, UUID(task["task_id"])), REVIEWER)
    assert [each["note"] for each in file["letters"] if each["current"]] == [NOTE]
    assert ground.rows("SELECT box FROM letter_answer")[0].box is None
