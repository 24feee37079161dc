"""What else is done at the window: turns and tickets, finding a request, correcting it, handing a licence over."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from rules.refusal import Fault, Refusal, refuse
from tests.unit.gateway.ground import NUMBER, Service, client_of, csrf_of, hidden
from tests.unit.gateway.window_ground import CARD, DESK, EARLIER, TURN, Window

# -- turns and tickets ----------------------------------------------------------------------------------------------


def test_calling_acts_and_calls_the_next_in_one_go_each_under_its_own_command() -> None:
    window = Window()
    window.service.answers |= {"requests.end_turn": {"turn": TURN}, "requests.call_turn": {"turn": None}}
    page = window.client.get(DESK).get_data(as_text=True)
    data = {"once": hidden(page, "once"), "turn_id": TURN["turn_id"], "page": "window", "act": "end+call"}
    for _ in range(2):
        assert window.post("/ar/staff/turns", data).status_code == 303
    assert window.sent("requests.end_turn")[0] == {"turn_id": TURN["turn_id"], "window": "3"}
    assert window.sent("requests.call_turn")[0] == {
        "window": "3", "queues": ["intake", "follow_up", "collection"], "turn_id": None}
    ended, called = set(window.commands("requests.end_turn")), set(window.commands("requests.call_turn"))
    assert len(ended) == len(called) == 1 and ended != called


def test_a_fault_of_a_turn_is_said_on_the_page_it_leads_back_to() -> None:
    window = Window()
    window.service.answers["requests.end_turn"] = Refusal(Fault("turn_elsewhere", "window", {"window": "4"}))
    page = window.client.get(DESK).get_data(as_text=True)
    answer = window.post("/ar/staff/turns", {"once": hidden(page, "once"), "turn_id": TURN["turn_id"], "act": "end"})
    shown = window.client.get(answer.headers["Location"]).get_data(as_text=True)
    assert 'id="faults"' in shown and "هذا الدور أمام شباك 4" in shown
    assert 'id="faults"' not in window.client.get(DESK + "?fault=forged").get_data(as_text=True)


def test_a_kiosk_gives_one_ticket_for_one_press_and_names_nobody() -> None:
    service = Service()
    token = service.log_in("kiosk")
    service.answers["requests.take_turn"] = {
        "label": "A8", "queue_name": {"ar": "تقديم", "en": "New"}, "ahead": 3, "taken_at": "2026-03-01T08:00:00+00:00",
        "unit": "EG-C-01", "priority": True}
    client = client_of(service, token)
    page = client.get("/ar/staff/kiosk").get_data(as_text=True)
    data = {"csrf": csrf_of(client), "once": hidden(page, "once"), "queue": "intake", "priority": "1"}
    answers = [client.post("/ar/staff/kiosk", data=data) for _ in range(2)]
    commands = {one.command_id for one in service.called if one.method == "requests.take_turn"}
    assert len(commands) == 1 and service.called[-1].payload == {"queue": "intake", "priority": True}
    shown = client.get(answers[0].headers["Location"]).get_data(as_text=True)
    assert "A8" in shown and "أمامك في الصف: 3" in shown
    assert client.get("/ar/staff/kiosk/ticket?of=forged").status_code == 303
    assert client.get(DESK).status_code == 403, "a kiosk does nothing else"


def test_a_kiosk_that_is_played_with_says_how_long_to_wait() -> None:
    service = Service()
    token = service.log_in("kiosk")
    service.answers["requests.take_turn"] = refuse("tickets_too_many", "queue", count=20, seconds=37)
    client = client_of(service, token)
    page = client.get("/ar/staff/kiosk").get_data(as_text=True)
    answer = client.post("/ar/staff/kiosk", data={"csrf": csrf_of(client), "once": hidden(page, "once"),
                                                  "queue": "intake"})  # fmt: skip
    text = answer.get_data(as_text=True)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "37")
    assert "انتظر 37 ثانية" in text and 'name="queue"' in text


def test_the_hall_is_for_everybody_and_its_screen_asks_for_the_part_that_changes() -> None:
    service = Service()
    service.answers["requests.turn_display"] = {
        "unit": "EG-C-01", "unit_name": {"ar": "الزيتون", "en": "El Zeitoun"}, "day": "2026-03-01", "waiting": [],
        "called": [{"label": "A7", "window": "3", "state": "called", "called_at": "", "calls": 1}]}
    client = client_of(service)
    whole = client.get("/en/queue/EG-C-01").get_data(as_text=True)
    part = client.get("/en/queue/EG-C-01", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" in whole and "<html" not in part
    for page in (whole, part):
        assert "A7" in page and "Number A7 to window 3" in page

# -- with a request ---------------------------------------------------------------------------------------------------


CORRECTIONS = {
    "request_id": str(uuid4()), "tracking_number": NUMBER, "corrected": 1,
    "applicant": {"kind": "citizen", "name": "محمود", "national_id": CARD, "passport": None, "phone": "+201012345678",
                  "email": None, "language": "ar", "particulars": None},
    "answers": {"shop_name": "بقالة", "activity": "retail", "area_m2": "45.5", "workers": 3},
    "may_correct": {"applicant": True, "answers": ["shop_name", "workers", "shisha"]}, "corrections": [],
}  # fmt: skip
CORRECTION = f"{DESK}/requests/{NUMBER}/correction"


def correcting(**changes: Any) -> tuple[Window, str]:
    window = Window(known=[EARLIER])
    window.service.answers |= {"requests.corrections": {**CORRECTIONS, **changes},
                               "requests.correct": {"tracking_number": NUMBER, "corrected": 2, "fields": []}}
    return window, window.client.get(CORRECTION).get_data(as_text=True)


def test_a_correction_sends_what_differs_and_the_count_that_was_read() -> None:
    window, page = correcting()
    data = {"once": hidden(page, "once"), "shown": hidden(page, "shown"), "reason": "خطأ في الاسم",
            "applicant/name": "محمود حسن", "applicant/national_id": CARD, "applicant/phone": "+201012345678",
            "applicant/email": "", "answers/shop_name": "بقالة", "answers/workers": "4"}
    assert window.post(CORRECTION, data).status_code == 303
    [sent] = window.sent("requests.correct")
    assert sent == {"tracking_number": NUMBER, "corrected": 1, "reason": "خطأ في الاسم",
                    "applicant": {"name": "محمود حسن"}, "answers": {"workers": "4"}}


def test_only_what_may_be_corrected_and_was_asked_is_offered() -> None:
    _, page = correcting()
    assert 'name="answers/workers"' in page and 'name="answers/activity"' not in page
    assert 'name="answers/shisha"' not in page, "it was never asked of this shop"
    _, page = correcting(may_correct={"applicant": False, "answers": []})
    assert 'name="applicant/name"' not in page and "لا يمكن تصحيح شيء" in page


def test_a_refused_correction_keeps_what_was_typed() -> None:
    window, page = correcting()
    window.service.answers["requests.correct"] = Refusal(Fault("field_required", "reason"))
    data = {"once": hidden(page, "once"), "shown": hidden(page, "shown"), "reason": "", "applicant/name": "محمود حسن"}
    answer = window.post(CORRECTION, data)
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'value="محمود حسن"' in shown and 'id="reason-wrong-1"' in shown


def test_a_request_is_found_by_ticket_card_or_name_and_by_its_number_opened_at_once() -> None:
    window = Window(known=[EARLIER])
    window.service.answers["requests.turn_of_label"] = {
        "turn": TURN, "requests": [{"tracking_number": NUMBER, "visit": 1}]}
    found = DESK + "/requests"
    for wanted, asked in (("a7", {"tracking_number": NUMBER}), (CARD, {"national_id": CARD}),
                          ("A1234567", {"passport": "A1234567"}), ("محمود عبد الله", {"name": "محمود عبد الله"})):
        page = window.post(found, {"wanted": wanted}).get_data(as_text=True)
        assert NUMBER in page and window.sent("requests.find")[-1] == asked
    answer = window.post(found, {"wanted": NUMBER.replace("-", " ").lower()})
    assert answer.status_code == 303 and answer.headers["Location"] == f"{found}/{NUMBER}"


def test_opening_a_request_with_the_digits_notes_the_visit_and_wrong_digits_do_not() -> None:
    window = Window(known=[EARLIER])
    one = f"{DESK}/requests/{NUMBER}"
    page = window.client.get(one).get_data(as_text=True)
    window.service.answers["requests.status"] = Refusal(Fault("tracking_unknown"))
    answer = window.post(one, {"once": hidden(page, "once"), "phone_last4": "0000"})
    assert answer.status_code == 422 and not window.sent("requests.link_turn")
    window.service.answers["requests.status"] = {**EARLIER, "licence_serial": None}
    answer = window.post(one, {"once": hidden(page, "once"), "phone_last4": "٥٦٧٨"})
    assert answer.status_code == 303 and "5678" not in answer.headers["Location"]
    assert len(window.sent("requests.link_turn")) == 1
    opened = window.client.get(one).get_data(as_text=True)
    assert f"/ar/follow/{NUMBER}/complete" in opened and f"/ar/follow/{NUMBER}/request-receipt" in opened


@pytest.mark.parametrize(("given", "identity", "name"), [
    ({"receiver": "holder", "identity": "passport", "receiver_name": ""}, "passport", None),
    ({"receiver": "representative", "identity": "national_id", "receiver_name": "سعاد علي"}, "power_of_attorney",
     "سعاد علي"),
])  # fmt: skip
def test_a_licence_is_handed_over_to_its_holder_or_to_who_shows_a_power_of_attorney(
    given: dict[str, str], identity: str, name: str | None
) -> None:
    window = Window()
    window.service.answers["requests.deliver"] = {"serial": "C-2026-000001-T", "edition": 1, "delivered_at": ""}
    page = window.client.get(DESK + "/delivery").get_data(as_text=True)
    data = {"once": hidden(page, "once"), "serial": "c-2026-000001-t", **given}
    assert window.post(DESK + "/delivery", data).status_code == 303
    [sent] = window.sent("requests.deliver")
    assert (sent["serial"], sent["identity"], sent["receiver_name"]) == ("C-2026-000001-T", identity, name)
