"""What silence means, once: its step, its document, what contradicts it and who answers for that."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime

import pytest

from rules.refusal import Refusal
from rules.silence import NORM_LEAST
from services.requests import deemed, inquiry, reviews
from tests.support.deadlines_ground import MANAGER, Sweeping
from tests.support.requests_ground import HEAD, INSPECTOR, LAST4, NAME, OFFICER, Ground, staff
from tests.support.silence_ground import *  # noqa: F403  (fixtures)
from tests.support.silence_ground import DAY, DUE, LODGED, SPEAKS, decide, report, untouched, warned

# -- it speaks --------------------------------------------------------------------------------------------------------


def test_silence_is_approval_where_the_law_says_so_from_the_day_after_the_last(ground: Ground, sweeping: Sweeping
                                                                              ) -> None:
    lodged = ground.reviewed()
    warned(sweeping)
    assert sweeping.days(DUE - 2 * DAY, DUE) == 0
    assert untouched(ground, lodged)
    assert sweeping.day(SPEAKS) == 1
    row = ground.row(lodged)
    assert (row.state, row.outcome) == ("awaiting_final_fee", None)
    [document] = sweeping.deemed()
    assert (document.kind, document.due_on, document.issued_on) == ("deemed_approval", DUE, SPEAKS)
    assert document.effective_at == datetime(2026, 4, 30, 21, tzinfo=UTC)  # midnight in Cairo, in summer time
    assert sweeping.days(SPEAKS + DAY, SPEAKS + 10 * DAY) == 0
    assert len(sweeping.deemed()) == 1


def test_the_step_of_silence_is_told_like_any_other(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.reviewed()
    warned(sweeping)
    sweeping.day(SPEAKS)
    events = ground.events(lodged["request_id"])
    assert (events[-1].type, events[-1].data["action"], events[-1].data["from_state"]) == (
        "requests.request.moved.v1", "silence", "document_review")
    assert events[-1].time == sweeping.deemed()[0].effective_at
    entry = ground.timeline(lodged)["entries"][-1]
    assert entry["action_name"]["ar"] == "انقضت المدة القانونية دون رد"
    assert [row.status for row in ground.rows("SELECT status FROM task")] == ["closed"]
    assert ground.audited("silence.took_effect")[0].actor_kind == "system"
    assert ground.next(OFFICER) is None


def test_the_licence_follows_on_payment(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.reviewed()
    warned(sweeping)
    sweeping.day(SPEAKS)
    ground.pay(lodged, "final")
    assert ground.row(lodged).outcome == "approved"
    assert ground.status(lodged["tracking_number"])["deemed"]["kind"] == "deemed_approval"


def test_silence_is_rejection_where_the_law_says_so(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.reviewed(service_code="rejecting")
    warned(sweeping)
    assert sweeping.day(SPEAKS) == 1
    assert ground.row(lodged).outcome == "rejected"
    assert sweeping.deemed()[0].kind == "deemed_rejection"


def test_the_period_of_a_part_speaks_only_while_the_request_stands_in_it(ground: Ground, sweeping: Sweeping) -> None:
    silent, answered = ground.reviewed(service_code="staged"), ground.reviewed(service_code="staged")
    sweeping.day(LODGED + 17 * DAY)
    sweeping.at(LODGED + 20 * DAY, hour=14)
    ground.do(OFFICER, "accept")
    assert sweeping.day(LODGED + 21 * DAY) == 1
    states = {ground.row(one).state for one in (silent, answered)}
    assert states == {"inspection"}
    assert len(sweeping.deemed()) == 1
    assert sweeping.deemed()[0].period == "first"


def test_days_on_which_the_applicant_was_waited_for_do_not_count(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.sent_back()
    sweeping.at(LODGED + 10 * DAY)
    ground.resubmit(lodged)
    assert sweeping.days(DUE - 3 * DAY, DUE + 10 * DAY) == 0
    assert sweeping.day(DUE + 11 * DAY) == 1


def test_a_decision_however_late_leaves_silence_nothing_to_say(ground: Ground, sweeping: Sweeping) -> None:
    ground.decided()
    ground.do(HEAD, "approve")
    assert sweeping.days(DUE - 3 * DAY, SPEAKS + 5 * DAY) == 0
    assert sweeping.deemed() == []


def test_sent_to_be_inspected_again_is_no_decision(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.decided()
    ground.do(HEAD, "inspect_again", reason="لم تُعاين الواجهة")
    warned(sweeping)
    assert sweeping.day(SPEAKS) == 1
    assert ground.row(lodged).state == "awaiting_final_fee"


# -- the document -----------------------------------------------------------------------------------------------------


def test_the_document_says_what_it_is_and_can_be_verified(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.reviewed()
    warned(sweeping)
    sweeping.day(SPEAKS)
    number = sweeping.deemed()[0].number
    assert number.startswith("D-C-2026-")
    shown = deemed.verification(ground.unit_of_work(), number)
    assert (shown["kind"], shown["holder"], shown["due_on"], shown["under_review"]) == (
        "deemed_approval", NAME, DUE.isoformat(), False)
    assert "موافقة حكمية" in shown["kind_name"]["ar"]
    assert lodged["tracking_number"] not in str(shown)
    case = inquiry.admitted(ground.unit_of_work(), {"tracking_number": lodged["tracking_number"],
                                                   "phone_last4": LAST4})
    document = deemed.document_of(ground.unit_of_work(), case)
    assert document["number"] == number
    assert len(base64.b64decode(document["content"])) > 1000
    assert NAME not in str(ground.rows("SELECT signed FROM deemed"))


def test_where_silence_has_not_spoken_there_is_no_document(ground: Ground) -> None:
    lodged = ground.reviewed()
    case = inquiry.admitted(ground.unit_of_work(), {"tracking_number": lodged["tracking_number"],
                                                   "phone_last4": LAST4})
    with pytest.raises(Refusal, match="deemed_unknown"):
        deemed.document_of(ground.unit_of_work(), case)
    with pytest.raises(Refusal, match="deemed_number_malformed"):
        deemed.verification(ground.unit_of_work(), "C-2026-000001-X")


# -- contradicted -----------------------------------------------------------------------------------------------------


def test_what_the_desk_had_done_before_goes_to_the_head_and_nothing_is_withdrawn(ground: Ground, sweeping: Sweeping
                                                                                 ) -> None:
    lodged = ground.reviewed()
    warned(sweeping)
    sweeping.day(SPEAKS)
    task = ground.rows("SELECT id FROM task")[0].id
    before = ground.row(lodged)
    report(ground, task, datetime(2026, 4, 20, 9, tzinfo=UTC))
    assert ground.row(lodged) == before
    listed = reviews.listed(ground.unit_of_work(HEAD), {})["reviews"]
    assert [(one["kind"], one["tracking_number"]) for one in listed] == [("contradiction", lodged["tracking_number"])]
    assert listed[0]["facts"]["action"] == "send_back"
    assert listed[0]["facts"]["reason"] == "أُعيد الملف ورقياً لنقص العقد"
    assert deemed.verification(ground.unit_of_work(), sweeping.deemed()[0].number)["under_review"]
    assert "ورقياً" not in ground.raw_events()
    decide(ground, sweeping.reviews()[0], "to_be_withdrawn", HEAD)
    assert ground.row(lodged) == before  # a person withdraws by its own act
    assert reviews.listed(ground.unit_of_work(HEAD), {})["reviews"] == []


def test_what_cannot_be_reported(ground: Ground, sweeping: Sweeping) -> None:
    ground.reviewed()
    task = ground.rows("SELECT id FROM task")[0].id
    early = datetime(2026, 4, 20, 9, tzinfo=UTC)
    with pytest.raises(Refusal, match="no_silence"):
        report(ground, task, early)
    warned(sweeping)
    sweeping.day(SPEAKS)
    before = ground.counts()
    for code, changes in (("fact_not_earlier", {"at": sweeping.deemed()[0].effective_at}),
                          ("action_unknown", {"action": "approve"}), ("task_unknown", {"actor": INSPECTOR})):
        with pytest.raises(Refusal, match=code):
            report(ground, task, **{"at": early, **changes})
    assert ground.counts() == before
    assert sweeping.reviews() == []


def test_a_payment_that_came_late_and_speaks_against_a_rejection_goes_to_a_person(ground: Ground, sweeping: Sweeping
                                                                                  ) -> None:
    lodged = ground.reviewed(service_code="rejecting")
    warned(sweeping)
    sweeping.day(SPEAKS)
    ground.pay(lodged, "final", at=datetime(2026, 4, 20, 9, tzinfo=UTC))
    assert ground.row(lodged).outcome == "rejected"
    assert [review.kind for review in sweeping.reviews()] == ["contradiction"]


def test_a_payment_after_it_contradicts_nothing(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.reviewed(service_code="rejecting")
    warned(sweeping)
    sweeping.day(SPEAKS)
    ground.pay(lodged, "final")
    assert sweeping.reviews() == []


def test_a_holiday_heard_of_after_silence_spoke_goes_to_a_person(ground: Ground, sweeping: Sweeping) -> None:
    lodged = ground.reviewed(service_code="in-working-days")
    due = ground.row(lodged).due_on
    sweeping.day(due - 3 * DAY)
    assert sweeping.days(due, due + DAY) == 1
    ground.organise("holiday", "late", {"valid_from": "2026-01-01", "body": {
        "name": {"ar": "إجازة بقرار", "en": "Decreed"}, "effect": "holiday", "first": "2026-03-04",
        "last": "2026-03-04", "decree": {"number": "9/2026", "date": "2026-03-01"}, "scope": None}})
    sweeping.move()
    [review] = sweeping.reviews()
    assert (review.kind, review.facts["what"]) == ("contradiction", "calendar")
    assert date.fromisoformat(review.facts["due_on"]) > due
    assert ground.row(lodged).state == "awaiting_final_fee"


def test_a_late_fact_applies_at_its_own_time(ground: Ground, sweeping: Sweeping) -> None:
    """The inspection fee was paid on the 1st and told on the 20th: the sixty days run from the 1st."""
    lodged = ground.submit()
    sweeping.at(LODGED + 19 * DAY)
    ground.pay(lodged, at=datetime(2026, 3, 1, 9, tzinfo=UTC))
    assert ground.row(lodged).due_on == DUE
    warned(sweeping)
    assert sweeping.day(SPEAKS) == 1


# -- who answers ------------------------------------------------------------------------------------------------------


def test_the_nodes_questions_are_answered_by_who_answers_for_it(ground: Ground, sweeping: Sweeping) -> None:
    for _ in range(NORM_LEAST + 1):
        ground.reviewed()
    warned(sweeping)
    sweeping.days(DUE, SPEAKS)
    [review] = sweeping.reviews()
    assert reviews.listed(ground.unit_of_work(HEAD), {})["reviews"] == []
    for actor, changes, code in (
            (HEAD, {}, "forbidden"), (MANAGER, {"decision": "stands"}, "review_decision_unfit"),
            (MANAGER, {"reason": "…"}, "reason_required"), (MANAGER, {"version": 7}, "conflict")):
        with pytest.raises(Refusal, match=code):
            decide(ground, review, **{"decision": "proceed", "actor": actor, **changes})
    decide(ground, review, "proceed")
    with pytest.raises(Refusal, match="review_done"):
        decide(ground, review, "hold")


def test_another_units_question_is_unknown(ground: Ground, sweeping: Sweeping) -> None:
    ground.reviewed()
    warned(sweeping)
    sweeping.day(SPEAKS)
    report(ground, ground.rows("SELECT id FROM task")[0].id, datetime(2026, 4, 20, 9, tzinfo=UTC))
    elsewhere = staff("far", "unit_head", "leadership", unit="EG-C-02")
    with pytest.raises(Refusal, match="silence_review_unknown"):
        decide(ground, sweeping.reviews()[0], "stands", elsewhere)
