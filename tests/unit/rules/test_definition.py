import copy
import json
import re
from pathlib import Path

import pytest

import services.catalog
from contracts.definition import SOURCES, authoring, load_definition
from contracts.problems import catalogue, describe
from rules import fees, forms, roles
from rules.refusal import Refusal
from rules.workflow import Workflow

GUIDE = Path(services.catalog.__file__).parent / "guide"
RULES = Path(roles.__file__).parent
FILES = authoring.files(GUIDE)
SHOP = authoring.read_file(GUIDE / "shop-licence.yaml")


def read(path):
    return load_definition(authoring.read_file(path))


def test_the_guide_has_its_first_three_services():
    assert {path.stem for path in FILES} >= {"shop-licence", "building-permit-new", "road-occupancy"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_service_of_the_guide_is_whole_and_survives_json(path):
    definition = read(path)
    assert definition["code"] == path.stem
    assert load_definition(definition) == definition == json.loads(json.dumps(definition))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_silence_leads_on_to_a_good_end(path):
    definition = read(path)
    if definition["period"]["silence"] == "approval":
        workflow = Workflow.parse(definition["workflow"])
        state = workflow.state(definition["period"]["silence_to"])
        assert state.outcome == "approved" or workflow.states[state.next].outcome == "approved"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_part_of_a_service_says_where_it_comes_from(path):
    definition = read(path)
    for section in ("form", "documents", "fees", "outputs", "external_bodies", "stage_periods", "follow_up"):
        assert all(one["source"] in SOURCES for one in definition[section]), section
    assert set(definition["sources"]) >= {"applicants", "channels", "unit_kinds", "workflow"}
    for period in [definition["period"], *definition["stage_periods"]]:
        assert period["silence"] == "none" or period["source"] in ("law", "public")


ANSWERS = {"shop_name": "دكان أم كلثوم", "activity": "cafe", "address": "١٢ شارع التحرير", "area_m2": "٤٥٫٥",
           "workers": 3, "tenure": "leased", "shisha": "true"}


def test_a_shop_licence_runs_from_the_form_to_the_licence():
    shop = load_definition(SHOP)
    answers = forms.validate(shop["form"], ANSWERS)
    forms.check_documents(shop["documents"], answers, ["id_copy", "lease_contract"])
    workflow, state, paid, held_by = Workflow.parse(shop["workflow"]), None, {}, []
    state = workflow.start().to_state
    steps = {"document_review": ("send_back", {}, "ينقص توقيع المالك على العقد"), "completion": ("resubmit", {}, None),
             "inspection": ("report", {"findings": "المحل مطابق"}, None), "decision": ("approve", {}, None)}
    while workflow.state(state).kind != "end":
        here = workflow.state(state)
        if here.kind == "payment":
            paid[here.stage] = {one.code: one.amount for one in fees.compute(shop["fees"], answers, here.stage)}
            taken = workflow.step(state, "paid")
        else:
            if here.kind == "task":
                held_by.append((here.department, here.role))
            action, inputs, reason = steps[state]
            taken = workflow.step(state, action, inputs, reason)
            steps["document_review"] = ("accept", {}, None)
        state = taken.to_state
    assert (state, taken.outcome, workflow.state(state).output) == ("issued", "approved", "licence")
    assert held_by == [("licensing", "officer"), ("licensing", "officer"), ("engineering", "inspector"),
                       ("leadership", "unit_head")]
    assert paid == {"inspection": {"inspection": 15000},
                    "final": {"licence": 100000, "workers": 3000, "shisha": 250000, "development": 8825}}


def test_a_shop_needs_the_contract_that_fits_and_the_identity_is_guarded():
    shop = load_definition(SHOP)
    required = {tenure: [one["code"] for one in forms.required_documents(shop["documents"], {"tenure": tenure})]
                for tenure in ("owned", "leased")}
    assert required == {"owned": ["id_copy", "ownership_contract"], "leased": ["id_copy", "lease_contract"]}
    assert [one["code"] for one in shop["documents"] if one["identity"]] == ["id_copy"]


def changed(path, value=None):
    data = copy.deepcopy(SHOP)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place = data
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data


def faults(data):
    with pytest.raises(Refusal) as refused:
        load_definition(data)
    assert {fault.code for fault in refused.value.faults} == {"definition_invalid"}
    return {fault.field: fault.params["rule"] for fault in refused.value.faults}


@pytest.mark.parametrize("path, value, field, rule", [
    ("code", "Shop Licence", "code", "schema"), ("name/ar", None, "name/ar", "schema"),
    ("colour", "red", "colour", "schema"), ("fees/0/amount", 5, "fees/0/amount", "schema"),
    ("fees/2/amount", None, "fees/2/amount", "schema"), ("fees/2/amount", 10.5, "fees/2/amount", "schema"),
    ("fees/2/amount", -1, "fees/2/amount", "schema"), ("fees/4/percent", 2.5, "fees/4/percent", "schema"),
    ("fees/4/percent", "-1", "fees/4/percent", "schema"),
    ("fees/0/per", ["area_m2", "workers"], "fees/0/per", "schema"),
    ("fees/0/source", "hearsay", "fees/0/source", "schema"),
    ("fees/0/per", "nobody", "fees/0/per", "fee_per_not_number"),
    ("fees/4/of", ["nothing"], "fees/4/of", "fee_of_unknown"),
    ("fees/3/when", {"field": "nobody", "equals": 1}, "fees/3/when", "condition_unsound"),
    ("documents/0/accepts", ["text/html"], "documents/0/accepts/0", "schema"),
    ("documents/1/when", {"field": "x", "present": True}, "documents/1/when", "condition_unsound"),
    ("documents/1/code", "id_copy", "documents/1/code", "document_code_twice"),
    ("form/1/options", [], "form/1/options", "form_options_unsound"),
    ("form/1/options/0/value", "Two Words", "form/1/options/0/value", "schema"),
    ("workflow/states/decision/actions/0/to", "heaven", "workflow/states/decision/actions/approve",
     "workflow_target_unknown"),
    ("workflow/states/decision/role", "citizen", "workflow/states/decision/role", "workflow_role_undefined"),
    ("workflow/states/decision/kind", "dance", "workflow/states/decision/kind", "schema"),
    ("workflow/inputs", [], "workflow/states/inspection/actions/report", "workflow_input_undefined"),
    ("workflow/states/issued/output", "medal", "workflow/states/issued/output", "output_undefined"),
    ("outputs/0/fields", ["nobody"], "outputs/0/fields", "output_field_unknown"),
    ("period/silence_to", None, "period/silence_to", "silence_target_unsound"),
    ("period/silence_to", "heaven", "period/silence_to", "silence_target_unsound"),
    ("period/silence", "none", "period/silence_to", "silence_target_unsound"),
    ("applicants", ["cat"], "applicants/0", "schema"), ("unit_kinds", [], "unit_kinds", "schema"),
])
def test_a_fault_is_told_with_its_place(path, value, field, rule):
    assert faults(changed(path, value)).get(field) == rule


def test_all_faults_are_told_at_once_in_both_languages():
    data = changed("sector")
    data["fees"][0]["source"] = "hearsay"
    assert set(faults(data)) == {"sector", "fees/0/source"}
    data = changed("fees/0/per", "nobody")
    data["workflow"]["states"]["decision"]["role"] = "gardener"
    assert set(faults(data)) == {"fees/0/per", "workflow/states/decision/role"}
    with pytest.raises(Refusal) as refused:
        load_definition(data)
    for fault in refused.value.faults:
        assert re.search(r"[ء-ي]", describe(fault, "ar")) and not re.search(r"[ء-ي]", describe(fault, "en"))


@pytest.mark.parametrize("data", [{}, {"code": 5}, {1: 2}, {"form": "x"}, {"workflow": {"states": []}}, [], None, "x"])
def test_what_is_no_definition(data):
    with pytest.raises(Refusal, match="definition_invalid"):
        load_definition(data)


def test_every_code_that_the_rules_refuse_with_has_its_texts():
    source = "\n".join(path.read_text(encoding="utf-8") for path in RULES.glob("*.py"))
    source += "\n".join(path.read_text(encoding="utf-8") for path in
                        (RULES.parent / "contracts" / "definition").glob("*.py"))
    codes = set(re.findall(r'(?:refuse|Fault|_Wrong|wrong)\(\s*"([a-z0-9_]+)"', source))
    assert len(codes) > 50
    assert codes - set(catalogue()) == set()


def test_every_text_is_in_both_languages_and_fits_its_values():
    from contracts.rules_problems import PROBLEMS
    for code, problem in PROBLEMS.items():
        assert re.search(r"[ء-ي]", problem.ar) and not re.search(r"[ء-ي]", problem.en), code
        assert set(re.findall(r"{(\w+)}", problem.ar)) == set(re.findall(r"{(\w+)}", problem.en)), code
