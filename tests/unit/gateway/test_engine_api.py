"""The doors of inspections after the issue, of what a head is asked about a licence, and of declared relations."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.unit.gateway.ground import Service, client_of

ONE = "01980c5e-7c00-7000-8000-000000000009"
PICTURE = "01980c5e-7c00-7000-8000-000000000010"
KEY = {"Idempotency-Key": "01980c5e-7c00-7000-8000-0000000000aa"}
REASON = "خالف المحل اشتراطات الحماية من الحريق"
NAME = {"ar": "متابعة", "en": "Check"}
AT = "2026-09-01T08:00:00+00:00"


@pytest.fixture
def service() -> Service:
    return Service()


def staff(service: Service, *roles: str) -> tuple[Any, dict[str, str]]:
    token = service.log_in(*roles, department="leadership")
    return client_of(service), {**KEY, "Authorization": f"Bearer {token}"}


def test_a_head_lists_what_is_to_be_inspected(service: Service) -> None:
    shown = {"follow_up_id": ONE, "serial": "C-2026-000001-T", "service_name": NAME, "name": NAME, "number": 1,
             "due_on": "2026-09-01", "status": "planned", "why": None, "result": None, "opened_at": None,
             "done_at": None}
    service.answers["requests.follow_ups"] = {"follow_ups": [shown], "next": None}
    client, headers = staff(service, "unit_head")
    answer = client.get("/api/v1/follow-ups?status=planned&limit=5", headers=headers)
    assert answer.get_json()["follow_ups"] == [shown]
    assert service.called[0].payload["status"] == "planned"
    assert client.get("/api/v1/follow-ups?status=eaten", headers=headers).status_code == 422


def test_a_head_reads_what_was_found_and_decides_with_a_reason(service: Service) -> None:
    service.answers["requests.licence_questions"] = {"questions": [{
        "question_id": ONE, "version": 1, "serial": "C-2026-000001-T", "service_name": NAME, "name": NAME,
        "findings": "لا طفاية", "photos": [PICTURE], "opened_at": AT}]}
    service.answers["requests.decide_licence_question"] = {
        "question_id": ONE, "serial": "C-2026-000001-T", "decision": "suspend"}
    client, headers = staff(service, "unit_head")
    assert client.get("/api/v1/licence-questions", headers=headers).get_json()["questions"][0]["photos"] == [PICTURE]
    body = {"version": 1, "decision": "suspend", "reason": REASON}
    path = f"/api/v1/licence-questions/{ONE}/decision"
    assert client.post(path, json=body, headers=headers).get_json()["decision"] == "suspend"
    assert service.called[-1].payload == {"question_id": ONE, **body}


@pytest.mark.parametrize("wrong", [{"decision": "cancel"}, {"reason": "قصير"}, {"reason": None}, {"version": None}])
def test_a_decision_that_says_too_little_or_too_much_is_refused_at_the_door(
        service: Service, wrong: dict[str, Any]) -> None:
    client, headers = staff(service, "unit_head")
    body = {"version": 1, "decision": "suspend", "reason": REASON, **wrong}
    assert client.post(f"/api/v1/licence-questions/{ONE}/decision", json=body, headers=headers).status_code == 422
    assert service.called == []


def test_a_picture_is_shown_as_it_is(service: Service) -> None:
    content = b"\x89PNG\r\n\x1a\n a picture"
    service.answers["requests.licence_question_photo"] = {
        "media_type": "image/png", "content": base64.b64encode(content).decode()}
    client, headers = staff(service, "unit_head")
    answer = client.get(f"/api/v1/licence-questions/{ONE}/photos/{PICTURE}", headers=headers)
    assert (answer.data, answer.content_type) == (content, "image/png")


def test_a_head_withdraws_a_relation_and_an_officer_does_not(service: Service) -> None:
    service.answers["requests.withdraw_relation"] = {"relation_id": ONE, "withdrawn_at": AT}
    service.answers["requests.relations"] = {"relations": [{
        "relation_id": ONE, "account": "staff:a", "department": "licensing", "kind": "tax_number", "declared_at": AT,
        "withdrawn_at": None, "withdrawn_by": None, "reason": None}], "next": None}
    client, headers = staff(service, "unit_head")
    path = f"/api/v1/relations/{ONE}/withdrawal"
    assert client.get("/api/v1/relations", headers=headers).get_json()["relations"][0]["kind"] == "tax_number"
    assert client.post(path, json={"reason": REASON}, headers=headers).get_json()["relation_id"] == ONE
    client, headers = staff(service, "officer")
    assert client.post(path, json={"reason": REASON}, headers=headers).status_code == 403


def test_a_relation_is_declared_by_the_number_of_a_company(service: Service) -> None:
    service.answers["requests.declare_relation"] = {"declared": True}
    client, headers = staff(service, "officer")
    client.post("/api/v1/tasks/relations", json={"tax_number": "123456789"}, headers=headers)
    assert service.called[0].payload["tax_number"] == "123456789"
