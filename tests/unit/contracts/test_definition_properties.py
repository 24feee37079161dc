"""Whatever is done to a definition, the gate either takes it or refuses it with its faults; and the published JSON
Schema says the same of its shape."""

import copy
import json
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts.definition import json_schema, load_definition
from contracts.problems import catalogue
from rules.refusal import Refusal
from tests.support.definitions import whole
from tests.support.examples import examples

JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 3), st.just(10**20), st.sampled_from(
        ["", "x", "X y", "first", "officer", "2.5", "-1", "area_m2", "law", "2026-02-30", "end", "parallel", "task",
         "decision", "opinions", "fees/permit/amount", "أ"]),
    st.sampled_from([[], {}, [[]], [{}], [None], {"ar": "س", "en": "s"}, {"field": "corner", "equals": True},
                     {"field": "area_m2", "at_least": "x"}, {"not": {"any": []}}, ["corner"], {"part": "address"}]),
).map(copy.deepcopy)
KEYS = ["when", "min", "to", "verdict", "colour", "part", "join", "body", "source"]


def places(value, path=()):
    """Every place in a document, as the containers and keys that lead there."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from places(one, (*path, key))


@cache
def sample_places():
    return tuple(places(whole()))


def inside(data, path):
    for key in path:
        data = data[key]
    return data


@st.composite
def mutated(draw, most=3):
    """The sample with up to `most` things done to it: replaced, removed, doubled, added, or moved from elsewhere."""
    data = whole()
    for _ in range(draw(st.integers(1, most))):
        path = draw(st.sampled_from(sample_places()))
        try:
            holder, key = inside(data, path[:-1]), path[-1]
            there = holder[key]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took this place away
        deed = draw(st.sampled_from(["replace", "remove", "double", "add", "move", "empty"]))
        if deed == "replace":
            holder[key] = draw(JUNK)
        elif deed == "remove":
            del holder[key]
        elif deed == "double" and isinstance(there, list) and there:
            there.append(copy.deepcopy(draw(st.sampled_from(there))))
        elif deed == "add" and isinstance(there, dict):
            there[draw(st.sampled_from(KEYS))] = draw(JUNK)
        elif deed == "move":
            try:
                holder[key] = copy.deepcopy(inside(data, draw(st.sampled_from(sample_places()))))
            except (KeyError, IndexError, TypeError):
                holder[key] = None
        elif deed == "empty" and isinstance(there, (list, dict)):
            there.clear()
    return data


def refused(data):
    """The faults of a definition; none where it loads, and then loading the result changes nothing."""
    try:
        loaded = load_definition(data)
    except Refusal as refusal:
        return refusal.faults
    assert load_definition(loaded) == loaded == json.loads(json.dumps(loaded))
    return []


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_changed_definition_is_taken_or_refused_and_never_anything_else(data):
    before = copy.deepcopy(data)
    for fault in refused(data):
        assert fault.code == "definition_invalid" and fault.params["ar"] and fault.params["en"]
        assert "قيمة غير صحيحة" not in fault.params["ar"], fault  # each reason of the schema has its Arabic
        assert fault.params["rule"] == "schema" or fault.params["rule"] in catalogue()
    assert data == before  # what was handed in is left as it was


VALIDATOR = Draft202012Validator(json_schema.document())


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_the_json_schema_and_the_gate_agree_on_every_shape(data):
    shape = [fault for fault in refused(data) if fault.params["rule"] == "schema"]
    assert VALIDATOR.is_valid(data) is (shape == [])
