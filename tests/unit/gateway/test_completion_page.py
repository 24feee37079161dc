"""What the applicant may do when a file was sent back, and what whoever decides reads of the steps before."""

from __future__ import annotations

import io
from typing import Any

from services.gateway.web.caller import STAFF_COOKIE
from tests.unit.gateway.followed import entry, opened, timeline
from tests.unit.gateway.ground import BILL_ID, NUMBER, TASK_ID, Service, client_of, hidden, refused

COMPLETE = f"/ar/follow/{NUMBER}/complete"
ACTIONS = [{"code": "resubmit", "name": {"ar": "إعادة التقديم", "en": "Submit again"}, "requires": []},
           {"code": "withdraw", "name": {"ar": "سحب الطلب", "en": "Withdraw"}, "requires": ["reason"]}]  # fmt: skip


def applicant(**last: Any) -> tuple[Service, Any]:
    """A browser that follows a request which waits for its applicant."""
    asked = entry("needs_completion", "applicant", note="صورة العقد غير واضحة", **last)
    found = timeline(state_kind="applicant", actions=ACTIONS, entries=[asked])
    service, client = opened(found)
    service.answers |= {"requests.resubmit": {"state": "withdrawn"},
                        "requests.add_document": {"document_id": BILL_ID, "size": 8}}  # fmt: skip
    return service, client


def hidden_of(page: str, **more: Any) -> dict[str, Any]:
    return {"csrf": hidden(page, "csrf"), "once": hidden(page, "once"), **more}


def add(client: Any, code: str, name: str = "photo", content: bytes = b"\xff\xd8\xff") -> Any:
    path = f"{COMPLETE}/documents/{code}"
    token = hidden(client.get(path).get_data(as_text=True), "csrf")
    return client.post(path, data={"csrf": token, name: (io.BytesIO(content), "IMG_1.jpg")})


def sent_of(service: Service, method: str = "requests.resubmit") -> list[Any]:
    return [call for call in service.called if call.method == method]


def test_what_was_found_missing_stands_alone_and_the_rest_is_folded_away() -> None:
    _, client = applicant(missing={"documents": ["lease_contract"], "answers": []})
    page = client.get(COMPLETE).get_data(as_text=True)
    listed = page.split("<details")[0]
    assert "documents/lease_contract" in listed and "documents/id_copy" not in listed
    assert "documents/id_copy" in page and "صورة العقد غير واضحة" in page


def test_one_document_a_page_by_camera_or_file_and_then_all_is_sent_once() -> None:
    service, client = applicant(missing={"documents": ["lease_contract"], "answers": []})
    page = client.get(f"{COMPLETE}/documents/lease_contract").get_data(as_text=True)
    assert 'capture="environment"' in page and page.count('type="file"') == 2
    assert add(client, "lease_contract").location.endswith(COMPLETE)
    page = client.get(COMPLETE).get_data(as_text=True)
    assert "أُضيف" in page
    answers = [client.post(COMPLETE, data=hidden_of(page)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 422]  # the second has nothing left to send
    [sent] = sent_of(service)
    assert sent.payload["documents"] == [{"code": "lease_contract", "document_id": BILL_ID}]


def test_what_was_added_can_be_seen_and_taken_out_again() -> None:
    _, client = applicant()
    add(client, "id_copy", "file")
    path = f"{COMPLETE}/documents/id_copy"
    page = client.get(path).get_data(as_text=True)
    assert "IMG_1.jpg" in page
    client.post(path, data={"csrf": hidden(page, "csrf"), "remove": "1"})
    assert "IMG_1.jpg" not in client.get(path).get_data(as_text=True)


def test_nothing_added_is_nothing_sent_and_an_empty_upload_is_told_at_its_field() -> None:
    service, client = applicant()
    page = client.get(COMPLETE).get_data(as_text=True)
    empty = client.post(COMPLETE, data=hidden_of(page))
    assert empty.status_code == 422 and "لم تضف شيئاً بعد" in empty.get_data(as_text=True)
    nothing = client.post(f"{COMPLETE}/documents/id_copy", data={"csrf": hidden(page, "csrf")})
    assert nothing.status_code == 422 and 'id="file-wrong-1"' in nothing.get_data(as_text=True)
    assert sent_of(service) == []


def test_a_document_that_the_service_does_not_know_has_no_page() -> None:
    _, client = applicant()
    assert client.get(f"{COMPLETE}/documents/anything").status_code == 404


def test_answers_that_were_found_wanting_are_given_again_with_every_fault_at_once() -> None:
    service, client = applicant(missing={"documents": [], "answers": ["area_m2", "workers"]})
    path = f"{COMPLETE}/answers"
    page = client.get(path).get_data(as_text=True)
    assert 'name="answers/area_m2"' in page and 'name="answers/shop_name"' not in page
    token = {"csrf": hidden(page, "csrf")}
    wrong = client.post(path, data={**token, "answers/area_m2": "many", "answers/workers": "-1"})
    text = wrong.get_data(as_text=True)
    assert wrong.status_code == 422 and "answers-area_m2-wrong-1" in text and "answers-workers-wrong-1" in text
    assert client.post(path, data={**token, "answers/area_m2": "٤٥٫٥", "answers/workers": ""}).status_code == 303
    client.post(COMPLETE, data=hidden_of(client.get(COMPLETE).get_data(as_text=True)))
    assert sent_of(service)[-1].payload["answers"] == {"area_m2": "45.5"}


def test_others_are_brought_for_what_was_not_taken_while_work_goes_on() -> None:
    refused_one = {"code": "id_copy", "name": {"ar": "البطاقة", "en": "ID"}, "reason": "document_empty"}
    service, client = opened(timeline(documents_refused=[refused_one]))
    service.answers |= {"requests.replace_documents": {"replaced": 1},
                        "requests.add_document": {"document_id": BILL_ID, "size": 8}}  # fmt: skip
    page = client.get(COMPLETE).get_data(as_text=True)
    assert page.count("/complete/documents/") == 1
    add(client, "id_copy", "file")
    client.post(COMPLETE, data=hidden_of(client.get(COMPLETE).get_data(as_text=True)))
    [sent] = sent_of(service, "requests.replace_documents")
    assert sent.payload["documents"] == [{"code": "id_copy", "document_id": BILL_ID}]


def test_the_applicant_may_withdraw_once_without_bringing_papers() -> None:
    service, client = applicant()
    page = client.get(COMPLETE).get_data(as_text=True)
    assert "سحب الطلب" in page and 'value="resubmit"' not in page
    form = hidden_of(page, action="withdraw", reason="غيرت رأيي")
    assert [client.post(COMPLETE, data=form).status_code for _ in range(2)] == [303, 303]
    sent = sent_of(service)
    assert sent[0].command_id == sent[1].command_id
    assert sent[0].payload == {"tracking_number": NUMBER, "phone_last4": "5678", "action": "withdraw",
                               "reason": "غيرت رأيي"}  # fmt: skip


def test_a_withdrawal_that_is_refused_says_why_on_the_same_page() -> None:
    service, client = applicant()
    page = client.get(COMPLETE).get_data(as_text=True)
    service.answers["requests.resubmit"] = refused("reason_required", "reason")
    answer = client.post(COMPLETE, data=hidden_of(page, action="withdraw", reason=""))
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "اكتب سبب هذا الإجراء" in shown and "سحب الطلب" in shown


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
