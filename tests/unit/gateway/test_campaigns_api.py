"""The doors of messages to many: who does what, and a list that is handed on while it comes in."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from contracts.notifications_campaigns import LIST_BYTES, LIST_PIECE_BYTES
from tests.unit.gateway.ground import Service, client_of

ONE = "01980c5e-7c00-7000-8000-000000000009"
KEY = {"Idempotency-Key": "01980c5e-7c00-7000-8000-0000000000aa"}
PATH = f"/api/v1/campaigns/{ONE}"
WHY = "الموعد تغير وينتظر التأكيد"
WORDING = {"sms": {"ar": "نص", "en": "text"}}
TIMES = {"not_before": None, "hours_from": "09:00", "hours_until": "20:00", "per_minute": 600}
MOVED = {"campaign_id": ONE, "version": 2, "state": "draft"}


@pytest.fixture
def service() -> Service:
    made = Service()
    made.answers |= {
        "notifications.begin_list": {"audience_id": ONE, "piece_bytes": LIST_PIECE_BYTES, "pieces": 1},
        "notifications.add_list_piece": {"audience_id": ONE, "missing": []},
        "notifications.end_list": {"audience_id": ONE, "state": "reading"}}
    return made


def staff(service: Service, *roles: str) -> tuple[Any, dict[str, str]]:
    return client_of(service), {**KEY, "Authorization": f"Bearer {service.log_in(*roles)}"}


EDITORS, MANAGERS, BOTH = ("message_editor",), ("centre_manager",), ("message_editor", "centre_manager")


@pytest.mark.parametrize(("path", "body", "name", "who"), [
    ("/amendments", {"name": "مواعيد", "wording": WORDING, "version": 1, **TIMES}, "write_campaign", EDITORS),
    ("/applicants", {"services": ["shop"], "since": "2026-01-01"}, "choose_applicants", EDITORS),
    ("/acceptance", {"broken": 3}, "accept_audience", EDITORS),
    ("/submission", {"version": 3}, "submit_campaign", EDITORS),
    ("/decision", {"version": 4, "approve": False, "reason": WHY}, "decide_campaign", MANAGERS),
    ("/schedule", TIMES, "schedule_campaign", BOTH),
    ("/pause", {"reason": WHY}, "pause_campaign", BOTH),
    ("/resumption", {"reason": WHY}, "resume_campaign", BOTH),
    ("/cancellation", {"reason": WHY}, "cancel_campaign", BOTH),
])
def test_each_act_is_for_those_who_may(service: Service, path: str, body: dict[str, Any], name: str,
                                       who: tuple[str, ...]) -> None:
    service.answers[f"notifications.{name}"] = MOVED
    for role in (*BOTH, "window_clerk"):
        client, headers = staff(service, role)
        answered = client.post(PATH + path, json=body, headers=headers)
        assert answered.status_code == (200 if role in who else 403), answered.text
    called = service.called[-1]
    assert called.method == f"notifications.{name}"
    assert {**body, "campaign_id": ONE}.items() <= called.payload.items()
    assert called.command_id is not None


def test_a_campaign_is_written_with_all_its_faults_at_once(service: Service) -> None:
    client, headers = staff(service, "message_editor")
    body = {"name": "x", "wording": {}, "per_minute": 0, "hours_from": "25:00", "pause_at_percent": 101}
    answered = client.post("/api/v1/campaigns", json=body, headers=headers)
    assert answered.status_code == 422
    assert {one["field"] for one in answered.get_json()["errors"]} == {
        "name", "wording/sms", "per_minute", "hours_from", "pause_at_percent"}
    service.answers["notifications.write_campaign"] = MOVED
    answered = client.post("/api/v1/campaigns", json={"name": "مواعيد", "wording": WORDING}, headers=headers)
    assert answered.status_code == 201, answered.text


@pytest.mark.parametrize("given", [
    {"name": "     "}, {"name": " ا ب "}, {"not_before": "9999-12-31T23:59:59-23:59"},
    {"not_before": "0001-01-01T00:00:00+23:00"}, {"not_before": "2100-01-02T00:00:00Z"}])
def test_a_name_of_nothing_and_a_time_that_no_calendar_has_are_refused_by_their_field(
        service: Service, given: dict[str, str]) -> None:
    client, headers = staff(service, "message_editor")
    answered = client.post("/api/v1/campaigns", json={"name": "مواعيد", "wording": WORDING, **given}, headers=headers)
    assert (answered.status_code, [one["field"] for one in answered.get_json()["errors"]]) == (422, list(given))
    assert service.called == []


@pytest.mark.parametrize("given", [{"until": "9999-12-31"}, {"since": "0001-01-01"}])
def test_an_audience_of_days_that_no_calendar_has_a_next_of_is_refused(
        service: Service, given: dict[str, str]) -> None:
    client, headers = staff(service, "message_editor")
    answered = client.post(f"/api/v1/campaigns/{ONE}/applicants", json=given, headers=headers)
    assert (answered.status_code, [one["field"] for one in answered.get_json()["errors"]]) == (422, list(given))
    assert service.called == []


def test_a_list_is_handed_on_in_pieces_and_the_same_again_is_the_same(service: Service) -> None:
    client, headers = staff(service, "message_editor")
    content = b"phone\n" + b"01012345678\n" * 50_000
    for _ in range(2):
        answered = client.post(f"{PATH}/list?file_name=a.csv", data=content, content_type="text/csv", headers=headers)
        assert (answered.status_code, answered.get_json()["state"]) == (200, "reading"), answered.text
    half = len(service.called) // 2
    first, again = service.called[:half], service.called[half:]
    assert [one.method.removeprefix("notifications.") for one in first] == [
        "begin_list", "add_list_piece", "add_list_piece", "add_list_piece", "end_list"]
    assert first[0].payload == {"campaign_id": ONE, "file_name": "a.csv", "format": "csv", "size": len(content)}
    assert b"".join(base64.b64decode(one.payload["content"]) for one in first[1:-1]) == content
    assert first[-1].payload["sha256"] == hashlib.sha256(content).hexdigest()
    assert [one.command_id for one in first] == [one.command_id for one in again]
    assert len({one.command_id for one in first}) == len(first)


def test_a_list_that_is_empty_too_large_or_of_another_kind_is_refused_before_anything_is_kept(service: Service) -> None:
    client, headers = staff(service, "message_editor")
    for length, kind, status in ((0, "text/csv", 422), (4, "application/pdf", 415), (LIST_BYTES + 1, "text/csv", 413)):
        answered = client.post(f"{PATH}/list", content_type=kind, headers=headers,
                               environ_overrides={"CONTENT_LENGTH": str(length)})
        assert answered.status_code == status, answered.text
    assert service.called == []


def test_who_follows_a_campaign_sees_it_and_nobody_else(service: Service) -> None:
    service.answers |= {"notifications.campaign": MOVED, "notifications.campaigns": {"campaigns": [], "next": None},
                        "notifications.audience_faults": {"faults": [], "next": None},
                        "notifications.preview_campaign": {"messages": [], "estimate": None, "notes": []}}
    for path in ("", "/faults?after=7", "/preview"):
        for role, status in (("message_editor", 200), ("centre_manager", 200), ("officer", 403)):
            client, headers = staff(service, role)
            assert client.get(PATH + path, headers=headers).status_code == status
    client, headers = staff(service, "centre_manager")
    assert client.get("/api/v1/campaigns?state=running", headers=headers).status_code == 200
    assert service.called[-1].payload == {"state": "running", "after": None}
