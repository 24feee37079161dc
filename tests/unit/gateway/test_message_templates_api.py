"""The doors of wordings: what reaches the service, who comes in, and how a bad wording is answered."""

from __future__ import annotations

from typing import Any

import pytest

from rules.refusal import Fault, Refusal
from tests.unit.gateway.ground import Service, client_of

KEY = {"Idempotency-Key": "01980c5e-7c00-7000-8000-0000000000aa"}
PATH = "/api/v1/message-templates/request_received"
ONE = {"sms": "{tracking_number}", "subject": "س", "body": ["نص"], "button": "افتح"}
WORDING = {"ar": ONE, "en": ONE}
AT = {"code": "request_received", "version": 1001}


@pytest.fixture
def service() -> Service:
    return Service()


def staff(service: Service, role: str) -> tuple[Any, dict[str, str]]:
    return client_of(service), {**KEY, "Authorization": f"Bearer {service.log_in(role)}"}


@pytest.mark.parametrize(("path", "body", "role", "name", "payload"), [
    ("/versions", {"wording": WORDING}, "message_editor", "notifications.write_template",
     {"code": "request_received", "wording": WORDING}),
    ("/versions/1001/amendments", {"wording": WORDING, "revision": 2}, "message_editor",
     "notifications.write_template", {**AT, "revision": 2, "wording": WORDING}),
    ("/versions/1001/submission", {"revision": 1}, "message_editor", "notifications.propose_template",
     {**AT, "revision": 1}),
    ("/versions/1001/return", {"revision": 2, "remark": "اختصر"}, "centre_manager", "notifications.return_template",
     {**AT, "revision": 2, "remark": "اختصر"}),
    ("/versions/1001/approval", {"revision": 2}, "centre_manager", "notifications.put_template_in_force",
     {**AT, "revision": 2}),
    ("/versions/1001/withdrawal", {"revision": 2}, "centre_manager", "notifications.withdraw_template",
     {**AT, "revision": 2}),
    ("/preview", {"language": "en", "values": {"service": "x"}}, "centre_manager", "notifications.preview_template",
     {"code": "request_received", "language": "en", "values": {"service": "x"}, "version": None, "wording": None}),
])
def test_each_act_goes_to_the_service_with_what_was_read(
        service: Service, path: str, body: dict[str, Any], role: str, name: str, payload: dict[str, Any]) -> None:
    service.answers[name] = {"done": True}
    client, headers = staff(service, role)
    answered = client.post(PATH + path, json=body, headers=headers)
    assert answered.status_code == (201 if path == "/versions" else 200), answered.get_json()
    assert payload.items() <= service.called[-1].payload.items()
    client, headers = staff(service, "window_clerk")
    assert client.post(PATH + path, json=body, headers=headers).status_code == 403


def test_who_writes_does_not_approve_and_who_approves_does_not_write(service: Service) -> None:
    client, headers = staff(service, "message_editor")
    assert client.post(f"{PATH}/versions/1001/approval", json={"revision": 2}, headers=headers).status_code == 403
    client, headers = staff(service, "centre_manager")
    assert client.post(f"{PATH}/versions", json={"wording": WORDING}, headers=headers).status_code == 403


@pytest.mark.parametrize(("path", "name", "payload"), [
    ("/api/v1/message-templates", "notifications.templates", {}),
    (PATH, "notifications.template", {"code": "request_received"}),
    (f"{PATH}/versions/1001?against=1", "notifications.template_version", {**AT, "against": 1}),
])
def test_what_is_there_is_read(service: Service, path: str, name: str, payload: dict[str, Any]) -> None:
    service.answers[name] = {"listed": []}
    client, headers = staff(service, "message_editor")
    assert client.get(path, headers=headers).get_json() == {"listed": []}
    assert service.called[-1].payload == payload


@pytest.mark.parametrize(("body", "field"), [
    ({}, "wording"),
    ({"wording": "text"}, "wording"),
    ({"wording": {**WORDING, "fr": ONE}}, "wording/fr"),
    ({"wording": {**WORDING, "ar": {**ONE, "sms": 5}}}, "wording/ar/sms"),
    ({"wording": {**WORDING, "ar": {**ONE, "body": "نص"}}}, "wording/ar/body"),
    ({"wording": {**WORDING, "ar": {**ONE, "script": "x"}}}, "wording/ar/script"),
    ({"wording": {**WORDING, "ar": {**ONE, "sms": "x" * 20_001}}}, "wording/ar/sms"),
])
def test_a_body_of_another_shape_is_refused_with_its_field(service: Service, body: dict[str, Any], field: str) -> None:
    client, headers = staff(service, "message_editor")
    answered = client.post(f"{PATH}/versions", json=body, headers=headers)
    assert answered.status_code == 422
    assert field in {error["field"] for error in answered.get_json()["errors"]}
    assert service.called == []


def test_every_fault_of_a_wording_is_answered_in_both_languages_with_its_field(service: Service) -> None:
    def refuse(*_: Any) -> dict[str, Any]:
        raise Refusal([Fault("wording_placeholder_unknown", "wording/ar/sms", {"name": "amont", "allowed": "amount"}),
                       Fault("wording_brace", "wording/en/sms", {"near": "{0}"}),
                       Fault("wording_markup", "wording/en/body/0", {"near": "<script"})])

    service.answers["notifications.write_template"] = refuse
    client, headers = staff(service, "message_editor")
    answered = client.post(f"{PATH}/versions", json={"wording": WORDING}, headers=headers)
    assert answered.status_code == 422
    told = answered.get_json()["errors"]
    assert [one["field"] for one in told] == ["wording/ar/sms", "wording/en/sms", "wording/en/body/0"]
    assert "«amont»" in str(told[0]) and "{0}" in str(told[1])
    assert all(set("ابتثجحخدذرزسشصضطظعغفقكلمنهوي") & set(str(one)) for one in told)
