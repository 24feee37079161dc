"""The administrator's pages about the machinery: the audit and parked events."""

from __future__ import annotations

import re
from typing import Any

from chassis.errors import Unavailable
from rules.refusal import refuse
from services.gateway import colleagues
from services.gateway.web import tended
from services.gateway.web.pages.texts import TEXTS
from tests.unit.gateway.ground import TASK_ID, Service, client_of

ROW = {"id": 7, "at": "2026-11-21T10:00:00+00:00", "actor_id": "a1", "actor_kind": "staff", "actor_unit": "EG-C-01",
       "action": "request.read", "subject": TASK_ID, "correlation_id": "c-1", "details": {"rows": 2}, "sealed": False}
OWED = {"subscription": "on_request", "event_id": TASK_ID, "type": "requests.request.moved.v1", "state": "parked",
        "attempts": 12, "error": "KeyError: 'x'", "subject": TASK_ID, "sequence": 3,
        "received_at": "2026-11-21T10:00:00+00:00", "next_at": None}
NONE: dict[str, Any] = {"rows": [], "next": None, "parked": 0, "waiting": 0}


def _administrator(monkeypatch: Any, unit: str | None = None) -> tuple[Service, Any]:
    service = Service()
    client = client_of(service)
    client.set_cookie("shubbak_staff", service.log_in("administrator", unit=unit))
    monkeypatch.setattr(colleagues, "names", lambda _, ids: dict.fromkeys(ids, "هاني عادل"))
    monkeypatch.setitem(tended._OWN, "owed", (tended._OWN["owed"][0], lambda *_: NONE))
    for name in tended.CALLED:
        service.answers[f"{name}.owed"] = NONE
    return service, client


def _form(page: str, action: str) -> dict[str, str]:
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if action in one)
    return dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', form))


def test_the_audit_is_searched_by_what_was_asked_in_cairo_days(monkeypatch):
    service, client = _administrator(monkeypatch)
    service.answers["payments.audit"] = {"rows": [ROW], "next": 7}
    assert "<time" not in client.get("/ar/staff/audit").text and service.called == []
    asked = {"service": "payments", "action": "request.", "since": "2026-11-20", "until": "2026-11-21", "subject": ""}
    page = client.get("/ar/staff/audit", query_string=asked).text
    assert service.called[-1].payload == {"action": "request.", "since": "2026-11-20T00:00:00+02:00",
                                          "until": "2026-11-22T00:00:00+02:00"}
    assert "request.read" in page and "هاني عادل" in page and "rows: 2" in page and "21 نوفمبر 2026، 12:00" in page
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older
    client.get("/ar/staff/audit" + older[1].replace("&amp;", "&"))
    assert service.called[-1].payload["before"] == 7


def test_what_is_too_wide_or_no_date_is_said_at_its_field(monkeypatch):
    service, client = _administrator(monkeypatch)
    service.answers["requests.audit"] = refuse("audit_too_wide", "until")
    page = client.get("/en/staff/audit", query_string={"since": "2026-01-01", "until": ""})
    assert page.status_code == 422 and 'href="#until"' in page.text and "at most 31 days" in page.text
    page = client.get("/en/staff/audit", query_string={"since": "soon"})
    assert page.status_code == 422 and 'href="#since"' in page.text


def test_a_parked_event_is_tried_again_once_however_often_it_is_pressed(monkeypatch):
    service, client = _administrator(monkeypatch)
    service.answers |= {"payments.owed": {**NONE, "rows": [OWED], "parked": 1},
                        "payments.replay_parked": {"subscription": "on_request", "event_id": TASK_ID}}
    page = client.get("/ar/staff/parked").text
    assert "requests.request.moved.v1" in page and "KeyError" in page
    form = _form(page, "/replay")
    for _ in range(2):
        answer = client.post(f"/ar/staff/parked/payments/on_request/{TASK_ID}/replay", data=form)
        assert answer.status_code == 303 and answer.headers["Location"] == "/ar/staff/parked?service=payments"
    ids = {one.command_id for one in service.called if one.method == "payments.replay_parked"}
    assert len(ids) == 1


def test_an_administrator_of_one_unit_sees_what_is_parked_and_is_told_who_settles_it(monkeypatch):
    service, client = _administrator(monkeypatch, unit="EG-C-01")
    service.answers["payments.owed"] = {**NONE, "rows": [OWED], "parked": 1}
    page = client.get("/ar/staff/parked?service=payments").text
    assert "requests.request.moved.v1" in page and TEXTS["parked.whole_node"][0] in page
    assert "/replay" not in page and "/skip" not in page


def test_giving_an_event_up_wants_a_reason_and_keeps_what_was_typed(monkeypatch):
    service, client = _administrator(monkeypatch)
    service.answers |= {"payments.owed": {**NONE, "rows": [OWED], "parked": 1},
                        "payments.skip_parked": refuse("skip_reason_required", "reason")}
    form = _form(client.get("/ar/staff/parked?service=payments").text, "/skip")
    page = client.post(f"/ar/staff/parked/payments/on_request/{TASK_ID}/skip", data={**form, "reason": "لا"})
    assert page.status_code == 422 and f'href="#reason-{TASK_ID}"' in page.text and 'value="لا"' in page.text


def test_a_service_that_is_down_is_shown_as_down_beside_the_others(monkeypatch):
    service, client = _administrator(monkeypatch)
    service.answers["requests.owed"] = Unavailable("down")
    page = client.get("/en/staff/parked?service=requests")
    assert page.status_code == 200 and page.text.count("the service does not answer") == 2


def test_only_who_may_comes_in(monkeypatch):
    service = Service()
    client = client_of(service)
    client.set_cookie("shubbak_staff", service.log_in("officer"))
    assert client.get("/ar/staff/audit").status_code == 403
    assert client.get("/ar/staff/parked").status_code == 403
