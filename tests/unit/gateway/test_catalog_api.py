"""The doors of editors and reviewers, and of whoever looks at the versions of a service."""

from __future__ import annotations

import copy
from datetime import date
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from rules.refusal import refuse
from tests.unit.gateway.ground import TASK_ID, Service, client_of

KEY = "0123456789abcdef"
PROPOSAL = TASK_ID
MOVED = {"proposal_id": PROPOSAL, "version": 2, "state": "in_review"}
CODE = "shop-licence"


def headers(service: Service, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.log_in(role)}", "Idempotency-Key": KEY}


@pytest.fixture
def service() -> Service:
    """The guide with a second version of one service that begins in 2026-02, and a third that is still to come."""
    made = Service()
    made.definitions = [row for row in made.definitions if row.code == CODE]
    first = made.definitions[0]
    for version, day in ((2, date(2026, 2, 1)), (3, date(2999, 1, 1))):
        document = copy.deepcopy(first.document)
        document["keywords"] = [*document["keywords"], f"كلمة {version}"]
        document["documents"] = document["documents"][1:]
        made.definitions.append(SimpleNamespace(code=CODE, version=version, effective_from=day, document=document))
    return made


@pytest.mark.parametrize(("path", "role", "body", "method"), [
    ("", "catalogue_editor", {"kind": "definition", "body": {"code": CODE}, "effective_from": "2026-05-01"},
     "catalog.propose"),
    (f"/{PROPOSAL}/amendments", "catalogue_editor", {"version": 1, "body": {"code": CODE}, "based_on": 4},
     "catalog.amend"),
    (f"/{PROPOSAL}/submission", "catalogue_editor", {"version": 1}, "catalog.submit_proposal"),
    (f"/{PROPOSAL}/withdrawal", "catalogue_editor", {"version": 1}, "catalog.withdraw_proposal"),
    (f"/{PROPOSAL}/decision", "catalogue_reviewer", {"version": 2, "decision": "return", "remark": "راجع"},
     "catalog.decide")])
def test_what_is_asked_is_passed_on_in_the_name_of_who_asks(
    service: Service, path: str, role: str, body: dict[str, Any], method: str
) -> None:
    service.answers[method] = MOVED | {"faults": []}
    answer = client_of(service).post(f"/api/v1/catalog/proposals{path}", json=body, headers=headers(service, role))
    assert answer.status_code == (200 if path else 201), answer.get_json()
    called = service.called[-1]
    assert (called.method, called.actor.roles, called.command_id is None) == (method, (role,), False)
    assert {key: str(value) if key == "effective_from" else value for key, value in called.payload.items()
            if key in body} == body
    if path:
        assert str(called.payload["proposal_id"]) == PROPOSAL
    else:
        assert answer.headers["Location"] == f"/api/v1/catalog/proposals/{PROPOSAL}"


def test_faults_of_a_definition_come_as_problem_details_with_every_place(service: Service) -> None:
    found = refuse("effective_date_past", "effective_from", date="2026-01-01", today="2026-03-01")
    found.faults.append(refuse("nothing_changed", "body").faults[0])
    service.answers["catalog.submit_proposal"] = found
    answer = client_of(service).post(f"/api/v1/catalog/proposals/{PROPOSAL}/submission", json={"version": 1},
                                     headers=headers(service, "catalogue_editor"))
    problem = answer.get_json()
    assert answer.status_code == 422 and problem["code"] == "effective_date_past"
    assert [(one["field"], one["code"]) for one in problem["errors"]] == [
        ("effective_from", "effective_date_past"), ("body", "nothing_changed")]
    assert all(one["ar"] and one["en"] for one in problem["errors"])


def test_a_whole_definition_comes_through_the_door_but_nothing_without_end(service: Service) -> None:
    service.answers["catalog.propose"] = MOVED | {"faults": []}
    large = {"kind": "definition", "body": {"code": CODE, "summary": {"ar": "ن" * 100_000}}}
    client, who = client_of(service), headers(service, "catalogue_editor")
    assert client.post("/api/v1/catalog/proposals", json=large, headers=who).status_code == 201
    large["body"]["summary"]["ar"] *= 10  # type: ignore[index]
    assert client.post("/api/v1/catalog/proposals", json=large, headers=who).status_code == 413


