"""SMS through an operator that joins, throttles, refuses, tells late or twice, and hands back what citizens say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from chassis import actors
from chassis.uow import UnitOfWork
from services.notifications import messages, preferences, receipts, settings_providers
from services.notifications.packing import pack_sms, pack_sms_of
from services.notifications.providers.base import Answer, Receipt, Verdict
from services.notifications.providers.smpp import Smpp
from services.notifications.sending import Channel
from tests.support.sending_office import *  # noqa: F403  (fixtures)
from tests.support.sending_office import LEASE, URL, bare, claim_only


def test_an_arabic_sms_of_two_parts_arrives_joined_and_is_known_delivered(office, peers):
    request_id, phone = office.lodge()
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    (arrived,) = peers.sms(bare(phone))
    assert arrived["complete"]
    assert arrived["total"] == 2
    assert arrived["coding"] == 8
    assert arrived["from"] == "Shubbak"
    assert arrived["text"].startswith("استلمنا طلبك (ترخيص محل تجاري) برقم متابعة EG-C-7K3M-9Q2X-4")
    assert arrived["text"].endswith(f"{URL}/ar/follow/EG-C-7K3M-9Q2X-4")
    changes = office.events(request_id)
    assert [sequence for sequence, _ in changes] == list(range(1, len(changes) + 1))
    assert [state for _, state in changes] in (
        ["queued", "sent", "delivered"], ["queued", "delivered"],
    )  # fmt: skip


def test_a_throttled_message_is_tried_again_after_the_pause(office, peers):
    peers.control(smsc={"reject": "throttled", "reject_times": 2})
    request_id, phone = office.lodge()
    office.until(lambda: office.state(request_id) == "failed_temporarily", office.sms)
    assert office.rows(request_id)["sms"].error == "throttled"
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    assert [m["submissions"] for m in peers.sms(bare(phone))] == [2]


def test_a_number_that_the_operator_refuses_fails_for_good(office, peers):
    request_id, phone = office.lodge()
    peers.control(smsc={"reject_numbers": [bare(phone)]})
    office.until(lambda: office.state(request_id) == "failed", office.sms)
    assert office.rows(request_id)["sms"].error == "smpp_0xb"
    office.later(timedelta(hours=5))
    office.sms.step(office.transact)
    assert office.rows(request_id)["sms"].attempts == 1


def test_a_handset_that_does_not_take_the_message_makes_it_failed(office, peers):
    peers.control(smsc={"receipts": "failed"})
    request_id, _ = office.lodge()
    office.until(lambda: office.state(request_id) == "failed", office.sms)
    assert office.rows(request_id)["sms"].error == "receipt_undeliv_001"


def test_receipts_that_come_twice_and_late_count_once(office, peers):
    peers.control(smsc={"receipts": "duplicate", "receipt_delay_ms": 300})
    request_id, _ = office.lodge()
    office.until(lambda: office.state(request_id) == "sent", office.sms)
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    seen = office.events(request_id)
    for _ in range(5):
        office.sms.step(office.transact)
    assert office.events(request_id) == seen


def test_a_line_cut_in_the_middle_of_a_window_loses_nothing_and_repeats_only_what_had_no_answer(office, peers):
    def states() -> set[str]:
        return {office.state(request_id) for request_id, _ in lodged}

    first, _ = office.lodge()
    office.until(lambda: office.state(first) == "delivered", office.sms)
    lodged = [office.lodge() for _ in range(12)]
    peers.control(smsc={"drop_after": 7})
    handed = 0
    while handed < 12:  # all came back, with an answer or without
        handed += office.sms.send_due(office.transact)
    unanswered = {request_id for request_id, _ in lodged if office.state(request_id) == "sending"}
    assert unanswered, "the cut left no message without an answer"
    office.later(timedelta(seconds=6))
    office.until(lambda: states() <= {"sending", "delivered"}, office.sms)
    assert {request_id for request_id, _ in lodged if office.state(request_id) == "sending"} == unanswered
    office.later(LEASE + timedelta(seconds=1))
    office.until(lambda: states() == {"delivered"}, office.sms)
    for request_id, phone in lodged:
        arrived = peers.sms(bare(phone))
        assert any(message["complete"] for message in arrived)
        submissions = sum(message["submissions"] for message in arrived)
        assert 2 <= submissions <= 4 if request_id in unanswered else submissions == 2


def test_a_receipt_that_names_our_reference_settles_a_message_whose_answer_was_lost(office, peers):
    request_id, phone = office.lodge()
    (taken,) = claim_only(office, "sms", pack_sms)
    arrived = [Receipt(f"ff{part.number}{request_id.hex}", True, None, part.reference, phone) for part in taken.parts]
    other = Receipt(f"other{request_id.hex}", True, None, taken.parts[0].reference, "+201000000000")
    office.transact(lambda work: receipts.keep(work, "smpp", [other, *arrived]))
    office.transact(receipts.apply)
    assert office.state(request_id) == "delivered"
    office.later(LEASE + timedelta(seconds=1))
    office.sms.step(office.transact)
    assert peers.sms(bare(phone)) == []
    with office.context.database.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM receipt")).scalar() == 1  # the stranger's


def test_a_receipt_that_overtakes_the_answer_waits_for_it(office):
    request_id, phone = office.lodge()
    (taken,) = claim_only(office, "sms", pack_sms)
    early = [Receipt(f"e{part.number}{request_id.hex}", True, None, None, phone) for part in taken.parts]
    office.transact(lambda work: receipts.keep(work, "smpp", early))
    office.transact(receipts.apply)
    assert office.state(request_id) == "sending"
    answers = {part.number: Answer(Verdict.ACCEPTED, one.provider_message_id)
               for part, one in zip(taken.parts, early, strict=True)}  # fmt: skip
    office.transact(lambda work: messages.record(work, {taken.message_id: answers}))
    assert office.state(request_id) == "sent"
    office.transact(receipts.apply)
    assert office.state(request_id) == "delivered"


def test_a_text_message_comes_from_the_governorate_of_its_unit(office, peers):
    senders = settings_providers.Senders("Shubbak", {"C": "Cairo"}, "EG-C")
    channel = Channel("sms", Smpp(office.sms_settings), pack_sms_of(senders), LEASE)
    request_id, phone = office.lodge()  # of EG-C-01
    office.until(lambda: office.state(request_id) == "delivered", channel)
    channel.close()
    assert [one["from"] for one in peers.sms(bare(phone))] == ["Cairo"]


@pytest.mark.parametrize("said", ["STOP", "إيقاف"])
def test_a_text_that_a_handset_sends_back_stops_messages_to_it(office, peers, said):
    request_id, phone = office.lodge()
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    peers.write_back(bare(phone), said)

    def stopped():
        shown = preferences.standing(UnitOfWork(office.context, actors.system("notifications"), "t"),
                                     preferences.Address("sms", phone))
        return shown is not None and shown.opted_out_at is not None

    office.until(stopped, office.sms)
    again, _ = office.lodge(phone=phone)
    assert office.rows(again) == {}
