"""An application for any governorate, taken at the centre: checked by that governorate's edition, numbered from its
block, sealed for its node; and then lodged there exactly so."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from chassis import boxes
from chassis.answers import load
from chassis.errors import Conflict
from chassis.ids import uuid7
from contracts import downward
from contracts.gateway_national import GIVEN, PART_GIVEN, LodgeNationally
from contracts.requests_intake import PIECE_BYTES, AddPiece, BeginUpload, EndUpload
from rules import numbering, papers, places
from rules.refusal import Refusal
from services.gateway.guide import Entry
from services.gateway.link import recovered, writing_off
from services.gateway.link.speaking import HELLO, Said
from services.gateway.national import drafts, inquiry, lodging
from services.gateway.national import papers as waiting
from tests.support import papers as paper
from tests.support.centre_ground import *  # noqa: F403  (fixtures)
from tests.support.centre_ground import Centre, base64_of, opened
from tests.support.requests_ground import EMAIL, NAME, NATIONAL_ID, PHONE, shop

TODAY = date(2026, 3, 1)
LARGE = paper.ONE_PAGE + b"\n%" + b"0123456789abcdef" * (PIECE_BYTES // 8)
UNIT = places.Unit("EG-C-01", "EG-C", "district", "الأول", "First", "open")
ANSWERS = {"epoch": 2}
ENTRY = Entry("shop-licence", 3, date(2026, 1, 1), shop(), "digest")


def upload(centre: Centre, content: bytes = paper.ONE_PAGE) -> str:
    body = {"file_name": "عقد.pdf", "content": base64_of(content)}
    return str(centre.attempt(lambda work: waiting.add(work, body))["document_id"])


def in_pieces(centre: Centre, content: bytes, **ending: Any) -> str:
    begun = centre.attempt(lambda work: waiting.begin(
        work, load(BeginUpload(), {"file_name": "عقد.pdf", "size": len(content)})))
    for number, at in enumerate(range(0, len(content), PIECE_BYTES)):
        piece = {"upload_id": begun["upload_id"], "number": number,
                 "content": base64_of(content[at : at + PIECE_BYTES])}
        centre.attempt(lambda work, piece=piece: waiting.add_piece(work, load(AddPiece(), piece)))
    ended = {"upload_id": begun["upload_id"], "sha256": hashlib.sha256(content).hexdigest(), **ending}
    return str(centre.attempt(lambda work: waiting.end(work, load(EndUpload(), ended)))["document_id"])


def application(centre: Centre, contents: tuple[str, ...] | None = None, **changes: Any) -> dict[str, Any]:
    ids = contents if contents is not None else (upload(centre), upload(centre))
    body: dict[str, Any] = {
        "governorate": "EG-C", "service_code": "shop-licence", "unit": "EG-C-01",
        "applicant": {"kind": "citizen", "name": NAME, "national_id": NATIONAL_ID, "phone": PHONE, "email": EMAIL},
        "answers": {"shop_name": "بقالة النور", "activity": "retail", "address": "12 شارع النزهة", "area_m2": "42.5",
                    "workers": 3, "tenure": "leased"},
        "documents": [{"code": code, "document_id": one}
                      for code, one in zip(("id_copy", "lease_contract"), ids, strict=False)],
    }  # fmt: skip
    return {**body, **changes}


def lodge(centre: Centre, body: dict[str, Any], unit: places.Unit | None = UNIT, entry: Entry = ENTRY,
          command_id: UUID | None = None) -> dict[str, Any]:
    loaded = load(LodgeNationally(), body)
    answer: dict[str, Any] = centre.command(
        lambda work: lodging.lodge(work, body["governorate"], entry, unit, loaded, TODAY), body, command_id)
    return answer


def faults_of(centre: Centre, body: dict[str, Any], **more: Any) -> set[tuple[str, str | None]]:
    with pytest.raises(Refusal) as refused:
        lodge(centre, body, **more)
    return {(fault.code, fault.field) for fault in refused.value.faults}


def test_an_application_has_a_number_of_its_governorate_at_once_and_is_followed_from_then_on(centre: Centre) -> None:
    given = centre.numbers()
    lodged = lodge(centre, application(centre))
    assert lodged["tracking_number"] in given and lodged["state"] == "handed"
    found = inquiry.find(centre.unit_of_work(), lodged["tracking_number"], PHONE[-4:])
    assert (found["state"], found["state_kind"], found["portal"]) == ("handed", "portal", "handed")
    assert "المحافظة" in found["state_name"]["ar"]
    with pytest.raises(Refusal, match="tracking_unknown"):
        inquiry.find(centre.unit_of_work(), lodged["tracking_number"], "0000")


def test_what_goes_down_only_its_node_opens_and_nothing_personal_stays(centre: Centre) -> None:
    centre.numbers()
    ids = (upload(centre), in_pieces(centre, LARGE))
    lodged = lodge(centre, application(centre, ids))
    whole, *parts = centre.events(lodged["application_id"])
    assert whole.type == GIVEN.name and {part.type for part in parts} == {PART_GIVEN.name}
    assert [event.sequence for event in (whole, *parts)] == list(range(1, len(parts) + 2))
    assert len(parts) == whole.data["parts"] == 1 + papers.pieces(len(LARGE), PIECE_BYTES)
    content = opened(whole.data["sealed"], centre.box("EG-C"))
    assert content["submission"]["applicant"]["name"] == NAME
    assert {one["document_id"] for one in content["documents"]} == set(ids)
    with pytest.raises(boxes.Sealed):
        boxes.open_box(whole.data["sealed"], centre.box("EG-SUZ"))
    of_large = [part for part in parts if part.data["document_id"] == ids[1]]
    assert b"".join(boxes.open_box(part.data["sealed"], centre.box("EG-C")) for part in of_large) == LARGE
    assert centre.rows("SELECT 1 FROM portal_document") == centre.rows("SELECT 1 FROM portal_piece") == []
    stored = str(centre.rows("SELECT * FROM national_application")) + "".join(
        bytes(row.body).decode() for row in centre.rows("SELECT body FROM event_log"))
    for personal in (NAME, NATIONAL_ID, PHONE, EMAIL, "النزهة"):
        assert personal not in stored
    assert all(len(orjson.dumps(part.data)) < 400_000 for part in parts)


def test_it_travels_to_its_own_node_alone(centre: Centre) -> None:
    centre.numbers()
    lodged = lodge(centre, application(centre))
    for row in centre.rows("SELECT type, body FROM event_log WHERE subject = :s", s=lodged["application_id"]):
        assert downward.project(row.type, bytes(row.body), "EG-C") is not None
        assert downward.project(row.type, bytes(row.body), "EG-SUZ") is None


def test_the_same_command_lodges_once_and_many_at_once_get_numbers_of_their_own(centre: Centre) -> None:
    given = centre.numbers(12)
    body, command_id = application(centre), uuid7()
    assert lodge(centre, body, command_id=command_id) == lodge(centre, body, command_id=command_id)
    bodies = [application(centre) for _ in range(8)]

    def insist(one: dict[str, Any]) -> dict[str, Any]:
        """Who was slower five times in a row is told so, and asks again."""
        while True:
            try:
                return lodge(centre, one)
            except Conflict:
                continue

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(insist, bodies))
    assert len({one["tracking_number"] for one in answers}) == 8
    assert {one["tracking_number"] for one in answers} <= set(given)
    assert lodging.left(centre.unit_of_work()) == {"EG-C": 3}


def test_without_numbers_it_says_so_and_keeps_what_was_uploaded(centre: Centre) -> None:
    centre.numbers(1)
    lodge(centre, application(centre))
    body = application(centre)
    assert faults_of(centre, body) == {("numbers_used_up", "governorate")}
    assert lodging.takes(centre.unit_of_work(), "EG-C") == "numbers_used_up"
    centre.numbers(2)
    assert lodging.takes(centre.unit_of_work(), "EG-C") is None
    assert lodge(centre, body)["state"] == "handed"


def test_a_governorate_whose_key_is_not_known_is_not_lodged_for(centre: Centre) -> None:
    centre.numbers(2, "EG-GZ")
    body = application(centre, governorate="EG-GZ")
    assert faults_of(centre, body) == {("governorate_not_joined", "governorate")}
    assert lodging.takes(centre.unit_of_work(), "EG-GZ") == "governorate_not_joined"


def test_everything_that_is_wrong_is_said_at_once_and_no_number_is_lost(centre: Centre) -> None:
    centre.numbers(1)
    body = application(centre, (upload(centre),))
    body["answers"] = {**body["answers"], "activity": "flying"}
    body["applicant"] = {**body["applicant"], "phone": "12", "national_id": "1"}
    found = faults_of(centre, body, unit=replace(UNIT, status="closed"))
    assert {("unit_unknown", "unit"), ("document_missing", "documents/lease_contract")} <= found
    assert {"applicant/phone", "applicant/national_id", "answers/activity"} <= {field for _, field in found}
    assert lodging.left(centre.unit_of_work()) == {"EG-C": 1} and centre.rows("SELECT 1 FROM event_log") == []


def test_the_edition_says_what_is_offered_and_to_whom(centre: Centre) -> None:
    centre.numbers(1)
    document = {**shop(), "unit_kinds": ["village"], "channels": ["centre"], "applicants": ["company"]}
    found = faults_of(centre, application(centre), entry=replace(ENTRY, document=document))
    assert {code for code, _ in found} >= {"unit_not_served", "channel_not_offered", "applicant_kind_not_allowed"}


def test_documents_are_judged_and_bounded(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    centre.numbers(1)
    with pytest.raises(Refusal, match="document_type_refused"):
        upload(centre, b"MZ not a paper")
    with pytest.raises(Refusal, match="document_too_large"):
        upload(centre, paper.ONE_PAGE + b"0" * papers.LARGEST)
    with pytest.raises(Refusal, match="checksum_differs"):
        in_pieces(centre, LARGE, sha256="0" * 64)
    monkeypatch.setattr(lodging, "MOST_BYTES", 100)
    assert ("application_too_large", "documents") in faults_of(centre, application(centre))


def test_a_document_that_was_not_uploaded_or_went_with_another_application_is_unknown(centre: Centre) -> None:
    centre.numbers()
    body = application(centre)
    lodge(centre, body)
    assert faults_of(centre, body) >= {("document_unknown", "documents/id_copy")}


def test_a_restored_centre_gives_no_number_again_that_it_is_given_back(centre: Centre) -> None:
    number, free = centre.numbers(2)
    fact = (GIVEN.name, {"application_id": str(uuid7()), "tracking_number": number})
    for _ in range(2):
        centre.attempt(lambda work: recovered.tell(work, "EG-C", [fact]))
    assert lodge(centre, application(centre))["tracking_number"] == free
    assert ("numbers_used_up", "governorate") in faults_of(centre, application(centre))


def test_a_number_that_is_given_back_before_its_block_comes_again_stays_given(centre: Centre) -> None:
    code = places.governorates()["EG-C"].national_id_code
    number = numbering.tracking_number(code, 2026, 1, b"n" * 32)
    fact = (GIVEN.name, {"application_id": str(uuid7()), "tracking_number": number})
    centre.attempt(lambda work: recovered.tell(work, "EG-C", [fact]))
    assert centre.numbers(1) == [number]
    assert ("numbers_used_up", "governorate") in faults_of(centre, application(centre))


def test_a_restored_centre_gives_no_number_of_a_governorate_before_it_has_heard_it_again(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then it does not know which of them its former self gave."""
    centre.numbers(2)
    centre.numbers(2, "EG-SUZ")
    stand(centre, "EG-C", heard_epoch=1)
    stand(centre, "EG-SUZ", heard_epoch=2)
    assert lodge(centre, application(centre))["state"] == "handed"  # before the restore
    monkeypatch.setattr(centre, "settings", replace(centre.settings, epoch=2))
    monkeypatch.setattr(centre, "context", replace(centre.context, settings=centre.settings))
    body = application(centre)
    assert faults_of(centre, body) == {("governorate_not_heard", "governorate")}
    assert lodging.takes(centre.unit_of_work(), "EG-C") == "governorate_not_heard"
    assert lodging.takes(centre.unit_of_work(), "EG-SUZ") is None
    assert lodging.heard(centre.unit_of_work()) == {"EG-SUZ"}
    assert centre.rows("SELECT count(*) AS n FROM national_number WHERE application_id IS NOT NULL")[0].n == 1
    stand(centre, "EG-C", heard_epoch=2)
    assert lodge(centre, body)["state"] == "handed"


