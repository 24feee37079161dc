import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.refusal import Refusal
from rules.workflow import Workflow, check, mermaid

ROLES = {"officer", "inspector", "unit_head"}
DEPARTMENTS = {"licensing", "engineering", "leadership"}
NAME = {"ar": "اسم", "en": "Name"}
FINDINGS = {"name": "findings", "type": "long_text", "label": {"ar": "نتيجة المعاينة", "en": "Findings"}}


def task(*exits, **more):
    return {"kind": "task", "name": NAME, "department": "licensing", "role": "officer",
            "actions": [{"code": code, "name": NAME, "to": to, "requires": requires} for code, to, requires in exits],
            **more}


def end(outcome="approved", **more):
    return {"kind": "end", "name": NAME, "outcome": outcome, **more}


def shop():
    return {"initial": "fee", "inputs": [FINDINGS], "states": {
        "fee": {"kind": "payment", "name": NAME, "stage": "inspection", "next": "review", "expired": "lapsed"},
        "review": task(("accept", "inspection", []), ("send_back", "completion", ["reason"])),
        "completion": {"kind": "applicant", "name": NAME, "expired": "lapsed",
                       "time_limit": {"days": 30, "kind": "calendar"},
                       "actions": [{"code": "resubmit", "name": NAME, "to": "review"}]},
        "inspection": task(("report", "decision", ["findings"]), department="engineering", role="inspector"),
        "decision": task(("approve", "issued", []), ("reject", "rejected", ["reason", "findings"])),
        "issued": end(output="licence"), "rejected": end("rejected"), "lapsed": end("lapsed")}}


def faults(data, stages=("inspection",)):
    return {fault.code for fault in check(Workflow.parse(data), stages, ROLES, DEPARTMENTS)}


def test_a_whole_path_from_start_to_end():
    workflow = Workflow.parse(shop())
    assert faults(shop()) == set()
    assert workflow.start().to_state == "fee"
    state = "fee"
    for action, inputs in (("paid", {}), ("accept", {}), ("report", {"findings": " سليم "}), ("approve", {})):
        taken = workflow.step(state, action, inputs)
        assert taken.from_state == state and taken.action == action
        state = taken.to_state
    assert (state, taken.outcome) == ("issued", "approved")
    assert workflow.step("inspection", "report", {"findings": " سليم "}).inputs == {"findings": "سليم"}


@pytest.mark.parametrize("state, action", [
    ("review", "approve"), ("review", "paid"), ("fee", "accept"), ("issued", "accept"), ("issued", "paid"),
    ("lapsed", "expired"), ("review", "expired"), ("review", "")])
def test_no_action_outside_the_graph(state, action):
    with pytest.raises(Refusal, match="action_unknown"):
        Workflow.parse(shop()).step(state, action)


def test_what_an_action_requires():
    workflow = Workflow.parse(shop())
    for reason in (None, "", "  \n"):
        with pytest.raises(Refusal, match="reason_required"):
            workflow.step("review", "send_back", {}, reason)
    with pytest.raises(Refusal) as refused:
        workflow.step("decision", "reject", {"findings": " "})
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [
        ("reason_required", "reason"), ("input_required", "inputs/findings")]
    assert refused.value.faults[1].params["name_ar"] == "نتيجة المعاينة"
    with pytest.raises(Refusal, match="field_unknown"):
        workflow.step("review", "accept", {"findings": "x"})
    assert workflow.step("review", "send_back", None, "ينقص العقد").to_state == "completion"


def test_a_state_that_is_none():
    with pytest.raises(Refusal, match="state_unknown"):
        Workflow.parse(shop()).step("nowhere", "accept")
    with pytest.raises(Refusal, match="workflow_malformed"):
        Workflow.parse({"initial": "a", "states": {"a": {"name": NAME}}})


def changed(path, value):
    data = shop()
    *steps, last = path.split(".")
    place = data
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data


@pytest.mark.parametrize("path, value, code", [
    ("initial", "nowhere", "workflow_initial_unknown"), ("initial", "issued", "workflow_initial_is_end"),
    ("states.fee.next", "nowhere", "workflow_target_unknown"),
    ("states.fee.next", None, "workflow_payment_without_next"),
    ("states.fee.stage", "final", "workflow_payment_without_fees"),
    ("states.fee.clock", "running", "workflow_clock_runs_while_waiting"),
    ("states.review.actions", [], "workflow_dead_end"), ("states.review.role", "gardener", "workflow_role_undefined"),
    ("states.review.department", "parks", "workflow_department_undefined"),
    ("states.review.stage", "inspection", "workflow_payment_only"), ("states.review.expired", "lapsed",
                                                                     "workflow_payment_only"),
    ("states.review.outcome", "approved", "workflow_end_only"), ("states.issued.outcome", "happy",
                                                                 "workflow_outcome_unknown"),
    ("states.issued.kind", "party", "workflow_kind_unknown"),
    ("states.review.actions.0.to", "nowhere", "workflow_target_unknown"),
    ("states.review.actions.0.code", "send_back", "workflow_action_twice"),
    ("states.completion.actions.0.code", "expired", "workflow_action_twice"),
    ("states.inspection.actions.0.requires", ["stars"], "workflow_input_undefined"),
    ("states.issued.actions", [{"code": "again", "name": NAME, "to": "review"}], "workflow_end_has_exit"),
    ("states.fee.next", "decision", "workflow_unreachable"),
    ("states.orphan", task(("go", "issued", [])), "workflow_unreachable"),
])
def test_what_may_not_be_published(path, value, code):
    assert code in faults(changed(path, value))


