"""Files that people write: bases, what is laid over them, and the command that tells every fault."""

import copy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contracts.definition import authoring, load_definition
from contracts.definition.cli import main
from rules.refusal import Refusal
from tests.support.definitions import whole


@pytest.fixture
def folder(tmp_path):
    def write(**files):
        for name, content in files.items():
            text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
            (tmp_path / f"{name.replace('__', '-')}.yaml").write_text(text, encoding="utf-8")
        return tmp_path
    return write


def merged(base, over):
    faults = []
    made = authoring.merge(base, over, faults)
    assert faults == []
    return made


def rules_of(run):
    with pytest.raises(Refusal) as refused:
        run()
    return {(fault.field, fault.params["rule"]) for fault in refused.value.faults}


def test_mappings_merge_and_null_removes():
    base = {"a": {"x": 1, "y": 2}, "b": [1, 2], "c": "text"}
    assert merged(base, {"a": {"y": 3, "z": 4}, "b": [3], "c": None, "d": None}) == {
        "a": {"x": 1, "y": 3, "z": 4}, "b": [3], "d": None}


@pytest.mark.parametrize("over, expected", [
    ([{"code": "b", "n": 9}], [("a", 1), ("b", 9), ("c", 3)]),
    ([{"code": "d", "n": 4}], [("a", 1), ("b", 2), ("c", 3), ("d", 4)]),
    ([{"code": "d", "n": 4, "before": "b"}], [("a", 1), ("d", 4), ("b", 2), ("c", 3)]),
    ([{"code": "c", "before": "a"}], [("c", 3), ("a", 1), ("b", 2)]),
    ([{"code": "b", "remove": True}], [("a", 1), ("c", 3)]),
    ([{"code": "b", "remove": True}, {"code": "a", "n": 0}], [("a", 0), ("c", 3)]),
    ([], [("a", 1), ("b", 2), ("c", 3)])])
def test_lists_of_things_with_a_code_merge_one_by_one(over, expected):
    base = {"fees": [{"code": "a", "n": 1}, {"code": "b", "n": 2}, {"code": "c", "n": 3}]}
    before = copy.deepcopy(base)
    made = merged(base, {"fees": over})["fees"]
    assert [(one["code"], one["n"]) for one in made] == expected
    assert all(set(one) == {"code", "n"} for one in made) and base == before


def test_the_key_of_a_thing_is_its_code_name_value_or_the_prefix_of_its_part():
    base = {"form": [{"name": "kind", "options": [{"value": "x", "label": 1}]}, {"part": "address", "prefix": "shop"}]}
    over = {"form": [{"name": "kind", "options": [{"value": "y", "label": 2}]},
                     {"part": "address", "prefix": "shop", "required": ["area"]}, {"name": "n", "before": "shop"}]}
    assert merged(base, over)["form"] == [
        {"name": "kind", "options": [{"value": "x", "label": 1}, {"value": "y", "label": 2}]}, {"name": "n"},
        {"part": "address", "prefix": "shop", "required": ["area"]}]


def test_a_list_of_things_without_keys_is_replaced():
    old, new = {"ar": "أ", "en": "a"}, {"ar": "ب", "en": "b"}
    base = {"legal_basis": [old], "examples": [{"name": old, "answers": {}}]}
    over = {"legal_basis": [new], "examples": [{"name": new, "answers": {"x": 1}}]}
    assert merged(base, over) == over


def test_a_thing_that_is_not_there_is_neither_removed_nor_stood_before():
    for item in ({"code": "z", "remove": True}, {"code": "a", "before": "z"}):
        faults = []
        authoring.merge({"fees": [{"code": "a"}]}, {"fees": [item]}, faults)
        assert [(fault.code, fault.field) for fault in faults] == [("merge_key_unknown", "fees/0")]


items = st.lists(st.fixed_dictionaries({"code": st.sampled_from("abcd"), "n": st.integers(0, 9)}), max_size=4,
                 unique_by=lambda item: item["code"])
