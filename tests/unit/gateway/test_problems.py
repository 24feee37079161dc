"""One shape for every no, in two languages, with the right status and headers."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

import pytest
from werkzeug.test import run_wsgi_app

from chassis.errors import Busy, DeadlineExceeded, RemoteFailure, Unavailable
from contracts.problems import catalogue
from rules.refusal import Fault, Refusal
from services.gateway.web import problems
from tests.unit.gateway.ground import BILL_ID, NUMBER, Service, client_of

REQUESTS, JSON = "/api/v1/requests", "application/json"
BODY: dict[str, Any] = {
    "service_code": "shop-licence", "unit": "EG-C-01", "answers": {},
    "applicant": {"kind": "citizen", "name": "محمود حسن", "phone": "01012345678", "national_id": "28503150101232"},
}  # fmt: skip


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def test_a_refusal_names_code_field_and_both_languages() -> None:
    service = Service()
    service.answers["requests.submit"] = Refusal(
        [Fault("phone_invalid", "applicant/phone"), Fault("field_required", "answers/shop_name")]
    )
    answer = client_of(service).post(REQUESTS, json=BODY, headers={**key(), "X-Correlation-Id": "walk-0001"})
    body = answer.get_json()
    assert answer.status_code == 422 and answer.content_type == "application/problem+json"
    assert body["code"] == "phone_invalid" and body["type"] == "urn:shubbak:problem:phone_invalid"
    assert body["title"] == body["title_ar"] and "010" in body["title_en"]
    assert [(one["field"], one["code"]) for one in body["errors"]] == [
        ("applicant/phone", "phone_invalid"), ("answers/shop_name", "field_required")]  # fmt: skip
    assert all(one["ar"] and one["en"] for one in body["errors"])
    assert body["correlation_id"] == answer.headers["X-Correlation-Id"] == "walk-0001"
    assert service.called[-1].correlation_id == "walk-0001"


def test_the_language_is_arabic_unless_asked_otherwise() -> None:
    client = client_of(Service())
    titles = [
        client.get("/api/v1/services/nothing", headers=headers).get_json()["title"]
        for headers in ({}, {"Accept-Language": "en-GB,en;q=0.8"}, {"Accept-Language": "fr"})
    ]
    assert titles[0] == titles[2] != titles[1] and titles[1].isascii()


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        (lambda c: c.post(REQUESTS, data="{", content_type=JSON, headers=key()), 400, "malformed"),
        (lambda c: c.post(REQUESTS, data="[" * 5000, content_type=JSON, headers=key()), 400, "malformed"),
        (lambda c: c.post(REQUESTS, data=b"\xff\xfe", content_type=JSON, headers=key()), 400, "malformed"),
        (lambda c: c.post(REQUESTS, json=[], headers=key()), 422, "field_invalid"),
        (lambda c: c.post(REQUESTS, json={}, headers=key()), 422, "field_required"),
        (lambda c: c.post(REQUESTS, json={**BODY, "colour": 1}, headers=key()), 422, "field_unknown"),
        (lambda c: c.post(REQUESTS, json=BODY), 400, "idempotency_key_required"),
        (lambda c: c.post(REQUESTS, json=BODY, headers={"Idempotency-Key": "short"}), 400, "idempotency_key_required"),
        (lambda c: c.post(REQUESTS, data="a=b", content_type="text/x", headers=key()), 415, "media_type_unsupported"),
        (lambda c: c.post(REQUESTS, data=b"x" * 65_537, content_type=JSON, headers=key()), 413, "too_large"),
        (lambda c: c.post(REQUESTS, json={"x": "y" * 70_000}, headers=key()), 413, "too_large"),
        (lambda c: c.get("/api/v1/nothing"), 404, "not_found"),
        (lambda c: c.delete("/api/v1/services"), 405, "method_not_allowed"),
        (lambda c: c.get("/api/v1/services/nothing"), 404, "service_unknown"),
        (lambda c: c.get("/api/v1/services?q=%00"), 400, "malformed"),
        (lambda c: c.get(f"{REQUESTS}/{NUMBER}"), 422, "field_required"),
        (lambda c: c.get("/api/v1/tasks"), 401, "unauthenticated"),
        (lambda c: c.get("/api/v1/tasks", headers={"Authorization": "Bearer " + "x" * 40}), 401, "unauthenticated"),
        (lambda c: c.get("/api/v1/tasks", headers={"Authorization": "Basic YTpi"}), 401, "unauthenticated"),
        (lambda c: c.post("/api/v1/documents", json={"file_name": "a.pdf", "content": "%%%"}, headers=key()), 422,
         "content_not_base64"),
        (lambda c: c.post("/api/v1/documents", json={"file_name": "a.pdf"}, headers=key()), 422, "field_required"),
        (lambda c: c.post("/api/v1/documents", data={}, content_type="multipart/form-data", headers=key()), 422,
         "document_empty"),
        (lambda c: c.post("/api/v1/payments/callbacks/fawry", data=b"\xff"), 400, "callback_malformed"),
    ],
)  # fmt: skip
def test_bad_input_gets_its_own_problem_and_reaches_no_service(send: Any, status: int, code: str) -> None:
    service = Service()
    answer = send(client_of(service))
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert answer.content_type == "application/problem+json" and body["title_ar"] and body["title_en"]
    assert service.called == []


UNHOLDABLE = [b"1" + b"0" * 400, b"1" + b"0" * 30, b"18446744073709551616", b"-9223372036854775809", b"1e999", b"NaN",
              b"-Infinity", b'"\\ud800"', b'"\\udc00\\ud800"', b'"a\\u0000"', b'{"a\\u0000": 1}', b"9" * 5000,
              b"[" * 500 + b"]" * 500]  # fmt: skip


@pytest.mark.parametrize("value", UNHOLDABLE)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (REQUESTS, b'{"service_code": "shop-licence", "unit": "EG-C-01", "applicant": {}, "answers": {"workers": %s}}'),
        (REQUESTS, b'{"answers": {"nested": [{"inside": %s}]}}'),
        (f"{REQUESTS}/{NUMBER}/completion", b'{"reason": %s}'),
        (f"/api/v1/bills/{BILL_ID}/payments", b'{"rail": "cash", "tendered": %s}'),
        ("/api/v1/documents", b'{"file_name": %s, "content": "JVBERi0="}'),
        ("/api/v1/sessions", b'{"username": %s, "password": "x"}'),
    ],
)
def test_json_that_no_service_could_hold_is_refused_at_the_door(path: str, body: bytes, value: bytes) -> None:
    service = Service()
    headers = {**key(), "X-Phone-Last4": "5678"}
    answer = client_of(service).post(path, data=body % value, content_type=JSON, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed")
    assert service.called == []


@pytest.mark.parametrize("value", [2**64 - 1, -(2**63), 0.5, "\\u0000", "😀"])
def test_what_can_be_held_is_let_through_as_it_is(value: Any) -> None:
    service = Service()
    service.answers["requests.submit"] = {"tracking_number": NUMBER}
    body = {**BODY, "answers": {"given": value}}
    assert client_of(service).post(REQUESTS, json=body, headers=key()).status_code == 201
    assert service.called[-1].payload["answers"] == {"given": value}


def test_a_callback_with_nul_is_no_callback() -> None:
    answer = client_of(Service()).post("/api/v1/payments/callbacks/fawry", data=b'{"a": "\x00"}')
    assert (answer.status_code, answer.get_json()["code"]) == (400, "callback_malformed")


def test_a_body_without_a_length_is_measured_while_it_is_read() -> None:
    service = Service()
    client = client_of(service)
    environ = client.application.test_request_context(
        REQUESTS, method="POST", content_type=JSON, headers={**key(), "Transfer-Encoding": "chunked"}
    ).request.environ
    environ["wsgi.input"] = _Endless()
    environ.pop("CONTENT_LENGTH", None)
    body, status, _ = run_wsgi_app(client.application, environ)
    assert status.startswith("413") and json.loads(b"".join(body))["code"] == "too_large"


class _Endless(io.RawIOBase):
    """A body that never ends; whoever reads it to the end never comes back."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Unavailable("requests"), 503, "unavailable"), (Busy("requests"), 503, "busy"),
        (DeadlineExceeded("requests"), 503, "deadline_exceeded"), (RemoteFailure("requests"), 500, "internal"),
        (ZeroDivisionError("a secret"), 500, "internal"),
        (Refusal(Fault("rail_unavailable")), 503, "rail_unavailable"),
    ],
)  # fmt: skip
def test_a_platform_that_cannot_answer_says_when_to_try_again(failure: Exception, status: int, code: str) -> None:
    service = Service()
    service.answers["requests.submit"] = failure
    answer = client_of(service).post(REQUESTS, json=BODY, headers=key())
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) is (status == 503)
    assert b"secret" not in answer.data
    page = client_of(service).get("/ar/follow/x")
    assert page.status_code == 303


