"""Whom a campaign is for: lists with everything that may be wrong with them, and applicants of requests."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from openpyxl import Workbook

from chassis.retention import one_batch
from rules.refusal import Refusal
from services.notifications import audience, audience_reading
from services.notifications.retention import AUDIENCES, MEMBERS
from tests.support.campaign_ground import EDITOR, NOON, SMS, Ground, listed, phones

BOTH = {**SMS, "email": {"ar": {"subject": "مواعيد", "body": ["يعمل المركز غداً."]},
                         "en": {"subject": "Hours", "body": ["[[name? Dear {name}, ]]we open at nine."]}}}
BROKEN = ["01012345678", "0223456789", "+966501234567", "x", "01012345678", "", "01112345678,too much", "01112345678"]


@pytest.fixture(scope="module")
def standing(database_url):
    with Ground.standing(database_url("notifications")) as made:
        yield made


@pytest.fixture
def ground(standing):
    standing.empty()
    return standing


def faults(ground, campaign_id) -> list[tuple[int, str]]:
    found = audience.faults(ground.work(EDITOR), {"campaign_id": campaign_id, "after": 0})["faults"]
    return [(one["line"], one["code"]) for one in found]


def accept(ground, campaign_id, broken):
    body = {"campaign_id": campaign_id, "broken": broken}
    return ground.attempt(lambda work: audience.accept(work, body), EDITOR)


def test_every_broken_line_is_named_the_good_ones_stay_and_a_person_decides(ground):
    campaign_id = ground.write()
    ground.upload(campaign_id, listed(BROKEN))
    ground.read()
    assert faults(ground, campaign_id) == [
        (3, "phone_landline"), (4, "phone_foreign"), (5, "phone_invalid"), (6, "list_duplicate"),
        (8, "list_line_broken")]
    shown = ground.show(campaign_id)["audience"]
    assert (shown["state"], shown["lines"], shown["broken"], shown["doubles"], shown["members"]) == (
        "faulty", 7, 5, 1, 2)
    with pytest.raises(Refusal, match="campaign_audience_not_ready"):
        ground.submit(campaign_id)
    with pytest.raises(Refusal, match="audience_changed"):
        accept(ground, campaign_id, 4)
    assert accept(ground, campaign_id, 5)["state"] == "ready"
    ground.read()
    ground.submit(campaign_id)
    assert ground.show(campaign_id)["recipients"] == 2


def test_the_first_line_of_a_duplicate_is_named_also_when_it_was_read_long_before(ground):
    campaign_id = ground.write()
    numbers = phones(audience_reading.AT_ONCE * 2)
    ground.upload(campaign_id, listed([*numbers, numbers[4], f"+2{numbers[7]}"]))
    ground.read()
    found = audience.faults(ground.work(EDITOR), {"campaign_id": campaign_id, "after": 0})["faults"]
    assert [(one["line"], one["params"]["first"]) for one in found] == [(502, 6), (503, 9)]


def test_a_workbook_says_the_same_as_a_text_file(ground):
    book = Workbook()
    for row in [["phone"], *([cell] if cell else [] for cell in BROKEN if "," not in cell)]:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    campaign_id = ground.write()
    ground.upload(campaign_id, stream.getvalue(), "xlsx")
    ground.read()
    assert faults(ground, campaign_id) == [
        (3, "phone_landline"), (4, "phone_foreign"), (5, "phone_invalid"), (6, "list_duplicate")]


@pytest.mark.parametrize(("content", "kind", "code"), [
    (b"PK\x03\x04 no workbook", "xlsx", "list_unreadable"), ("هاتف\n1".encode("cp1256"), "csv", "list_not_utf8"),
    (b"name\nMona", "csv", "list_heading_missing"), (b"01012345678\n01112345678", "csv", "list_heading_missing"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_says_why_and_nothing_of_it_stays(ground, content, kind, code):
    campaign_id = ground.write()
    ground.upload(campaign_id, content, kind)
    ground.read()
    shown = ground.show(campaign_id)["audience"]
    assert (shown["state"], shown["fault"]["code"], shown["members"]) == ("unreadable", code, 0)
    assert ground.sql("SELECT count(*) AS n FROM audience_piece")[0].n == 0


def test_the_same_list_again_stays_the_list_and_another_takes_its_place(ground):
    campaign_id = ground.write()
    first = ground.upload(campaign_id, listed(phones(3)))
    ground.read()
    assert ground.upload(campaign_id, listed(phones(3)))["audience_id"] == first["audience_id"]
    assert ground.show(campaign_id)["audience"]["state"] == "ready"
    ground.upload(campaign_id, listed(phones(5)))
    ground.read()
    assert ground.show(campaign_id)["audience"]["members"] == 5
    assert ground.sql("SELECT count(DISTINCT audience_id) AS n FROM audience_member")[0].n == 1


def test_a_reader_that_dies_goes_on_where_it_stood(ground):
    campaign_id = ground.write()
    count = audience_reading.AT_ONCE * 3 + 10
    ground.upload(campaign_id, listed([*phones(count), "broken"]))
    seen = []
    while True:
        ground.reading = audience_reading.Reading()  # as a new process has it
        if not ground.reading.step(ground.platform):
            break
        seen.append(ground.show(campaign_id)["audience"]["lines"])
    assert seen == [250, 500, 750, 761, 761]
    assert faults(ground, campaign_id) == [(count + 2, "phone_invalid")]
    places = [row.place for row in ground.sql("SELECT place FROM audience_member ORDER BY place")]
    assert places == list(range(1, count + 1))


def test_nothing_of_a_list_lies_readable_in_the_database(ground):
    campaign_id = ground.write()
    ground.upload(campaign_id, listed(["01012345678,Mona Secret"], "phone,name"))
    before = str(ground.sql("SELECT * FROM audience")) + str(ground.sql("SELECT * FROM audience_piece"))
    ground.read()
    after = str(ground.sql("SELECT * FROM audience_member")) + str(ground.sql("SELECT * FROM event_log"))
    for kept in (before, after):
        assert "1012345678" not in kept and "Mona" not in kept and "list.csv" not in kept


def test_a_piece_that_is_missing_wrong_or_another_is_refused(ground):
    campaign_id = ground.write()
    begun = ground.attempt(lambda work: audience.begin_list(work, {
        "campaign_id": campaign_id, "file_name": "a", "format": "csv", "size": 5}), EDITOR)
    assert begun["pieces"] == 1
    piece = {"audience_id": begun["audience_id"], "number": 0}
    for content, code in (("AAAA", "list_piece_wrong"), ("no base64", "field_invalid")):
        with pytest.raises(Refusal, match=code):
            ground.attempt(lambda work, c=content: audience.add_piece(work, {**piece, "content": c}), EDITOR)
    end = {"audience_id": begun["audience_id"], "sha256": "0" * 64}
    with pytest.raises(Refusal, match="list_incomplete"):
        ground.attempt(lambda work: audience.end_list(work, end), EDITOR)
    ground.attempt(lambda work: audience.add_piece(work, {**piece, "content": "cGhvbmU="}), EDITOR)
    ground.attempt(lambda work: audience.add_piece(work, {**piece, "content": "cGhvbmU="}), EDITOR)
    with pytest.raises(Refusal, match="list_piece_differs"):
        ground.attempt(lambda work: audience.add_piece(work, {**piece, "content": "ZW1haWw="}), EDITOR)
    with pytest.raises(Refusal, match="list_checksum_differs"):
        ground.attempt(lambda work: audience.end_list(work, end), EDITOR)


def test_applicants_are_chosen_by_what_they_lodged_each_address_once(ground):
    ground.applicant("+201000000001", email="a@example.org")
    ground.applicant("+201000000001", email="A@example.org")
    ground.applicant("+201000000002", service="building", outcome="approved")
    ground.applicant("+201000000003", unit="EG-C-02", language="en")
    ground.applicant("+201000000004", lodged_at=NOON - timedelta(days=40))
    ground.applicant(None)

    def members(**narrowed) -> int:
        campaign_id = ground.write(wording=BOTH)
        ground.choose(campaign_id, **narrowed)
        ground.read()
        shown = ground.show(campaign_id)["audience"]
        assert shown["state"] == "ready"
        assert shown["tally"].get("email", {}).get("ar", 0) <= 1
        return shown["tally"].get("sms", {}).get("ar", 0) + shown["tally"].get("sms", {}).get("en", 0)

    assert members() == 4
    assert members(units=["EG-C-02"]) == 1
    assert members(services=["building"]) == 1
    assert members(outcomes=["open"]) == 3
    assert members(outcomes=["approved", "rejected"]) == 1
    assert members(language="en") == 1
    assert members(since="2026-03-01") == 3
    assert members(until="2026-02-28") == 1


def test_a_person_of_a_unit_chooses_among_its_applicants_only(ground):
    here = replace(EDITOR, unit="EG-C-01")
    ground.applicant("+201000000001")
    ground.applicant("+201000000002", unit="EG-C-02")
    campaign_id = ground.write(here)
    with pytest.raises(Refusal, match="forbidden"):
        ground.choose(campaign_id, here, units=["EG-C-02"])
    ground.choose(campaign_id, here)
    ground.read()
    assert ground.show(campaign_id, here)["audience"]["members"] == 1


def test_who_was_forgotten_or_corrected_since_is_dealt_with_as_things_stand(ground):
    ids = [ground.applicant(f"+20100000000{number}") for number in range(1, 5)]
    campaign_id = ground.write(per_minute=6000)
    ground.choose(campaign_id)
    ground.read()
    ground.submit(campaign_id)
    ground.decide(campaign_id)
    ground.sql_write("UPDATE recipient SET contact = NULL WHERE request_id = :id", id=ids[0])
    for at, phone in ((1, "+201000000009"), (2, "+201000000004")):
        ground.applicant(phone)
        ground.sql_write("UPDATE recipient SET contact = (SELECT contact FROM recipient ORDER BY request_id DESC "
                         "LIMIT 1) WHERE request_id = :id", id=ids[at])
    ground.feed(2)
    ground.later(seconds=1)
    ground.feed(2)
    counts = {(one["state"], one["reason"]): one["count"] for one in ground.show(campaign_id)["progress"]["counts"]}
    assert counts == {("queued", None): 2, ("passed_over", "no_address"): 1, ("passed_over", "repeated"): 1}


def test_an_audience_is_forgotten_after_its_term_and_the_counts_stay(ground):
    campaign_id = ground.approved(listed(phones(3)))
    ground.act("cancel", campaign_id)
    long_after = NOON + timedelta(days=AUDIENCES.days + 1)
    kept = ground.context.database, ground.context.privacy
    for rule, count in ((MEMBERS, 3), (AUDIENCES, 1)):
        assert one_batch(*kept, rule, NOON + timedelta(days=1), "system:test", "urn:t") == 0
        assert one_batch(*kept, rule, long_after, "system:test", "urn:t") == count
        assert one_batch(*kept, rule, long_after, "system:test", "urn:t") == 0
    assert ground.sql("SELECT count(*) AS n FROM audience_member")[0].n == 0
    assert ground.show(campaign_id)["recipients"] == 3


def test_a_list_that_turns_out_too_long_or_damaged_is_given_up_whole_and_keeps_no_other_waiting(ground, monkeypatch):
    monkeypatch.setattr(audience_reading, "LIST_LINES", 300)
    long, damaged, good = (ground.write() for _ in range(3))
    ground.upload(long, listed(phones(400)))
    ground.upload(damaged, listed(phones(3)))
    ground.sql_write("UPDATE audience_piece SET content = '\\x00' WHERE audience_id = "
                     "(SELECT audience_id FROM campaign WHERE id = :id)", id=damaged)
    ground.upload(good, listed(phones(3)))
    ground.read()
    shown = {name: ground.show(one)["audience"] for name, one in (("long", long), ("damaged", damaged), ("good", good))}
    assert {name: (one["state"], one["fault"] and one["fault"]["code"], one["members"])
            for name, one in shown.items()} == {
        "long": ("unreadable", "list_too_long", 0), "damaged": ("unreadable", "list_unreadable", 0),
        "good": ("ready", None, 3)}
    assert ground.sql("SELECT count(*) AS n FROM audience_member")[0].n == 3


def test_a_member_that_does_not_open_holds_up_nobody_else(ground):
    campaign_id = ground.approved(listed(phones(3)), per_minute=6000)
    ground.sql_write("UPDATE audience_member SET content = 'v1.AAAA' WHERE place = 2")
    ground.feed(2)
    ground.later(seconds=1)
    ground.feed(2)
    counts = {(one["state"], one["reason"]): one["count"] for one in ground.show(campaign_id)["progress"]["counts"]}
    assert counts == {("queued", None): 2, ("passed_over", "unreadable"): 1}


def test_an_audience_that_nobody_can_gather_holds_up_no_other(ground):
    stuck, good = ground.write(), ground.write()
    ground.applicant("+201012345678")
    ground.choose(stuck)
    ground.sql_write("UPDATE audience SET chosen = jsonb_set(chosen, '{until}', '\"9999-12-31\"')")
    ground.later(seconds=1)
    ground.choose(good)
    ground.read()
    states = {name: ground.show(one)["audience"]["state"] for name, one in (("stuck", stuck), ("good", good))}
    assert states == {"stuck": "unreadable", "good": "ready"}
