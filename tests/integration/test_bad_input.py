"""Bad input at the door of a whole node: a clear problem in both languages that names the field; nothing changes."""

from __future__ import annotations

import base64
import json
import socket
import uuid
from urllib.parse import urlsplit

import pytest
import requests

from infra.demo.walk import API, Walk, application
from tests.support.rail_speech import FORGED
from tests.support.refusals import problem

# What must be the same after a refusal as before it. Audit is not here: a denied attempt leaves its trace.
COUNTED = {
    "requests": ("request", "step", "licence", "event_log", "command"),
    "payments": ("bill", "payment", "journal", "entry", "receipt", "event_log"),
    "notifications": ("message",),
}


@pytest.fixture(scope="module")
def case(node):
    """A case that stands before the officer, settled, so that nothing moves by itself."""
    walk = Walk(node.url, node.peers.pay)
    number = walk.lodge()["tracking_number"]
    walk.pay_bill(number, "inspection")
    task = walk.until(lambda: walk.post("/tasks/next", {}, as_="officer")["task"], bool)
    walk.until(node.settled, bool)
    walk.number, walk.task = number, task["task_id"]
    return walk


@pytest.fixture
def unchanged(node):
    """Fails the test when anything of the node's state was changed by it."""
    before = state(node)
    yield
    assert state(node) == before


def state(node):
    counts = {
        (service, table): node.sql(service, f"SELECT count(*) AS n FROM {table}")[0].n
        for service, tables in COUNTED.items()
        for table in tables
    }
    for service, table in (("requests", "request"), ("payments", "bill")):
        rows = node.sql(service, f"SELECT id, version, state FROM {table} ORDER BY id")
        counts[service, f"where each {table} stands"] = [tuple(row) for row in rows]
    return counts


def lodge(node, change, key=None, **options):
    documents = [{"code": c, "document_id": str(uuid.uuid4())} for c in ("id_copy", "lease_contract")]
    body = application(documents)
    change(body)
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    return requests.post(f"{node.url}{API}/requests", json=body, headers=headers, timeout=20, **options)


def put(path, value):
    def change(body):
        *parents, last = path.split("/")
        for name in parents:
            body = body[name]
        body[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "status", "code", "field"),
    [
        ("service_code", "no-such-service", 404, "service_unknown", "service_code"),
        ("unit", "EG-C-99", 422, "unit_unknown", "unit"),
        ("unit", "EG-SUZ-01", 422, "unit_unknown", "unit"),
        ("applicant/national_id", "28513150101232", 422, "national_id_date", "applicant/national_id"),
        ("applicant/national_id", "123", 422, "national_id_length", "applicant/national_id"),
        ("applicant/national_id", None, 422, "field_required", "applicant/national_id"),
        ("applicant/phone", "0223456789", 422, "phone_landline", "applicant/phone"),
        ("applicant/email", "a@b.example\r\nBcc: c@d.example", 422, "email_invalid", "applicant/email"),
        ("applicant/kind", "ghost", 422, "field_invalid", "applicant/kind"),
        ("documents", [], 422, "document_missing", "documents/lease_contract"),
        ("answers/area_m2", "-3", 422, "answer_below", "answers/area_m2"),
        ("answers/area_m2", "1e999", 422, "answer_not_decimal", "answers/area_m2"),
        ("answers/unknown", "x", 422, "field_unknown", "answers/unknown"),
        ("extra", 1, 422, "field_unknown", "extra"),
    ],
)
def test_an_application_that_cannot_be_accepted(node, case, unchanged, path, value, status, code, field):
    problem(lodge(node, put(path, value)), status, code, field)


def test_every_fault_is_named_at_once(node, case, unchanged):
    def spoil(body):
        body["applicant"]["phone"] = "12"
        body["applicant"]["national_id"] = "99"

    body = problem(lodge(node, spoil), 422, "phone_invalid", "applicant/phone")
    assert [error["code"] for error in body["errors"]] == [
        "national_id_length", "phone_invalid", "document_unknown", "document_unknown"]


def test_a_body_that_is_not_json(node, case, unchanged):
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
    problem(requests.post(f"{node.url}{API}/requests", data=b'{"a":', headers=headers, timeout=20), 400, "malformed")


