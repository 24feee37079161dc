"""The doors of departments, their heads and of appeals: what they hand on to requests, and what they never take."""

from __future__ import annotations

from typing import Any

import pytest

from rules.refusal import refuse
from tests.unit.gateway.ground import NUMBER, Service, client_of

TASK = "01980c5e-7c00-7000-8000-000000000009"
PICTURE = "01980c5e-7c00-7000-8000-000000000010"
KEY = {"Idempotency-Key": "01980c5e-7c00-7000-8000-0000000000aa"}
PHONE = {"X-Phone-Last4": "5678"}
MOVED = {"request_id": PICTURE, "tracking_number": NUMBER, "state": "appeal", "state_kind": "task",
         "state_name": {"ar": "نظر التظلم", "en": "Appeal heard"}, "outcome": None}


@pytest.fixture
def service() -> Service:
    return Service()


def staff(service: Service, *roles: str) -> tuple[Any, dict[str, str]]:
    token = service.log_in(*roles, department="licensing")
    return client_of(service), {**KEY, "Authorization": f"Bearer {token}"}


def test_an_act_hands_on_its_ground_in_law_and_its_pictures(service: Service) -> None:
    service.answers["requests.act"] = MOVED
    client, headers = staff(service, "inspector")
    body = {"action": "report", "legal_reason": "safety", "photos": [{"document_id": PICTURE, "caption": "الواجهة"}]}
    assert client.post(f"/api/v1/tasks/{TASK}/actions", json=body, headers=headers).status_code == 200
    [call] = service.called
    assert call.payload["legal_reason"] == "safety"
    assert [(str(one["document_id"]), one["caption"]) for one in call.payload["photos"]] == [(PICTURE, "الواجهة")]


def test_more_pictures_than_a_step_takes_are_refused_at_the_door(service: Service) -> None:
    client, headers = staff(service, "inspector")
    body = {"action": "report", "photos": [{"document_id": PICTURE}] * 21}
    assert client.post(f"/api/v1/tasks/{TASK}/actions", json=body, headers=headers).status_code == 422
    assert service.called == []


def test_a_head_takes_a_file_back_with_a_reason_and_names_nobody(service: Service) -> None:
    service.answers["requests.take_back"] = {"task_id": TASK, "version": 3}
    client, headers = staff(service, "department_head")
    path = f"/api/v1/tasks/{TASK}/take-back"
    assert client.post(path, json={"reason": "غاب صاحب الملف عن العمل"}, headers=headers).get_json()["version"] == 3
    assert service.called[0].payload == {"task_id": TASK, "reason": "غاب صاحب الملف عن العمل", "version": None}
    named = {"reason": "غاب صاحب الملف عن العمل", "to": "staff:friend"}
    assert client.post(path, json=named, headers={**headers, "Idempotency-Key": TASK}).status_code == 422


@pytest.mark.parametrize(("method", "path"), [
    ("get", "/api/v1/tasks/desk"), ("post", f"/api/v1/tasks/{TASK}/take-back"),
    ("get", f"/api/v1/tasks/{TASK}/hand-over"), ("post", f"/api/v1/tasks/{TASK}/hand-over"), ("get", "/api/v1/late")])
def test_only_heads_oversee(service: Service, method: str, path: str) -> None:
    client, headers = staff(service, "officer")
    json = {"reason": "غاب صاحب الملف عن العمل"} if method == "post" else None
    assert getattr(client, method)(path, json=json, headers=headers).status_code == 403
    assert service.called == []


def test_a_declared_relation_goes_on_and_comes_back_as_nothing_but_declared(service: Service) -> None:
    service.answers["requests.declare_relation"] = {"declared": True}
    client, headers = staff(service, "officer")
    answer = client.post("/api/v1/tasks/relations", json={"national_id": "28503150101232"}, headers=headers)
    assert answer.get_json() == {"declared": True}


def test_an_appeal_goes_on_with_the_number_and_the_digits(service: Service) -> None:
    service.answers["requests.appeal"] = MOVED
    reason = "الاشتراطات مستوفاة وأطلب إعادة النظر"
    answer = client_of(service).post(
        f"/api/v1/requests/{NUMBER}/appeal", json={"reason": reason}, headers={**KEY, **PHONE})
    assert answer.status_code == 200 and answer.get_json()["state"] == "appeal"
    assert service.called[0].payload == {"tracking_number": NUMBER, "phone_last4": "5678", "reason": reason}


