"""Complaints and requests to open again, over a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chassis.actors import PUBLIC
from chassis.answers import load
from chassis.errors import Conflict
from contracts import requests_afterwards as language
from rules.refusal import Refusal
from services.requests import complaints, records, reopening
from tests.support.requests_ground import HEAD, INSPECTOR, LAST4, OFFICER, Ground, shop, staff
from tests.support.shop_ground import *  # noqa: F403  (fixtures)

MANAGER = staff("manager", "centre_manager")
SECOND_HEAD = staff("deputy", "unit_head", "leadership")
TEXT = "تأخر طلبي أسبوعين ولم يتصل بي أحد"
ANSWER = "راجعنا الملف واعتذرنا للمواطن وأُنجز الطلب"


@pytest.fixture(scope="module")
def opened(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.publish({**shop(), "documents": []})
    yield made
    made.close()


def complain(ground: Ground, lodged: dict[str, Any], last4: str = LAST4, **more: Any) -> dict[str, Any]:
    body = load(language.Complain(), {"tracking_number": lodged["tracking_number"], "phone_last4": last4,
                                      "kind": "delay", "text": TEXT, **more})
    found: dict[str, Any] = ground.attempt(lambda work: complaints.complain(work, body), PUBLIC)
    return found


def answer(ground: Ground, number: str, actor: Any = MANAGER, **more: Any) -> dict[str, Any]:
    body = load(language.AnswerComplaint(), {"complaint_number": number, "upheld": True, "answer": ANSWER, **more})
    found: dict[str, Any] = ground.attempt(lambda work: complaints.answer(work, body), actor)
    return found


def status(ground: Ground, number: str, last4: str = LAST4) -> dict[str, Any]:
    return complaints.status(ground.unit_of_work(PUBLIC), {"complaint_number": number, "phone_last4": last4})


def escalate(ground: Ground) -> int:
    count = 0
    while ground.attempt(complaints.escalate_next):
        count += 1
    return count


def before(ground: Ground, actor: Any) -> list[str]:
    body = load(language.ListComplaints(), {})
    found = ground.attempt(lambda work: complaints.listed(work, body), actor)
    return [one["complaint_number"] for one in found["complaints"]]


def test_a_complaint_has_its_own_number_and_day_and_is_answered(ground: Ground) -> None:
    made = complain(ground, ground.reviewed(documents=[]))
    number = made["complaint_number"]
    assert number.startswith("K-C-2026-") and made["due_on"] == "2026-03-08"  # five working days from Sunday
    assert (before(ground, MANAGER), before(ground, HEAD)) == ([number], [])
    assert answer(ground, number)["upheld"] is True
    shown = status(ground, number)
    assert (shown["state"], shown["upheld"], shown["answer"]) == ("answered", True, ANSWER)
    [row] = ground.rows("SELECT * FROM complaint")
    assert [(event.sequence, event.data["state"]) for event in ground.events(row.id)] == [(1, "open"), (2, "answered")]
    assert TEXT not in str(row) and ANSWER not in str(row) and TEXT not in ground.raw_events()


def test_let_lie_it_goes_to_the_next_head_and_to_the_unit_above_each_with_its_own_day(ground: Ground) -> None:
    ground.organise("unit", "EG-C-DIWAN", {"valid_from": "2026-01-01", "body": {
        "name": {"ar": "الديوان العام", "en": "Diwan"}, "kind": "diwan", "governorate": "EG-C", "authority": None,
        "parent": None, "status": "open"}})
    number = complain(ground, ground.reviewed(documents=[]))["complaint_number"]
    ground.wait(days=7)
    assert escalate(ground) == 0  # its day is not over
    ground.wait(days=1)
    assert escalate(ground) == 1
    assert (status(ground, number)["before"], status(ground, number)["due_on"]) == ("unit_head", "2026-03-16")
    assert (before(ground, MANAGER), before(ground, HEAD)) == ([], [number])
    with pytest.raises(Refusal, match="forbidden"):
        answer(ground, number, MANAGER)
    ground.wait(days=8)
    assert escalate(ground) == 1
    [row] = ground.rows("SELECT unit, level FROM complaint")
    assert (row.level, row.unit) == (2, "EG-C-DIWAN")
    above = staff("above", "unit_head", "leadership", unit="EG-C-DIWAN")
    assert (before(ground, HEAD), before(ground, above)) == ([], [number])
    ground.wait(days=30)
    assert escalate(ground) == 1
    assert escalate(ground) == 0  # nobody is above: late, once
    assert status(ground, number)["late"] is True
    assert answer(ground, number, above)["state"] == "answered"


def test_the_answer_travels_sealed_to_who_complained(ground: Ground) -> None:
    lodged = ground.reviewed(documents=[])
    answer(ground, complain(ground, lodged)["complaint_number"])
    made, answered = ground.events(ground.rows("SELECT id FROM complaint")[0].id)
    assert made.data["note"] is None
    assert ground.privacy.open(answered.data["note"], ring="contact", field=records.NOTE) == ANSWER
    assert ANSWER not in str(answered.data)


def test_of_two_sweeps_at_once_one_escalates(ground: Ground) -> None:
    complain(ground, ground.reviewed(documents=[]))
    ground.wait(days=9)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ground.attempt(complaints.escalate_next), range(4)))
    assert ground.rows("SELECT level FROM complaint")[0].level == 1


def test_nobody_answers_about_the_own_work(ground: Ground) -> None:
    lodged = ground.decided(documents=[])
    ground.do(HEAD, "reject", reason="غير مطابق", legal_reason="conditions_unmet")
    number = complain(ground, lodged, kind="decision")["complaint_number"]
    ground.wait(days=9)
    escalate(ground)
    with pytest.raises(Refusal, match="apart_by_design"):
        answer(ground, number, HEAD)
    assert answer(ground, number, SECOND_HEAD)["state"] == "answered"


def test_one_open_complaint_about_a_request_and_another_once_it_was_answered(ground: Ground) -> None:
    lodged = ground.reviewed(documents=[])
    number = complain(ground, lodged)["complaint_number"]
    with pytest.raises(Refusal, match="complaint_open"):
        complain(ground, lodged)
    answer(ground, number)
    with pytest.raises(Refusal, match="complaint_answered"):
        answer(ground, number)
    assert complain(ground, lodged)["complaint_number"] != number


@pytest.mark.parametrize("last4", ["0000", "", "x"])
def test_wrong_digits_and_unknown_numbers_are_refused_alike(ground: Ground, last4: str) -> None:
    lodged = ground.reviewed(documents=[])
    with pytest.raises(Refusal, match="tracking_unknown"):
        complain(ground, lodged, last4)
    number = complain(ground, lodged)["complaint_number"]
    for wrong in ((number, last4), ("K-C-2026-000009-0", LAST4), ("nonsense", LAST4)):
        with pytest.raises(Refusal, match="complaint_unknown"):
            status(ground, *wrong)


def test_another_units_manager_reads_none_of_it(ground: Ground) -> None:
    number = complain(ground, ground.reviewed(documents=[]))["complaint_number"]
    with pytest.raises(Refusal, match="forbidden"):
        ground.attempt(lambda work: complaints.file(work, number), staff("x", "centre_manager", unit="EG-C-02"))
    found = ground.attempt(lambda work: complaints.file(work, number), MANAGER)
    assert found["text"] == TEXT and len(ground.audited("complaint.read")) == 1


def rejected(ground: Ground) -> dict[str, Any]:
    lodged = ground.decided(documents=[])
    ground.do(HEAD, "reject", reason="غير مطابق للاشتراطات", legal_reason="conditions_unmet")
    return lodged


def ask(ground: Ground, lodged: dict[str, Any]) -> str:
    body = load(language.AskReopening(), {"tracking_number": lodged["tracking_number"], "phone_last4": LAST4,
                                          "reason": "قُدمت الشهادة المطلوبة قبل القرار"})
    return str(ground.attempt(lambda work: reopening.ask(work, body), PUBLIC)["reopening_id"])


def decide(ground: Ground, asked: str, actor: Any = SECOND_HEAD, grant: bool = True) -> dict[str, Any]:
    body = load(language.DecideReopening(), {"reopening_id": asked, "grant": grant, "reason": "المستند كان في الملف"})
    found: dict[str, Any] = ground.attempt(lambda work: reopening.decide(work, body), actor)
    return found


def test_opened_again_it_stands_where_its_end_was_decided(ground: Ground) -> None:
    lodged = rejected(ground)
    assert decide(ground, ask(ground, lodged)) | {"reopening_id": ""} == {
        "reopening_id": "", "state": "granted", "request_state": "decision"}
    row = ground.row(lodged)
    assert (row.state, row.outcome) == ("decision", None)
    ground.do(HEAD, "approve")
    ground.pay(lodged, "final")
    assert ground.row(lodged).outcome == "approved"
    assert [event.data["action"] for event in ground.events(lodged["request_id"])][-4:] == [
        "reject", "reopen", "approve", "paid"]


def test_the_time_it_was_closed_counts_to_nobody(ground: Ground) -> None:
    lodged = rejected(ground)
    used = [one for one in ground.timeline(lodged)["deadline"] if one["clock"] == "running"]
    ground.wait(days=14)
    decide(ground, ask(ground, lodged))
    explained = ground.timeline(lodged)["deadline"]
    assert [one for one in explained if one["clock"] == "running"][: len(used)] == used
    stood = [one for one in explained if one["why"] == "rejected"]
    assert [(one["clock"], one["from"], one["to"]) for one in stood] == [("stopped", "2026-03-01", "2026-03-15")]


def test_refused_it_stays_ended_and_is_not_asked_again(ground: Ground) -> None:
    lodged = rejected(ground)
    asked = ask(ground, lodged)
    assert decide(ground, asked, grant=False)["state"] == "refused"
    assert ground.row(lodged).outcome == "rejected"
    with pytest.raises(Refusal, match="reopening_asked_before"):
        ask(ground, lodged)
    with pytest.raises(Refusal, match="reopening_decided"):
        decide(ground, asked)


def test_who_rejected_it_does_not_decide_and_an_officer_may_not(ground: Ground) -> None:
    asked = ask(ground, rejected(ground))
    with pytest.raises(Refusal, match="apart_by_design"):
        decide(ground, asked, HEAD)
    for actor in (OFFICER, INSPECTOR, staff("far", "unit_head", unit="EG-C-02")):
        with pytest.raises(Refusal, match="forbidden"):
            decide(ground, asked, actor)


def test_only_a_rejection_or_a_lapse_and_not_too_late(ground: Ground) -> None:
    with pytest.raises(Refusal, match="reopening_not_possible"):
        ask(ground, ground.reviewed(documents=[]))
    with pytest.raises(Refusal, match="reopening_not_possible"):
        ask(ground, ground.issued(documents=[]))
    lodged = rejected(ground)
    ground.wait(days=61)
    with pytest.raises(Refusal, match="reopening_not_possible"):
        ask(ground, lodged)


def test_of_two_who_decide_at_once_one_does(ground: Ground) -> None:
    asked = ask(ground, rejected(ground))

    def tried(grant: bool) -> bool:
        try:
            decide(ground, asked, grant=grant)
        except (Refusal, Conflict):
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tried, [True, False] * 2)) == 1


def test_the_timeline_tells_each_complaint_with_its_day_and_none_of_its_text(ground: Ground) -> None:
    lodged = ground.reviewed(documents=[])
    assert (ground.timeline(lodged)["complaints"], ground.timeline(lodged)["reopening"]) == ([], None)
    made = complain(ground, lodged)
    [told] = ground.timeline(lodged)["complaints"]
    assert (told["complaint_number"], told["due_on"], told["before"]) == (
        made["complaint_number"], made["due_on"], "centre_manager")
    answer(ground, made["complaint_number"])
    [told] = ground.timeline(lodged)["complaints"]
    assert (told["state"], told["upheld"]) == ("answered", True)
    assert TEXT not in str(told) and ANSWER not in str(told)


def test_the_timeline_says_until_when_an_end_may_be_looked_at_anew_and_that_it_was_asked(ground: Ground) -> None:
    lodged = rejected(ground)
    assert ground.timeline(lodged)["reopening"] == {"until": "2026-04-30"}
    asked = ask(ground, lodged)
    assert ground.timeline(lodged)["reopening"] == {"state": "asked"}
    decide(ground, asked, grant=False)
    assert ground.timeline(lodged)["reopening"] == {"state": "refused"}


def test_after_its_day_nothing_is_offered(ground: Ground) -> None:
    lodged = rejected(ground)
    ground.wait(days=61)
    assert ground.timeline(lodged)["reopening"] is None
