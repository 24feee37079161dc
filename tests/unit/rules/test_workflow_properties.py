"""The promise of the checker, over generated workflows with departments in parallel and outside bodies: whatever passes
can always reach an end, and a workflow with a fault put into it never passes."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from rules.workflow import Workflow, check

ROLES, DEPARTMENTS, BODIES, NAME = {"officer"}, {"licensing"}, ["body"], {"ar": "اسم", "en": "Name"}
HELD = {"department": "licensing", "role": "officer"}


def action(index, to):
    return {"code": f"a{index}", "name": NAME, "to": to}


def state(kind, targets, branches):
    """A state of this kind whose ways out lead to all of `targets` and nowhere else."""
    if kind == "end":
        return {"kind": "end", "name": NAME, "outcome": "approved"}
    if kind == "payment":
        return {"kind": kind, "name": NAME, "stage": "fee", "next": targets[0], "expired": targets[-1]}
    if kind != "parallel":
        held = {} if kind == "applicant" else HELD | ({"body": "body"} if kind == "external" else {})
        return {"kind": kind, "name": NAME, **held, "actions": [action(n, to) for n, to in enumerate(targets)]}
    join = {"favourable": targets[0]} | ({"unfavourable": targets[1]} if len(targets) > 1 else {})
    acting = [{"code": f"b{n}", "name": NAME, **HELD,
               "actions": [{"code": "yes", "name": NAME, "verdict": "favourable"}]} for n in range(branches)]
    if len(targets) > 1:
        acting[-1]["actions"].append({"code": "no", "name": NAME, "verdict": "unfavourable"})
    acting[0]["actions"] += [action(n, to) for n, to in enumerate(targets[2:])]
    return {"kind": kind, "name": NAME, "branches": acting, "join": join}


@st.composite
def sound(draw):
    """A tree whose leaves are ends, of states of every kind, with further ways anywhere: forward, back, to itself."""
    size = draw(st.integers(2, 8))
    targets = {f"s{number}": [] for number in range(size)}
    for number in range(1, size):
        targets[f"s{draw(st.integers(0, number - 1))}"].append(f"s{number}")
    states = {}
    for code, found in targets.items():
        kinds = ["end"] if not found else ["task", "external", "applicant", "parallel"]
        kind = draw(st.sampled_from(kinds + (["payment"] if 0 < len(found) < 3 else [])))
        if kind not in ("end", "payment"):
            among = [one for one in targets if kind != "parallel" or one != code]
            found = found + draw(st.lists(st.sampled_from(among), max_size=2))
        states[code] = state(kind, found, draw(st.integers(2, 3)))
    return {"initial": "s0", "states": states}


def faults(data):
    stages = {"fee"} if any(one["kind"] == "payment" for one in data["states"].values()) else set()
    bodies = BODIES if any(one["kind"] == "external" for one in data["states"].values()) else []
    return check(Workflow.parse(data), stages, ROLES, DEPARTMENTS, bodies, ROLES)


def steps(workflow, place):
    """Where each allowed action leads from a state and the verdicts given there so far."""
    code, verdicts = place
    here = workflow.states[code]
    ways = [(exit_.code, None) for exit_ in here.exits if exit_.branch is None] if not here.branches else [
        (one.code, branch.code) for branch in here.branches if branch.code not in dict(verdicts)
        for one in branch.actions]
    for chosen, branch in ways:
        taken = workflow.act(code, chosen, {}, "سبب", branch, dict(verdicts))
        if taken.to_state == code and taken.verdict is not None:
            yield code, verdicts | {(taken.branch, taken.verdict)}
        else:
            yield taken.to_state, frozenset()


def explored(workflow):
    """Every place that any walk can get to, with the places one step on."""
    ahead, found = [(workflow.start().to_state, frozenset())], {}
    while ahead:
        place = ahead.pop()
        if place not in found:
            found[place] = set(steps(workflow, place))
            ahead += found[place]
    return found


def ends_from(workflow, found):
    """The places from which some walk reaches an end."""
    ending = {place for place in found if workflow.states[place[0]].kind == "end"}
    while more := {place for place, on in found.items() if place not in ending and on & ending}:
        ending |= more
    return ending


@given(sound())
def test_from_wherever_any_walk_gets_an_end_can_be_reached(data):
    assert faults(data) == []
    workflow = Workflow.parse(data)
    found = explored(workflow)
    assert ends_from(workflow, found) == set(found)
    assert {code for code, _ in found} == set(workflow.states)


@given(sound(), st.data())
def test_the_check_passes_exactly_what_walks_can_finish(data, draw):
    """Ways are bent at random; what walks then find decides, by another way than the check's."""
    codes = sorted(data["states"])
    for code in draw.draw(st.lists(st.sampled_from(codes), max_size=3)):
        one = data["states"][code]
        others = [to for to in codes if one["kind"] != "parallel" or to != code]
        ways = [(one, key) for key in ("next", "expired") if key in one] + [
            (one["join"], key) for key in one.get("join", {})] + [(way, "to") for way in one.get("actions", ())] + [
            (way, "to") for branch in one.get("branches", ()) for way in branch["actions"] if "to" in way]
        if ways:
            place, key = draw.draw(st.sampled_from(ways))
            place[key] = draw.draw(st.sampled_from(others))
    workflow = Workflow.parse(data)
    found = explored(workflow)
    finishes = ends_from(workflow, found) == set(found) and {code for code, _ in found} == set(codes)
    assert (faults(data) == []) is finishes


def _dead_end(one, data):
    one.update(kind="task", actions=[], **HELD)
    for key in ("outcome", "branches", "join", "next", "expired", "stage", "body"):
        one.pop(key, None)
    return "workflow_dead_end"


def _trap(one, data):
    _dead_end(one, data)
    code = next(code for code, found in data["states"].items() if found is one)
    one["actions"] = [action(0, code)]
    return "workflow_end_unreachable"


def _orphan(one, data):
    data["states"]["orphan"] = state("task", ["s0"], 2)
    return "workflow_unreachable"


def _holder(one):
    return one["branches"][0] if one["kind"] == "parallel" else one


def _no_role(one, data):
    _holder(one)["role"] = "gardener"
    return "workflow_role_undefined" if one["kind"] in ("task", "external", "parallel") else "workflow_key_out_of_place"


def _no_department(one, data):
    _holder(one)["department"] = "parks"
    return ("workflow_department_undefined" if one["kind"] in ("task", "external", "parallel")
            else "workflow_key_out_of_place")


def _no_body(one, data):
    _holder(one)["body"] = "nobody"
    return "workflow_body_undefined" if one["kind"] in ("external", "parallel") else "workflow_key_out_of_place"


def _nowhere(one, data):
    if one["kind"] == "parallel":
        one["join"]["favourable"] = "nowhere"
    elif one["kind"] == "payment":
        one["next"] = "nowhere"
    else:
        one["actions"] = [action(0, "nowhere")]
    return "workflow_target_unknown"


@given(sound(), st.data())
def test_a_workflow_with_a_fault_put_into_it_never_passes(data, draw):
    broken = copy.deepcopy(data)
    one = broken["states"][draw.draw(st.sampled_from(sorted(broken["states"])))]
    inject = draw.draw(st.sampled_from([_dead_end, _trap, _orphan, _no_role, _no_department, _no_body, _nowhere]))
    code = inject(one, broken)
    assert code in {fault.code for fault in faults(broken)}
