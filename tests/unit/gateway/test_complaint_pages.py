"""Complaining, following the complaint, asking to have an end looked at anew, and seeing who looked."""

from __future__ import annotations

from typing import Any

import pytest

from rules.refusal import refuse
from services.gateway.web.pages.texts import TEXTS
from tests.unit.gateway.followed import LODGED, opened, timeline
from tests.unit.gateway.ground import NUMBER, csrf_of, hidden

PAGE = f"/ar/follow/{NUMBER}/complaints"
COMPLAINT = "K-C-2026-000001-T"
SHOWN: dict[str, Any] = {
    "complaint_number": COMPLAINT, "state": "open", "kind": "delay", "made_at": LODGED, "due_on": "2025-03-09",
    "before": "centre_manager", "level": 0, "late": False, "upheld": None, "answer": None}  # fmt: skip
TEXT = "تأخر طلبي أسبوعين"


def filled(client: Any, **given: str) -> dict[str, str]:
    page = client.get(PAGE).get_data(as_text=True)
    return {"csrf": hidden(page, "csrf"), "once": hidden(page, "once"), "kind": "delay", "text": TEXT, **given}


def test_a_complaint_is_made_once_and_leads_to_its_own_page_with_its_day() -> None:
    service, client = opened()
    service.answers |= {"requests.complain": {"complaint_number": COMPLAINT, "due_on": "2025-03-09", "state": "open"},
                        "requests.complaint": SHOWN}  # fmt: skip
    form = filled(client)
    answers = [client.post(PAGE, data=form) for _ in range(2)]
    sent = [one for one in service.called if one.method == "requests.complain"]
    assert sent[0].command_id == sent[1].command_id
    assert sent[0].payload == {"tracking_number": NUMBER, "phone_last4": "5678", "kind": "delay", "text": TEXT}
    page = client.get(answers[0].location).get_data(as_text=True)
    assert COMPLAINT in page and "الأحد 9 مارس 2025" in page and "مدير" in page


def test_every_fault_is_told_at_its_field_and_what_was_written_stays() -> None:
    service, client = opened()
    answer = client.post(PAGE, data=filled(client, kind="", text="قصير"))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'id="kind-wrong-1"' in page and 'id="text-wrong-1"' in page
    assert "قصير" in page and not [one for one in service.called if one.method == "requests.complain"]


def test_while_one_is_open_no_form_is_offered() -> None:
    told = {key: value for key, value in SHOWN.items() if key not in ("level", "answer")}
    _, client = opened(timeline(complaints=[told]))
    page = client.get(PAGE).get_data(as_text=True)
    assert "<textarea" not in page and COMPLAINT in page


def test_the_answer_is_read_by_number_and_digits_without_the_requests_number() -> None:
    service, client = opened()
    answered = {**SHOWN, "state": "answered", "upheld": True, "answer": "أُنجز <b>اليوم</b>"}
    service.answers["requests.complaint"] = answered
    page = client.get("/ar/complaints").get_data(as_text=True)
    found = client.post("/ar/complaints", data={"csrf": hidden(page, "csrf"), "number": COMPLAINT,
                                                "phone_last4": "٥٦٧٨"})  # fmt: skip
    text = found.get_data(as_text=True)
    assert found.status_code == 200 and "أُنجز &lt;b&gt;اليوم" in text and "الشكوى في محلها" in text
    assert NUMBER not in text and service.called[-1].payload["phone_last4"] == "5678"
    service.answers["requests.complaint"] = refuse("complaint_unknown")
    wrong = client.post("/ar/complaints", data={"csrf": csrf_of(client), "number": COMPLAINT, "phone_last4": "0000"})
    assert wrong.status_code == 422 and 'id="number-wrong-1"' in wrong.get_data(as_text=True)


def test_an_end_is_asked_to_be_looked_at_anew_with_a_reason() -> None:
    service, client = opened(timeline(state_kind="end", outcome="rejected", reopening={"until": "2025-04-30"}))
    service.answers["requests.ask_reopening"] = {"reopening_id": "x", "state": "asked"}
    path = f"/ar/follow/{NUMBER}/reopening"
    page = client.get(path).get_data(as_text=True)
    assert "الأربعاء 30 أبريل 2025" in page
    form = {"csrf": hidden(page, "csrf"), "once": hidden(page, "once")}
    assert client.post(path, data={**form, "reason": "قصير"}).status_code == 422
    assert client.post(path, data={**form, "reason": "قُدمت الشهادة قبل القرار"}).status_code == 303
    assert service.called[-1].payload["reason"] == "قُدمت الشهادة قبل القرار"


@pytest.mark.parametrize("changes", [{}, {"state_kind": "end", "outcome": "approved"}])
def test_what_cannot_be_looked_at_anew_is_said_at_once_and_no_reason_is_asked(changes: dict[str, str]) -> None:
    _, client = opened(timeline(**changes))
    page = client.get(f"/ar/follow/{NUMBER}/reopening").get_data(as_text=True)
    assert TEXTS["reopen.not_possible"][0] in page and 'name="reason"' not in page


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/{COMPLAINT}", f"/ar/follow/{NUMBER}/reopening",
                                  f"/ar/follow/{NUMBER}/reads", f"/ar/follow/{NUMBER}/visit"])  # fmt: skip
def test_whoever_has_not_proved_the_digits_is_asked_for_them(path: str) -> None:
    service, client = opened()
    client.delete_cookie("shubbak_follow")
    called = len(service.called)
    answer = client.get(path)
    assert answer.status_code == 303 and answer.location.endswith(f"/ar/follow?number={NUMBER}")
    assert len(service.called) == called


def test_who_looked_is_told_by_department_role_and_time_a_page_at_a_time() -> None:
    service, client = opened()
    named = {"ar": "موظف", "en": "Officer"}
    service.answers["requests.access_log"] = {"tracking_number": NUMBER, "next": 41, "entries": [
        {"at": LODGED, "act": "document.unmask", "act_name": {"ar": "فتح مستند هوية", "en": "Opened"},
         "identifies": True, "role": "officer", "role_name": named, "department": None, "department_name": None,
         "unit": "EG-C-01", "unit_name": {"ar": "الزيتون", "en": "El Zeitoun"}}]}  # fmt: skip
    page = client.get(f"/ar/follow/{NUMBER}/reads").get_data(as_text=True)
    assert "فتح مستند هوية" in page and "موظف، الزيتون" in page and "10:00" in page and "reads?before=41" in page
    client.get(f"/ar/follow/{NUMBER}/reads?before=41")
    assert service.called[-1].payload["before"] == 41
    client.get(f"/ar/follow/{NUMBER}/reads?before=many")
    assert service.called[-1].payload["before"] is None
