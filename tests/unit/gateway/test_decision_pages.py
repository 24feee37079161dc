"""Pages of decisions: an appeal beside the rejection, grounds in law to choose from, an inspector's photos."""

from __future__ import annotations

import io
from typing import Any

from tests.unit.gateway.ground import NUMBER, TASK_ID, Service, client_of, csrf_of, hidden, refused

FOLLOW = f"/ar/follow/{NUMBER}"
TASK = f"/ar/staff/tasks/{TASK_ID}"
GROUND = {"code": "safety", "name": {"ar": "مخالفة السلامة", "en": "Safety"},
          "legal_basis": {"ar": "قانون المحال", "en": "The shops law", "source": "law"}}
REJECTED: dict[str, Any] = {
    "request_id": TASK_ID, "tracking_number": NUMBER, "service_code": "shop-licence", "service_version": 1,
    "service_name": {"ar": "ترخيص محل", "en": "Shop licence"}, "unit": "EG-C-01", "state": "rejected",
    "state_kind": "end", "state_name": {"ar": "مرفوض", "en": "Rejected"}, "outcome": "rejected", "department": None,
    "body": None, "branches": [], "due_on": None, "clock": "ended", "licence_serial": None, "actions": [],
    "appeal": {"until": "2026-03-16"}, "deadline": [], "days_left": None, "documents_refused": [], "periods": [],
    "late": False, "complaints": [], "reopening": None, "visit": None, "as_of": "2026-03-02T08:00:00+00:00",
    "entries": [{"at": "2026-03-01T08:00:00+00:00", "state": "rejected", "state_kind": "end", "branch": None,
                 "state_name": {"ar": "مرفوض", "en": "Rejected"}, "department": None, "branch_name": None,
                 "action": "reject", "action_name": None, "note": "لا مخرج ثانياً", "legal_reason": GROUND}],
}
FILE: dict[str, Any] = {
    "task_id": TASK_ID, "version": 2, "tracking_number": NUMBER, "service_code": "shop-licence",
    "service_name": {"ar": "ترخيص محل", "en": "Shop licence"}, "unit": "EG-C-01", "raised_from": None,
    "state": "inspection", "state_name": {"ar": "معاينة", "en": "Inspection"}, "branch": None, "branch_name": None,
    "department": "engineering", "due_on": None, "request_due_on": None, "days_left": None, "answers": [],
    "documents": [], "inputs": [], "legal_reasons": [GROUND], "photos_wanted": True,
    "actions": [{"code": "report", "name": {"ar": "تسجيل", "en": "Record"}, "requires": ["legal_reason"]}],
    "steps": [{"at": "2026-03-01T08:00:00+00:00", "state": "inspection", "action": "report", "branch_name": None,
               "state_name": {"ar": "معاينة", "en": "Inspection"}, "department": "engineering", "action_name": None,
               "reason": None, "legal_reason": GROUND, "inputs": [],
               "photos": [{"document_id": TASK_ID, "caption": "الواجهة"}]}],
}


def applicant() -> tuple[Service, Any]:
    service = Service()
    service.answers.update({"requests.status": {"tracking_number": NUMBER}, "requests.timeline": REJECTED,
                            "payments.bill": {"bills": []}, "requests.appeal": {"state": "appeal"}})
    client = client_of(service)
    client.post("/ar/follow", data={"csrf": csrf_of(client), "tracking_number": NUMBER, "phone_last4": "5678"})
    return service, client


def inspector() -> tuple[Service, Any]:
    service = Service()
    token = service.log_in("inspector", department="engineering")
    service.answers.update({
        "requests.task_file": FILE, "requests.act": {"state": "decision"},
        "requests.add_document": {"document_id": TASK_ID, "status": "quarantined"},
        "requests.task_graph": {"svg": "<svg/>"}})
    return service, client_of(service, token)


