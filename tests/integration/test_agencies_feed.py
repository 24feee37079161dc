"""The feed by asking, agreements, letters and licences, on a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from nacl.public import PrivateKey
from sqlalchemy import text

from chassis import boxes
from chassis.actors import Actor
from chassis.database import Database
from chassis.ids import uuid7
from contracts.upward import UP
from rules import numbering
from rules.refusal import Refusal
from services.gateway import partners
from services.gateway.agencies import agreements, feed, letters, pulling, registry, samples, subscriptions, watching
from services.gateway.agencies.feed import Cursor
from tests.support.agencies_ground import LETTER, MOVED, NOW, OPERATOR, AgencyGround, settings

ISSUED, CHANGED = "requests.licence.issued.v1", "requests.licence.changed.v1"


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[AgencyGround]:
    ground = AgencyGround(Database(database_url("gateway"), 8))
    yield ground
    ground.close()


def partner(ground: AgencyGround, agency: UUID, *scopes: str) -> Actor:
    """Who comes in by a key of the agency."""
    key_id = uuid7()
    made = ground.run(lambda work: registry.make_key(work, agency, {"scopes": list(scopes)}, key_id))
    found = ground.run(lambda work: partners.partner_of(work, made["key"]))
    assert isinstance(found.actor, Actor)
    return found.actor


class Reader:
    """An agency with a subscription by feed."""

    def __init__(self, ground: AgencyGround, code: str = "mot", **agreed: Any) -> None:
        self.ground = ground
        self.agency = ground.agency(code)
        self.agreement = ground.agreement(self.agency, **agreed)
        self.subscription, _ = ground.subscription(self.agency, self.agreement, "feed")
        self.actor = partner(ground, self.agency, "feed.read")

    def pull(self, after: str | None = None, since: datetime | None = None, limit: int = 100) -> pulling.Page:
        found: pulling.Page = self.ground.run(
            lambda work: pulling.pull(work, self.subscription, after, since, limit), self.actor)
        return found


def ids(page: pulling.Page) -> list[str]:
    return [one["id"] for one in page.events]


def test_one_reads_on_from_the_cursor_and_gets_the_same_again_from_the_same(ground: AgencyGround) -> None:
    reader = Reader(ground)
    sent = [str(ground.moved(uuid7())) for _ in range(25)]
    first = reader.pull(limit=10)
    second = reader.pull(first.next, limit=10)
    third = reader.pull(second.next, limit=10)
    assert ids(first) + ids(second) + ids(third) == sent
    assert [one.more for one in (first, second, third)] == [True, True, False]
    assert ids(reader.pull(first.next, limit=10)) == ids(second)
    last = reader.pull(third.next)
    assert not last.events and last.next == third.next
    more = str(ground.moved(uuid7()))
    assert ids(reader.pull(last.next)) == [more]
    told = ground.run(lambda work: watching.watch(work, reader.subscription))
    assert told["lag"] == 1, "what was given is dealt with when one asks from behind it"


def test_the_same_events_are_found_from_a_date_on(ground: AgencyGround) -> None:
    reader = Reader(ground)
    moments = []
    for _ in range(20):
        ground.later(minutes=10)
        moments.append((ground.now, str(ground.moved(uuid7()))))
    everything = [one for _, one in moments]
    for place, (at, _) in enumerate(moments):
        assert ids(reader.pull(since=at)) == everything[place:]
        assert ids(reader.pull(since=at - timedelta(minutes=5))) == everything[place:]
    ground.later(minutes=10)
    assert ids(reader.pull(since=ground.now)) == []
    for wrong in (ground.now + timedelta(seconds=1), datetime(2025, 12, 31, tzinfo=UTC)):
        with pytest.raises(Refusal, match="replay_date_invalid"):
            reader.pull(since=wrong)


def test_a_narrow_filter_over_a_long_feed_takes_pages_that_say_there_is_more(ground: AgencyGround) -> None:
    reader = Reader(ground, governorates=["EG-SUZ"])
    for _ in range(pulling._SCANNED + 50):
        ground.moved(uuid7())
    wanted = str(ground.moved(uuid7(), node="EG-SUZ"))
    page = reader.pull()
    assert not page.events and page.more
    assert ids(reader.pull(page.next)) == [wanted]


def test_after_a_restore_a_client_gets_some_events_twice_and_misses_none(ground: AgencyGround) -> None:
    reader = Reader(ground)
    kept, lost = [], []
    for bag in (kept, lost):
        for _ in range(5):
            ground.later(seconds=1)
            bag.append((uuid7(), ground.now))
            ground.moved(bag[-1][0])
    page = reader.pull()
    assert len(page.events) == 10
    with ground.database.transaction() as connection:  # the backup that the centre is restored from ends here
        connection.execute(text("SET LOCAL shubbak.retention = 'on'"))
        connection.execute(text("DELETE FROM link_log WHERE position > 5"))
    ground.position = 5
    ground.later(hours=2)
    again = [str(ground.moved(request)) for request in (uuid7(), uuid7(), uuid7())]  # others came first this time
    again += [str(ground.moved(request)) for request, _ in reversed(lost)]
    assert ids(reader.pull(page.next)) == again


def test_a_cursor_that_nobody_gave_is_refused(ground: AgencyGround) -> None:
    reader = Reader(ground)
    for wrong in ("x", "AAAA", "!" * 23, str(Cursor(5, NOW))[:-1], "MgAAAAAAAAAFAAAAAAAAAAU"):
        with pytest.raises(Refusal, match="cursor_invalid"):
            reader.pull(wrong)
    assert Cursor.of(str(Cursor(2**60, NOW))) == Cursor(2**60, NOW)


def test_another_agencys_subscription_is_as_if_there_were_none(ground: AgencyGround) -> None:
    mine, theirs = Reader(ground, "mot"), Reader(ground, "moh")
    for ask in (lambda work: pulling.pull(work, theirs.subscription),
                lambda work: watching.watch(work, theirs.subscription),
                lambda work: subscriptions.pause(work, theirs.subscription, "سبب طويل بما يكفي"),
                lambda work: subscriptions.replay(work, theirs.subscription, NOW)):
        with pytest.raises(Refusal, match="subscription_unknown"):
            ground.run(ask, mine.actor)
    assert [one["subscription_id"] for one in ground.run(watching.owned, mine.actor)] == [str(mine.subscription)]


def test_a_key_of_no_agency_a_closed_agency_and_an_agreement_that_is_over(ground: AgencyGround) -> None:
    reader = Reader(ground)
    made = ground.run(lambda work: partners.make(work, {"name": "بنك النيل", "scopes": ["feed.read"]}, uuid7()))
    bank = ground.run(lambda work: partners.partner_of(work, made["key"])).actor
    with pytest.raises(Refusal, match="agency_key_missing"):
        ground.run(lambda work: pulling.pull(work, reader.subscription), bank)
    ground.run(lambda work: agreements.end(work, reader.agency, reader.agreement, "لم تعد الجهة تحتاج إليها"))
    with pytest.raises(Refusal, match="agreement_over"):
        reader.pull()
    ground.run(lambda work: registry.close(work, reader.agency, "ألغيت الجهة بقرار"))
    with pytest.raises(Refusal, match="agency_closed"):
        reader.pull()
    states = ground.rows("SELECT s.state, k.revoked_at FROM subscription AS s "
                         "JOIN partner_key AS k ON k.agency_id = s.agency_id")
    assert [(row.state, row.revoked_at is not None) for row in states] == [("ended", True)]


@pytest.mark.parametrize(("more", "code"), [
    ({"events": []}, "agreement_events_invalid"),
    ({"events": ["requests.device.changed.v1"]}, "agreement_events_invalid"),
    ({"fields": {MOVED: ["contact"]}}, "agreement_fields_invalid"),
    ({"fields": {MOVED: []}}, "agreement_fields_invalid"),
    ({"fields": {MOVED: ["state_name", "state_name.ar"]}}, "agreement_fields_invalid"),
    ({"fields": {MOVED: ["state_name.ar", "state_name.ar.first"]}}, "agreement_fields_invalid"),
    ({"fields": {MOVED: ["state_name."]}}, "agreement_fields_invalid"),
    ({"fields": {ISSUED: ["serial"]}}, "agreement_fields_invalid"),
    ({"governorates": ["EG-XX"]}, "agreement_governorates_invalid"),
    ({"reference": "7"}, "agreement_reference_invalid"),
    ({"valid_until": date(2025, 1, 1)}, "agreement_dates_invalid"),
    ({"valid_until": date(2040, 1, 1)}, "agreement_dates_invalid"),
])  # fmt: skip
def test_nothing_is_agreed_that_cannot_be_kept(ground: AgencyGround, more: dict[str, Any], code: str) -> None:
    agency = ground.agency()
    with pytest.raises(Refusal, match=code):
        ground.agreement(agency, **more)


def test_every_fault_of_an_agreement_is_told_at_once(ground: AgencyGround) -> None:
    agency = ground.agency()
    with pytest.raises(Refusal) as refused:
        ground.agreement(agency, reference="7", governorates=["EG-XX"], valid_until=date(2025, 1, 1))
    assert {fault.field for fault in refused.value.faults} == {"reference", "governorates", "valid_until"}


def test_a_filter_may_not_reach_beyond_the_agreement(ground: AgencyGround) -> None:
    agency = ground.agency()
    agreement = ground.agreement(agency, governorates=["EG-C"])
    with pytest.raises(Refusal, match="subscription_filter_invalid"):
        ground.subscription(agency, agreement, "feed", governorates=["EG-C", "EG-SUZ"])
    with pytest.raises(Refusal, match="webhook_url_private"):
        ground.subscription(agency, agreement, endpoint="https://10.0.0.8/in")
    with pytest.raises(Refusal, match="agreement_unknown"):
        ground.subscription(ground.agency("other"), agreement, "feed")


def test_who_is_bound_to_a_unit_watches_and_manages_nothing_here(ground: AgencyGround) -> None:
    bound = Actor(id=OPERATOR.id, kind="staff", roles=("administrator",), unit="EG-C-01")
    for ask in (registry.every, watching.watched):
        with pytest.raises(Refusal, match="unit_bound"):
            ground.run(ask, bound)


@pytest.mark.parametrize("event_type", sorted(agreements.offered()))
def test_a_sample_of_every_event_is_what_the_agreement_lets_through(ground: AgencyGround, event_type: str) -> None:
    agency = ground.agency()
    agreement = ground.agreement(agency, event_type, events=[event_type], governorates=["EG-SUZ"])
    subscription, _ = ground.subscription(agency, agreement, "feed")
    _, cut = ground.run(lambda work: samples.sample(work, subscription, uuid7()))
    assert cut.envelope["sample"] is True and cut.envelope["type"] == event_type
    assert cut.envelope["source"].startswith("urn:shubbak:EG-SUZ:")
    assert set(cut.envelope["data"]) <= {name.partition(".")[0] for name in UP[event_type].names}
    assert dict(cut.written("binary")[0])["ce-sample"] == "true"


# -- letters and licences ---------------------------------------------------------------------------------------------


def letter(ground: AgencyGround, number: str, status: str, sequence: int, subject: UUID, body: str = "civil_protection",
           **more: Any) -> None:
    ground.land({"letter_id": str(subject), "request_id": str(uuid7()), "number": number, "body": body,
                 "status": status, **more}, LETTER, subject=subject, sequence=sequence)  # fmt: skip


def test_an_agency_sees_and_answers_its_letters_once(ground: AgencyGround) -> None:
    key = PrivateKey.generate()
    ground.settings = settings(SHUBBAK_LINK_BOXES=f"EG-C={boxes.public_of(key)}")
    agency = ground.agency(bodies=("civil_protection",))
    actor = partner(ground, agency, "letter.reply")
    one, other, foreign = uuid7(), uuid7(), uuid7()
    letter(ground, "L-C-2026-000001-X", "sent", 2, one, sent_on="2026-11-01")
    letter(ground, "L-C-2026-000001-X", "drafted", 1, one)  # a former version, come late
    letter(ground, "L-C-2026-000002-X", "answered", 3, other, sent_on="2026-11-01", answered_on="2026-11-05")
    letter(ground, "L-C-2026-000003-X", "sent", 2, foreign, body="antiquities")
    assert ground.run(letters.follow) is False
    assert ground.rows("SELECT status FROM agency_letter WHERE letter_id = :one", one=one)[0].status == "sent"
    number = _rightly_numbered(ground)
    told = ground.run(lambda work: letters.mine(work), actor)["letters"]
    assert [row["number"] for row in told] == [number]
    answer_id = uuid7()
    body = {"opinion": "agreed", "answered_on": date(2026, 11, 20), "reference": "صادر 118", "note": "لا مانع"}
    ground.run(lambda work: letters.answer(work, number, body, answer_id), actor)
    row = ground.rows("SELECT type, body FROM event_log ORDER BY id DESC LIMIT 1")[0]
    data = orjson.loads(row.body)["data"]
    assert (row.type, data["node"], data["number"], data["body"]) == (
        "gateway.answer.given.v1", "EG-C", number, "civil_protection")
    assert boxes.open_box(data["note"], (key,)).decode() == "لا مانع"
    with pytest.raises(Refusal, match="letter_answered_before"):
        ground.run(lambda work: letters.answer(work, number, body, uuid7()), actor)
    assert ground.run(lambda work: letters.mine(work), actor)["letters"] == []
    assert ground.run(lambda work: letters.mine(work, only_open=False), actor)["letters"][0]["opinion"] == "agreed"


def _rightly_numbered(ground: AgencyGround) -> str:
    """The first letter's number with the check character that it must have."""
    right = numbering.letter_number("EG-C", 2026, 1)
    ground.execute("UPDATE agency_letter SET number = :right WHERE number = 'L-C-2026-000001-X'", right=right)
    return right


