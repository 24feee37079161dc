"""The published JSON Schema: sound in itself, true of every file of the guide, and able to say no."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import services.catalog
from contracts.definition import authoring, json_schema, load_definition, schema
from tests.support.definitions import changed, whole

DOCUMENT = json_schema.document()
VALIDATOR = Draft202012Validator(DOCUMENT)
FILES = authoring.files(Path(services.catalog.__file__).parent / "guide")


def test_it_is_a_json_schema_of_2020_12_and_refers_to_nothing_outside():
    Draft202012Validator.check_schema(DOCUMENT)
    assert DOCUMENT["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    text = json.dumps(DOCUMENT)
    references = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
    assert references == {f"#/$defs/{name}" for name in DOCUMENT["$defs"]}
    assert r"\Z" not in text  # Python's, not ECMAScript's


def test_every_key_of_the_gate_stands_in_it_and_no_other():
    assert set(DOCUMENT["$defs"]["Definition"]["properties"]) == {
        field.data_key or name for name, field in schema.Definition().fields.items()}
    assert all(one.get("additionalProperties") is False for name, one in DOCUMENT["$defs"].items()
               if name not in ("Condition", "Answer"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_of_the_guide_keeps_to_it(path):
    written = authoring.read_file(path)
    assert [error.message for error in VALIDATOR.iter_errors(json.loads(json.dumps(written, default=str)))] == []
    assert VALIDATOR.is_valid(load_definition(written))


def test_a_definition_keeps_to_it_as_written_and_as_loaded():
    assert VALIDATOR.is_valid(whole()) and VALIDATOR.is_valid(load_definition(whole()))


@pytest.mark.parametrize("path, value", [
    ("code", "Two Words"), ("name/ar", None), ("unit_kinds/0", "castle"), ("fees/0/amount", "5"),
    ("fees/0/formula", "1"), ("fees/1/per", None), ("fees/2/per", ["area_m2"]), ("fees/3/percent", "-1"),
    ("form/0/colour", "red"), ("form/0/prefix", "Two Words"), ("form/1/type", "poem"), ("fees/2/tiers/0/up_to", []),
    ("documents/0/when", {"field": "corner"}), ("workflow/states/opinions/branches/0/actions/0/to", "decision"),
    ("workflow/states", {}), ("sources/fees", "hearsay"), ("outputs/0/renewal/service", None),
    ("examples/0/answers", []), ("overridable/0/path", "/fees")])
def test_it_refuses_what_has_not_the_shape(path, value):
    assert not VALIDATOR.is_valid(changed(path, value))
