"""Pages of what comes over the line: agencies' answers that wait for a person, remote commands, the centre's rail."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rules.link_commands import COMMANDS
from rules.refusal import Fault, Refusal
from services.gateway.link import commands
from services.gateway.web.pages.texts import TEXTS
from services.gateway.web.platform import Platform
from tests.unit.gateway.ground import BILL_ID, NUMBER, TASK_ID, Service, client_of, csrf_of

AT = "2026-11-22T10:00:00+00:00"
ANSWER: dict[str, Any] = {
    "answer_id": TASK_ID, "number": "L-C-2026-000004-F", "body": "civil-defence", "agency": "civil-defence",
    "agency_name": {"ar": "الحماية المدنية", "en": "Civil Defence"}, "opinion": "refused",
    "answered_on": "2026-11-20", "reference": "ص/77", "has_note": True, "given_at": AT, "arrived_at": AT,
    "state": "aside", "why": "withdrawn", "unit": "EG-C-01", "tracking_number": NUMBER, "letter_number": None,
    "settled_at": None, "settled_by": None}
ORDER: dict[str, Any] = {
    "command_id": TASK_ID, "node": "EG-SUZ", "name": "resend", "arguments": {"epoch": 1, "sequence": 40},
    "reason": "متابعة الربط", "ordered_by": "staff:operator", "ordered_at": AT, "until": AT, "outcome": "refused",
    "code": "command_nothing_to_resend", "answer": {"sent": 9}, "answered_at": AT}


@pytest.fixture
def officer() -> tuple[Service, Any]:
    service = Service()
    client = client_of(service)
    client.set_cookie("shubbak_staff", service.log_in("department_head", department="licensing"))
    service.answers["requests.letter_answers"] = {"answers": [ANSWER], "next": TASK_ID}
    service.answers["requests.letter_answer"] = {
        **ANSWER, "note": "لا مانع بشرط", "candidates": [
            {"number": "L-C-2026-000009-K", "tracking_number": NUMBER, "sent_on": "2026-11-18"}]}
    return service, client


@pytest.fixture
def administrator(monkeypatch: pytest.MonkeyPatch) -> tuple[Service, Any]:
    service = Service()
    client = client_of(service)
    client.set_cookie("shubbak_staff", service.log_in("administrator"))
    monkeypatch.setattr(commands, "listed", lambda *_, **__: {"commands": [ORDER], "next": None})
    monkeypatch.setattr(Platform, "at_centre", True)
    return service, client


def test_answers_that_fit_no_letter_are_listed_with_why(officer: tuple[Service, Any]) -> None:
    _, client = officer
    page = client.get("/ar/staff/letter-answers").text
    for told in ("الحماية المدنية", "رفض", "سحب صاحب الطلب طلبه", ANSWER["number"], "before="):
        assert told in page, told
    assert "لا مانع" not in page  # the agency's words are read one by one
    assert client.get("/en/staff/letter-answers?state=nonsense").status_code == 200


def test_one_is_read_and_settled_with_what_was_done(officer: tuple[Service, Any]) -> None:
    service, client = officer
    page = client.get(f"/en/staff/letter-answers/{TASK_ID}").text
    assert "لا مانع بشرط" in page and "took the request back" in page
    form = dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', page))
    service.answers["requests.settle_letter_answer"] = {"answer_id": TASK_ID, "state": "seen"}
    done = client.post(f"/en/staff/letter-answers/{TASK_ID}", data={**form, "remark": "أُبلغت الوحدة"})
    assert done.status_code == 303 and done.headers["Location"].endswith("done=answer_settled")
    assert service.called[-1].payload == {"answer_id": TASK_ID, "remark": "أُبلغت الوحدة"}
    service.answers["requests.settle_letter_answer"] = Refusal([Fault("field_required", "remark")])
    again = client.post(f"/en/staff/letter-answers/{TASK_ID}", data={**form, "once": "b" * 24, "remark": "x"})
    assert again.status_code == 422 and 'href="#remark"' in again.text and ">x<" in again.text


def test_one_that_was_quoted_wrongly_is_recorded_on_its_letter(officer: tuple[Service, Any]) -> None:
    service, client = officer
    where = f"/en/staff/letter-answers/{TASK_ID}"
    page = client.get(where).text
    assert "L-C-2026-000009-K" in page and "18 November" in page
    form = dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', page))
    service.answers["requests.attach_letter_answer"] = {"answer_id": TASK_ID, "state": "recorded", "number": "L"}
    given = {"number": "L-C-2026-000009-K", "because": "أكدته الجهة هاتفياً"}
    done = client.post(f"{where}/letter", data={**form, **given})
    assert done.status_code == 303 and done.headers["Location"].endswith("done=answer_attached")
    assert service.called[-1].payload == {"answer_id": TASK_ID, "number": given["number"], "remark": given["because"]}
    service.answers["requests.attach_letter_answer"] = Refusal([Fault("letter_to_attach_unknown", "number"),
                                                                Fault("field_required", "remark")])
    again = client.post(f"{where}/letter", data={**form, "once": "b" * 24, "number": "L-1", "because": "x"})
    assert again.status_code == 422 and 'href="#number"' in again.text and 'href="#because"' in again.text
    assert 'value="L-1"' in again.text and ">x<" in again.text and "no letter with this number" in again.text


def test_words_that_do_not_open_here_are_said_to_be_shut(officer: tuple[Service, Any]) -> None:
    service, client = officer
    service.answers["requests.letter_answer"] = {**ANSWER, "why": "note_unreadable", "note": None,
                                                   "candidates": []}
    assert "sealed under a key" in client.get(f"/en/staff/letter-answers/{TASK_ID}").text


def test_a_task_whose_body_has_answered_says_so(officer: tuple[Service, Any]) -> None:
    service, client = officer
    name = ANSWER["agency_name"]
    service.answers["requests.tasks"] = {"tasks": [{
        "task_id": TASK_ID, "tracking_number": NUMBER, "service_name": name, "state_name": name, "branch_name": None,
        "due_on": None, "days_left": None, "body_name": name, "request_due_on": None, "handed_over": None,
        "letter": {"number": ANSWER["number"], "status": "answered", "sent_on": "2026-11-18"}}]}
    service.answers["requests.work_waiting"] = {"counts": {}}
    page = client.get("/en/staff").text
    assert "The body has answered" in page and "not sent yet" not in page


def test_orders_of_a_node_and_what_came_of_them(administrator: tuple[Service, Any]) -> None:
    _, client = administrator
    page = client.get("/ar/staff/links/EG-SUZ/commands?command=resend").text
    for told in ("السويس", "إعادة الإرسال", "لم يُنفذ", "لا تحتفظ المحافظة", 'name="sequence"', 'name="epoch"'):
        assert told in page, told
    assert 'name="sequence"' not in client.get("/ar/staff/links/EG-SUZ/commands").text


def test_a_node_sees_what_was_ordered_of_it_and_orders_nothing(
        administrator: tuple[Service, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Platform, "at_centre", False)
    page = administrator[1].get("/ar/staff/links/EG/commands?command=resend").text
    assert "إعادة الإرسال" in page and 'name="sequence"' not in page


def test_an_order_is_given_once_and_its_faults_stand_at_their_fields(
        administrator: tuple[Service, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = administrator
    given: list[Any] = []

    def order(work: Any, *said: Any) -> dict[str, Any]:
        given.append(said)
        if said[3] == "قصير":
            raise Refusal([Fault("reason_short", "reason", {"least": 10}),
                           Fault("command_argument_unfit", "arguments/sequence")])
        return {"command_id": TASK_ID, "node": said[0], "name": said[1], "until": AT}

    monkeypatch.setattr(commands, "order", order)
    monkeypatch.setattr(Platform, "once", lambda _, _id, _method, _payload, work, _actor: work(None))
    page = client.get("/en/staff/links/EG-SUZ/commands?command=resend").text
    form = dict(re.findall(r'name="(csrf|once|name)" value="([^"]+)"', page))
    said = {**form, "epoch": "1", "sequence": "40", "reason": "متابعة بعد القطع"}
    assert client.post("/en/staff/links/EG-SUZ/commands", data=said).status_code == 303
    assert given == [("EG-SUZ", "resend", {"epoch": 1, "sequence": 40}, "متابعة بعد القطع")]
    wrong = client.post("/en/staff/links/EG-SUZ/commands", data={
        **said, "once": "c" * 24, "sequence": "x", "reason": "قصير"})
    assert wrong.status_code == 422
    assert 'href="#sequence"' in wrong.text and 'href="#reason"' in wrong.text and 'value="x"' in wrong.text


def test_every_argument_of_every_command_has_a_name_for_people() -> None:
    for command in COMMANDS.values():
        for argument in command.arguments:
            assert f"commands.argument.{argument.name}" in TEXTS


def _bill(**payment: Any) -> dict[str, Any]:
    return {"bill_id": BILL_ID, "bill_number": "B-C-2026-000001-X", "tracking_number": NUMBER, "state": "created",
            "total": 12_050, "lines": [], "expires_at": "2026-12-20T22:00:00+00:00", "rails": ["centre"],
            "other_rails": [], "unit": "EG-C-01", "refunded": 0, "receipt_number": None, "reference": None,
            "shown_as": {"centre": "fawry"},
            "payments": [{"payment_id": TASK_ID, "rail": "centre", "state": "created", "amount": 12_050,
                          "reference": None, "pay_url": None, "started_at": AT, "travels": True, **payment}]}


@pytest.mark.parametrize(("late", "said"), [(False, "asked for at the centre"), (True, "may be cut")])
def test_who_pays_at_the_centre_is_told_what_to_do_while_the_line_is_cut(late: bool, said: str) -> None:
    service = Service()
    client = client_of(service)
    service.answers["requests.status"] = {"tracking_number": NUMBER}
    service.answers["payments.bill"] = _bill(late=late)
    client.post("/en/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "5678"})
    page = client.get(f"/en/follow/{NUMBER}/bills/{BILL_ID}").text
    assert said in page and "Fawry reference code" in page
    assert "B-C-2026-000001-X" in page  # what to say at the window