def test_nobody_answers_another_bodys_letter_nor_before_it_was_sent(ground: AgencyGround) -> None:
    agency = ground.agency(bodies=("civil_protection",))
    actor = partner(ground, agency, "letter.reply")
    mine, theirs = (numbering.letter_number("EG-C", 2026, number) for number in (1, 2))
    letter(ground, mine, "sent", 1, uuid7(), sent_on="2026-11-10")
    letter(ground, theirs, "sent", 1, uuid7(), body="antiquities", sent_on="2026-11-10")
    ground.run(letters.follow)
    before = ground.rows("SELECT count(*) FROM event_log")
    good = {"opinion": "refused", "answered_on": date(2026, 11, 20), "reference": None, "note": None}
    for number in (theirs, numbering.letter_number("EG-C", 2026, 9)):
        with pytest.raises(Refusal, match="letter_not_yours"):
            ground.run(lambda work, number=number: letters.answer(work, number, good, uuid7()), actor)
    for day in (date(2026, 11, 9), date(2026, 11, 22)):
        with pytest.raises(Refusal, match="letter_date_invalid"):
            ground.run(lambda work, day=day: letters.answer(work, mine, {**good, "answered_on": day}, uuid7()), actor)
    with pytest.raises(Refusal, match="letter_note_closed"):  # no key is known by which to seal it for its governorate
        ground.run(lambda work: letters.answer(work, mine, {**good, "note": "لا مانع"}, uuid7()), actor)
    assert ground.rows("SELECT count(*) FROM event_log") == before