@pytest.mark.parametrize("value", ["1" + "0" * 400, "1" + "0" * 30, "NaN", '"\\ud800"', '"\\u0000"',
                                   '[{"in": 18446744073709551616}]'])
@pytest.mark.parametrize("path", ["answers/workers", "applicant/name", "service_code"])
def test_a_value_that_nothing_behind_the_door_could_hold(node, case, unchanged, path, value):
    body = application([])
    put(path, "@")(body)
    raw = json.dumps(body).replace('"@"', value).encode()
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
    problem(requests.post(f"{node.url}{API}/requests", data=raw, headers=headers, timeout=20), 400, "malformed")


@pytest.mark.parametrize("document", [b'{"file_name": "\\ud800.pdf", "content": "JVBERi0="}',
                                      b'{"file_name": "a\\u0000.pdf", "content": "JVBERi0="}'])
def test_a_document_with_a_name_that_is_no_text(node, case, unchanged, document):
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
    problem(requests.post(f"{node.url}{API}/documents", data=document, headers=headers, timeout=20), 400, "malformed")


@pytest.mark.parametrize("raw", [b'{"username": "a\\u0000", "password": "b"}',
                                 b'{"username": "a", "password": "\\ud800"}'])
def test_logging_in_with_what_is_no_text(node, case, unchanged, raw):
    headers = {"Content-Type": "application/json"}
    problem(requests.post(f"{node.url}{API}/sessions", data=raw, headers=headers, timeout=20), 400, "malformed")


def test_an_oversize_body(node, case, unchanged):
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}
    big = b'{"a":"' + b"x" * 200_000 + b'"}'
    problem(requests.post(f"{node.url}{API}/requests", data=big, headers=headers, timeout=20), 413, "too_large")


def test_a_post_without_an_idempotency_key(node, case, unchanged):
    response = requests.post(f"{node.url}{API}/requests", json=application([]), timeout=20)
    problem(response, 400, "idempotency_key_required")


def test_a_key_used_again_for_something_else(node, case):
    key = str(uuid.uuid4())
    documents = case.papers()
    first = lodge(node, put("documents", documents), key)
    assert first.status_code == 201, first.text
    case.until(node.settled, bool)
    before = state(node)

    again = lodge(node, put("documents", documents), key)
    other = lodge(node, lambda body: body.update(documents=documents, unit="EG-C-02"), key)

    assert again.status_code == 201 and again.json() == first.json()
    problem(other, 422, "idempotency_key_reused")
    assert state(node) == before


def test_a_document_that_is_not_what_it_says(node, case, unchanged):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    fake = {"file_name": "licence.pdf", "content": base64.b64encode(b"MZ\x90\x00 not a pdf").decode()}
    problem(requests.post(f"{node.url}{API}/documents", json=fake, headers=headers, timeout=20), 422,
            "document_type_refused")


def test_a_document_that_is_too_large(node, case, unchanged):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    files = {"file": ("big.pdf", b"%PDF-" + b"0" * (6 * 1024 * 1024), "application/pdf")}
    response = requests.post(f"{node.url}{API}/documents", files=files, headers=headers, timeout=20)
    assert response.status_code == 413, response.text


@pytest.mark.parametrize("number", ["01-26-00000000-0", "hello", "../../etc/passwd", "٠١-٢٦-٤٨٣٩٢٠٧٥-K"])
def test_an_unknown_tracking_number_and_wrong_digits_are_answered_alike(node, case, unchanged, number):
    unknown = requests.get(f"{node.url}{API}/requests/{number.replace('/', '%2F')}", headers={"X-Phone-Last4": "5678"},
                           timeout=20)
    if unknown.status_code == 404 and unknown.json()["code"] == "not_found":
        return
    wrong = requests.get(f"{node.url}{API}/requests/{case.number}", headers={"X-Phone-Last4": "0000"}, timeout=20)
    problem(unknown, 404, "tracking_unknown")
    problem(wrong, 404, "tracking_unknown")
    strip = ("instance", "correlation_id")
    assert {k: v for k, v in unknown.json().items() if k not in strip} == {
        k: v for k, v in wrong.json().items() if k not in strip
    }


