"""The published language is complete: routes, problems and event types name each other without a gap."""

import ast
import importlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis import events, runner
from chassis.ids import uuid7
from contracts import events as language
from contracts import problems, routes
from contracts.events import EventType
from infra.broker import topology

ROOT = Path(__file__).resolve().parents[3]
PROBLEMS = problems.catalogue()  # imports every contract module
OWNERS = ("catalog", "requests", "payments", "notifications", "gateway")


# The line and the agencies are the gateway's; their modules are named after them.
BESIDE = {"gateway": ("agencies", "link", "link_commands", "links", "received")}


def spoken(owner):
    """What a service's own modules of the language name: contracts/<service>.py and contracts/<service>_*.py."""
    names = [path.stem for path in sorted((ROOT / "contracts").glob("*.py"))]
    return {value.name: value for name in names
            if name == owner or name.startswith(f"{owner}_") or name in BESIDE.get(owner, ())
            for value in vars(importlib.import_module(f"contracts.{name}")).values() if isinstance(value, EventType)}


PUBLISHED = {name: value for owner in OWNERS for name, value in spoken(owner).items()}


def subscribed():
    """(event type, service) of every subscription that a service class declares."""
    return {
        (event_type.name, service)
        for service in runner.SERVICES
        for kind in runner.service_class(service).__mro__
        for member in vars(kind).values()
        for event_type in getattr(member, "subscription", (None, ()))[1]
    }


def test_the_table_of_routes_is_what_the_services_subscribe_to():
    assert {(name, service) for name, consumers in routes.CONSUMERS.items() for service in consumers} == subscribed()


def test_every_event_type_stands_in_the_table_of_routes_and_no_other():
    assert set(routes.CONSUMERS) == set(PUBLISHED) <= set(language.REGISTRY)


def test_the_broker_binds_every_queue_to_what_its_service_subscribes_to():
    bound = {(key, queue.removeprefix("events.")) for exchange, queue, key in topology.bindings()
             if exchange == "events"}
    assert bound == subscribed()


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_event_type_is_named_after_the_module_that_owns_it(name):
    assert re.fullmatch(r"[a-z]+\.[a-z]+\.[a-z]+(_[a-z]+)*\.v[1-9]", name)
    assert PUBLISHED[name] in spoken(PUBLISHED[name].service).values()


@pytest.mark.parametrize("name", PUBLISHED)
def test_no_event_schema_refuses_what_a_later_version_adds(name):
    later = {"something_added_later": 1}
    assert "something_added_later" not in PUBLISHED[name].schema().validate(later)


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_speaks_arabic_and_english_and_names_the_same_values(code):
    problem = PROBLEMS[code]
    assert re.search(r"[\u0621-\u064a]", problem.ar), "no Arabic"
    assert re.search(r"[A-Za-z]{2}", problem.en) and not re.search(r"[\u0600-\u06ff]", problem.en), "no English"
    assert named(problem.ar) == named(problem.en)
    assert 400 <= problem.status < 600
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", code)


def named(text):
    """The values a text names; `name_ar` and `name_en`, `ar` and `en` are one value in two languages."""
    return {re.sub("(^|_)(ar|en)$", "", name) for name in re.findall(r"\{(\w+)\}", text)}


def refused():
    """(file, code, names of values) of each refusal in the sources whose code is written there."""
    for folder in ("rules", "contracts", "chassis", "services"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("refuse", "Fault") and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant):
                        yield path.relative_to(ROOT), first.value, node


def test_every_refusal_in_the_sources_has_its_problem():
    found = list(refused())
    assert len(found) > 50
    assert [(str(path), code) for path, code, _ in found if code not in PROBLEMS] == []


def test_every_refusal_gives_the_values_that_its_text_names():
    missing = []
    for path, code, node in refused():
        given = {keyword.arg and re.sub("_(ar|en)$", "", keyword.arg) for keyword in node.keywords}
        if node.func.id == "refuse" and None not in given and not named(PROBLEMS[code].ar) <= given:
            missing.append((str(path), code, sorted(named(PROBLEMS[code].ar) - given)))
    assert missing == []


# The envelope --------------------------------------------------------------------------------------------------------


def test_an_envelope_is_cloudevents_and_comes_back_as_it_was():
    event_type = PUBLISHED["requests.request.moved.v1"]
    event_id, subject, when = uuid7(), uuid7(), datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    body = events.encode(event_type, event_id=event_id, source="urn:shubbak:EG-C:requests:1", subject=subject,
                         sequence=3, occurred=when, correlation_id="abc", data={"text": "عربي"})
    event = events.decode(body)
    assert (event.id, event.subject, event.sequence, event.time) == (event_id, subject, 3, when)
    assert (event.type, event.correlation_id, event.data) == (event_type.name, "abc", {"text": "عربي"})
    assert event.aggregate == event_type.aggregate == "requests.request"
    for part in (b'"specversion":"1.0"', b'"sequence":"3"', b'"datacontenttype":"application/json"'):
        assert part in body


def test_an_envelope_too_large_for_the_bus_is_a_fault_of_its_maker():
    with pytest.raises(ValueError, match="bytes, more than"):
        events.encode(PUBLISHED["requests.request.moved.v1"], event_id=uuid7(), source="s", subject=uuid7(), sequence=1,
                      occurred=datetime.now(UTC), correlation_id="c", data={"x": "ن" * events.LARGEST})


def test_identifiers_sort_by_the_time_they_were_made():
    made = [uuid7() for _ in range(2000)]
    assert made == sorted(made) and len(set(made)) == 2000 and {one.version for one in made} == {7}