def test_fees_that_no_state_collects():
    assert faults(shop(), ("inspection", "final")) == {"workflow_stage_never_collected"}


def test_going_round_for_ever_is_no_workflow():
    data = {"initial": "a", "states": {"a": task(("go", "b", [])), "b": task(("back", "a", [])), "z": end()}}
    assert "workflow_end_unreachable" in faults(data, ())


codes = st.integers(0, 7).map(lambda number: f"s{number}")
graphs = st.dictionaries(codes, st.one_of(
    st.just(None), st.lists(codes, min_size=0, max_size=3)), min_size=1, max_size=8)


def drawn(graph):
    states = {code: end() if exits is None else task(*((f"a{n}", to, []) for n, to in enumerate(exits)))
              for code, exits in graph.items()}
    return Workflow.parse({"initial": next(iter(states)), "states": states})


@st.composite
def sound_graphs(draw):
    """A tree whose leaves are ends, with further exits anywhere: forward, back, to itself."""
    size = draw(st.integers(2, 8))
    exits = {f"s{number}": [] for number in range(size)}
    for number in range(1, size):
        exits[f"s{draw(st.integers(0, number - 1))}"].append(f"s{number}")
    for code, found in exits.items():
        if found:
            found += draw(st.lists(st.sampled_from(sorted(exits)), max_size=2))
        else:
            exits[code] = None
    return exits


@given(st.one_of(graphs, sound_graphs()))
def test_the_check_passes_exactly_what_leads_from_the_start_through_every_state_to_an_end(graph):
    start = next(iter(graph))
    leads = {(one, other): other in (exits or ()) for one, exits in graph.items() for other in graph}
    for middle in graph:  # transitive closure, another way than the check's
        for one in graph:
            for other in graph:
                leads[one, other] |= leads[one, middle] and leads[middle, other]
    ends = [code for code, exits in graph.items() if exits is None]
    sound = start not in ends and all(
        (code == start or leads[start, code]) and (code in ends or any(leads[code, end] for end in ends))
        and all(to in graph for to in exits or ()) for code, exits in graph.items())
    assert (check(drawn(graph), (), ROLES, DEPARTMENTS) == []) is sound


@given(sound_graphs())
def test_whatever_passes_can_always_reach_an_end(graph):
    workflow = drawn(graph)
    assert check(workflow, (), ROLES, DEPARTMENTS) == []
    distance = {code: 0 for code, state in workflow.states.items() if state.kind == "end"}
    for _ in workflow.states:  # Bellman's way, unlike the check's
        for code, state in workflow.states.items():
            near = [distance[exit_.to] for exit_ in state.exits if exit_.to in distance]
            if near and code not in distance:
                distance[code] = min(near) + 1
    assert set(distance) == set(workflow.states)
    for code in workflow.states:  # and walking towards it by `step` gets there
        while workflow.states[code].kind != "end":
            chosen = min(workflow.states[code].exits, key=lambda exit_: distance[exit_.to])
            code = workflow.step(code, chosen.code).to_state
        assert workflow.states[code].outcome == "approved"


@given(graphs)
def test_a_dead_end_never_passes(graph):
    workflow = drawn(graph)
    dead = [code for code, exits in graph.items() if exits == []]
    found = {(fault.code, fault.field) for fault in check(workflow, (), ROLES, DEPARTMENTS)}
    assert all(("workflow_dead_end", f"workflow/states/{code}") in found for code in dead)


@given(sound_graphs(), st.data())
def test_a_walk_never_leaves_the_graph(graph, data):
    workflow = drawn(graph)
    state = workflow.start().to_state
    for _ in range(12):
        action = data.draw(st.sampled_from(["a0", "a1", "a2", "paid", "expired", "x"]))
        known = {exit_.code: exit_.to for exit_ in workflow.states[state].exits}
        if action in known:
            taken = workflow.step(state, action)
            assert taken.to_state == known[action] and (taken.outcome is not None) == (
                workflow.states[taken.to_state].kind == "end")
            state = taken.to_state
        else:
            with pytest.raises(Refusal, match="action_unknown"):
                workflow.step(state, action)


def test_the_graph_can_be_printed():
    unruly = Workflow.parse(changed("states.review.name", {"ar": 'مراجعة "ثم"; [x] --> y', "en": "Review"}))
    text = mermaid(unruly, "ar", "review")
    assert text.startswith("stateDiagram-v2\n")
    assert "[*] --> s0" in text and "s0 --> s1: تم السداد" in text and "class s1 current" in text
    assert 'state "مراجعة ثم x -- y" as s1' in text
    assert "Review" in mermaid(unruly, "en")