documents = st.recursive(
    st.one_of(st.integers(0, 9), st.sampled_from(["x", "y"]), items),
    lambda inner: st.dictionaries(st.sampled_from(["p", "q", "r"]), inner, max_size=3), max_leaves=8)
mappings = st.dictionaries(st.sampled_from(["p", "q", "r", "s"]), documents, max_size=4)


@given(mappings, mappings)
def test_what_is_laid_over_wins_and_laying_it_over_again_changes_nothing(base, over):
    once = merged(base, over)
    assert merged(once, over) == once
    assert merged({}, over) == merged(over, {}) == merged(over, over) == over
    assert merged(base, {}) == base


def test_a_service_is_read_with_its_bases_in_their_order(folder):
    path = folder(_town={"sector": "roads", "keywords": ["a"]}, _roads={"extends": "_town", "sector": "streets"},
                  _last={"life_event": "moving"}, kiosk={"extends": ["_roads", "_last"], "code": "kiosk"})
    assert authoring.read_folder(path) == {
        "kiosk": {"sector": "streets", "keywords": ["a"], "life_event": "moving", "code": "kiosk"}}
    assert [file.name for file in authoring.files(path)] == ["kiosk.yaml"]


def test_every_fault_of_every_file_is_told_at_once(folder):
    path = folder(_a={"extends": "_b"}, _b={"extends": "_a"}, round={"extends": "_a", "code": "round"},
                  lost={"extends": "_nowhere", "code": "lost"}, away={"extends": "../_a", "code": "away"},
                  other={"code": "another"}, twice="code: twice\ncode: twice\n", text="just text",
                  minus={"extends": "_c", "code": "minus", "fees": [{"code": "x", "remove": True}]}, _c={"fees": []})
    assert rules_of(lambda: authoring.read_folder(path)) == {
        ("round.yaml/extends", "base_circular"), ("lost.yaml/extends", "base_unknown"),
        ("away.yaml/extends", "base_unknown"), ("other.yaml/code", "file_named_otherwise"),
        ("twice.yaml", "file_unreadable"), ("text.yaml", "file_unreadable"),
        ("minus.yaml/fees/0", "merge_key_unknown")}


def test_bases_give_the_same_definition_as_one_file(folder):
    data = whole()
    base = {key: data[key] for key in ("sources", "workflow", "fees", "documents", "form", "period")}
    rest = {key: value for key, value in data.items() if key not in base}
    path = folder(_base=base, works__permit=rest | {"extends": "_base"})
    assert load_definition(authoring.read_file(path / "works-permit.yaml")) == load_definition(whole())


def test_the_command_tells_every_fault_of_every_file_with_the_name_of_the_thing(folder, capsys):
    broken = whole()
    broken["code"] = "broken"
    broken["fees"][1]["per"] = "nobody"
    broken["sector"] = 5
    path = folder(works__permit=whole(), broken=broken, twice="code: twice\ncode: twice\n")
    assert main([str(path)]) == 1
    told = capsys.readouterr().out
    assert "works-permit.yaml: ok" in told and "twice.yaml: : file_unreadable" in told
    assert "broken.yaml: sector: schema" in told
    assert "broken.yaml: fees/1(permit)/per: fee_per_not_number" in told
    assert told.endswith("3 files, 2 with faults\n")


def test_the_command_answers_0_where_all_is_well_and_looks_across_a_folder(folder, capsys):
    assert main([str(folder(works__permit=whole()) / "works-permit.yaml")]) == 0
    renewed = whole()
    renewed["outputs"][0]["renewal"]["service"] = "nobody"
    path = folder(works__permit=renewed)
    assert main([str(path / "works-permit.yaml")]) == 0
    assert main([str(path)]) == 1
    assert "works-permit.yaml: outputs/0(permit)/renewal/service: renewal_service_unknown" in capsys.readouterr().out
    assert main([]) == 2
    assert main([str(path / "nowhere.yaml")]) == 1
