"""The editor's pages beside the draft: what the governorate offers, files, new services, the organisation."""

from __future__ import annotations

import copy
import html
import io
import re
from typing import Any

import pytest
import yaml

from contracts.definition import load_definition
from rules import overrides
from rules.refusal import Refusal
from services.gateway.web.pages import editor_new
from services.gateway.web.pages.editor_units import operation
from tests.unit.gateway.ground import TASK_ID, Service, client_of, definitions, hidden, refused
from tests.unit.gateway.test_editor_pages import fields_of

GUIDE = {row.code: row.document for row in definitions() if row.code in ("shop-licence", "debris-removal")}
MOMENT = "2026-11-22T10:00:00+00:00"


class People:
    """Somebody with a role, and catalog answering from a table; what was proposed is kept."""

    def __init__(self, role: str, **answers: Any) -> None:
        self.service, self.proposed = Service(), list[dict[str, Any]]()
        self.service.answers |= {f"catalog.{name}": answer for name, answer in answers.items()}
        self.service.answers["catalog.propose"] = self._propose
        self.client = client_of(self.service, self.service.log_in(role))

    def _propose(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.proposed.append(asked)
        return {"proposal_id": TASK_ID, "version": 1, "state": "draft", "faults": []}

    def open(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_data(as_text=True)

    def form(self) -> dict[str, str]:
        page = self.client.get("/ar/staff/login").get_data(as_text=True)
        return {"csrf": hidden(page, "csrf"), "once": "x" * 24}


# -- what the governorate offers -------------------------------------------------------------------------------------


def offering(**standing: Any) -> People:
    national = GUIDE["shop-licence"]
    row = {"code": "shop-licence", "name": national["name"], "newest_version": 1, "offered": True, "overrides": {},
           "effective_from": "2026-11-22", "state": "settled", "national_version": 1, "faults": [],
           "allowed": overrides.allowed(national)}
    return People("catalogue_editor", adoptions={"adoptions": [{**row, **standing}]},
                  get={"definition": copy.deepcopy(dict(national))})


OFFER = "/ar/staff/guide/offers/shop-licence"


def test_an_offer_sent_as_it_was_shown_has_no_values_of_its_own() -> None:
    editor = offering()
    assert editor.client.post(OFFER, data=fields_of(editor.open(OFFER)) | {"offered": "true"}).status_code == 303
    assert editor.proposed[0]["body"] == {"code": "shop-licence", "offered": True, "overrides": {}}


def test_own_values_are_those_that_differ_in_pounds_and_days() -> None:
    editor = offering()
    form = fields_of(editor.open(OFFER)) | {
        "offered": "true", "own/channels": ["centre", "portal"], "own/fees/workers/amount": "٢٥",
        "own/workflow/states/inspection/target/days": "5", "own/keywords": "دكانة\n",
            "own/fees/licence/account": "9901"}
    editor.client.post(OFFER, data=form)
    own = editor.proposed[0]["body"]["overrides"]
    assert own == {"channels": ["centre", "portal"], "fees/workers/amount": 2500, "keywords": ["دكانة"],
                   "workflow/states/inspection/target/days": 5, "fees/licence/account": "9901"}
    assert overrides.check(GUIDE["shop-licence"], own) == []


def test_values_of_its_own_that_stand_are_shown() -> None:
    page = offering(overrides={"fees/workers/amount": 4000}).open(OFFER)
    assert re.search(r'name="own/fees/workers/amount" value="40"', page)


# -- new services and retirements ------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["", "debris-removal"])
def test_a_new_service_begins_as_one_that_only_lacks_what_its_editor_knows(base: str) -> None:
    national = GUIDE["debris-removal"]
    editor = People("catalogue_editor", adoptions={"adoptions": [{"code": "debris-removal", "name": national["name"]}]},
                    versions={"versions": [{"version": 3}]}, get={"definition": copy.deepcopy(dict(national))})
    answer = editor.client.post("/ar/staff/guide/new", data=editor.form() | {
        "ar": "تصريح كشك", "en": "Kiosk permit", "base": base, "code": ""})
    assert answer.status_code == 303
    body = editor.proposed[0]["body"]
    assert (body["code"], body["name"]) == ("kiosk-permit", {"ar": "تصريح كشك", "en": "Kiosk permit"})


def test_the_plainest_service_is_sound_but_for_its_legal_basis() -> None:
    with pytest.raises(Refusal) as told:
        load_definition(editor_new.plain("kiosk", {"ar": "كشك", "en": "Kiosk"}))
    assert [fault.field for fault in told.value.faults] == ["legal_basis"]


def test_a_code_that_is_taken_is_refused_at_its_field_with_what_was_typed() -> None:
    editor = People("catalogue_editor", adoptions={"adoptions": [{"code": "kiosk", "name": {"ar": "كشك",
        "en": "Kiosk"}}]})
    answer = editor.client.post("/ar/staff/guide/new", data=editor.form() | {"ar": "كشك آخر", "en": "",
        "code": "kiosk"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="code-wrong-1"' in page and 'id="en-wrong-1"' in page and 'value="كشك آخر"' in page
    assert editor.proposed == []


def test_a_retirement_that_catalog_finds_wanting_is_not_proposed() -> None:
    fault = {"code": "retirement_too_early", "field": "effective_from", "ar": "-", "en": "-",
             "params": {"taken": "2027-01-01", "first": "2027-01-02"}}
    editor = People("catalogue_editor", check={"faults": [fault]}, versions={"versions": [{"version": 1}]},
                    get={"definition": dict(GUIDE["shop-licence"])})
    answer = editor.client.post("/ar/staff/guide/services/shop-licence/retirement", data=editor.form() | {
        "ar": "دُمجت", "en": "Merged", "effective_from": "2026-12-01"})
    assert answer.status_code == 422
    assert 'id="effective_from-wrong-1"' in answer.get_data(as_text=True)
    assert editor.proposed == []


# -- files -----------------------------------------------------------------------------------------------------------


def sent(editor: People, text: str, name: str = "guide.yaml") -> Any:
    data: dict[str, Any] = {**editor.form(), "file": (io.BytesIO(text.encode()), name)}
    return editor.client.post("/ar/staff/guide/files", data=data, content_type="multipart/form-data")


def test_a_file_proposes_what_it_changes_and_tells_what_it_refused_and_where() -> None:
    changed, broken = copy.deepcopy(dict(GUIDE["shop-licence"])), copy.deepcopy(dict(GUIDE["debris-removal"]))
    changed["fees"][2]["amount"] = 1100
    broken["period"]["days"] = "sixty"
    editor = People("catalogue_editor", check={"faults": []}, get={"definition": dict(GUIDE["shop-licence"])})
    answer = sent(editor, yaml.safe_dump([changed, broken], allow_unicode=True))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert [one["body"]["fees"][2]["amount"] for one in editor.proposed] == [1100]
    assert f"/ar/staff/guide/proposals/{TASK_ID}" in page and "debris-removal" in page


@pytest.mark.parametrize(("text", "name"), [("a: [", "guide.yaml"), ("x", "guide.pdf"), ("[]", "guide.json")])
def test_a_file_that_is_no_guide_is_told_at_its_field(text: str, name: str) -> None:
    editor = People("catalogue_editor")
    answer = sent(editor, text, name)
    assert answer.status_code == 422
    assert 'id="file-wrong-1"' in answer.get_data(as_text=True)
    assert editor.proposed == []


# -- the organisation ------------------------------------------------------------------------------------------------

CENTRE = {"name": {"ar": "مركز", "en": "Centre"}, "kind": "technology_centre", "unit": "EG-C-01", "address": None}
CHANGE = f"/ar/staff/organisation/proposals/{TASK_ID}"


class Change(People):
    """A change of the organisation that is being written."""

    def __init__(self, *operations: dict[str, Any]) -> None:
        super().__init__("organisation_editor", proposal=self._show, amend=self._amend,
                         organisation={"entities": [{"code": "EG-C-01", "body": {"name": {"ar": "الزيتون",
                             "en": "Z"}}}]},
                         organisation_history={"versions": [{"body": CENTRE}]})
        self.body: dict[str, Any] = {"operations": list(operations)}
        self.version = 1

    def _show(self, _: Any) -> dict[str, Any]:
        return {"proposal_id": TASK_ID, "version": self.version, "kind": "organisation", "subject": "organisation",
                "state": "draft", "effective_from": None, "based_on": None, "author": "account:x", "editors": [],
                "created_at": MOMENT, "changed_at": MOMENT, "decided_at": None, "remark": None, "faults": [],
                "body": copy.deepcopy(self.body), "difference": [], "approvals": [], "approvals_needed": []}

    def _amend(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["version"] != self.version:
            raise refused("proposal_changed", "version")
        self.body, self.version = asked["body"], self.version + 1
        return {"proposal_id": TASK_ID, "version": self.version, "state": "draft", "faults": []}


def test_what_is_changed_begins_as_it_stands() -> None:
    organiser = Change()
    answer = organiser.client.post("/ar/staff/organisation/changes", data=organiser.form() | {
        "op": "change", "kind": "centre", "code": "EG-C-01-TC"})
    assert answer.headers["Location"] == f"{CHANGE}/0"
    assert organiser.proposed[0]["body"]["operations"] == [
        {"op": "change", "kind": "centre", "code": "EG-C-01-TC", "body": CENTRE}]


def test_an_operation_sent_as_it_was_shown_is_the_same_and_a_day_is_added() -> None:
    operation_ = {"op": "change", "kind": "centre", "code": "EG-C-01-TC", "body": CENTRE}
    organiser = Change(operation_)
    assert organiser.client.post(f"{CHANGE}/0", data=fields_of(organiser.open(f"{CHANGE}/0"))).status_code == 303
    assert organiser.body["operations"] == [operation_]
    organiser.client.post(f"{CHANGE}/0", data=fields_of(organiser.open(f"{CHANGE}/0")) | {"from": "2027-01-01"})
    assert organiser.body["operations"] == [{**operation_, "from": "2027-01-01"}]


def test_an_operation_that_another_changed_meanwhile_keeps_what_was_typed_and_saves_nothing() -> None:
    organiser = Change({"op": "add", "kind": "job", "code": "J-1", "body": {}})
    form = fields_of(organiser.open(f"{CHANGE}/0")) | {"body/name/ar": "محصل"}
    organiser.version = 2
    answer = organiser.client.post(f"{CHANGE}/0", data=form)
    assert answer.status_code == 409
    assert 'value="محصل"' in html.unescape(answer.get_data(as_text=True))
    assert organiser.body["operations"][0]["body"] == {}


@pytest.mark.parametrize("op", ["add", "change", "close"])
@pytest.mark.parametrize("kind", ["governorate", "new_city_authority", "unit", "centre", "window", "department", "job",
                                  "employee", "address", "working_hours", "holiday"])
def test_every_kind_of_entity_has_its_form(kind: str, op: str) -> None:
    organiser = Change({"op": op, "kind": kind, "code": "X-1", **({} if op == "close" else {"body": {}})})
    page = organiser.open(f"{CHANGE}/0")
    assert 'name="from"' in page
    assert ("body/" in page) is (op != "close")
    assert operation(kind, op).children
