"""An application read against its definition, and the way through it: for every service of the guide, and for forms
that nobody has written yet."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask import g
from hypothesis import given
from hypothesis import strategies as st

from contracts.requests import Submit
from rules import conditions, forms
from services.gateway.web.pages import apply_steps as steps
from services.gateway.web.pages import applying, particulars
from tests.unit.gateway.ground import Service, app_of, definitions

TODAY = date(2026, 11, 22)
SERVICES = {row.code: row.document for row in definitions()}
PERSON = {"name": "محمود حسن", "national_id": "28503150101232", "phone": "01012345678", "email": ""}
EXAMPLES = [(code, example["answers"]) for code, document in SERVICES.items() for example in document["examples"]]
every_example = pytest.mark.parametrize(("code", "answers"), EXAMPLES)


@pytest.fixture(autouse=True)
def in_arabic() -> Iterator[None]:
    with app_of(Service()).test_request_context("/ar/"):
        g.language = "ar"
        yield


def draft(code: str, answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    unit = "EG-C-01" if "district" in SERVICES[code]["unit_kinds"] else "EG-C-DW"
    kind = "citizen" if "citizen" in SERVICES[code]["applicants"] else SERVICES[code]["applicants"][0]
    return {"id": "x", "code": code, "unit": unit, "applicant": {**PERSON, "kind": kind}, "documents": {}, "seen": [],
            "answers": copy.deepcopy(answers), "account": None, **more}  # fmt: skip


@every_example
def test_a_sample_applicant_is_asked_everything_once_and_lacks_papers_only(code: str, answers: dict[str, Any]) -> None:
    document, mine = SERVICES[code], draft(code, answers)
    found = applying.read(document, mine, TODAY)
    left = {(fault.code, (fault.field or "").partition("/")[0]) for fault in found.faults}
    assert left <= {("document_missing", "documents"), ("field_required", "applicant"),
                    ("principal_not_identified", "applicant")}  # fmt: skip
    assert found.answers == forms.validate(document["form"], answers)
    way = steps.of(document, mine, found)
    names = [name for one in way for name in one.names]
    assert len(names) == len(set(names)) and len({one.code for one in way}) == len(way)
    asked = {f"answers/{field['name']}" for field in found.fields} | {f"documents/{one['code']}" for one in
                                                                     found.documents}  # fmt: skip
    assert asked <= set(names) and all(one.title for one in way)
    assert not steps.ready(way, mine, found)


@pytest.mark.parametrize(("code", "answers"), [
    (code, answers) for code, answers in EXAMPLES if "citizen" in SERVICES[code]["applicants"]])  # fmt: skip
def test_with_papers_and_every_page_passed_it_can_be_sent_as_the_contract_takes_it(
    code: str, answers: dict[str, Any]
) -> None:
    document = SERVICES[code]
    mine = draft(code, answers)
    mine["documents"] = {one["code"]: {"document_id": "01980c5e-7c00-7000-8000-000000000001", "file_name": "a.pdf",
                                       "size": 1} for one in document["documents"]}  # fmt: skip
    found = applying.read(document, mine, TODAY)
    way = steps.of(document, mine, found)
    mine["seen"] = [one.code for one in way]
    assert steps.ready(way, mine, found) and steps.unfinished(way, mine, found) is None
    body = applying.submission(document, mine, found, "ar")
    assert {one["code"] for one in body["documents"]} == {one["code"] for one in found.documents}
    assert Submit().validate({**body, "channel": "portal"}) == {}
    told = dict(applying.told(document, mine, found))
    lines = [line for lines in told.values() for line in lines]
    assert all(steps.of_field(way, line.field) for line in lines if line.field != "applicant/kind")


@pytest.mark.parametrize("code", SERVICES)
def test_no_page_holds_a_question_beside_one_that_it_hangs_on(code: str) -> None:
    for page in steps.pages(SERVICES[code]["form"]):
        names = {field["name"] for field in page}
        assert 1 <= len(page) <= steps.MOST_ON_A_PAGE
        assert not any(conditions.fields(field.get("when")) & names for field in page)


@given(st.lists(st.tuples(st.sampled_from([None, "a", "b"]), st.integers(0, 3)), max_size=30))
def test_any_form_is_laid_out_in_its_order_on_pages_of_one_part(shape: list[tuple[str | None, int]]) -> None:
    form: list[Any] = []
    for number, (part, back) in enumerate(shape):
        field: dict[str, Any] = {"name": f"q{number}"}
        if part:
            field["part"] = {"code": part, "name": {"ar": part}}
        if back and number >= back:
            field["when"] = {"field": f"q{number - back}", "present": True}
        form.append(field)
    pages = steps.pages(form)
    assert [field for page in pages for field in page] == form
    for page in pages:
        names = {field["name"] for field in page}
        assert len(page) == 1 or len({field["part"]["code"] for field in page if "part" in field}) == 1
        assert len(page) <= steps.MOST_ON_A_PAGE
        assert not any(conditions.fields(field.get("when")) & names for field in page)


@given(st.dictionaries(st.sampled_from([field["name"] for field in SERVICES["shop-licence"]["form"]]),
                       st.one_of(st.text(max_size=30), st.booleans(), st.none(), st.integers(),
                                 st.lists(st.text(max_size=5), max_size=3))))  # fmt: skip
def test_whatever_was_typed_is_read_and_what_counts_is_what_the_form_takes(typed: dict[str, Any]) -> None:
    form = SERVICES["shop-licence"]["form"]
    asked, cleaned, faults = applying.clean(form, typed)
    assert set(cleaned) <= {field["name"] for field in asked}
    assert applying.clean(form, cleaned)[1] == cleaned
    if not faults:
        assert forms.validate(form, cleaned) == cleaned


def test_each_kind_of_applicant_has_a_page_for_all_that_it_is_asked() -> None:
    document = SERVICES["shop-licence"]
    for kind, asked in particulars.ASKED.items():
        mine = draft("shop-licence", {}, applicant={"kind": kind})
        way = steps.of(document, mine, applying.read(document, mine, TODAY))
        names = {name for one in way for name in one.names}
        assert {f"applicant/{name}" for name in asked} <= names
        assert ("applicant/passport" in names) is (kind == "foreigner")


def test_where_only_one_kind_may_apply_nobody_is_asked_which() -> None:
    code = next(code for code, document in SERVICES.items() if len(document["applicants"]) == 1)
    mine = draft(code, {}, applicant={})
    way = steps.of(SERVICES[code], mine, applying.read(SERVICES[code], mine, TODAY))
    assert way[0].code == "person"
    assert applying.submission(SERVICES[code], mine, applying.read(SERVICES[code], mine, TODAY), "ar")[
        "applicant"]["kind"] == SERVICES[code]["applicants"][0]  # fmt: skip


@every_example
def test_the_lines_of_the_task_list_are_told_apart(code: str, answers: dict[str, Any]) -> None:
    mine = draft(code, answers)
    found = applying.read(SERVICES[code], mine, TODAY)
    way = steps.of(SERVICES[code], mine, found)
    listed = steps.tasks(way, mine, found)
    assert len({(task.section, task.title) for task in listed}) == len(listed)
    places = [[one.code for one in way].index(task.step) for task in listed]
    assert places == sorted(places)


@pytest.mark.parametrize(("applicant", "state"), [
    ({}, steps.OPEN), ({"name": "محمود"}, steps.STARTED), ({"name": "محمود", "national_id": "1"}, steps.WRONG),
    ({"name": "محمود", "national_id": "28503150101232"}, steps.DONE),
])  # fmt: skip
def test_how_far_a_page_is_is_told_as_it_is(applicant: dict[str, str], state: str) -> None:
    document = SERVICES["shop-licence"]
    mine = draft("shop-licence", {}, applicant={"kind": "citizen", **applicant})
    found = applying.read(document, mine, TODAY)
    way = steps.of(document, mine, found)
    person = steps.step(way, "person")
    assert person is not None and steps.state(person, mine, found) == state