def test_the_rejected_applicant_reads_the_ground_and_appeals_on_the_same_page() -> None:
    service, client = applicant()
    page = client.get(FOLLOW).get_data(as_text=True)
    assert "مخالفة السلامة" in page and "قانون المحال" in page and "لا مخرج ثانياً" in page
    form = {"csrf": hidden(page, "csrf"), "once": hidden(page, "once"), "reason": "الاشتراطات مستوفاة"}
    assert client.post(FOLLOW + "/appeal", data=form).status_code == 303
    [sent] = [call for call in service.called if call.method == "requests.appeal"]
    assert sent.payload == {"tracking_number": NUMBER, "phone_last4": "5678", "reason": "الاشتراطات مستوفاة"}


def test_an_appeal_that_is_refused_says_why_and_keeps_what_was_written() -> None:
    service, client = applicant()
    page = client.get(FOLLOW).get_data(as_text=True)
    service.answers["requests.appeal"] = refused("appeal_too_late", None)
    answer = client.post(FOLLOW + "/appeal", data={
        "csrf": hidden(page, "csrf"), "once": hidden(page, "once"), "reason": "الاشتراطات مستوفاة"})
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "انتهى ميعاد التظلم" in shown and "الاشتراطات مستوفاة</textarea>" in shown


def test_where_nothing_may_be_appealed_there_is_no_form() -> None:
    service, client = applicant()
    service.answers["requests.timeline"] = {**REJECTED, "appeal": None}
    assert "/appeal" not in client.get(FOLLOW).get_data(as_text=True)


def test_the_inspector_attaches_first_and_reports_with_ground_and_pictures() -> None:
    service, client = inspector()
    page = client.get(TASK).get_data(as_text=True)
    assert "مخالفة السلامة" in page and "الواجهة" in page
    fields = {"csrf": hidden(page, "csrf"), "once": hidden(page, "once")}
    picture = (io.BytesIO(b"\x89PNG\r\n\x1a\n"), "front.png")
    attached = client.post(TASK, data={**fields, "action": "attach", "legal_reason": "safety", "photos": picture},
                           content_type="multipart/form-data")
    shown = attached.get_data(as_text=True)
    assert attached.status_code == 200 and "front.png" in shown
    assert 'value="safety" selected' in shown
    assert [call.method for call in service.called].count("requests.act") == 0
    kept = hidden(shown, "photo")
    client.post(TASK, data={**fields, "action": "report", "legal_reason": "safety", "photo": kept,
                            f"caption/{TASK_ID}": "الواجهة"})
    [sent] = [call for call in service.called if call.method == "requests.act"]
    assert sent.payload["photos"] == [{"document_id": str(TASK_ID), "caption": "الواجهة"}]
    assert (sent.payload["legal_reason"], sent.payload["inputs"]) == ("safety", {})


def test_a_report_with_an_unchecked_picture_keeps_it_for_another_try() -> None:
    service, client = inspector()
    page = client.get(TASK).get_data(as_text=True)
    service.answers["requests.act"] = refused("document_in_quarantine", "photos/0/document_id")
    answer = client.post(TASK, data={"csrf": hidden(page, "csrf"), "once": hidden(page, "once"), "action": "report",
                                     "photo": f"{TASK_ID} front.png"})
    assert answer.status_code == 422 and "front.png" in answer.get_data(as_text=True)


def test_who_holds_more_than_colleagues_is_told_so() -> None:
    service, client = inspector()
    service.answers.update({"requests.tasks": {"tasks": []}, "requests.work_waiting": {"counts": {"held": 0}},
                            "requests.next_task": {"task": None, "because": "colleagues_first"}})
    page = client.get("/ar/staff").get_data(as_text=True)
    moved = client.post("/ar/staff/next", data={"csrf": hidden(page, "csrf"), "once": hidden(page, "once")})
    assert "لدى زملائك ملفات أقل" in client.get(moved.location).get_data(as_text=True)


def test_the_picture_of_the_path_is_for_the_holder() -> None:
    _, client = inspector()
    assert client.get(TASK + "/graph.svg").mimetype == "image/svg+xml"
