"""Who works where, proposed and approved like all of the organisation: a name is sealed from the first draft on and
told to nobody, and reading it is recorded."""

from __future__ import annotations

import pytest

from chassis.actors import Actor
from rules.refusal import Refusal
from tests.support.catalog_ground import CLERK
from tests.support.organisation_office import *  # noqa: F403  (fixtures)
from tests.support.organisation_office import (
    COUNCIL,
    EDITOR,
    FOLLOW_UP,
    NATIONAL_ID,
    PERSON,
    Office,
    clerk,
    job,
)


def everything_kept(office: Office) -> str:
    tables = ("proposal", "approval", "organisation_entity", "event_log", "audit", "command")
    return "\n".join(str(tuple(row)) for table in tables for row in office.rows(f"SELECT * FROM {table}"))


def test_a_name_is_sealed_from_the_first_draft_on_and_told_to_nobody(office: Office) -> None:
    office.carry(job(office), clerk(office, national_id=NATIONAL_ID))
    kept = everything_kept(office) + "".join(str(event) for event in office.events())
    for part in [*PERSON.split(), NATIONAL_ID, NATIONAL_ID[-7:]]:
        assert part not in kept
    assert {event.data["kind"] for event in office.events()} == {"job"}
    listed = office.list("employee", on=office.day(10))["1024"]
    assert listed["name"] == "م*** أ*** ع***" and listed["centre"] == "EG-C-01-TC"
    assert not {"name_sealed", "identity", "national_id"} & set(listed)
    assert office.history("employee", "1024")[0]["body"] == listed


def test_reading_a_name_is_recorded(office: Office) -> None:
    proposal = office.put_forward(job(office), clerk(office))
    shown = office.ask(COUNCIL, "catalog.employee", code="1024", proposal_id=proposal["proposal_id"])
    assert shown["name"] == PERSON
    office.decide(office.decide(proposal, actor=COUNCIL), actor=FOLLOW_UP)
    with pytest.raises(Refusal, match="organisation_unknown"):
        office.ask(EDITOR, "catalog.employee", code="1024")  # not yet
    office.wait(days=10)
    assert office.ask(EDITOR, "catalog.employee", code="1024")["name"] == PERSON
    assert [(row.actor_id, row.subject) for row in office.audited("employee.read")] == [
        (COUNCIL.id, "1024"), (EDITOR.id, "1024")]
    with pytest.raises(Refusal, match="forbidden"):
        office.ask(CLERK, "catalog.employee", code="1024")
    assert len(office.audited("employee.read")) == 2


@pytest.mark.parametrize("role", ["catalogue_editor", "catalogue_reviewer"])
def test_who_only_reads_the_organisation_reads_no_name_and_that_they_tried_is_recorded(
    office: Office, role: str
) -> None:
    proposal = office.put_forward(job(office), clerk(office))
    curious = Actor(id="staff:curious", kind="staff", roles=(role,))
    with pytest.raises(Refusal, match="forbidden"):
        office.ask(curious, "catalog.employee", code="1024", proposal_id=proposal["proposal_id"])
    assert PERSON not in str(office.show(proposal, curious)) and office.audited("employee.read") == []
    assert [row.actor_id for row in office.audited("denied")] == [curious.id]


def test_a_reviewer_sees_the_change_with_names_masked(office: Office) -> None:
    shown = office.show(office.put_forward(job(office), clerk(office)), COUNCIL)
    assert PERSON not in str(shown)
    step = shown["difference"][1]
    assert (step["kind"], step["before"], step["after"]["name"]) == ("added", None, "م*** أ*** ع***")
    assert step["label"] == {"ar": "موظف 1024", "en": "employee 1024"}


def test_a_returned_change_is_amended_with_the_name_as_it_was_read(office: Office) -> None:
    returned = office.decide(office.put_forward(job(office), clerk(office)), "return", COUNCIL, remark="الوظيفة")
    body = office.show(returned, EDITOR)["body"]
    body["operations"][1]["body"]["centre"] = "EG-C-02-TC"
    amended = office.ask(EDITOR, "catalog.amend", proposal_id=returned["proposal_id"], version=returned["version"],
                         body=body)
    assert amended["faults"] == []
    office.decide(office.decide(office.submit(amended, EDITOR), actor=COUNCIL), actor=FOLLOW_UP)
    office.wait(days=10)
    assert office.ask(EDITOR, "catalog.employee", code="1024")["name"] == PERSON


def test_what_is_no_name_is_not_kept_and_a_seal_of_others_does_not_open(office: Office) -> None:
    for wrong in ({"name": {"ar": PERSON}}, {"name": " "}, {"name": "x\u202ey"}, {"national_id": "123"},
                  {"national_id": 28503150101232}):
        with pytest.raises(Refusal) as refusal:
            office.propose("organisation", office.change(job(office), clerk(office, **wrong)), EDITOR)
        field = "name" if "name" in wrong else "national_id"
        assert {fault.field for fault in refusal.value.faults} == {f"operations/1/body/{field}"}
    with pytest.raises(Refusal) as refusal:  # whatever else is wrong is told with it
        office.propose("organisation", office.change(
            job(office), clerk(office, national_id="123"), office.op("close", "centre", "EG-C-99-TC")), EDITOR)
    assert {fault.field for fault in refusal.value.faults} == {"operations/1/body/national_id", "operations/2/code"}
    assert not office.rows("SELECT 1 FROM proposal")
    given = clerk(office)
    given["body"] = {**given["body"], "name_sealed": "v1.AAAA"}
    del given["body"]["name"]
    draft = office.propose("organisation", office.change(job(office), given), EDITOR)
    assert [(fault["code"], fault["field"]) for fault in draft["faults"]] == [
        ("organisation_name_unsealed", "operations/1/body/name_sealed")]


def test_a_name_written_under_a_misspelt_kind_is_sealed_all_the_same(office: Office) -> None:
    office.propose("organisation", office.change({**clerk(office), "kind": "employe"}), EDITOR)
    assert PERSON.split()[0] not in everything_kept(office)


def test_the_same_person_does_not_work_under_two_codes_at_once(office: Office) -> None:
    office.carry(job(office), clerk(office, national_id=NATIONAL_ID))
    arabic = NATIONAL_ID.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    again = clerk(office, "2048", days=20, centre="EG-C-02-TC", national_id=arabic)
    faults = office.propose("organisation", office.change(again), EDITOR)["faults"]
    assert [(fault["code"], fault["field"], fault["params"]["place"]) for fault in faults] == [
        ("organisation_employee_in_two_places", "operations/0/body/national_id", "EG-C-01-TC")]
    office.carry(again, office.op("close", "employee", "1024", 20))
    assert set(office.list("employee", on=office.day(20))) == {"2048"}
