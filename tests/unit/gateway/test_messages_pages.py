"""Pages about what was sent: what is asked of notifications, and how counts and times are told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rules import numbering
from rules.refusal import Fault, Refusal
from services.gateway.web.pages.messages import as_cost, as_time
from tests.unit.gateway.ground import Service, client_of, csrf_of

NUMBER = numbering.tracking_number("01", 2026, 7, b"0123456789abcdef")
ROW: dict[str, Any] = {
    "key": "smpp", "channel": "sms", "created": 0, "sent": 200, "delivered": 190, "failed": 4, "expired": 0,
    "parts": 400, "price": 128_000,
    "time": {"sent": {"median": 0.4, "p95": 1.0}, "delivered": {"median": 4.2, "p95": 610.0}}}
MESSAGE: dict[str, Any] = {
    "channel": "sms", "template": "moved",
    "template_name": {"ar": "انتقال الطلب إلى خطوة جديدة", "en": "Moved to another step"},
    "address": "010******78", "parts": 2, "state": "delivered",
    "held_until": None, "created_at": "2026-03-02T10:00:00+00:00", "delivered_at": "2026-03-02T10:00:04+00:00",
    "provider": "smpp", "receipt": None}


def manager() -> tuple[Service, Any]:
    service = Service()
    token = service.log_in("centre_manager")
    keys = {"provider": "smpp", "lane": "1", "unit": "EG-C-01", "template": "moved"}
    service.answers["notifications.counts"] = lambda body, *_: {"rows": [
        {**ROW, "key": keys[body["by"]], "name": MESSAGE["template_name"] if body["by"] == "template" else None}]}
    service.answers["notifications.messages"] = service.answers["notifications.of_address"] = {"messages": [MESSAGE]}
    return service, client_of(service, token)


def asked(service: Service, method: str) -> list[Any]:
    return [one.payload for one in service.called if one.method == method]


@pytest.mark.parametrize("lang, said", [("ar", ("190 / 200", "95%", "4.2 ثانية", "10 دقيقة", "128.00 ج.م",
                                                "حسب المناسبة", "انتقال الطلب إلى خطوة جديدة")),
                                        ("en", ("190 / 200", "95%", "4.2 s", "10 min", "EGP 128.00",
                                                "By occasion", "Moved to another step"))])
def test_counts_times_and_cost_of_the_last_thirty_days(lang: str, said: tuple[str, ...]) -> None:
    service, client = manager()
    page = client.get(f"/{lang}/staff/messages").get_data(as_text=True)
    assert all(one in page for one in said)
    assert [one["by"] for one in asked(service, "notifications.counts")] == ["provider", "lane", "template", "unit"]
    one = asked(service, "notifications.counts")[0]
    assert (date.fromisoformat(one["until"]) - date.fromisoformat(one["since"])).days == 29


def test_beside_providers_stand_those_that_ended_without_one_and_not_those_that_wait() -> None:
    service, client = manager()
    rows = [{**ROW, "name": None}, {**ROW, "key": "", "created": 200, "sent": 0, "failed": 0, "name": None}]
    service.answers["notifications.counts"] = lambda body, *_: {"rows": rows if body["by"] == "provider" else []}
    assert "Of no provider" not in client.get("/en/staff/messages").get_data(as_text=True)
    rows[1]["expired"] = 3
    assert "Of no provider" in client.get("/en/staff/messages").get_data(as_text=True)


@pytest.mark.parametrize("role", ["centre_manager", "cashier", "officer"])
def test_staff_read_how_fast_messages_arrive_as_anybody_does(role: str) -> None:
    service = Service()
    service.answers["notifications.performance"] = {"since": "2026-02-01", "until": "2026-03-02", "channels": []}
    assert client_of(service, service.log_in(role)).get("/en/performance").status_code == 200


def test_a_period_is_read_in_both_kinds_of_digits() -> None:
    service, client = manager()
    client.get("/ar/staff/messages?since=٢٠٢٦-٠٣-٠١&until=2026-03-05")
    assert asked(service, "notifications.counts")[0] == {"since": "2026-03-01", "until": "2026-03-05", "by": "provider"}


def test_what_is_no_date_is_said_and_nothing_is_asked() -> None:
    service, client = manager()
    answer = client.get("/ar/staff/messages?since=yesterday")
    assert answer.status_code == 422 and "2026-03-02" in answer.get_data(as_text=True)
    assert not asked(service, "notifications.counts")


@pytest.mark.parametrize("typed, method, payload", [
    (NUMBER, "notifications.messages", {"tracking_number": NUMBER}),
    (NUMBER.replace("-", " ").lower(), "notifications.messages", {"tracking_number": NUMBER}),
    ("٠١٠١٢٣٤٥٦٧٨", "notifications.of_address", {"address": "٠١٠١٢٣٤٥٦٧٨", "limit": 100}),
    ("mona@example.org", "notifications.of_address", {"address": "mona@example.org", "limit": 100})])
def test_one_box_takes_a_number_a_phone_or_an_address(typed: str, method: str, payload: Any) -> None:
    service, client = manager()
    client.get("/ar/staff/messages/search")
    answer = client.post("/ar/staff/messages/search", data={"csrf": csrf_of(client), "wanted": typed})
    assert answer.status_code == 200 and "010******78" in answer.get_data(as_text=True)
    assert "انتقال الطلب إلى خطوة جديدة" in answer.get_data(as_text=True)
    assert [one.payload for one in service.called if one.method.startswith("notifications.")] == [payload]
    assert asked(service, method)


def test_what_is_neither_is_said_beside_the_box() -> None:
    service, client = manager()
    service.answers["notifications.of_address"] = Refusal([Fault("address_malformed", "address")])
    client.get("/ar/staff/messages/search")
    answer = client.post("/ar/staff/messages/search", data={"csrf": csrf_of(client), "wanted": "whoever"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'id="wanted-wrong-1"' in page and 'value="whoever"' in page


def test_anybody_reads_how_fast_messages_arrive() -> None:
    service = Service()
    row = {"channel": "sms", "lane": "step", "made": 10, "sent": 10, "delivered": 9,
           "time": {"median": 4.2, "p95": 8.0}}
    service.answers["notifications.performance"] = {"since": "2026-02-01", "until": "2026-03-02", "channels": [row]}
    page = client_of(service).get("/en/performance").get_data(as_text=True)
    assert "4.2 s" in page and "Steps of requests" in page and "2 March 2026" in page


@pytest.mark.parametrize("seconds, said", [(None, "لا يوجد"), (0.12, "0.1 ثانية"), (60, "60 ثانية"), (120, "2 دقيقة"),
                                           (9000, "2 ساعة")])
def test_a_length_of_time_is_told_as_people_say_it(seconds: float | None, said: str) -> None:
    _, client = manager()
    with client.application.test_request_context("/ar/"):
        client.application.preprocess_request()
        assert as_time(seconds) == said


def test_half_a_piastre_is_rounded_up() -> None:
    _, client = manager()
    with client.application.test_request_context("/en/"):
        client.application.preprocess_request()
        assert (as_cost(315), as_cost(314), as_cost(0)) == ("EGP 0.32", "EGP 0.31", "EGP 0.00")
