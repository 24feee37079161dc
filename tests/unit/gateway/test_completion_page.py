"""What the applicant may do when a file was sent back, and what whoever decides reads of the steps before."""

from __future__ import annotations

from typing import Any

from services.gateway.web.caller import STAFF_COOKIE
from tests.unit.gateway.ground import NUMBER, TASK_ID, Service, client_of, csrf_of, hidden, refused

COMPLETE = f"/ar/follow/{NUMBER}/complete"
SENT_BACK = {
    "tracking_number": NUMBER, "service_code": "shop-licence", "service_version": 1, "state_kind": "applicant",
    "entries": [{"note": "صورة العقد غير واضحة"}],
    "actions": [{"code": "resubmit", "name": {"ar": "إعادة التقديم", "en": "Submit again"}, "requires": []},
                {"code": "withdraw", "name": {"ar": "سحب الطلب", "en": "Withdraw"}, "requires": ["reason"]}],
}  # fmt: skip


def applicant() -> tuple[Service, Any]:
    service = Service()
    service.answers.update({"requests.status": {"tracking_number": NUMBER}, "requests.timeline": SENT_BACK,
                            "requests.resubmit": {"state": "withdrawn"}})  # fmt: skip
    client = client_of(service)
    client.post("/ar/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "5678"})
    return service, client


def withdrawal(page: str, **more: str) -> dict[str, str]:
    return {"csrf": hidden(page, "csrf"), "draft": hidden(page, "draft"), "once": hidden(page, "once"),
            "action": "withdraw", "reason": "غيرت رأيي", **more}  # fmt: skip


def test_the_applicant_may_withdraw_once_without_bringing_papers() -> None:
    service, client = applicant()
    page = client.get(COMPLETE).get_data(as_text=True)
    assert "سحب الطلب" in page and 'value="resubmit"' not in page
    answers = [client.post(COMPLETE, data=withdrawal(page)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    sent = [call for call in service.called if call.method == "requests.resubmit"]
    assert sent[0].command_id == sent[1].command_id
    assert sent[0].payload == {"tracking_number": NUMBER, "phone_last4": "5678", "action": "withdraw",
                               "reason": "غيرت رأيي"}  # fmt: skip


def test_a_withdrawal_that_is_refused_says_why_on_the_same_page() -> None:
    service, client = applicant()
    page = client.get(COMPLETE).get_data(as_text=True)
    service.answers["requests.resubmit"] = refused("reason_required", "reason")
    answer = client.post(COMPLETE, data=withdrawal(page, reason=""))
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "اذكر السبب" in shown and "سحب الطلب" in shown


def test_the_api_takes_the_action_and_no_unknown_field() -> None:
    service, client = applicant()
    path, headers = f"/api/v1/requests/{NUMBER}/completion", {"X-Phone-Last4": "5678", "Idempotency-Key": "k" * 20}
    assert client.post(path, json={"action": "withdraw"}, headers=headers).status_code == 200
    assert service.called[-1].payload["action"] == "withdraw"
    other = {**headers, "Idempotency-Key": "l" * 20}
    assert client.post(path, json={"actions": "withdraw"}, headers=other).status_code == 422


def test_whoever_decides_reads_the_findings() -> None:
    service = Service()
    token = service.log_in("unit_head", department="leadership")
    label = {"ar": "نتيجة المعاينة", "en": "Findings"}
    service.answers["requests.task_file"] = {
        "task_id": TASK_ID, "version": 2, "tracking_number": NUMBER, "service_code": "shop-licence",
        "service_name": {"ar": "ترخيص محل", "en": "Shop licence"}, "unit": "EG-C-01", "state": "decision",
        "state_name": {"ar": "قرار", "en": "Decision"}, "department": "leadership", "due_on": None,
        "request_due_on": None, "days_left": None, "answers": [], "documents": [], "actions": [], "inputs": [],
        "steps": [{"at": "2026-03-01T08:00:00+00:00", "state": "inspection", "action": "report",
                   "state_name": {"ar": "معاينة المحل", "en": "Inspection"}, "department": "engineering",
                   "action_name": {"ar": "تسجيل النتيجة", "en": "Record"}, "reason": "<b>سبب</b>",
                   "inputs": [{"name": "findings", "label": label, "value": "مطابق", "value_name": None}]}],
    }  # fmt: skip
    client = client_of(service, token)
    assert client.get_cookie(STAFF_COOKIE)
    shown = client.get(f"/ar/staff/tasks/{TASK_ID}").get_data(as_text=True)
    assert "معاينة المحل" in shown and "نتيجة المعاينة: <bdi>مطابق</bdi>" in shown
    assert "&lt;b&gt;سبب" in shown and "<b>سبب" not in shown