def test_wrong_digits_and_an_unknown_number_are_refused_alike_and_soon_not_heard_at_all() -> None:
    service = Service()
    service.answers["requests.status"] = Refusal(
        Fault("tracking_unknown", "tracking_number", {"tracking_number": NUMBER})
    )
    client = client_of(service)
    answers = [client.get(f"{REQUESTS}/{NUMBER}", headers={"X-Phone-Last4": f"{n:04d}"}) for n in range(8)]
    answers += [client.get(f"{REQUESTS}/nonsense", headers={"X-Phone-Last4": "abcd"})]
    bodies = [{**answer.get_json(), "instance": "", "correlation_id": ""} for answer in answers]
    assert all(body == bodies[0] for body in bodies) and bodies[0]["code"] == "tracking_unknown"
    asked = len(service.called)
    stopped = client.get(f"{REQUESTS}/{NUMBER}", headers={"X-Phone-Last4": "5678"})
    assert (stopped.status_code, stopped.get_json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(stopped.headers["Retry-After"]) <= 900
    assert len(service.called) == asked


def test_who_has_many_addresses_of_one_network_is_counted_as_one() -> None:
    service = Service()
    service.answers["requests.status"] = Refusal(Fault("tracking_unknown"))
    client = client_of(service)
    given = [client.get(f"{REQUESTS}/01-26-{n:08d}-X", headers={"X-Phone-Last4": "0000"},
                        environ_base={"REMOTE_ADDR": f"2001:db8:1:2::{n:x}"}).status_code for n in range(31)]
    assert given == [404] * 30 + [429]
    elsewhere = client.get(f"{REQUESTS}/{NUMBER}", headers={"X-Phone-Last4": "0000"},
                           environ_base={"REMOTE_ADDR": "2001:db8:1:3::1"})
    assert elsewhere.status_code == 404


def test_success_is_never_throttled() -> None:
    service = Service()
    service.answers["requests.status"] = {"tracking_number": NUMBER}
    client = client_of(service)
    for _ in range(60):
        assert client.get(f"{REQUESTS}/{NUMBER}", headers={"X-Phone-Last4": "5678"}).status_code == 200


@pytest.mark.parametrize("sent", ["5678", "٥٦٧٨", "۵۶۷۸", " 5678 "])
def test_digits_in_the_header_may_be_of_either_writing(sent: str) -> None:
    service = Service()
    service.answers["requests.status"] = {"tracking_number": NUMBER}
    as_servers_read_it = sent.encode().decode("latin-1")
    answer = client_of(service).get(f"{REQUESTS}/{NUMBER}", headers={"X-Phone-Last4": as_servers_read_it})
    assert (answer.status_code, service.called[-1].payload["phone_last4"]) == (200, "5678")


def test_digits_that_are_no_text_are_wrong_digits() -> None:
    answer = client_of(Service()).get(f"{REQUESTS}/{NUMBER}", headers={"X-Phone-Last4": "\xff\xfe56"})
    assert (answer.status_code, answer.get_json()["code"]) == (404, "tracking_unknown")


VERIFICATION = "/api/v1/licences/C-2026-000001-T/verification"


def test_licences_cannot_be_listed_by_counting_serials() -> None:
    service = Service()
    service.answers["requests.licence"] = {"serial": "C-2026-000001-T", "status": "valid", "fields": [{"name": "area"}]}
    client = client_of(service)
    for _ in range(30):
        answer = client.get(VERIFICATION)
        assert answer.status_code == 200 and "fields" not in answer.get_json()
    service.answers["requests.licence"] = Refusal(Fault("licence_unknown", "serial"))
    for _ in range(30):  # of the pages and of the API alike, found or not
        assert client.get("/ar/verify/C-2026-000002-T").status_code == 422
    asked = len(service.called)
    for path in (VERIFICATION, "/ar/verify/C-2026-000001-T"):
        stopped = client.get(path)
        assert stopped.status_code == 429 and 1 <= int(stopped.headers["Retry-After"]) <= 900
    assert len(service.called) == asked
    elsewhere = client.get(VERIFICATION, environ_base={"REMOTE_ADDR": "192.0.2.9"})
    assert elsewhere.status_code == 404


def test_marshmallow_messages_become_faults_with_paths() -> None:
    found = problems.refusal_of_messages(
        {"json": {"applicant": {"phone": ["Missing data for required field."]}, "x": ["Unknown field."],
                  "documents": {0: {"document_id": ["Not a valid UUID."]}}}})  # fmt: skip
    assert [(fault.field, fault.code) for fault in found.faults] == [
        ("applicant/phone", "field_required"),
        ("x", "field_unknown"),
        ("documents/0/document_id", "field_invalid"),
    ]
    assert "معرّف" in problems.describe(found.faults[2], "ar")
    assert "UUID" in problems.describe(found.faults[2], "en")


def test_every_code_has_a_status_and_both_texts() -> None:
    for code, problem in catalogue().items():
        assert 400 <= problem.status < 600 and problem.ar and problem.en, code
