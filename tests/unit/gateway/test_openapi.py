"""The API's description: valid OpenAPI 3.1, every route in it, every route's demands in it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from rules import roles
from tests.unit.gateway.ground import Service, client_of
from tests.unit.gateway.test_routes import ROWS

API = [(row[0], row[1], row[2]) for row in ROWS if row[1].startswith("/api/")]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = client_of(Service()).get("/api/v1/openapi.json").get_json()
    return found


def test_it_is_valid_by_the_specification(document: dict[str, Any]) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    broken = {**document, "info": {}}
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_nothing_is_described_that_nothing_refers_to(document: dict[str, Any]) -> None:
    written = str(document)
    for kind in ("schemas", "responses"):
        for name in document["components"].get(kind, {}):
            assert f"'#/components/{kind}/{name}'" in written, name


def test_no_two_schemas_share_a_name(document: dict[str, Any]) -> None:
    """Where they do, the second gets a number after its name, which says nothing to who reads the description."""
    assert [name for name in document["components"]["schemas"] if name[-1].isdigit()] == []


def test_it_is_openapi_3_1_and_says_who_speaks(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1") and document["info"]["version"] == "v1"
    assert "Idempotency-Key" in document["info"]["description"] and "log-in" in document["info"]["description"]


@pytest.mark.parametrize(("method", "rule", "permission"), API)
def test_every_route_is_described_with_what_it_demands(
    document: dict[str, Any], method: str, rule: str, permission: str
) -> None:
    path = document["paths"][re.sub(r"<(\w+)>", r"{\1}", rule)]
    operation = path[method.lower()]
    assert operation["summary"] and operation["x-permission"] == permission
    problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}
    headers = {one["name"] for one in _parameters(path, operation) if one["in"] == "header"}
    keyless = ("/api/v1/sessions", "/api/v1/citizens/sessions", "/api/v1/payments/callbacks/<rail>",
               "/api/v1/messages/receipts/<provider>", "/api/v1/devices/contact")
    secret = permission == "account.own"  # what concerns the own log-in is never kept, so it cannot be answered again
    assert ("Idempotency-Key" in headers) is (method == "POST" and rule not in keyless and not secret)
    by_number = "/requests/<tracking_number>" in rule and permission not in ("request.correct", "message.read")  # staff
    ordered = rule == "/api/v1/visits" or (rule.startswith("/api/v1/visits/<visit_number>")
                                           and permission == "visit.order")
    inquiry = by_number or ordered or rule == "/api/v1/complaints/<complaint_number>"
    assert ("X-Phone-Last4" in headers) is inquiry
    public = any(roles.permits(("public",), one) for one in permission.split("|")) or permission in (
        "bill.callback", "message.receipt", "device.contact")
    staff_only = not public or (method, rule) == ("DELETE", "/api/v1/sessions")
    assert ("security" in operation) is staff_only
    bodiless = ("/api/v1/requests/<tracking_number>/rating-invitations",
                "/api/v1/parked/<service>/<subscription>/<event_id>/replay",
                "/api/v1/links/<peer>/parked/<message_id>/replay",
                "/api/v1/subscriptions/<subscription_id>/resumption",
                "/api/v1/agency/subscriptions/<subscription_id>/resumption")
    if method == "POST" and rule not in (*bodiless, "/api/v1/tasks/next", "/api/v1/visits/<visit_number>/cancellation"):
        assert "requestBody" in operation


def test_every_reference_leads_somewhere_and_nothing_is_named_twice(document: dict[str, Any]) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [one for inner in value.values() for one in references(inner)]
        return [one for inner in value for one in references(inner)] if isinstance(value, list) else []

    for reference in references(document):
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in document["components"][kind], reference
    names = [operation.get("operationId") for path in document["paths"].values() for operation in path.values()
             if isinstance(operation, dict)]  # fmt: skip
    assert all(names) and len(names) == len(set(names))


def test_the_digits_are_never_asked_for_in_an_address(document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                assert all(one["in"] == "header" for one in _parameters(path, operation) if "hone" in one["name"])


def _parameters(path: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [*path.get("parameters", []), *operation.get("parameters", [])]
