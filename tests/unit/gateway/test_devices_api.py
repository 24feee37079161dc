"""The doors of tablets: what they hand on, and whom they turn away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.gateway.ground import Service, client_of

DEVICE = "01980c5e-7c00-7000-8000-0000000000d1"
KEY = {"Idempotency-Key": "01980c5e-7c00-7000-8000-0000000000aa"}
BODY = {"unit": "EG-C-01", "label": "لوح 3", "public_key": "mNkbmYqPHxf5rxOeGXvHC3Ph7TP/7u3FyKzGk2gTr+w=",
        "proof": "YQ=="}
SHOWN = {"device_id": DEVICE, "version": 1, "state": "pending"}


@pytest.fixture
def service() -> Service:
    return Service()


def staff(service: Service, *roles: str) -> tuple[Any, dict[str, str]]:
    return client_of(service), {**KEY, "Authorization": f"Bearer {service.log_in(*roles, department=None)}"}


def test_a_tablet_is_registered_with_its_key_and_its_proof(service: Service) -> None:
    service.answers["requests.register_device"] = SHOWN
    client, headers = staff(service, "administrator")
    answer = client.post("/api/v1/devices", json=BODY, headers=headers)
    assert (answer.status_code, answer.get_json()["state"]) == (201, "pending")
    assert service.called[0].payload == {**BODY, "kind": "tablet"}


def test_a_window_is_a_device_of_its_own_kind(service: Service) -> None:
    service.answers["requests.register_device"] = SHOWN
    client, headers = staff(service, "administrator")
    assert client.post("/api/v1/devices", json={**BODY, "kind": "window"}, headers=headers).status_code == 201
    assert service.called[0].payload["kind"] == "window"
    answer = client.post("/api/v1/devices", json={**BODY, "kind": "fridge"}, headers=headers)
    assert answer.get_json()["code"] == "field_invalid"


@pytest.mark.parametrize(("path", "method", "body"), [
    ("certification", "requests.certify_device", {"days": 30}),
    ("suspension", "requests.suspend_device", {"reason": "مفقود ويبحث عنه"}),
    ("resumption", "requests.resume_device", {"reason": "عُثر عليه"}),
    ("revocation", "requests.revoke_device", {"reason": "سُرق، محضر 12"}),
    ("wipe", "requests.wipe_device", {"reason": "سُرق، محضر 12", "at_once": True}),
    ("serials/return", "requests.return_serials", {"reason": "نهاية النوبة"})])
def test_each_act_is_handed_on_with_its_reason(service: Service, path: str, method: str, body: dict[str, Any]) -> None:
    service.answers[method] = SHOWN
    client, headers = staff(service, "administrator")
    assert client.post(f"/api/v1/devices/{DEVICE}/{path}", json=body, headers=headers).status_code == 200
    assert service.called[0].payload == {"device_id": DEVICE, **body}


@pytest.mark.parametrize("path", ["suspension", "resumption", "revocation", "serials/return", "wipe"])
def test_nothing_is_done_to_a_tablet_without_a_reason(service: Service, path: str) -> None:
    client, headers = staff(service, "administrator")
    assert client.post(f"/api/v1/devices/{DEVICE}/{path}", json={}, headers=headers).status_code == 422
    assert service.called == []


@pytest.mark.parametrize("role", ["window_clerk", "cashier", "officer", "unit_head", "centre_manager"])
def test_nobody_else_registers_or_lists_them(service: Service, role: str) -> None:
    client, headers = staff(service, role)
    assert client.post("/api/v1/devices", json=BODY, headers=headers).status_code == 403
    assert client.get("/api/v1/devices", headers=headers).status_code == 403
    assert client.post("/api/v1/devices", json=BODY, headers=KEY).status_code == 401
    assert service.called == []


def test_they_are_listed_a_page_at_a_time(service: Service) -> None:
    service.answers["requests.devices"] = {"devices": [], "next": None}
    client, headers = staff(service, "administrator")
    assert client.get("/api/v1/devices?unit=EG-C-01&limit=5", headers=headers).status_code == 200
    assert service.called[0].payload["limit"] == 5
    assert client.get("/api/v1/devices?limit=0", headers=headers).status_code == 422


SAID = {"public_key": BODY["public_key"], "at": "2026-11-22T09:00:00.000Z", "wiped": None, "signature": "YQ=="}


def test_a_device_speaks_for_itself_as_nobody_of_the_staff(service: Service) -> None:
    service.answers["requests.device_contact"] = {"device_id": DEVICE, "wipe": "at_once"}
    client, headers = staff(service, "administrator")
    answer = client.post("/api/v1/devices/contact", json=SAID, headers=headers)
    assert (answer.status_code, answer.get_json()["wipe"]) == (200, "at_once")
    [call] = service.called
    assert (call.payload, call.actor.roles) == (SAID, ("device",))


def test_its_word_is_short_and_its_numbers_are_numbers(service: Service) -> None:
    client, _ = staff(service, "administrator")
    for wiped in ([0], ["1"], list(range(1, 1002)), "none"):
        assert client.post("/api/v1/devices/contact", json={**SAID, "wiped": wiped}).status_code == 422
    assert service.called == []


@pytest.mark.parametrize("role", ["mobile_clerk", "window_clerk"])
def test_who_works_with_devices_may_open_their_own_data_again(service: Service, role: str) -> None:
    service.answers["requests.device_unlock"] = {"secret": "c2VjcmV0", "former": []}
    client, headers = staff(service, role)
    answer = client.get(f"/api/v1/devices/{DEVICE}/unlocking", headers=headers)
    assert (answer.status_code, answer.get_json()["secret"]) == (200, "c2VjcmV0")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("role", ["administrator", "cashier", "officer", "centre_manager"])
def test_nobody_else_is_given_what_opens_it(service: Service, role: str) -> None:
    client, headers = staff(service, role)
    assert client.get(f"/api/v1/devices/{DEVICE}/unlocking", headers=headers).status_code == 403