@pytest.mark.parametrize("version", [2.9, "2", None, 0, 2**31])
def test_what_is_approved_is_named_by_a_whole_version(service: Service, version: Any) -> None:
    answer = client_of(service).post(f"/api/v1/catalog/proposals/{PROPOSAL}/decision", headers=headers(
        service, "catalogue_reviewer"), json={"version": version, "decision": "approve"})
    assert answer.status_code == 422 and service.called == []


def test_lists_take_their_filters(service: Service) -> None:
    service.answers |= {
        "catalog.proposals": {"proposals": [], "next": None},
        "catalog.adoptions": {"governorate": "EG-C", "adoptions": []},
        "catalog.differences": {"as_of": "2026-03-01T00:00:00Z", "governorates": [], "services": []},
    }
    client, who = client_of(service), headers(service, "catalogue_reviewer")
    assert client.get("/api/v1/catalog/proposals?state=in_review&limit=5", headers=who).status_code == 200
    assert (service.called[-1].payload["state"], service.called[-1].payload["limit"]) == ("in_review", 5)
    assert client.get("/api/v1/catalog/adoptions?state=blocked", headers=who).status_code == 200
    assert service.called[-1].payload["state"] == "blocked"
    assert client.get(f"/api/v1/catalog/differences?code={CODE}", headers=who).status_code == 200
    assert service.called[-1].payload == {"code": CODE}
    assert client.get("/api/v1/catalog/proposals?state=dreaming", headers=who).status_code == 422


# -- versions, for everybody -----------------------------------------------------------------------------------------


def test_the_versions_of_a_service_and_where_each_stands(service: Service) -> None:
    shown = client_of(service).get(f"/api/v1/services/{CODE}/versions").get_json()
    assert [(one["version"], one["state"]) for one in shown["versions"]] == [
        (3, "scheduled"), (2, "in_force"), (1, "superseded")]
    assert shown["in_force"] == 2 and shown["retired_from"] == []
    service.retirements.append(SimpleNamespace(code=CODE, retired_from=date(2026, 2, 2)))
    retired = client_of(service_again(service)).get(f"/api/v1/services/{CODE}/versions").get_json()
    assert retired["in_force"] is None and retired["retired_from"] == ["2026-02-02"]
    assert not service.called


def test_two_versions_compared_and_measured(service: Service) -> None:
    client = client_of(service)
    compared = client.get(f"/api/v1/services/{CODE}/compare?from=1&to=2").get_json()
    assert {one["section"] for one in compared["differences"]} == {"keywords", "documents"}
    assert all(one["label"]["ar"] and one["label"]["en"] for one in compared["differences"])
    assert client.get(f"/api/v1/services/{CODE}/compare?from=2&to=2").get_json()["differences"] == []
    effect = client.get(f"/api/v1/services/{CODE}/effect?from=1&to=2").get_json()
    counted = ("documents_required", "documents_conditional")
    assert sum(effect["difference"][name] for name in counted) == -1
    assert sum(effect["before"][name] - effect["after"][name] for name in counted) == 1
    assert not service.called


def test_the_workflow_is_drawn(service: Service) -> None:
    client = client_of(service)
    drawn = client.get(f"/api/v1/services/{CODE}/graph.svg?version=1")
    assert drawn.mimetype == "image/svg+xml"
    assert ElementTree.fromstring(drawn.data).tag == "{http://www.w3.org/2000/svg}svg"
    arabic, english = (client.get(f"/api/v1/services/{CODE}/graph.mmd?language={language}").get_data(as_text=True)
                       for language in ("ar", "en"))
    assert "stateDiagram" in arabic and arabic != english


@pytest.mark.parametrize(("path", "status"), [
    (f"{CODE}/compare?from=1&to=9", 404), (f"{CODE}/compare?from=1", 422), (f"{CODE}/compare?from=0&to=1", 422),
    (f"{CODE}/effect?from=x&to=1", 422), (f"{CODE}/graph.svg?version=9", 404), (f"{CODE}/graph.svg?language=fr", 422),
    ("nobody/versions", 404), ("nobody/graph.mmd", 404), ("nobody/compare?from=1&to=1", 404)])
def test_what_is_not_there(service: Service, path: str, status: int) -> None:
    assert client_of(service).get(f"/api/v1/services/{path}").status_code == status


def service_again(service: Service) -> Service:
    """The same with a process of its own, which reads the guide anew."""
    service.platform = None
    return service
