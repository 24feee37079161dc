"""The doors of finding: who comes in, and that what names people never stands in an address."""

from __future__ import annotations

from typing import Any

import pytest

from rules.refusal import refuse
from tests.unit.gateway.ground import Service, client_of

KEY = {"Idempotency-Key": "01980c5e-7c00-7000-8000-0000000000aa"}
NOTHING: dict[str, Any] = {"requests": [], "next": None}


@pytest.fixture
def service() -> Service:
    return Service()


def staff(service: Service, *roles: str) -> tuple[Any, dict[str, str]]:
    return client_of(service), {**KEY, "Authorization": f"Bearer {service.log_in(*roles)}"}


@pytest.mark.parametrize("role", ["window_clerk", "centre_manager", "unit_head", "department_head"])
def test_a_search_hands_on_what_is_looked_for(service: Service, role: str) -> None:
    service.answers["requests.find"] = NOTHING
    client, headers = staff(service, role)
    answer = client.post("/api/v1/finding", json={"name": "محمود", "limit": 5}, headers=headers)
    assert (answer.status_code, answer.get_json()) == (200, NOTHING)
    assert {key: value for key, value in service.called[0].payload.items() if value is not None} == {
        "name": "محمود", "limit": 5}


@pytest.mark.parametrize("role", ["officer", "inspector", "cashier", "administrator", "catalogue_editor"])
def test_nobody_else_searches(service: Service, role: str) -> None:
    client, headers = staff(service, role)
    assert client.post("/api/v1/finding", json={"name": "محمود"}, headers=headers).status_code == 403
    assert client.get("/api/v1/finding?lateness=late", headers=headers).status_code == 403
    assert service.called == []


def test_a_list_takes_no_name_in_its_address(service: Service) -> None:
    service.answers["requests.list"] = NOTHING
    client, headers = staff(service, "unit_head")
    assert client.get("/api/v1/finding?lateness=late&service_code=shop-licence", headers=headers).status_code == 200
    assert service.called[0].payload["lateness"] == "late"
    for person in ("name=x", "national_id=28503150101232", "passport=A1234567"):
        client.get(f"/api/v1/finding?lateness=late&{person}", headers=headers)
    assert all(not {"name", "national_id", "passport"} & call.payload.keys() for call in service.called)


@pytest.mark.parametrize("body", [{"limit": 0}, {"limit": 51}, {"lateness": "early"}, {"state": "x' OR 1=1"},
                                  {"phone": "01012345678"}])
def test_what_no_search_can_be_is_refused_at_the_door(service: Service, body: dict[str, Any]) -> None:
    client, headers = staff(service, "window_clerk")
    assert client.post("/api/v1/finding", json=body, headers=headers).status_code == 422
    assert service.called == []


def test_who_decides_is_told_in_both_languages(service: Service) -> None:
    service.answers["requests.find"] = refuse("find_apart", "name")
    client, headers = staff(service, "unit_head")
    answer = client.post("/api/v1/finding", json={"name": "محمود"}, headers=headers)
    assert answer.status_code == 403 and answer.get_json()["code"] == "find_apart"