def test_a_licence_of_any_governorate_is_asked_for_and_a_former_state_never_wins(ground: AgencyGround) -> None:
    serial, subject = numbering.licence_serial("EG-SUZ", 2026, 17), uuid7()
    data = {"licence_id": str(subject), "request_id": str(uuid7()), "serial": serial, "service_code": "shop-licence",
            "unit": "EG-SUZ-01", "valid_from": "2026-01-01", "valid_until": "2027-12-31"}  # fmt: skip
    ground.land({**data, "state": "suspended", "act": "suspend", "edition": 1}, CHANGED, node="EG-SUZ", subject=subject,
                sequence=2)  # fmt: skip
    ground.land({**data, "state": "in_force"}, ISSUED, node="EG-SUZ", subject=subject, sequence=1)
    ground.run(letters.follow)
    found = ground.run(lambda work: letters.licence(work, serial))
    assert (found["status"], found["governorate"]) == ("suspended", "EG-SUZ")
    ground.land({**data, "state": "in_force", "act": "resume", "edition": 1}, CHANGED, node="EG-SUZ", subject=subject,
                sequence=3)  # fmt: skip
    ground.run(letters.follow)
    assert ground.run(lambda work: letters.licence(work, serial))["status"] == "valid"
    ground.now = datetime(2028, 1, 1, 12, tzinfo=UTC)
    assert ground.run(lambda work: letters.licence(work, serial))["status"] == "expired"
    with pytest.raises(Refusal, match="licence_not_heard_of"):
        ground.run(lambda work: letters.licence(work, numbering.licence_serial("EG-C", 2026, 1)))


