"""What comes after a request reaches the citizen's handset and mailbox: over a real database and the real protocols."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from chassis.ids import uuid7
from contracts import requests_afterwards, requests_outputs
from contracts.events import Event, EventType
from services.notifications import aftermath, recipients
from tests.support.sending_office import *  # noqa: F403  (fixtures)
from tests.support.sending_office import URL, Office, bare

WHY = "ثبت في معاينتين أن المحل يبيع ما لا يسمح به الترخيص ولم تُزل المخالفة بعد الإنذار"


def told(of: Office, event_type: EventType, sequence: int, request_id: UUID, make, **data) -> Event:
    note = data.pop("note", None)
    if note:
        note = of.context.privacy.seal(note, ring=recipients.CONTACT_RING, field=recipients.NOTE_FIELD)
    event = Event(uuid7(), event_type.name, "urn:t", uuid7(), sequence, datetime.now(UTC), "c",
                  {"request_id": str(request_id), "note": note, **data})
    for _ in range(2):  # a second delivery of the same event tells nothing again
        of.transact(lambda work: recipients.tell_after(work, event, URL, make))
    return event


def test_a_suspension_reaches_the_holder_with_its_reason(office, peers):
    request_id, phone = office.lodge(email="mona@example.org")
    office.until(lambda: office.state(request_id) == "delivered", office.sms)
    told(office, requests_outputs.LICENCE_CHANGED, 2, request_id, aftermath.of_licence_change, act="suspend",
         serial="EG-C-SHOP-2026-000123", note=WHY)
    office.until(lambda: len(peers.sms(bare(phone))) == 2, office.sms)
    office.until(lambda: len(peers.mail("mona@example.org")) == 2, office.email)
    sms = peers.sms(bare(phone))[-1]["text"]
    assert sms.startswith("أُوقف الترخيص EG-C-SHOP-2026-000123. السبب: ثبت في معاينتين")
    assert WHY in peers.mail("mona@example.org")[-1]["text"]


def test_a_complaint_is_heard_of_when_it_is_taken_escalated_and_answered(office, peers):
    request_id, phone = office.lodge(language="en", name="Mona")
    common = {"number": "K-C-2026-000001-K", "due_on": "2026-03-15", "late": False}
    heard = ((1, "open", None, None), (2, "open", None, None), (3, "answered", True, "Sorry."))
    for sequence, state, upheld, note in heard:
        told(office, requests_afterwards.COMPLAINT_CHANGED, sequence, request_id, aftermath.of_complaint,
             state=state, upheld=upheld, note=note, **common)
    office.until(lambda: len(peers.sms(bare(phone))) == 4, office.sms)
    texts = " | ".join(sorted(one["text"] for one in peers.sms(bare(phone))))
    for said in ("was recorded. Answer by 15 March 2026", "went to the next head", "was upheld: Sorry."):
        assert said in texts


@pytest.mark.parametrize(("state", "words"), [("granted", "أُعيد فتحه"), ("refused", "لم تُقبل")])
def test_what_was_decided_about_opening_again_is_heard(office, peers, state, words):
    request_id, phone = office.lodge()
    told(office, requests_afterwards.REOPENING_CHANGED, 2, request_id, aftermath.of_reopening, state=state, note=WHY)
    office.until(lambda: len(peers.sms(bare(phone))) == 2, office.sms)
    assert any(words in one["text"] for one in peers.sms(bare(phone)))


def test_an_act_on_a_licence_whose_request_is_not_known_yet_waits_in_the_inbox(office):
    with pytest.raises(recipients.RecipientUnknown):
        told(office, requests_outputs.LICENCE_CHANGED, 2, uuid7(), aftermath.of_licence_change, act="cancel",
             serial="L")


def test_when_a_requests_time_is_over_nobody_is_reached_about_it_any_more(office):
    request_id, _ = office.lodge()
    other, _ = office.lodge()
    office.transact(lambda work: recipients.forget(work, request_id))
    assert office.rows(request_id) == {}
    assert set(office.rows(other)) == {"sms"}
    told(office, requests_outputs.LICENCE_CHANGED, 9, request_id, aftermath.of_licence_change, act="resume", serial="L")
    assert office.rows(request_id) == {}