def test_a_forged_callback_changes_nothing_and_is_recorded(node, case, unchanged):
    before = node.sql("payments", FORGED)[0].n
    forged = {"requestId": "1", "fawryRefNumber": "970177", "merchantRefNumber": "x", "paymentAmount": "150.00",
              "orderAmount": "150.00", "orderStatus": "PAID", "paymentMethod": "PAYATFAWRY",
              "messageSignature": "0" * 64}

    response = requests.post(f"{node.url}{API}/payments/callbacks/fawry", data=json.dumps(forged), timeout=20)

    problem(response, 403, "callback_forged")
    assert node.sql("payments", FORGED)[0].n == before + 1


def test_a_replayed_callback_changes_nothing(node, case, unchanged):
    sent = node.peers.callbacks()[0]
    body = sent["body"] if isinstance(sent["body"], str) else json.dumps(sent["body"], ensure_ascii=False)

    response = requests.post(f"{node.url}{API}/payments/callbacks/fawry", data=body.encode(), timeout=20)

    assert response.status_code == 200, response.text


def test_an_unknown_rail(node, case, unchanged):
    problem(requests.post(f"{node.url}{API}/payments/callbacks/nobody", data="{}", timeout=20), 404, "rail_unknown")


def act(node, case, who, action, **extra):
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Authorization": f"Bearer {case.token(who)}"}
    return requests.post(f"{node.url}{API}/tasks/{case.task}/actions", json={"action": action, **extra},
                         headers=headers, timeout=20)


def test_a_task_of_somebody_else_is_as_good_as_none_and_the_attempt_is_recorded(node, case, unchanged):
    denied = "SELECT count(*) AS n FROM audit WHERE action = 'denied'"
    before = node.sql("requests", denied)[0].n
    problem(act(node, case, "inspector", "accept"), 404, "task_unknown", "task_id")
    assert node.sql("requests", denied)[0].n == before + 1


def test_a_role_without_the_permission(node, case, unchanged):
    problem(act(node, case, "clerk", "accept"), 403, "forbidden")


def test_nobody_logged_in(node, case, unchanged):
    response = requests.post(f"{node.url}{API}/tasks/next", headers={"Idempotency-Key": str(uuid.uuid4())}, timeout=20)
    problem(response, 401, "unauthenticated")


def test_an_action_that_the_state_does_not_have(node, case, unchanged):
    problem(act(node, case, "officer", "approve"), 422, "action_unknown", "action")


@pytest.mark.parametrize("extra", [f'"inputs": {{"n": {10**30}}}', '"reason": "\\ud800"', f'"version": {10**30}'])
def test_an_action_with_a_value_that_nothing_could_hold(node, case, unchanged, extra):
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Authorization": f"Bearer {case.token('officer')}",
               "Content-Type": "application/json"}
    raw = f'{{"action": "accept", {extra}}}'.encode()
    response = requests.post(f"{node.url}{API}/tasks/{case.task}/actions", data=raw, headers=headers, timeout=20)
    problem(response, 400, "malformed")


def test_sending_back_without_saying_what_is_missing(node, case, unchanged):
    problem(act(node, case, "officer", "send_back"), 422, "nothing_missing", "reason")


def test_a_task_acted_on_twice(node, case):
    """Last in this file: it moves the case on, to where it lies before no department."""
    assert act(node, case, "officer", "send_back", reason="ينقص العقد").status_code == 200
    case.until(node.settled, bool)
    before = state(node)
    problem(act(node, case, "officer", "send_back", reason="ينقص العقد"), 409, "task_done", "task_id")
    assert state(node) == before


@pytest.mark.parametrize("lengths", [("5", "6"), ("5", "5"), ("5_0",), ("+5",), ("-5",), ("0x5",), ("",)])
def test_a_body_of_two_lengths_or_of_none_that_is_a_number_is_not_read(node, lengths, unchanged):
    door = urlsplit(node.url)
    told = "".join(f"Content-Length: {one}\r\n" for one in lengths)
    smuggled = "GET /api/v1/services HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection((door.hostname, door.port), timeout=10) as line:
        line.sendall(f"POST {API}/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{told}\r\n"
                     f"{{}}{smuggled}".encode())
        said = b""
        while piece := line.recv(4096):
            said += piece
    assert said.startswith(b"HTTP/1.0 400 ") and said.count(b"HTTP/1.") == 1
