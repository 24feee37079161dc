"""The guide goes out to everybody and comes in from an editor, as proposals."""

from __future__ import annotations

import copy
import io
import json
from typing import Any
from uuid import uuid4

import jsonschema
import openpyxl
import pytest
import yaml
from rdflib import Graph

from chassis.errors import Unavailable
from contracts.exchange import MAX_BYTES, importing, plain, xlsx
from services.gateway.web import bodies
from tests.unit.gateway.ground import Service, client_of, refused

PROPOSAL = {"proposal_id": "01980c5e-7c00-7000-8000-00000000000a", "version": 1, "state": "draft", "faults": []}
FORMS = pytest.mark.parametrize(("form", "kind"), [
    ("json", "application/json"), ("yaml", "application/yaml"), ("xlsx", importing.XLSX),
    ("jsonld", "application/ld+json"),
])  # fmt: skip


@pytest.fixture(scope="module")
def whole_guide() -> Service:
    """For those who only read it: an export is made once."""
    return Service()


@FORMS
def test_everybody_fetches_the_whole_guide_and_it_is_confirmed_by_its_tag(
    whole_guide: Service, form: str, kind: str
) -> None:
    client = client_of(whole_guide)
    first = client.get(f"/api/v1/guide.{form}")
    assert (first.status_code, first.mimetype, whole_guide.called) == (200, kind, [])
    assert f".{form}" in first.headers["Content-Disposition"]
    again = client.get(f"/api/v1/guide.{form}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = "yaml" if form != "yaml" else "json"
    assert client.get(f"/api/v1/guide.{other}").headers["ETag"] != first.headers["ETag"]


def test_an_export_is_made_once_an_edition(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(plain, "to_json", lambda guide: made.append(guide) or b"{}")
    client = client_of(Service())
    for _ in range(3):
        assert client.get("/api/v1/guide.json").data == b"{}"
    assert len(made) == 1


def test_what_is_exported_is_what_is_in_force(whole_guide: Service) -> None:
    client = client_of(whole_guide)
    wanted = {row.code: row.document for row in whole_guide.definitions}
    found = {
        "json": json.loads(client.get("/api/v1/guide.json").data),
        "yaml": yaml.load(client.get("/api/v1/guide.yaml").data, getattr(yaml, "CSafeLoader", yaml.SafeLoader)),
    }
    for form, document in found.items():
        assert {one["code"]: one["definition"] for one in document["services"]} == wanted, form
        assert document["authority"] == "EG-C"
    reading = xlsx.read_xlsx(client.get("/api/v1/guide.xlsx").data)
    assert {item.code: item.raw for item in reading.items} == wanted
    graph = Graph().parse(data=client.get("/api/v1/guide.jsonld").data, format="json-ld")
    assert len(graph) > 1000


def test_every_definition_keeps_to_the_schema_that_is_served(whole_guide: Service) -> None:
    schema = client_of(whole_guide).get("/api/v1/guide/schema.json").get_json()
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    for row in whole_guide.definitions:
        assert [error.message for error in check.iter_errors(row.document)] == [], row.code


# -- imports ---------------------------------------------------------------------------------------------------------


class Ground:
    """An editor in front of the door, and a catalog that takes what it is sent."""

    def __init__(self) -> None:
        self.service = Service()
        self.service.answers |= {"catalog.check": {"faults": []}, "catalog.propose": PROPOSAL}
        self.documents = {row.code: row.document for row in self.service.definitions}
        self.national = copy.deepcopy(self.documents)
        self.service.answers["catalog.get"] = lambda asked: {"definition": self.national[asked["code"]]}
        self.token = self.service.log_in("catalogue_editor")

    def send(self, data: Any, kind: str = "application/json", key: str | None = None, query: str = "") -> Any:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        return client_of(self.service).post(
            f"/api/v1/guide/imports{query}", data=body, content_type=kind,
            headers={"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or str(uuid4())},
        )  # fmt: skip

    def changed(self, one: str, **more: Any) -> dict[str, Any]:
        return {**copy.deepcopy(self.documents[one]), **more}

    def proposed(self) -> list[Any]:
        return [call for call in self.service.called if call.method == "catalog.propose"]


@pytest.fixture
def ground() -> Ground:
    return Ground()


SUMMARY = {"ar": "وصف جديد", "en": "Another summary"}


@pytest.mark.parametrize(("form", "kind"), [
    ("json", importing.JSON), ("yaml", importing.YAML), ("xlsx", importing.XLSX),
])  # fmt: skip
def test_an_export_sent_back_as_it_is_changes_nothing(ground: Ground, form: str, kind: str) -> None:
    report = ground.send(client_of(ground.service).get(f"/api/v1/guide.{form}").data, kind).get_json()
    assert {one["code"] for one in report["unchanged"]} == set(ground.documents)
    assert report["accepted"] == report["refused"] == [] and ground.service.called == []


def test_what_differs_is_proposed_and_nothing_else(ground: Ground) -> None:
    changed, new = ground.changed("shop-licence", summary=SUMMARY), ground.changed("shop-licence", code="new-service")
    file = [changed, new, ground.documents["road-occupancy"]]
    report = ground.send(file, query="?effective_from=2027-01-01").get_json()
    assert [one["code"] for one in report["accepted"]] == ["shop-licence", "new-service"]
    assert report["accepted"][0]["proposal_id"] == PROPOSAL["proposal_id"] and report["refused"] == []
    assert [one["code"] for one in report["unchanged"]] == ["road-occupancy"]
    first, second = ground.proposed()
    assert first.payload == {"kind": "definition", "body": changed, "effective_from": "2027-01-01"}
    assert first.command_id != second.command_id and first.actor.roles == ("catalogue_editor",)
    assert {call.method for call in ground.service.called} == {"catalog.get", "catalog.check", "catalog.propose"}


def test_what_the_governorate_has_of_its_own_is_not_proposed_to_the_country(ground: Ground) -> None:
    ground.national["shop-licence"]["fees"][0]["account"] = "9.9"
    ground.send([ground.changed("shop-licence", summary=SUMMARY)])
    (call,) = ground.proposed()
    assert call.payload["body"] == {**ground.national["shop-licence"], "summary": SUMMARY}


def test_a_cell_that_an_editor_changes_becomes_a_proposal(ground: Ground) -> None:
    book = openpyxl.load_workbook(io.BytesIO(client_of(ground.service).get("/api/v1/guide.xlsx").data))
    head = [cell.value for cell in book["services"][1]]
    row = next(row for row in book["services"].iter_rows(min_row=2) if row[head.index("code")].value == "shop-licence")
    row[head.index("summary/en")].value = SUMMARY["en"]
    written = io.BytesIO()
    book.save(written)
    report = ground.send(written.getvalue(), importing.XLSX).get_json()
    assert [one["code"] for one in report["accepted"]] == ["shop-licence"] and report["refused"] == []
    (call,) = ground.proposed()
    assert call.payload["body"]["summary"]["en"] == SUMMARY["en"]


def test_what_is_refused_says_why_and_where_in_both_languages_and_the_rest_goes_on(ground: Ground) -> None:
    broken = ground.changed("shop-licence", summary=SUMMARY, applicants=["ghost"], unheard=1)
    broken["workflow"]["initial"] = "nowhere"
    report = ground.send([broken, {}, ground.changed("road-occupancy", summary=SUMMARY)]).get_json()
    assert [one["code"] for one in report["accepted"]] == ["road-occupancy"]
    first, second = report["refused"]
    fields = {fault["field"] for fault in first["faults"]}
    assert first["code"] == "shop-licence" and first["at"] == "0"
    assert {"applicants/0", "unheard"} <= fields and any(field.startswith("workflow") for field in fields)
    for fault in first["faults"]:
        assert fault["at"] == f"0/{fault['field']}" and fault["code"]
        assert fault["ar"] != fault["en"] and any("\u0621" <= letter <= "\u064a" for letter in fault["ar"])
    assert second["code"] is None and len(second["faults"]) > 5


def test_what_catalog_refuses_stands_in_the_report_and_is_not_proposed(ground: Ground) -> None:
    fault = {"field": "effective_from", "code": "effective_date_past", "ar": "…", "en": "…"}

    def check(payload: Any) -> Any:
        if payload["body"]["code"] == "shop-licence":
            return {"faults": [fault]}
        return {"faults": [{"field": "body", "code": "nothing_changed", "ar": "…", "en": "…"}]}

    ground.service.answers["catalog.check"] = check
    file = [ground.changed(code, summary=SUMMARY) for code in ("shop-licence", "road-occupancy")]
    report = ground.send(file).get_json()
    assert [(one["code"], one["faults"]) for one in report["refused"]] == [("shop-licence", [fault])]
    assert [one["code"] for one in report["unchanged"]] == ["road-occupancy"] and ground.proposed() == []


def test_a_repeat_of_an_import_carries_the_same_commands(ground: Ground) -> None:
    key, data = str(uuid4()), [ground.changed("shop-licence", summary=SUMMARY)]
    for _ in range(2):
        ground.send(data, key=key)
    ground.send(data)
    first, second, third = (call.command_id for call in ground.proposed())
    assert first == second != third


def test_what_could_not_be_asked_for_is_reported_and_the_platform_is_left_alone(ground: Ground) -> None:
    ground.service.answers["catalog.propose"] = Unavailable("no broker")
    codes = ["shop-licence", "road-occupancy"]
    report = ground.send([ground.changed(code, summary=SUMMARY) for code in codes]).get_json()
    told = [(one["code"], one["faults"][0]["code"]) for one in report["refused"]]
    assert told == [(code, "unavailable") for code in codes]
    assert len(ground.proposed()) == 1


def test_a_refusal_of_the_command_itself_is_told(ground: Ground) -> None:
    ground.service.answers["catalog.check"] = refused("guide_kept_by_centre")
    report = ground.send([ground.changed("shop-licence", summary=SUMMARY)]).get_json()
    assert report["refused"][0]["faults"][0]["code"] == "guide_kept_by_centre"


def test_a_service_that_stands_twice_in_the_file_is_refused_both_times(ground: Ground) -> None:
    report = ground.send([ground.changed("shop-licence", summary=SUMMARY), ground.documents["shop-licence"]]).get_json()
    assert [fault["code"] for one in report["refused"] for fault in one["faults"]] == ["import_code_twice"] * 2


@pytest.mark.parametrize(("data", "kind", "status", "code"), [
    (b"{", importing.JSON, 422, "import_unreadable"), (b"[]", importing.JSON, 422, "import_empty"),
    (b"{}", importing.JSON, 422, "import_not_a_guide"), (b"a: [", importing.YAML, 422, "import_unreadable"),
    (b"a: &b [*b]", importing.YAML, 422, "import_alias"), (b"PK", importing.XLSX, 422, "import_unreadable"),
    (b"<guide/>", "application/xml", 415, "media_type_unsupported"), (b"", importing.YAML, 422, "import_empty"),
])  # fmt: skip
def test_a_file_that_is_not_understood_is_refused_whole(
    ground: Ground, data: bytes, kind: str, status: int, code: str
) -> None:
    answer = ground.send(data, kind)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["code"] == code and ground.service.called == []


def test_a_file_that_is_too_large_is_refused(ground: Ground) -> None:
    answer = ground.send(b" " * (MAX_BYTES + 1), importing.YAML)
    assert answer.status_code == 413 and answer.get_json()["code"] == "too_large"


@pytest.mark.parametrize("data", [b'{"code": "a", "x": NaN}', b'[{"code": "\\ud83d"}]', b"[" * 200_000])
def test_json_that_is_none_is_refused_by_who_reads_it_on_a_thread_and_not_at_the_door(
    ground: Ground, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "check_json", lambda _: pytest.fail("32 MB would stop the door for all"))
    answer = ground.send(data)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "import_unreadable")


def test_a_character_that_no_database_keeps_is_told_with_its_place(ground: Ground) -> None:
    body = ground.changed("shop-licence", keywords=["a\x00b", 10**30])
    faults = ground.send([body]).get_json()["refused"][0]["faults"]
    assert [fault["at"] for fault in faults] == ["0/keywords/0", "0/keywords/1"] and ground.service.called == []


@pytest.mark.parametrize("role", ["officer", "catalogue_reviewer", "administrator"])
def test_only_who_may_propose_definitions_imports(ground: Ground, role: str) -> None:
    ground.token = ground.service.log_in(role)
    assert ground.send([ground.documents["shop-licence"]]).status_code == 403
