"""Pages of desks, heads and managers: what they show of an answer, what they ask of the services, and that every fault
stands at its field with what was typed."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest

from services.gateway.web.pages.staff import grouped
from tests.unit.gateway.ground import NUMBER, TASK_ID, Service, client_of, hidden, refused
from tests.unit.gateway.test_decision_pages import FILE

DESK = "/ar/staff/desk"
AR = {"ar": "ترخيص محل", "en": "Shop licence"}
STATE = {"ar": "مراجعة", "en": "Review"}
PERSON = "01980c5e-7c00-7000-8000-0000000000b1"
CHOICES: dict[str, Any] = {
    "task_id": TASK_ID, "version": 4, "tracking_number": NUMBER, "service_name": AR, "state_name": STATE,
    "department": "licensing", "role": "officer", "holder": PERSON, "due_on": "2026-03-05",
    "people": [{"account": PERSON, "in_hand": 2, "given": 3}]}
LATE: dict[str, Any] = {
    "request_id": TASK_ID, "task_id": TASK_ID, "version": 2, "tracking_number": NUMBER, "service_code": "shop-licence",
    "service_name": AR, "state_name": STATE, "branch_name": None, "department": "licensing", "holder": PERSON,
    "held_at": "2026-03-01T08:00:00+00:00", "late_since": "2026-03-05", "by_law": True, "days_late": 3,
    "waits_for": "desk", "body_name": None, "letter": None, "cause": None}
ENTRY: dict[str, Any] = {
    "serial": "C-2026-000001-T", "licence_id": TASK_ID, "version": 1, "state": "in_force", "status": "valid",
    "holder": "محمود", "service_name": AR, "output_name": AR, "unit_name": AR, "valid_from": "2026-03-01",
    "valid_until": None, "edition": 1, "copies": 1, "supersedes": None, "successor": None, "history": [], "prints": [
        {"edition": 1, "copy": 1, "at": "2026-03-01T08:00:00+00:00", "by": PERSON, "purpose": "window", "sha256": "a",
         "void": False}]}
VISIT: dict[str, Any] = {
    "visit_number": "V-C-2026-000001-R", "state": "ordered", "purpose": "intake", "service_code": "shop-licence",
    "purpose_name": {"ar": "استلام طلب جديد", "en": "A new application"}, "service_name": AR, "unit": "EG-C-01",
    "tracking_number": None, "ordered_at": "2026-03-01T08:00:00+00:00", "preferred_on": "2026-03-08", "day": None,
    "device_id": None, "visit_id": TASK_ID, "clerk_id": None, "version": 1}
ITEM: dict[str, Any] = {
    "item_id": TASK_ID, "device_id": TASK_ID, "unit": "EG-C-01", "number": 7, "kind": "intake", "state": "quarantined",
    "codes": ["item_number_taken"], "waits": None, "tries": 1, "device_time": "2026-03-01T10:00:00+02:00",
    "received_at": "2026-03-01T08:00:00+00:00", "clerk_id": PERSON, "visit_id": None, "request_id": None,
    "after": None, "settled_at": None, "settled_by": None}
RELATION: dict[str, Any] = {
    "relation_id": TASK_ID, "account": PERSON, "department": "licensing", "kind": "national_id",
    "declared_at": "2026-03-01T08:00:00+00:00", "withdrawn_at": None, "withdrawn_by": None, "reason": None}
COMPLAINT: dict[str, Any] = {
    "complaint_number": "K-C-2026-000001-T", "state": "open", "kind": "delay", "due_on": "2026-03-08",
    "made_at": "2026-03-01T08:00:00+00:00", "before": "unit_head", "level": 1, "late": False, "upheld": None,
    "answer": None, "version": 2, "tracking_number": NUMBER, "text": "تأخر طلبي"}


@pytest.fixture
def service() -> Service:
    made = Service()
    made.names = {PERSON: "سلمى فؤاد"}
    made.answers.update({
        "requests.hand_over_choices": CHOICES, "requests.late": {"files": [LATE], "next": None},
        "requests.late_causes": {"causes": []}, "requests.desk": {"tasks": [], "next": None},
        "requests.licence_entry": ENTRY, "requests.follow_ups": {"follow_ups": [], "next": None},
        "requests.visit_file": {**VISIT, "name": "سعاد", "phone": "+201198765432", "address": "15 شارع", "note": None},
        "requests.visits": {"visits": [VISIT], "next": None}, "requests.offline_items": {"items": [ITEM], "next": None},
        "requests.visit_tablets": {"day": "2026-03-08", "capacity": 8, "tablets": [
            {"device_id": TASK_ID, "label": "جهاز 1", "planned": 3}]},
        "requests.offline_item_file": {**ITEM, "body": "{}", "signature": "x", "documents": {}, "outcome": None,
                                       "reason": None, "faults": [{"code": "item_number_taken", "field": None}]},
        "requests.relations": {"relations": [RELATION], "next": None}, "requests.complaint_file": COMPLAINT,
        "requests.complaints": {"complaints": [COMPLAINT], "next": None},
        "requests.work_waiting": {"counts": {"held": 0, "late": 3}}, "requests.tasks": {"tasks": []},
    })
    return made


def head(service: Service, role: str = "unit_head", department: str | None = "leadership") -> Any:
    return client_of(service, service.log_in(role, department=department))


def sent(service: Service, method: str) -> dict[str, Any]:
    [found] = [call for call in service.called if call.method == method]
    payload: dict[str, Any] = found.payload
    return payload


def post(client: Any, page: str, path: str, **fields: Any) -> Any:
    text = client.get(page).get_data(as_text=True)
    return client.post(path, data={"csrf": hidden(text, "csrf"), "once": hidden(text, "once"), **fields})


# -- what waits


def test_tasks_stand_by_urgency_and_what_waits_outside_stands_apart_until_it_is_late() -> None:
    today = date(2026, 3, 8)

    def task(name: str, days: int | None, status: str | None = None) -> dict[str, Any]:
        due = (today + timedelta(days=days)).isoformat() if days is not None else None
        return {"name": name, "due_on": due, "letter": {"status": status} if status else None}

    tasks = [task("late", -1), task("today", 0), task("week", 6), task("later", 7), task("undated", None),
             task("sent", 3, "sent"), task("overdue", -2, "sent"), task("drafted", 0, "drafted")]
    found = {group: [one["name"] for one in members] for group, members in grouped(tasks, today)}
    assert found == {"late": ["late", "overdue"], "now": ["today", "drafted"], "week": ["week"],
                     "later": ["later", "undated"], "waiting": ["sent"]}
    assert list(found) == ["late", "now", "week", "later", "waiting"]
    assert grouped([], today) == []


def test_a_head_sees_how_much_of_each_kind_waits(service: Service) -> None:
    page = head(service).get("/ar/staff").get_data(as_text=True)
    assert "ما ينتظرك" in page and "/ar/staff/late" in page and ">3<" in page


def test_who_holds_no_tasks_sees_where_their_work_lies(service: Service) -> None:
    page = head(service, "centre_manager", None).get("/ar/staff").get_data(as_text=True)
    assert "/ar/staff/visits" in page and "/ar/staff/desk" not in page
    assert [call.method for call in service.called] == ["requests.work_waiting"]


@pytest.mark.parametrize("role", ["catalogue_reviewer", "council_reviewer", "follow_up_reviewer"])
def test_who_decides_on_proposals_sees_how_many_wait(service: Service, role: str) -> None:
    service.answers["catalog.proposals"] = {"proposals": [{}, {}], "next": None}
    page = head(service, role, None).get("/ar/staff").get_data(as_text=True)
    assert "/ar/staff/guide/proposals?state=in_review" in page and ">2<" in page
    assert service.called[-1].payload == {"to_decide": True, "limit": 200}


# -- heads


def test_a_file_is_handed_to_one_of_the_people_named(service: Service) -> None:
    service.answers["requests.hand_over_task"] = {"task_id": TASK_ID, "version": 5, "holder": PERSON}
    client = head(service)
    path = f"{DESK}/{TASK_ID}"
    assert "سلمى فؤاد" in client.get(path).get_data(as_text=True)
    answer = post(client, path, path + "/hand-over", to=PERSON, reason="له خبرة بهذا النشاط", version="4")
    assert answer.status_code == 303
    assert sent(service, "requests.hand_over_task") == {
        "task_id": TASK_ID, "to": PERSON, "reason": "له خبرة بهذا النشاط", "version": 4}
    assert "سُلّم الملف" in client.get(answer.location).get_data(as_text=True)


def test_without_a_colleague_chosen_nothing_is_asked_and_what_was_written_stays(service: Service) -> None:
    client = head(service)
    path = f"{DESK}/{TASK_ID}"
    answer = post(client, path, path + "/hand-over", reason="له خبرة بهذا النشاط")
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'href="#to"' in shown and "له خبرة بهذا النشاط</textarea>" in shown
    assert "requests.hand_over_task" not in [call.method for call in service.called]


def test_a_reason_refused_stands_at_the_form_it_was_written_in(service: Service) -> None:
    service.answers["requests.take_back"] = refused("field_required", "reason")
    client = head(service)
    path = f"{DESK}/{TASK_ID}"
    shown = post(client, path, path + "/take-back", back_reason="").get_data(as_text=True)
    assert 'href="#back_reason"' in shown and 'href="#reason"' not in shown


def test_a_late_file_names_its_holder_and_its_cause_is_recorded(service: Service) -> None:
    service.answers["requests.record_late_cause"] = {"tracking_number": NUMBER, "days_late": 3}
    client = head(service)
    page = client.get("/ar/staff/late").get_data(as_text=True)
    assert "سلمى فؤاد" in page and "متأخرة 3 أيام عمل" in page
    path = f"/ar/staff/late/{NUMBER}"
    faulty = post(client, path, path, cause="absence")
    assert faulty.status_code == 422 and 'value="absence" checked' in faulty.get_data(as_text=True)
    said = {"cause": "absence", "measure": "handed_over", "words": "في إجازة مرضية طويلة"}
    assert post(client, path, path, **said).status_code == 303
    assert sent(service, "requests.record_late_cause") == {"tracking_number": NUMBER, **said}


@pytest.mark.parametrize("days", ["", "عشرة", "-3"])
def test_a_period_is_extended_by_a_number_of_days(service: Service, days: str) -> None:
    client = head(service)
    path = "/ar/staff/extensions"
    answer = post(client, path, path, tracking_number=NUMBER, period="whole", days=days, reason="لسوء الأحوال الجوية")
    assert answer.status_code == 422 and 'href="#days"' in answer.get_data(as_text=True)
    assert "requests.extend" not in [call.method for call in service.called]


def test_a_complaint_is_answered_with_a_yes_or_a_no(service: Service) -> None:
    service.answers["requests.answer_complaint"] = {"complaint_number": "K", "state": "answered", "upheld": False}
    client = head(service)
    path = f"/ar/staff/complaints/{COMPLAINT['complaint_number']}"
    assert post(client, path, path, answer="راجعنا الملف").status_code == 422
    assert post(client, path, path, upheld="false", answer="راجعنا الملف اليوم", version="2").status_code == 303
    assert sent(service, "requests.answer_complaint")["upheld"] is False


# -- the register


def test_a_licence_shows_only_the_acts_that_its_status_and_the_role_permit(service: Service) -> None:
    page = head(service).get("/ar/staff/register/C-2026-000001-T").get_data(as_text=True)
    assert "/suspend" in page and "/cancel" in page and "/resume" not in page and "/delivery" not in page
    officer = head(service, "officer", "licensing").get("/ar/staff/register/C-2026-000001-T").get_data(as_text=True)
    assert "/suspend" not in officer and "/prints" in officer


def test_a_licence_is_suspended_with_its_reason_and_another_act_takes_its_own_permission(service: Service) -> None:
    service.answers["requests.suspend_licence"] = refused("field_required", "reason")
    path = "/ar/staff/register/C-2026-000001-T"
    client = head(service)
    shown = post(client, path, path + "/suspend", reason="x", version="1").get_data(as_text=True)
    assert 'href="#suspend-reason"' in shown
    assert sent(service, "requests.suspend_licence") == {"serial": "C-2026-000001-T", "reason": "x", "version": 1}
    manager = head(service, "centre_manager", None)
    assert post(manager, path, path + "/cancel", reason="لا يحق لي هذا").status_code == 403


def test_a_serial_leads_to_its_entry(service: Service) -> None:
    answer = head(service).get("/ar/staff/register?serial=C-2026-000001-T")
    assert (answer.status_code, answer.location) == (303, "/ar/staff/register/C-2026-000001-T")


# -- relations, finding


def test_a_relation_is_declared_by_one_number_that_stands_in_no_address(service: Service) -> None:
    service.answers["requests.declare_relation"] = {"declared": True}
    client = head(service, "officer", "licensing")
    answer = post(client, "/ar/staff/relations", "/ar/staff/relations", kind="tax_number", number="331-105-268")
    assert answer.status_code == 303
    assert "331-105-268" not in answer.location and "331105268" not in answer.location
    assert sent(service, "requests.declare_relation") == {"tax_number": "331-105-268"}


def test_a_wrong_number_stands_at_the_number(service: Service) -> None:
    service.answers["requests.declare_relation"] = refused("field_required", "national_id")
    client = head(service, "officer", "licensing")
    shown = post(client, "/ar/staff/relations", "/ar/staff/relations", kind="national_id", number="1")
    assert shown.status_code == 422 and 'href="#number"' in shown.get_data(as_text=True)


def test_who_decides_files_is_not_asked_for_a_name_and_a_manager_is(service: Service) -> None:
    assert 'name="national_id"' not in head(service).get("/ar/staff/find").get_data(as_text=True)
    assert 'name="national_id"' in head(service, "centre_manager", None).get("/ar/staff/find").get_data(as_text=True)


def test_what_was_sought_goes_in_the_body_and_nothing_is_listed_unasked(service: Service) -> None:
    service.answers["requests.find"] = {"requests": [], "next": None}
    client = head(service, "centre_manager", None)
    text = client.get("/ar/staff/find").get_data(as_text=True)
    assert service.called == []
    answer = client.post("/ar/staff/find", data={"csrf": hidden(text, "csrf"), "name": "محمود"})
    assert answer.status_code == 200 and sent(service, "requests.find")["name"] == "محمود"


def test_a_list_is_narrowed_by_the_names_of_services_and_of_the_stages_of_one(service: Service) -> None:
    service.answers["requests.list"] = {"requests": [], "next": None}
    client = head(service)
    page = client.get("/ar/staff/find").get_data(as_text=True)
    assert '<option value="shop-licence">ترخيص محل</option>' in page and 'name="state"' not in page
    page = client.get("/ar/staff/find?service_code=shop-licence&state=inspection").get_data(as_text=True)
    assert sent(service, "requests.list") == {"service_code": "shop-licence", "state": "inspection", "lateness": None,
                                              "after": None}  # fmt: skip
    assert '<option value="inspection" selected>معاينة المحل</option>' in page


# -- visits and the quarantine


def test_a_visit_is_planned_with_clerk_tablet_and_day(service: Service) -> None:
    service.answers["requests.plan_visit"] = {"visit_number": "V", "state": "planned"}
    service.clerks = [("field", "ياسر حلمي")]
    client = head(service, "centre_manager", None)
    path = f"/ar/staff/visits/{VISIT['visit_number']}"
    page = client.get(path).get_data(as_text=True)
    assert "ياسر حلمي" in page and "3 من 8" in page
    answer = post(client, path, path + "/plan", clerk="", device_id="", day="")
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422 and all(f'href="#{name}"' in shown for name in ("clerk", "device_id", "day"))


def test_an_item_says_why_it_waits_and_is_tried_again_as_a_person_accepts(service: Service) -> None:
    service.answers["requests.retry_item"] = {"item_id": TASK_ID, "result": "applied", "faults": [], "answer": None}
    client = head(service, "centre_manager", None)
    path = f"/ar/staff/quarantine/{TASK_ID}"
    answer = post(client, path, path + "/retry", accept=["item_number_taken", "anything"],
                  happened_at="2026-03-01T10:00")
    assert answer.status_code == 303
    assert sent(service, "requests.retry_item") == {
        "item_id": TASK_ID, "accept": ["item_number_taken"], "happened_at": "2026-03-01T10:00:00+02:00"}


# -- the file

TASK_PAGE = f"/ar/staff/tasks/{TASK_ID}"
PAPER = "01980c5e-7c00-7000-8000-0000000000c1"
CARD = "01980c5e-7c00-7000-8000-0000000000c2"
BODY = {"ar": "الحماية المدنية", "en": "Civil defence"}


def paper(document_id: str, identity: bool) -> dict[str, Any]:
    return {"document_id": document_id, "code": "x", "name": AR, "media_type": "image/png", "size": 900,
            "identity": identity, "status": "clean"}


def letter(status: str) -> dict[str, Any]:
    return {"number": "L-C-2026-000004-K", "status": status, "body_name": BODY, "sent_on": "2026-03-02",
            "answered_on": None, "document_id": None, "current": True, "note": None}


def task_file(**more: Any) -> dict[str, Any]:
    return {**FILE, "photos_wanted": False, "legal_reasons": [], "steps": [],
            "may_miss": {"documents": [{"code": "id_copy", "name": AR}],
                         "answers": [{"name": "area_m2", "label": {"ar": "المساحة", "en": "Area"}, "part": None}]},
            "actions": [{"code": "accept", "name": {"ar": "قبول", "en": "Accept"}, "requires": [],
                         "to_applicant": False},
                        {"code": "send_back", "name": {"ar": "إعادة", "en": "Send back"}, "requires": ["reason"],
                         "to_applicant": True}], **more}


def officer(service: Service, **more: Any) -> Any:
    service.answers.update({"requests.task_file": task_file(**more), "requests.act": {"state": "x"},
                            "requests.add_document": {"document_id": PAPER, "status": "quarantined"}})
    return head(service, "officer", "licensing")


def test_a_picture_is_shown_on_the_page_and_what_names_the_applicant_is_not(service: Service) -> None:
    page = officer(service, documents=[paper(PAPER, False), paper(CARD, True)]).get(TASK_PAGE).get_data(as_text=True)
    assert f'/documents/{PAPER}" alt=' in page and f'/documents/{CARD}" alt=' not in page
    assert "ويُسجل فتحه باسمك" in page


def test_only_what_an_action_asks_for_is_asked(service: Service) -> None:
    page = officer(service).get(TASK_PAGE).get_data(as_text=True)
    assert 'name="reason"' not in page and f"{TASK_PAGE}/missing/send_back" in page


def test_sending_back_goes_over_what_is_missing_however_it_was_asked_for(service: Service) -> None:
    answer = post(officer(service), TASK_PAGE, TASK_PAGE, action="send_back")
    assert (answer.status_code, answer.location) == (303, f"{TASK_PAGE}/missing/send_back")
    assert "requests.act" not in [call.method for call in service.called]


def test_what_is_missing_is_seen_before_it_is_sent(service: Service) -> None:
    service.answers["requests.preview_completion"] = {"text": "المطلوب استكماله", "language": "ar"}
    client, path = officer(service), f"{TASK_PAGE}/missing/send_back"
    chosen = {"documents": "id_copy", "answers": "area_m2", "reason": "غير واضحة"}
    seen = post(client, path, path, step="preview", **chosen).get_data(as_text=True)
    assert "المطلوب استكماله" in seen and 'name="documents" value="id_copy"' in seen
    assert "requests.act" not in [call.method for call in service.called]
    assert post(client, path, path, step="send", **chosen).status_code == 303
    assert sent(service, "requests.act") == {
        "task_id": TASK_ID, "action": "send_back", "reason": "غير واضحة",
        "missing": {"documents": ["id_copy"], "answers": ["area_m2"]}}


def test_an_action_that_sends_nothing_back_has_no_such_page(service: Service) -> None:
    assert officer(service).get(f"{TASK_PAGE}/missing/accept").status_code == 422


def test_a_letter_is_recorded_as_sent_before_its_answer_is_asked_for(service: Service) -> None:
    service.answers["requests.send_letter"] = {"status": "sent"}
    client = officer(service, letters=[letter("drafted")], body_name=BODY)
    page = client.get(TASK_PAGE).get_data(as_text=True)
    assert 'name="how"' in page and 'name="answered_on"' not in page
    assert post(client, TASK_PAGE, TASK_PAGE + "/letter").status_code == 422
    assert post(client, TASK_PAGE, TASK_PAGE + "/letter", how="hand", sent_on="2026-03-02").status_code == 303
    assert sent(service, "requests.send_letter") == {
        "task_id": TASK_ID, "how": "hand", "sent_on": "2026-03-02", "reference": None}


def test_the_bodys_answer_goes_with_its_day_and_the_action_that_follows(service: Service) -> None:
    service.answers["requests.answer_letter"] = {"state": "x"}
    client = officer(service, letters=[letter("sent")], body_name=BODY)
    faulty = post(client, TASK_PAGE, TASK_PAGE, action="accept", note="لا مانع")
    assert faulty.status_code == 422 and 'href="#answered_on"' in faulty.get_data(as_text=True)
    assert "لا مانع</textarea>" in faulty.get_data(as_text=True)
    assert post(client, TASK_PAGE, TASK_PAGE, action="accept", answered_on="2026-03-05").status_code == 303
    payload = sent(service, "requests.answer_letter")
    assert (payload["answered_on"], payload["act"]["action"]) == ("2026-03-05", "accept")


def test_a_photo_sent_by_a_script_comes_back_as_its_document_or_as_what_is_wrong(service: Service) -> None:
    client = officer(service, photos_wanted=True)
    token = hidden(client.get(TASK_PAGE).get_data(as_text=True), "csrf")

    def send(content: bytes) -> Any:
        return client.post(TASK_PAGE + "/photos", content_type="multipart/form-data", data={
            "csrf": token, "once": "0" * 32, "photos": (io.BytesIO(content), "front.png")})

    taken = send(b"\x89PNG")
    assert (taken.status_code, taken.get_json()) == (201, {"document_id": PAPER, "name": "front.png"})
    assert send(b"").status_code == 422 and send(b"").get_json()["wrong"]


def test_a_photo_is_left_out_without_losing_the_others_or_what_was_written(service: Service) -> None:
    client = officer(service, photos_wanted=True)
    page = post(client, TASK_PAGE, TASK_PAGE, photo=[f"{PAPER} front.png", f"{CARD} blurred.png"], drop=CARD,
                **{f"caption/{PAPER}": "الواجهة"}).get_data(as_text=True)
    assert "front.png" in page and "blurred.png" not in page and 'value="الواجهة"' in page
    assert "requests.act" not in [call.method for call in service.called]
