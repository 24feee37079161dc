import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.problems import describe
from rules import payment_states as life
from rules.refusal import Refusal


def walk(*triggers, state="created"):
    effects = []
    for trigger in triggers:
        taken = life.step(state, trigger)
        state, effects = taken.to_state, [*effects, taken.effect]
    return state, [effect for effect in effects if effect != "nothing"]


def test_the_plain_ways_to_pay():
    assert walk("started", "succeeded") == ("paid", ["receipt"])
    assert walk("cash_taken") == ("paid", ["receipt"])
    assert walk("started", "failed", "started", "succeeded") == ("paid", ["receipt"])


@pytest.mark.parametrize("before", ["failed", "expired"])
def test_a_late_success_overrides(before):
    assert walk("started", before, "succeeded") == ("paid", ["receipt"])


@pytest.mark.parametrize("after", ["failed", "expired", "repeated"])
def test_nothing_takes_a_payment_back(after):
    assert walk("started", "succeeded", after) == ("paid", ["receipt"])


def test_a_wrong_amount_waits_for_a_person():
    assert walk("started", "wrong_amount") == ("under_review", ["hold"])
    assert walk("started", "wrong_amount", "accepted") == ("paid", ["hold", "release"])
    assert walk("started", "wrong_amount", "returned") == ("cancelled", ["hold", "give_back"])
    assert walk("started", "wrong_amount", "expired", "failed") == ("under_review", ["hold"])


def test_more_time_reopens_what_expired_and_changes_nothing_else():
    assert walk("expired", "extended", "cash_taken") == ("paid", ["receipt"])
    assert walk("started", "extended") == ("pending", []) and walk("extended") == ("created", [])
    for settled in ("paid", "cancelled", "under_review", "refunded", "disputed"):
        with pytest.raises(Refusal, match="bill_not_payable"):
            life.step(settled, "extended")


def test_money_that_nobody_expected_is_held():
    assert walk("started", "cancelled", "succeeded") == ("under_review", ["hold"])
    assert walk("cash_taken", "wrong_amount") == ("paid", ["receipt", "hold"])


def test_a_bill_paid_twice_is_a_credit_of_the_citizen():
    assert walk("cash_taken", "succeeded") == ("paid", ["receipt", "credit"])
    assert walk("started", "succeeded", "refund_requested", "refunded", "succeeded") == (
        "refunded", ["receipt", "refund", "credit"])


def test_a_refund_in_parts():
    assert walk("cash_taken", "refund_requested", "partly_refunded", "refund_requested", "refunded") == (
        "refunded", ["receipt", "refund", "refund"])
    assert walk("cash_taken", "refund_requested", "refund_dropped") == ("paid", ["receipt"])
    assert walk("cash_taken", "refund_requested", "partly_refunded", "refund_requested", "rest_kept") == (
        "partly_refunded", ["receipt", "refund"])


def test_a_dispute_is_won_or_lost():
    assert walk("started", "succeeded", "dispute_opened", "dispute_won") == ("paid", ["receipt"])
    assert walk("started", "succeeded", "dispute_opened", "dispute_lost") == ("refunded", ["receipt", "charge_back"])


@pytest.mark.parametrize("state", ["pending", "failed", "created"])
def test_an_amended_bill_needs_a_new_reference_and_a_waived_one_is_settled(state):
    assert walk("amended", state=state) == ("created", [])
    assert walk("waived", state=state) == ("paid", [])


@pytest.mark.parametrize("state, trigger", [
    ("created", "refund_requested"), ("refunded", "refund_requested"), ("disputed", "refund_requested"),
    ("refund_requested", "refund_requested"), ("refunded", "dispute_opened"), ("paid", "refunded"),
    ("under_review", "refund_requested"), ("paid", "amended"), ("expired", "waived"), ("refund_requested", "cancelled"),
    ("paid", "started"), ("paid", "cash_taken"), ("paid", "cancelled"), ("expired", "started"),
    ("expired", "cash_taken"),
    ("cancelled", "started"), ("under_review", "cash_taken"), ("under_review", "cancelled"), ("paid", "accepted"),
    ("pending", "returned"), ("created", "dance"), ("dancing", "started")])
def test_what_a_bill_cannot_do(state, trigger):
    with pytest.raises(Refusal) as refused:
        life.step(state, trigger)
    assert refused.value.code == "bill_not_payable" and refused.value.faults[0].params["state"] == state


@pytest.mark.parametrize("state", life.STATES)
@pytest.mark.parametrize("trigger", [*life.MONEY, "repeated", "failed", "expired"])
def test_no_report_of_a_rail_is_ever_refused(state, trigger):
    assert life.step(state, trigger).to_state in life.STATES


@pytest.mark.parametrize("state", life.STATES)
def test_a_duplicate_changes_nothing(state):
    assert not life.step(state, "repeated").changes


@given(st.lists(st.sampled_from(life.TRIGGERS), max_size=15))
def test_over_any_life_money_is_posted_as_often_as_it_came_and_revenue_once(triggers):
    state, came, posted, released = "created", 0, [], 0
    for trigger in triggers:
        try:
            taken = life.step(state, trigger)
        except Refusal:
            continue
        came += trigger in (*life.MONEY, "cash_taken")
        posted += [taken.effect] if taken.effect in ("receipt", "hold", "credit") else []
        released += taken.effect == "release" or trigger == "waived"
        if state in life.COLLECTED:
            assert taken.to_state in life.COLLECTED
        state = taken.to_state
    assert len(posted) == came
    assert posted.count("receipt") + released == (state in life.COLLECTED)


def test_every_state_is_reached_and_the_table_can_be_printed():
    reached, ahead = {"created"}, ["created"]
    while ahead:
        here = ahead.pop()
        new = {one.to_state for one in life.STEPS.values() if one.from_state == here} - reached
        reached |= new
        ahead += new
    assert reached == set(life.STATES)
    assert {one.trigger for one in life.STEPS.values()} == set(life.TRIGGERS)
    assert life.table().count("\n") == len(life.STEPS) + 1
    assert "expired --> paid: succeeded / receipt" in life.mermaid()


def test_how_a_bill_stands_is_said_in_the_language_of_the_answer():
    assert set(life.NAMES) == set(life.STATES)
    with pytest.raises(Refusal) as refusal:
        life.step("cancelled", life.CASH_TAKEN)
    told = {language: describe(refusal.value.faults[0], language) for language in ("ar", "en")}
    assert "ملغاة" in told["ar"] and "cancelled" not in told["ar"] and "cancelled" in told["en"]