def test_at_a_node_the_feed_is_what_goes_up_and_goes_on_over_a_restore(ground: AgencyGround) -> None:
    node = AgencyGround(ground.database, settings(SHUBBAK_NODE="EG-C", SHUBBAK_ROLE="node"))
    sql = ("INSERT INTO link_out (peer, epoch, sequence, event_id, type, subject, occurred_at, body, key_id, "
           "signature, stored_at) VALUES ('EG', :epoch, :sequence, :id, :type, :id, :at, '{}', 'k', '', :at)")
    for epoch, sequence in ((1, 1), (1, 2), (1, 3), (2, 1), (2, 2)):
        node.later(minutes=1)
        node.execute(sql, epoch=epoch, sequence=sequence, id=uuid7(), type=MOVED, at=node.now)
    found = node.run(lambda work: feed.read(work, 0, 10))
    assert [one.position for one in found] == sorted(one.position for one in found) and len(found) == 5
    assert {one.node for one in found} == {"EG-C"}
    assert node.run(lambda work: feed.read(work, found[2].position, 10)) == found[3:]
    assert node.run(feed.head) == found[-1].position
    assert node.run(lambda work: feed.distance(work, found[0].position)) == 4
    assert node.run(lambda work: feed.distance(work, found[3].position)) == 1
    assert node.run(lambda work: feed.position_at(work, found[3].received_at)) < found[3].position
    assert node.run(lambda work: feed.read(work, feed.position_at(work, found[3].received_at), 9)) == found[3:]
    assert node.run(lambda work: feed.these(work, [found[1].position, found[4].position])) == {
        found[1].position: found[1], found[4].position: found[4]}
