"""A call ends by its deadline with an answer or a typed error, and does not hammer a service that is in trouble."""

import time

import eventlet
import orjson
import pytest

from chassis.calls import Calls
from chassis.errors import Busy, DeadlineExceeded, RemoteFailure, Unavailable
from chassis.ids import uuid7
from rules.refusal import Refusal


class ScriptedBus:
    """Answers as it is told; the last saying goes on for ever. Remembers what it was asked, and with how much time."""

    def __init__(self, *says):
        self.says, self.asked = list(says), []

    def call(self, service, body, timeout):
        self.asked.append((service, orjson.loads(body), timeout))
        say = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if say == "silence":
            eventlet.sleep(timeout)
            raise DeadlineExceeded(service)
        if isinstance(say, Exception):
            raise say
        return orjson.dumps(say)


def test_an_answer_comes_back():
    bus = ScriptedBus({"answer": {"x": 1}})
    assert Calls(bus)("requests.status", {"a": 2}, actor="token") == {"x": 1}
    ((service, message, _),) = bus.asked
    assert service == "requests"
    assert (message["method"], message["payload"], message["actor"]) == ("requests.status", {"a": 2}, "token")


def test_a_refusal_comes_back_with_every_fault():
    faults = [{"code": "field_required", "field": "a/b", "params": {}},
              {"code": "x", "field": None, "params": {"n": 1}}]
    with pytest.raises(Refusal) as refusal:
        Calls(ScriptedBus({"refused": faults}))("requests.submit")
    assert [fault.as_dict() for fault in refusal.value.faults] == faults


@pytest.mark.parametrize("given", [10**30, -(10**30), "\ud800", {"deep": [10**400]}, object()])
def test_what_cannot_be_written_as_json_is_refused_and_never_sent(given):
    bus = ScriptedBus({"answer": {}})
    with pytest.raises(Refusal) as refusal:
        Calls(bus)("requests.submit", {"answers": {"workers": given}})
    assert refusal.value.code == "malformed" and bus.asked == []


@pytest.mark.parametrize(("says", "error", "asked"), [
    ({"failed": "busy", "service": "requests"}, Busy, 1),
    ({"failed": "internal", "service": "requests"}, RemoteFailure, 1),
    ({"failed": "something new", "service": "requests"}, RemoteFailure, 1),
])
def test_what_would_not_get_better_is_not_asked_again(says, error, asked):
    bus = ScriptedBus(says)
    with pytest.raises(error):
        Calls(bus)("requests.submit", timeout=1)
    assert len(bus.asked) == asked


@pytest.mark.parametrize("trouble", [Unavailable("broker away"), {"failed": "unavailable", "service": "requests"}],
                         ids=["broker", "service"])
def test_trouble_is_asked_about_again_under_the_same_command_id_but_not_a_hundred_times(trouble):
    bus, command_id = ScriptedBus(trouble), uuid7()
    started = time.monotonic()
    with pytest.raises(Unavailable):
        Calls(bus)("requests.submit", command_id=command_id, timeout=1.0)
    assert 0.4 < time.monotonic() - started < 5
    assert 2 <= len(bus.asked) <= 8
    assert {message["command"] for _, message, _ in bus.asked} == {str(command_id)}
    assert len({message["deadline"] for _, message, _ in bus.asked}) == 1


def test_trouble_that_passes_is_not_seen_by_the_caller():
    bus = ScriptedBus(Unavailable("broker away"), Unavailable("broker away"), {"answer": {"x": 1}})
    assert Calls(bus)("requests.submit", command_id=uuid7(), timeout=2) == {"x": 1}


def test_an_answer_that_was_lost_is_found_within_the_same_deadline():
    bus = ScriptedBus("silence", {"answer": {"x": 1}})
    assert Calls(bus)("requests.submit", command_id=uuid7(), timeout=3) == {"x": 1}
    (_, lost, waited), (_, found, left) = bus.asked
    assert lost == found and left > 0
    assert waited + left < 3.05  # the second is given what the first left of the three seconds


def test_silence_ends_at_the_deadline():
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        Calls(ScriptedBus("silence"))("requests.submit", timeout=0.6)
    assert 0.35 < time.monotonic() - started < 3
