"""What every answer carries, what is recorded of who is turned away, and that no log line or address names anybody."""

from __future__ import annotations

import io
import logging
import re
from typing import Any

import pytest

from chassis.errors import Unavailable
from services.gateway import denials
from tests.unit.gateway import ground
from tests.unit.gateway.ground import NUMBER, TASK_ID, Service, client_of, csrf_of
from tests.unit.gateway.test_routes import ROWS, VALUES

NATIONAL_ID, PHONE, NAME = "28503150101232", "01012345678", "سلمى فؤاد المصرية"


@pytest.mark.parametrize("path", ["/ar/", "/api/v1/services", "/ar/nowhere", "/static/style.css", "/api/v1/tasks"])
def test_every_answer_tells_browsers_to_trust_nothing_else(path: str) -> None:
    headers = client_of(Service()).get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy and "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=(self)" in headers["Permissions-Policy"] and "payment=()" in headers["Permissions-Policy"]
    assert "Server" not in headers and "X-Powered-By" not in headers
    assert "Strict-Transport-Security" not in headers


def test_over_tls_browsers_are_told_to_stay_there() -> None:
    answer = client_of(Service()).get("/ar/", base_url="https://localhost")
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    cookies = answer.headers.getlist("Set-Cookie")
    assert all("HttpOnly" in one and "SameSite=Lax" in one and "Secure" in one for one in cookies)


def test_no_form_of_a_page_is_taken_without_its_token_but_the_one_click_of_a_mailbox() -> None:
    app = ground.app_of(Service())
    pages = [rule for rule in app.url_map.iter_rules() if not rule.rule.startswith("/api/")]
    open_ones = [rule.rule for rule in pages if "POST" in (rule.methods or ()) and not app.gates[rule.endpoint].csrf]
    assert open_ones == ["/<any(ar,en):lang>/messages/<token>/stop"]
    assert not any({"PUT", "DELETE", "PATCH"} & (rule.methods or set()) for rule in pages)


@pytest.mark.parametrize("told", [True, False])
def test_a_door_for_files_takes_no_form_of_many_megabytes_without_one(told: bool) -> None:
    """Parting it would hold up everybody for seconds, before anybody is asked who it is."""
    client, form = client_of(Service()), "application/x-www-form-urlencoded"
    path, body = "/ar/services/road-occupancy/apply/documents-plan", b"a&" * 150 * 1024
    if told:
        answer = client.post(path, data=body, content_type=form)
    else:
        answer = client.post(path, input_stream=io.BytesIO(body), content_type=form,
                             environ_overrides={"wsgi.input_terminated": True})
    assert answer.status_code == 413
    assert client.post(path, data={"photo": (io.BytesIO(body), "plan.jpg")}).status_code == 403, "no token, but read"
    assert client.post(path, data=b"a&" * 1024, content_type=form).status_code == 403


def document(service: Service, media_type: str, content: str) -> Any:
    service.answers["requests.task_document"] = {"content": content, "media_type": media_type}
    client = client_of(service, service.log_in("officer"))
    return client.get(f"/ar/staff/tasks/{TASK_ID}/documents/{TASK_ID}")


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/svg+xml"])
def test_what_a_citizen_handed_in_is_shown_without_any_right_of_this_site(media_type: str) -> None:
    answer = document(Service(), media_type, "PHNjcmlwdD4=")
    assert answer.status_code == 200 and "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "filename" in answer.headers["Content-Disposition"]


def test_a_pdf_may_be_looked_at_and_may_run_nothing_of_ours() -> None:
    answer = document(Service(), "application/pdf", "JVBERi0xLjQ=")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"].startswith("inline")


# -- who is turned away ----------------------------------------------------------------------------------------------


def test_each_denial_is_recorded_with_route_permission_and_who() -> None:
    service = Service()
    token = service.log_in("cashier")
    client = client_of(service)
    client.get("/api/v1/tasks", headers={"Authorization": f"Bearer {token}"})
    client.get("/api/v1/tasks")
    client.get("/api/v1/tasks", headers={"Authorization": "Bearer " + "x" * 40})
    client.get("/en/staff/shifts")
    client.delete("/api/v1/sessions")
    assert [(who[:8], *rest) for who, *rest in service.denied] == [
        ("account:", "GET /api/v1/tasks", "task.list", "forbidden"),
        ("address:", "GET /api/v1/tasks", "task.list", "unauthenticated"),
        ("address:", "GET /api/v1/tasks", "task.list", "unauthenticated"),
        ("address:", "GET /<any(ar,en):lang>/staff/shifts", "shift.approve", "unauthenticated"),
        ("address:", "DELETE /api/v1/sessions", "guide.read", "unauthenticated"),
    ]
    assert len({who for who, *_ in service.denied}) == 2 and "127.0.0.1" not in str(service.denied)


