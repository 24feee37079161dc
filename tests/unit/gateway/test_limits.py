"""How much one may ask, for whom it is counted, and what stands in the table of limits."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from chassis.errors import ConfigurationError
from rules.refusal import Refusal
from services.gateway import partners
from services.gateway.web import limits
from services.gateway.web.access import Gate
from services.gateway.web.limits import Limits
from tests.unit.gateway.ground import Service, client_of, csrf_of, settings


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def bound(clock: Clock, given: str = "read=60") -> Limits:
    of = settings()
    of.environ["SHUBBAK_RATE_LIMITS"] = given
    return Limits(of, clock)


def passed(counts: Limits, times: int, who: str = "192.0.2.1", **more: Any) -> int:
    """How many of so many pass at once."""
    for number in range(times):
        try:
            counts.check(limits.READ, who, **more)
        except Refusal as refusal:
            assert refusal.code == "slow_down"
            return number
    return times


def test_so_many_at_once_and_then_so_many_a_minute() -> None:
    clock = Clock()
    counts = bound(clock)
    assert passed(counts, 100) == 15
    with pytest.raises(Refusal) as refused:
        counts.check(limits.READ, "192.0.2.1")
    wait = refused.value.faults[0].params["seconds"]
    assert wait == 1
    clock.now += wait
    assert passed(counts, 100) == 1
    clock.now += 5
    assert passed(counts, 100) == 5
    clock.now += 3600
    assert passed(counts, 100) == 15


def test_a_refused_request_costs_its_sender_no_further_wait() -> None:
    clock = Clock()
    counts = bound(clock)
    passed(counts, 100)
    for _ in range(50):
        assert passed(counts, 1) == 0
    clock.now += 1
    assert passed(counts, 1) == 1


def test_others_and_other_classes_are_not_held_up() -> None:
    counts = bound(Clock(), "read=60 lodge=20")
    passed(counts, 100)
    assert passed(counts, 1, "192.0.2.2") == 1
    counts.check(limits.WRITE, "192.0.2.1")
    for route in ("/complaints", "/visits"):
        for _ in range(5):
            counts.check(limits.LODGE, "192.0.2.1", route)
        with pytest.raises(Refusal):
            counts.check(limits.LODGE, "192.0.2.1", route)


def test_a_partner_has_a_limit_of_its_own() -> None:
    assert passed(bound(Clock()), 500, "partner:7", per_minute=400) == 100


def test_callers_without_number_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_KEYS", 100)
    clock = Clock()
    counts = bound(clock)
    for number in range(1000):
        clock.now += 0.001
        counts.check(limits.READ, f"192.0.2.{number}")
        assert len(counts._full_at) <= 100


def test_off_is_off_and_what_is_no_limit_is_told_at_start() -> None:
    assert passed(bound(Clock(), "off"), 100_000) == 100_000
    for wrong in ("reads=5", "read", "read=", "read=0", "read=-1", "read=٥", "off read=5"):
        with pytest.raises(ConfigurationError):
            bound(Clock(), wrong)
    assert bound(Clock(), "read=60,write=10")._limits["write"].per_minute == 10


def test_in_demo_and_training_everything_is_ten_times_as_much() -> None:
    from chassis.config import Mode

    live = settings()
    object.__setattr__(live, "mode", Mode.PRODUCTION)
    assert limits.read(live) == limits.LIMITS
    assert limits.read(settings())["read"].per_minute == 10 * limits.LIMITS["read"].per_minute


@pytest.mark.parametrize(("method", "rule", "endpoint", "signed", "wanted"), [
    ("GET", "/<lang>/services", "public.search", False, "read"),
    ("POST", "/<lang>/follow", "follow.inquire", False, "write"),
    ("POST", "/<lang>/services/<code>/apply/send", "apply.send", False, "lodge"),
    ("DELETE", "/api/v1/drafts", "api_x.drop", False, "write"),
    ("GET", "/api/v1/boards.xlsx", "api_x.export", False, "costly"),
    ("POST", "/api/v1/sessions", "api_sessions.open_session", False, "log_in"),
    ("POST", "/api/v1/payments/callbacks/<rail>", "api_x.call", True, "signed"),
])  # fmt: skip
def test_each_route_has_a_class(method: str, rule: str, endpoint: str, signed: bool, wanted: str) -> None:
    assert limits.class_of(Gate("guide.read", signed=signed), endpoint, method, rule) == wanted


def test_the_routes_that_have_a_class_of_their_own_are_there() -> None:
    app = client_of(Service()).application
    assert set(limits._BY_ENDPOINT) <= set(app.view_functions)


# -- at the door -----------------------------------------------------------------------------------------------------


def service_with(given: str) -> Service:
    service = Service()
    service.settings.environ["SHUBBAK_RATE_LIMITS"] = given
    return service


def statuses(answers: list[Any]) -> dict[int, int]:
    found: dict[int, int] = {}
    for answer in answers:
        found[answer.status_code] = found.get(answer.status_code, 0) + 1
    return found


def test_a_program_that_asks_too_much_is_told_when_to_come_again() -> None:
    client = client_of(service_with("read=20"))
    answers = [client.get("/api/v1/services") for _ in range(8)]
    assert statuses(answers) == {200: 5, 429: 3}
    assert int(answers[-1].headers["Retry-After"]) >= 1 and answers[-1].get_json()["code"] == "slow_down"
    page = client.get("/ar/services")
    assert page.status_code == 429 and page.headers["Retry-After"] and "data-problem" in page.get_data(as_text=True)
    assert client.get("/static/style.css").status_code == 200, "what is the same for everybody is not counted"


def test_who_is_logged_in_is_counted_by_account_and_not_by_the_address_that_windows_share() -> None:
    service = service_with("read=20")
    one, two = (service.log_in(role) for role in ("editor_", "officer"))
    client = client_of(service)
    for token, wanted in ((one, {200: 5, 429: 1}), (two, {200: 5, 429: 1})):
        headers = {"Authorization": f"Bearer {token}"}
        assert statuses([client.get("/api/v1/guide/schema.json", headers=headers) for _ in range(6)]) in (
            wanted, {403: 5, 429: 1})


def test_everything_from_one_address_is_bounded_before_anybody_is_looked_up() -> None:
    service = service_with("any=20")
    client = client_of(service)
    headers = {"Authorization": "Bearer " + "x" * 40}
    assert statuses([client.get("/api/v1/tasks", headers=headers) for _ in range(8)]) == {401: 5, 429: 3}
    assert client.get("/ar/nowhere").status_code == 429


def test_one_address_keeps_a_quarter_of_the_door_at_work_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "AT_ONCE", 3)
    monkeypatch.setattr(limits, "PRACTICE", 1)
    counts = bound(Clock())
    for _ in range(3):
        counts.enter("192.0.2.1")
    with pytest.raises(Refusal) as refused:
        counts.enter("192.0.2.1")
    assert refused.value.code == "slow_down" and refused.value.faults[0].params["seconds"] == 1
    counts.enter("192.0.2.2")
    counts.leave("192.0.2.1")
    counts.enter("192.0.2.1")
    off = bound(Clock(), "off")
    for _ in range(10):
        off.enter("192.0.2.1")


@pytest.mark.parametrize("path", ["/ar/services", "/ar/nowhere", "/api/v1/tasks", "/ar/staff/tasks"])
def test_however_a_request_ends_its_place_is_free_again(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "AT_ONCE", 1)
    monkeypatch.setattr(limits, "PRACTICE", 1)
    client = client_of(service_with("read=100000"))
    answers = {client.get(path).status_code for _ in range(3)}
    assert 429 not in answers and len(answers) == 1


def test_a_key_asks_as_much_as_was_agreed() -> None:
    service = service_with("read=1000")
    key = "shk_" + "k" * 43
    service.keys[partners.hash_of(key)] = SimpleNamespace(
        id=UUID(int=7), name="Bank", scopes=["guide.read"], units=None, per_minute=20, used_at=datetime.now(UTC))
    client = client_of(service)
    answers = [client.get("/api/v1/services", headers={"Authorization": f"Bearer {key}"}) for _ in range(8)]
    assert statuses(answers) == {200: 5, 429: 3}


def test_a_form_that_comes_too_often_changes_nothing() -> None:
    service = service_with("write=20 read=1000")
    client = client_of(service)
    data = {"csrf": csrf_of(client), "tracking_number": "x", "phone_last4": "1234"}
    answers = [client.post("/ar/follow", data=data) for _ in range(7)]
    assert [answer.status_code for answer in answers[5:]] == [429, 429]
