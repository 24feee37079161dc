"""What a library or a rule says in English is told in Arabic too."""

import pytest
from marshmallow import Schema, ValidationError, fields, validate

from contracts import reasons
from contracts.problems import describe
from rules import conditions
from rules.refusal import Fault

TYPES = {"area": "decimal", "kind": "choice", "corner": "boolean"}


@pytest.mark.parametrize("condition", [
    {}, [], {"all": []}, {"any": [], "not": {}}, {"not": {"field": "kind", "equals": "x"}, "field": "kind"},
    {"field": "nobody", "equals": 1}, {"field": "kind"}, {"field": "kind", "equals": "a", "in": ["a"]},
    {"field": "kind", "present": "yes"}, {"field": "kind", "in": []}, {"field": "kind", "at_least": 3},
    {"field": "area", "equals": "wide"}, {"field": "corner", "in": [True, "x\ny"]},
])  # fmt: skip
def test_what_is_wrong_with_a_condition_is_told_in_arabic(condition):
    found = conditions.check(condition, TYPES)
    assert found
    for reason in found:
        fault = Fault("condition_unsound", "form/0/when", {"reason": reason})
        assert reasons.arabic(reason) in describe(fault, "ar")
        assert reason in describe(fault, "en") and reason not in describe(fault, "ar")


class Everything(Schema):
    word = fields.String(validate=validate.Length(2, 3))
    short = fields.String(validate=validate.Length(max=1))
    many = fields.List(fields.Integer(), validate=validate.Length(min=1))
    least = fields.Integer(validate=validate.Range(min=1))
    most = fields.Integer(validate=validate.Range(max=1))
    both = fields.Integer(validate=validate.Range(1, 2))
    one_of = fields.String(validate=validate.OneOf(("a", "b")))
    pattern = fields.String(validate=validate.Regexp("a"))
    number = fields.Integer()
    flag = fields.Boolean()
    day = fields.Date()
    id = fields.UUID()
    inner = fields.Nested(Schema)
    mapping = fields.Dict()
    null = fields.String()
    missing = fields.String(required=True)


def test_what_is_wrong_with_a_value_is_told_in_arabic():
    with pytest.raises(ValidationError) as found:
        Everything().load({"word": "x", "short": "xx", "many": [], "least": 0, "most": 2, "both": 3, "one_of": "c",
                           "pattern": "b", "number": "x", "flag": "x", "day": "x", "id": "x", "inner": 1,
                           "mapping": 1, "null": None, "stranger": 1})
    told = {name: message for name, [message] in found.value.messages.items() if name != "inner"}
    told["inner"] = found.value.messages["inner"]["_schema"][0]
    assert set(told) == {*Everything().fields, "stranger"}
    assert {name for name, message in told.items() if not reasons.arabic(message)} == set()
    assert reasons.arabic(told["both"]) == "يجب أن تكون القيمة من 1 إلى 2."
    assert reasons.arabic("a reason that nobody knows") is None