def test_an_appeal_that_is_late_is_told_until_when_it_went(service: Service) -> None:
    service.answers["requests.appeal"] = refuse("appeal_too_late", until="2026-03-17")
    answer = client_of(service).post(
        f"/api/v1/requests/{NUMBER}/appeal", json={"reason": "أطلب إعادة النظر"}, headers={**KEY, **PHONE})
    assert answer.status_code == 409 and "2026-03-17" in answer.get_data(as_text=True)


def test_the_picture_is_an_svg_and_asks_for_the_digits(service: Service) -> None:
    service.answers["requests.graph"] = {"tracking_number": NUMBER, "state": "decision", "svg": "<svg/>"}
    path = f"/api/v1/requests/{NUMBER}/graph.svg?language=en"
    answer = client_of(service).get(path, headers=PHONE)
    assert (answer.mimetype, answer.get_data(as_text=True)) == ("image/svg+xml", "<svg/>")
    assert service.called[0].payload["language"] == "en"
    assert client_of(service).get(path).status_code == 422


def test_the_holder_of_a_task_sees_the_picture_too(service: Service) -> None:
    service.answers["requests.task_graph"] = {"tracking_number": NUMBER, "state": "decision", "svg": "<svg/>"}
    client, headers = staff(service, "officer")
    assert client.get(f"/api/v1/tasks/{TASK}/graph.svg", headers=headers).mimetype == "image/svg+xml"
    assert service.called[0].payload == {"task_id": TASK, "language": "ar"}


def test_a_file_is_handed_to_a_colleague_by_account_and_the_people_have_names(service: Service) -> None:
    service.names = {PICTURE: "سلمى فؤاد"}
    service.answers.update({
        "requests.hand_over_choices": {
            "task_id": TASK, "version": 2, "tracking_number": NUMBER, "service_name": {"ar": "أ", "en": "a"},
            "state_name": {"ar": "ب", "en": "b"}, "department": "licensing", "role": "officer", "holder": None,
            "due_on": None, "people": [{"account": PICTURE, "in_hand": 1, "given": 0}]},
        "requests.hand_over_task": {"task_id": TASK, "version": 3, "holder": PICTURE}})
    client, headers = staff(service, "department_head")
    path = f"/api/v1/tasks/{TASK}/hand-over"
    [one] = client.get(path, headers=headers).get_json()["people"]
    assert (one["account"], one["name"], one["in_hand"]) == (PICTURE, "سلمى فؤاد", 1)
    body = {"to": PICTURE, "reason": "له خبرة بهذا النشاط", "version": 2}
    assert client.post(path, json=body, headers=headers).get_json()["holder"] == PICTURE
    assert service.called[-1].payload == {"task_id": TASK, **body}


def test_a_file_is_sent_back_with_what_is_missing(service: Service) -> None:
    service.answers["requests.act"] = MOVED
    service.answers["requests.preview_completion"] = {"text": "المطلوب", "language": "ar"}
    client, headers = staff(service, "officer")
    missing = {"documents": ["id_copy"], "answers": ["area_m2"]}
    seen = client.post(f"/api/v1/tasks/{TASK}/completion-preview", json={"missing": missing}, headers=headers)
    assert seen.get_json() == {"text": "المطلوب", "language": "ar"}
    body = {"action": "send_back", "missing": missing}
    assert client.post(f"/api/v1/tasks/{TASK}/actions", json=body, headers=headers).status_code == 200
    assert service.called[-1].payload["missing"] == missing


def test_a_cause_that_is_not_of_the_list_is_refused_at_the_door(service: Service) -> None:
    client, headers = staff(service, "unit_head")
    body = {"tracking_number": NUMBER, "cause": "weather", "measure": "none", "words": "عاصفة ترابية أمس"}
    assert client.post("/api/v1/late/causes", json=body, headers=headers).status_code == 422
    assert service.called == []