def test_once_a_loss_is_written_off_no_number_that_its_facts_may_have_given_is_given_again(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspect = set(centre.numbers(3))
    stand(centre, "EG-C", heard_epoch=2)
    with centre.database.transaction() as connection:
        connection.execute(text("UPDATE link_sent SET lost = CAST(:lost AS jsonb) WHERE peer = 'EG-C'"),
                           {"lost": '{"1": [801, 1000]}'})
    other = centre.numbers(2, "EG-SUZ")
    monkeypatch.setattr(centre, "settings", replace(centre.settings, epoch=2))
    monkeypatch.setattr(centre, "context", replace(centre.context, settings=centre.settings))
    stand(centre, "EG-SUZ", heard_epoch=2)
    gone = centre.attempt(lambda work: writing_off.write_off(work, "EG-C", "الأصل محروق عند الطرفين"))
    assert gone["numbers"] == 3
    suspect |= set(centre.numbers(2, first=11))  # the node had reserved them before; they come up only now
    assert lodging.takes(centre.unit_of_work(), "EG-C") == "numbers_used_up"
    assert lodging.left(centre.unit_of_work()) == {"EG-C": 0, "EG-SUZ": len(other)}
    greet(centre, {"recorded": 50, "numbered": 50, "stored": centre.position})
    assert lodging.left(centre.unit_of_work()) == {"EG-C": 0, "EG-SUZ": len(other)}
    fresh = set(centre.numbers(2, first=21))
    given = {lodge(centre, application(centre))["tracking_number"] for _ in range(2)}
    assert given == fresh and not given & suspect
    assert ("numbers_used_up", "governorate") in faults_of(centre, application(centre))


@pytest.mark.parametrize(("echo", "reserved"), [
    (None, {"recorded": 5, "numbered": 5, "stored": 0}),
    ({"at": "2026-03-01T10:00:00+00:00", "epoch": 1}, {"recorded": 5, "numbered": 5, "stored": 0}),
    (ANSWERS, None),
    (ANSWERS, {"recorded": None, "numbered": 5, "stored": 0}),
    (ANSWERS, {"recorded": 6, "numbered": 5, "stored": 0}),
    (ANSWERS, {"recorded": 5, "numbered": True, "stored": 0}),
    (ANSWERS, {"recorded": 5, "numbered": 5, "stored": "0"}),
    (ANSWERS, {"recorded": 5, "numbered": 5, "stored": -1}),
])  # fmt: skip
def test_a_hello_that_does_not_say_so_to_this_centre_makes_no_number_count(
    centre: Centre, monkeypatch: pytest.MonkeyPatch, echo: Any, reserved: Any
) -> None:
    monkeypatch.setattr(centre, "settings", replace(centre.settings, epoch=2))
    monkeypatch.setattr(centre, "context", replace(centre.context, settings=centre.settings))
    stand(centre, "EG-C", heard_epoch=2)
    with centre.database.transaction() as connection:
        connection.execute(text("UPDATE link_sent SET numbers_since = '{}' WHERE peer = 'EG-C'"))
    centre.numbers(3)
    greet(centre, reserved, echo)
    assert lodging.left(centre.unit_of_work()) == {"EG-C": 0}


def greet(centre: Centre, reserved: Any, echo: Any = ANSWERS) -> None:
    """The node of EG-C says in its hello what it had reserved."""
    said = Said("EG-C", HELLO, 1, 1, centre.now, {"reserved": reserved, "echo": echo})
    [row] = centre.rows("SELECT * FROM link_sent WHERE peer = 'EG-C'")
    centre.attempt(lambda work: writing_off.hear(work, row, said))


def stand(centre: Centre, peer: str, heard_epoch: int) -> None:
    """How the link to a node stands."""
    with centre.database.transaction() as connection:
        connection.execute(text(
            "INSERT INTO link_sent (peer, epoch, sent, applied, backed_up, incarnation, state, peer_epoch, "
            "peer_counter, counter, heard_epoch) VALUES (:peer, 1, 0, 0, 0, 1, 'linked', 1, 1, 1, :heard_epoch) "
            "ON CONFLICT (peer) DO UPDATE SET heard_epoch = :heard_epoch"), {"peer": peer, "heard_epoch": heard_epoch})


def test_what_became_of_it_at_the_node_is_seen_until_its_request_speaks_itself(centre: Centre) -> None:
    centre.numbers()
    lodged = lodge(centre, application(centre))
    number, application_id = lodged["tracking_number"], UUID(lodged["application_id"])

    def told(state: str, sequence: int, peer: str = "EG-C") -> None:
        data = {"application_id": application_id, "tracking_number": number, "state": state, "codes": []}
        centre.hear(centre.arrival(peer, "requests.portalapplication.changed.v1", application_id, sequence, data))

    def state() -> str:
        return str(inquiry.find(centre.unit_of_work(), number, PHONE[-4:])["state"])

    told("lodged", 1, "EG-SUZ")
    assert state() == "handed"
    told("closed", 2)
    told("review", 1)
    assert state() == "closed"


def test_a_draft_is_found_again_by_its_code_until_its_time_is_over(centre: Centre) -> None:
    document_id = upload(centre)
    body = {"token": None, "service_code": "EG-C:shop-licence", "draft": {"answers": {"shop_name": "النور"}},
            "documents": [document_id]}
    saved = centre.attempt(lambda work: drafts.save(work, body))
    again = centre.attempt(lambda work: drafts.save(work, {**body, "token": saved["token"].lower(), "draft": {"a": 1}}))
    assert drafts.resume(centre.unit_of_work(), {"token": again["token"]})["draft"] == {"a": 1}
    assert "النور" not in str(centre.rows("SELECT body FROM portal_draft"))
    centre.wait(days=2)
    centre.attempt(waiting.purge)
    assert waiting.given(centre.unit_of_work(), [document_id])
    centre.wait(days=13)
    with pytest.raises(Refusal, match="draft_unknown"):
        drafts.resume(centre.unit_of_work(), {"token": saved["token"]})
    centre.attempt(drafts.purge)
    centre.attempt(waiting.purge)
    assert centre.rows("SELECT 1 FROM portal_draft") == centre.rows("SELECT 1 FROM portal_piece") == []
