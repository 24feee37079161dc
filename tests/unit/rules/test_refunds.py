import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import describe
from rules import refunds
from rules.refunds import Part
from rules.refusal import Refusal

LINES = [{"code": "inspection", "amount": 10_000}, {"code": "stamp", "amount": 2_050}]


def walk(*triggers, state="requested"):
    for trigger in triggers:
        state = refunds.step(state, trigger)
    return state


def test_the_plain_ways_back():
    assert walk("approved", "sent", "confirmed") == "done"
    assert walk("approved", "confirmed") == "done"
    assert walk("rejected") == "rejected"


def test_what_the_rail_will_not_give_back_goes_another_way():
    assert walk("approved", "sent", "refused", "rerouted", "confirmed") == "done"
    assert walk("approved", "sent", "doubted", "sent_again", "confirmed") == "done"


@pytest.mark.parametrize("state, trigger", [
    ("requested", "sent"), ("requested", "confirmed"), ("rejected", "approved"), ("done", "sent"), ("done", "rejected"),
    ("sent", "rerouted"), ("sent", "given_up"), ("uncertain", "given_up"), ("sent", "rejected")])
def test_nothing_is_given_without_approval_nor_dropped_while_it_may_have_gone_out(state, trigger):
    with pytest.raises(Refusal, match="refund_not_possible"):
        refunds.step(state, trigger)


def test_the_rest_of_every_line_and_a_part_of_one():
    assert refunds.parts(LINES, [], None) == (Part("inspection", 10_000), Part("stamp", 2_050))
    assert refunds.parts(LINES, [Part("stamp", 2_050), Part("inspection", 1)], None) == (Part("inspection", 9_999),)
    assert refunds.parts(LINES, [], [Part("stamp", 50)]) == (Part("stamp", 50),)


def test_all_faults_of_a_wish_at_once():
    with pytest.raises(Refusal) as refused:
        refunds.parts(LINES, [Part("stamp", 2_000)], [Part("stamp", 51), Part("gift", 1), Part("inspection", 1),
                                                      Part("inspection", 1)])
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [
        ("refund_above_rest", "lines/0/amount"), ("refund_line_unknown", "lines/1/code"),
        ("refund_line_twice", "lines/3/code")]
    assert refused.value.faults[0].params == {"rest": 50}


def test_nothing_left():
    with pytest.raises(Refusal, match="refund_nothing_left"):
        refunds.parts(LINES, [Part("stamp", 2_050), Part("inspection", 10_000)], None)


@given(st.lists(st.tuples(st.sampled_from(["inspection", "stamp"]), st.integers(1, 12_000)), max_size=12))
def test_never_more_goes_back_than_was_paid(wishes):
    taken = []
    for code, amount in wishes:
        try:
            taken += refunds.parts(LINES, taken, [Part(code, amount)])
        except Refusal as refused:
            assert refused.code == "refund_above_rest"
    for line in LINES:
        assert refunds.total(part for part in taken if part.code == line["code"]) <= line["amount"]
    try:
        taken += refunds.parts(LINES, taken, None)
    except Refusal as refused:
        assert refused.code == "refund_nothing_left"
    assert refunds.total(taken) == sum(line["amount"] for line in LINES)


@given(st.lists(st.sampled_from(refunds.TRIGGERS), max_size=12))
def test_over_any_life_money_goes_back_once_and_only_after_an_approval(triggers):
    state, approved, done = "requested", False, 0
    for trigger in triggers:
        try:
            after = refunds.step(state, trigger)
        except Refusal:
            continue
        approved = approved or trigger == "approved"
        done += after == "done" and state != "done"
        state = after
    assert done == (state == "done") and (not done or approved)


def test_every_state_is_reached_and_the_table_can_be_printed():
    reached = {"requested"} | set(refunds.STEPS.values())
    assert reached == set(refunds.STATES)
    assert {trigger for _, trigger in refunds.STEPS} == set(refunds.TRIGGERS)
    assert refunds.table().count("\n") == len(refunds.STEPS) + 1
    assert "sent --> refused: refused" in refunds.mermaid()


def test_how_a_refund_stands_is_said_in_the_language_of_the_answer():
    assert set(refunds.NAMES) == set(refunds.STATES)
    with pytest.raises(Refusal) as refusal:
        refunds.step("done", refunds.REJECTED)
    told = {language: describe(refusal.value.faults[0], language) for language in ("ar", "en")}
    assert "تم" in told["ar"] and "done" not in told["ar"] and "done" in told["en"]
