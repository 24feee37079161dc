"""The organisation at the door of programs: what is asked of catalog and what is answered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.gateway.ground import Service, client_of, refused

PROPOSAL = "01980c5e-7c00-7000-8000-000000000009"


def get(service: Service, path: str, *roles: str) -> Any:
    headers = {"Authorization": f"Bearer {service.log_in(*roles)}"} if roles else {}
    return client_of(service).get(f"/api/v1{path}", headers=headers)


@pytest.mark.parametrize(("path", "method", "payload"), [
    ("/organisation/unit", "catalog.organisation",
     {"kind": "unit", "parent": None, "on": None, "after": None, "limit": 100}),
    ("/organisation/centre?parent=EG-C-01&on=2026-12-01&after=A&limit=5", "catalog.organisation",
     {"kind": "centre", "parent": "EG-C-01", "on": "2026-12-01", "after": "A", "limit": 5}),
    ("/organisation/unit/EG-C-01/history", "catalog.organisation_history", {"kind": "unit", "code": "EG-C-01"}),
    ("/organisation/employee/1024/name", "catalog.employee", {"code": "1024", "proposal_id": None}),
    (f"/organisation/employee/1024/name?proposal_id={PROPOSAL}", "catalog.employee",
     {"code": "1024", "proposal_id": PROPOSAL}),
    ("/calendar/2026?unit=EG-C-01", "catalog.calendar", {"year": 2026, "unit": "EG-C-01"}),
])
def test_what_is_asked_reaches_catalog_in_the_name_of_who_asks(path: str, method: str, payload: dict[str, Any]) -> None:
    service = Service()
    service.answers[method] = {"answered": True}
    answer = get(service, path, "organisation_editor")
    assert (answer.status_code, answer.get_json()) == (200, {"answered": True})
    assert (service.called[-1].method, service.called[-1].payload) == (method, payload)
    assert service.called[-1].actor.roles == ("organisation_editor",)


def test_the_calendar_is_for_everybody_and_the_rest_for_the_staff_concerned() -> None:
    service = Service()
    service.answers["catalog.calendar"] = {"days": []}
    answer = get(service, "/calendar/2026")
    assert answer.status_code == 200 and "max-age=300" in answer.headers["Cache-Control"]
    assert get(service, "/organisation/unit").status_code == 401
    for role in ("window_clerk", "catalogue_editor", "catalogue_reviewer"):
        assert get(service, "/organisation/employee/1024/name", role).status_code == 403
    assert [call.method for call in service.called] == ["catalog.calendar"]


def test_what_catalog_refuses_is_said_in_both_languages() -> None:
    service = Service()
    service.answers["catalog.organisation_history"] = refused("organisation_unknown", "code")
    problem = get(service, "/organisation/unit/EG-C-99/history", "organisation_editor").get_json()
    assert (problem["status"], problem["code"]) == (404, "organisation_unknown")
    assert problem["title_ar"] and problem["title_en"]


@pytest.mark.parametrize("path", ["/organisation/unit?limit=0", "/organisation/unit?on=tomorrow",
                                  "/organisation/employee/1/name?proposal_id=1"])
def test_a_malformed_question_is_refused_at_the_door(path: str) -> None:
    service = Service()
    assert get(service, path, "organisation_editor").status_code == 422
    assert not service.called