def test_what_a_service_refuses_is_recorded_at_the_door_too() -> None:
    service = Service()
    service.answers["requests.tasks"] = ground.refused("forbidden")
    client_of(service).get("/api/v1/tasks", headers={"Authorization": f"Bearer {service.log_in('officer')}"})
    assert [row[1:] for row in service.denied] == [("GET /api/v1/tasks", "task.list", "forbidden")]


def test_who_is_let_in_and_who_is_told_no_for_another_reason_is_not_recorded() -> None:
    service = Service()
    service.answers["requests.tasks"] = {"tasks": []}
    headers = {"Authorization": f"Bearer {service.log_in('officer')}"}
    client = client_of(service)
    assert client.get("/api/v1/tasks", headers=headers).status_code == 200
    client.get("/api/v1/nowhere", headers=headers)
    client.post("/api/v1/tasks/next", headers=headers)
    assert service.denied == []


def test_who_is_turned_away_is_told_so_also_where_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise Unavailable("no database")

    monkeypatch.setattr(denials, "count", away)
    assert client_of(Service()).get("/api/v1/tasks").status_code == 401


# -- nothing of a person in an address or a log ------------------------------------------------------------------------


def test_no_route_has_a_place_for_a_persons_data_in_its_address() -> None:
    wrong = re.compile(r"national|phone|mobile|email|passport|name_of|applicant", re.IGNORECASE)
    named = [row[1] for row in ROWS if any(wrong.search(one) for one in re.findall(r"<(\w+)>", row[1]))]
    assert named == []


def test_no_query_of_the_api_takes_a_persons_data() -> None:
    app = client_of(Service()).application
    from services.gateway.web.api import openapi

    wrong = {"national_id", "phone", "mobile", "email", "passport", "applicant", "full_name", "password", "code_given"}
    asked = {(path, one["name"]) for path, operations in openapi.document(app)["paths"].items()
             for operation in operations.values() if isinstance(operation, dict)
             for one in operation.get("parameters", []) if one.get("in") == "query"}
    assert asked and not [one for one in asked if one[1] in wrong]


def test_no_log_line_of_the_door_names_who_asked_for_what(caplog: pytest.LogCaptureFixture) -> None:
    """Every route is asked with a person's data in each form field and body; nothing of it stands in a log line, also
    where what is behind fails."""
    service = Service()
    service.definitions = [row for row in service.definitions if row.code == VALUES["code"]]
    token = service.log_in("window_clerk")
    client = client_of(service, token)
    csrf = csrf_of(client)
    body = {"national_id": NATIONAL_ID, "phone": PHONE, "name": NAME, "full_name": NAME, "tracking_number": NUMBER,
            "wanted": PHONE, "phone_last4": "5678", "password": "the password of Salma", "code": "492039",
            "applicant": {"name": NAME, "national_id": NATIONAL_ID, "phone": PHONE}}
    with caplog.at_level(logging.DEBUG, logger="shubbak"):
        for method, rule, *_ in ROWS:
            path = re.sub(r"<(\w+)>", lambda found: VALUES.get(found[1], "nile"), rule)
            headers = {"Idempotency-Key": "0123456789abcdef", "X-Phone-Last4": "5678"}
            if rule.startswith("/api/"):
                client.open(path, method=method, json=body if method == "POST" else None,
                            headers={**headers, "Authorization": f"Bearer {token}"})
            else:
                data = {**{name: str(value) for name, value in body.items()}, "csrf": csrf}
                answer = client.open(path, method=method, data=data if method == "POST" else None)
                assert not any(one in (answer.location or "") for one in (NATIONAL_ID, PHONE)), rule
            service.sessions.setdefault(*_session(service, token))
    written = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    for private in (NATIONAL_ID, PHONE, NAME, "the password of Salma", token):
        assert private not in written


def _session(service: Service, token: str) -> tuple[bytes, Any]:
    service.log_in(token.removeprefix("token-of-").removesuffix("-0123456789"))
    hashed = next(iter(service.sessions))
    return hashed, service.sessions[hashed]
