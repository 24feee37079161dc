"""A campaign from its draft to its end: who may do what, when it goes, how fast, and what a pause and a stop leave."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy.exc import IntegrityError

from chassis.ids import uuid7
from rules.refusal import Refusal
from services.notifications import audience, campaign_counts, campaigns, messages, preferences
from services.notifications.__main__ import main
from services.notifications.packing import pack_sms
from services.notifications.preferences import Address, Choice, Door
from services.notifications.states import State
from tests.support.campaign_ground import EDITOR, KEYS, LEASE, MANAGER, SMS, WHY, Ground, listed, phones


@pytest.fixture(scope="module")
def standing(database_url):
    with Ground.standing(database_url("notifications"), SHUBBAK_SMPP_HOST="127.0.0.1", SHUBBAK_SMPP_SYSTEM_ID="node",
                         SHUBBAK_SMPP_PASSWORD="sample-1", SHUBBAK_SMPP_PRICE="150") as made:
        yield made


@pytest.fixture
def ground(standing):
    standing.empty()
    return standing


def counted(ground, campaign_id) -> dict[str, int]:
    progress = ground.show(campaign_id)["progress"]
    return {name: progress[name] for name in ("made", "waiting", "sent", "failed", "passed_over")}


def test_what_it_will_cost_is_known_before_anybody_approves_it(ground):
    campaign_id = ground.write(
        wording={"sms": {"ar": "السيد {name}، تفضل بزيارة المركز غداً.", "en": "Dear {name}, come."}})
    rows = [f"{phone},ar,{'منى ' * (20 if number == 3 else 1)}" for number, phone in enumerate(phones(5))]
    ground.upload(campaign_id, listed([*rows, "01019999999,en,Mona"], "phone,language,name"))
    ground.read()
    estimate = ground.show(campaign_id)["estimate"]
    assert (estimate["recipients"], estimate["parts"], estimate["missing"]) == (6, 7, 0)
    assert estimate["by"]["sms ar"]["most_parts"] == 2
    assert estimate["price"] == 7 * 150
    shown = campaigns.preview(ground.work(MANAGER), campaign_id, "https://cairo.example")
    assert {one["language"]: one["address"] for one in shown["messages"]} == {"ar": "010******01", "en": "010******99"}
    assert shown["messages"][-1]["text"] == "Dear Mona, come."


def test_a_text_that_names_what_the_list_does_not_have_is_not_handed_over(ground):
    campaign_id = ground.write(wording={"sms": {"ar": "رقمك {number}", "en": "Your number {number}"}})
    ground.upload(campaign_id, listed(phones(2)))
    ground.read()
    with pytest.raises(Refusal) as refused:
        ground.submit(campaign_id)
    assert {(fault.code, fault.field) for fault in refused.value.faults} == {
        ("wording_placeholder_unknown", "wording/sms/ar"), ("wording_placeholder_unknown", "wording/sms/en")}


def test_a_recipient_without_a_value_is_named_and_nothing_is_handed_over(ground):
    campaign_id = ground.write(wording={"sms": {"ar": "السيد {name}", "en": "Dear {name}"}})
    ground.upload(campaign_id, listed([f"{phones(1)[0]},منى", f"{phones(2)[1]},"], "phone,name"))
    ground.read()
    with pytest.raises(Refusal) as refused:
        ground.submit(campaign_id)
    assert refused.value.faults[0].code == "campaign_value_missing"
    assert refused.value.faults[0].params == {"count": 1, "line": 3}


def test_nobody_approves_what_they_wrote_or_handed_over_and_the_database_refuses_it_too(ground):
    both = replace(EDITOR, roles=("message_editor", "centre_manager"))
    campaign_id = ground.write(both)
    ground.upload(campaign_id, listed(phones(2)))
    ground.read()
    ground.submit(campaign_id)
    with pytest.raises(Refusal, match="campaign_own"):
        ground.decide(campaign_id, both)
    with pytest.raises(IntegrityError, match="campaign_four_eyes"):
        ground.sql_write("UPDATE campaign SET state = 'approved', approved_by = written_by")
    with pytest.raises(IntegrityError, match="campaign_approved"):
        ground.sql_write("UPDATE campaign SET state = 'running'")
    ground.decide(campaign_id, approve=False, reason=WHY)
    assert ground.show(campaign_id)["state"] == "refused"


@pytest.mark.parametrize("hand", ["words", "list", "applicants", "broken lines"])
def test_who_had_a_hand_in_it_does_not_approve_it_whoever_wrote_last(ground, hand):
    both = replace(MANAGER, roles=("message_editor", "centre_manager"))
    campaign_id = ground.write(both if hand == "words" else EDITOR)
    ground.applicant("+201012345678")
    if hand == "applicants":
        ground.choose(campaign_id, both)
    else:
        ground.upload(campaign_id, listed([*phones(2), "broken"]), actor=both if hand == "list" else EDITOR)
    ground.read()
    if hand != "applicants":
        body = {"campaign_id": campaign_id, "broken": 1}
        ground.attempt(lambda work: audience.accept(work, body), both if hand == "broken lines" else EDITOR)
    again = {"campaign_id": str(campaign_id), "version": ground.show(campaign_id)["version"]}
    ground.write(EDITOR, **again)
    ground.read()
    ground.submit(campaign_id)
    with pytest.raises(Refusal, match="campaign_own"):
        ground.decide(campaign_id, both)
    if hand != "broken lines":
        with pytest.raises(IntegrityError, match="campaign_four_eyes"):
            ground.sql_write("UPDATE campaign SET state = 'approved', approved_by = :who", who=both.id)
    ground.decide(campaign_id, replace(MANAGER, id="staff:another"))


def test_what_was_looked_at_is_what_is_approved(ground):
    campaign_id = ground.write()
    ground.upload(campaign_id, listed(phones(2)))
    ground.read()
    ground.submit(campaign_id)
    body = {"campaign_id": campaign_id, "version": 1, "approve": True, "reason": None}
    with pytest.raises(Refusal, match="campaign_moved"):
        ground.attempt(lambda work: campaigns.decide(work, body), MANAGER)


def test_text_and_audience_stand_still_from_the_handing_over_on(ground):
    campaign_id = ground.approved(listed(phones(2)))
    for change in (lambda: ground.upload(campaign_id, listed(phones(3))), lambda: ground.choose(campaign_id),
                   lambda: ground.write(campaign_id=str(campaign_id), version=ground.show(campaign_id)["version"])):
        with pytest.raises(Refusal, match="campaign_state"):
            change()


def test_people_of_one_unit_see_nothing_of_anothers_or_of_the_governorates(ground):
    here, there = replace(EDITOR, unit="EG-C-01"), replace(MANAGER, unit="EG-C-02")
    campaign_id = ground.write(here)
    with pytest.raises(Refusal, match="forbidden"):
        ground.show(campaign_id, there)
    with pytest.raises(Refusal, match="forbidden"):
        ground.show(ground.write(), here)
    assert campaigns.listed(ground.work(there), {"state": None, "after": None})["campaigns"] == []
    assert ground.show(campaign_id)["unit"] == "EG-C-01"
    for_there = ground.write(unit="EG-C-02")  # somebody of the governorate writes for a centre, which approves it
    assert ground.show(for_there, there)["unit"] == "EG-C-02"
    with pytest.raises(Refusal, match="forbidden"):
        ground.write(here, unit="EG-C-02")
    with pytest.raises(Refusal, match="campaign_unit_fixed"):
        ground.write(campaign_id=str(for_there), version=1, unit="EG-C-03")


def test_nothing_goes_before_its_day_or_outside_its_hours(ground):
    campaign_id = ground.approved(listed(phones(3)), not_before="2026-03-04T00:00:00+02:00", hours_from="09:00",
                                  hours_until="10:00")
    ground.feed()
    assert ground.show(campaign_id)["state"] == "approved"
    ground.later(hours=15)  # three at night
    ground.feed()
    assert ground.messages(campaign_id) == []
    ground.later(hours=6, minutes=30)
    ground.feed(2)
    assert ground.show(campaign_id)["state"] == "running"
    assert len(ground.messages(campaign_id)) == 1
    ground.later(minutes=30)
    ground.feed(2)
    assert len(ground.messages(campaign_id)) == 1
    ground.later(hours=23, seconds=2)  # the next morning
    ground.feed(2)
    assert len(ground.messages(campaign_id)) == 3


def test_hours_that_meet_the_quiet_hours_are_refused(ground):
    with pytest.raises(Refusal, match="campaign_hours"):
        ground.write(hours_from="07:30", hours_until="12:00")
    with pytest.raises(Refusal, match="campaign_hours"):
        ground.write(hours_from="12:00", hours_until="12:00")


def sent(ground, campaign_id) -> None:
    """What the operator would do: everything in the lane is gone."""
    ground.sql_write("UPDATE message SET state = 'sent' WHERE campaign_id = :id AND state = 'queued'", id=campaign_id)


def test_the_throttle_holds_whatever_happens_to_the_process(ground):
    campaign_id = ground.approved(listed(phones(100)), per_minute=60)
    made = []
    for _ in range(40):
        ground.feed()
        sent(ground, campaign_id)
        ground.reading = type(ground.reading)()  # nothing of it lives in the process
        made.append(len(ground.messages(campaign_id)))
        ground.later(seconds=1)
    assert made[0] <= 1
    assert 38 <= made[-1] <= 43
    ground.later(minutes=5)  # the process was away: what it missed is not caught up
    ground.feed()
    assert len(ground.messages(campaign_id)) - made[-1] <= 3


def test_no_more_is_made_than_waits_to_be_sent(ground):
    campaign_id = ground.approved(listed(phones(90)), per_minute=120)
    for _ in range(60):
        ground.feed()
        ground.later(seconds=1)
    assert len(ground.messages(campaign_id)) == 30  # a quarter of a minute, and the operator takes nothing


def test_a_pause_holds_what_was_made_and_a_resumption_goes_on_there(ground):
    campaign_id = ground.approved(listed(phones(40)), per_minute=600)
    ground.feed(2)
    ground.later(seconds=2)
    ground.feed()
    before = len(ground.messages(campaign_id))
    assert 0 < before < 40
    ground.act("pause", campaign_id)
    ground.feed(3)
    ground.later(hours=1)
    ground.feed(3)
    rows = ground.messages(campaign_id)
    assert {(row.state, row.held) for row in rows} == {("created", "campaign_paused")}
    assert len(rows) == before
    ground.later(days=5)  # longer than a message lives
    ground.feed()
    assert min(row.expires_at for row in ground.messages(campaign_id)) > ground.now[0]
    ground.act("resume", campaign_id)
    for _ in range(12):
        ground.feed(2)
        ground.later(seconds=2)
        sent(ground, campaign_id)
    rows = ground.messages(campaign_id)
    assert len({row.address_lookup for row in rows}) == len(rows) == 40


def test_nothing_of_a_paused_campaign_is_claimed_from_the_moment_on(ground):
    campaign_id = ground.approved(listed(phones(10)), per_minute=6000)
    ground.feed(2)
    ground.later(seconds=1)
    ground.feed()
    assert len(ground.messages(campaign_id)) == 10
    ground.act("pause", campaign_id)  # and nobody has marked anything yet
    assert ground.attempt(lambda work: messages.claim(work, "sms", "smpp", 50, LEASE, pack_sms)) == []


def test_what_nobody_answered_for_is_held_by_a_pause_too_and_tried_again_after_it(ground):
    campaign_id = ground.approved(listed(phones(3)), per_minute=6000)
    ground.feed(2)
    ground.later(seconds=1)
    ground.feed()
    taken = ground.attempt(lambda work: messages.claim(work, "sms", "smpp", 50, LEASE, pack_sms))
    assert len(taken) == 3
    ground.act("pause", campaign_id)
    ground.feed(2)
    assert {row.state for row in ground.messages(campaign_id)} == {"sending"}  # the operator may still answer
    ground.later(minutes=11)
    ground.feed(2)
    assert {(row.state, row.held) for row in ground.messages(campaign_id)} == {
        ("failed_temporarily", "campaign_paused")}
    ground.act("resume", campaign_id)
    ground.feed()
    again = ground.attempt(lambda work: messages.claim(work, "sms", "smpp", 50, LEASE, pack_sms))
    assert {one.message_id for one in again} == {one.message_id for one in taken}


def test_a_cancellation_gives_up_what_was_not_handed_over(ground):
    campaign_id = ground.approved(listed(phones(40)), per_minute=600)
    ground.feed(2)
    ground.later(seconds=2)
    ground.feed()
    ground.sql_write("UPDATE message SET state = 'sending', next_at = next_at + interval '10 min' "
                     "WHERE id = (SELECT min(id::text)::uuid FROM message)")
    made = len(ground.messages(campaign_id))
    ground.act("cancel", campaign_id)
    ground.feed(3)
    rows = ground.messages(campaign_id)
    assert sorted({(row.state, row.error) for row in rows}, key=str) == [
        ("failed", "campaign_cancelled"), ("sending", None)]
    assert len(rows) == made
    ground.later(minutes=11)  # nobody learns what became of the last one
    ground.feed(2)
    assert {row.state for row in ground.messages(campaign_id)} == {"failed"}
    assert ground.show(campaign_id)["possible"] == []


def test_it_pauses_itself_when_too_many_fail_and_goes_on_when_somebody_says_so(ground):
    campaign_id = ground.approved(listed(phones(200)), per_minute=6000, pause_at_percent=30)
    ground.feed(2)
    ground.later(seconds=2)
    ground.feed(3)
    fail(ground, campaign_id, 60)
    ground.feed(2)
    shown = ground.show(campaign_id)
    assert (shown["state"], shown["reason"]) == ("paused", "too_many_failed")
    assert ground.told(campaign_id)[-1]["why"] == "too_many_failed"
    ground.act("resume", campaign_id)
    ground.later(seconds=2)
    ground.feed(3)
    assert ground.show(campaign_id)["state"] == "running"


def fail(ground, campaign_id, count) -> None:
    """So many messages fail for good, as the operator's answer would have it."""
    ids = [row.id for row in ground.messages(campaign_id)][:count]
    rows, _ = messages.find(ground.work(), ids)
    for row in rows:
        ground.attempt(lambda work, row=row: messages.change(work, row, State.FAILED, error="smpp_0xb"))


def test_who_wants_nothing_is_passed_over_and_counted(ground):
    campaign_id = ground.approved(listed(phones(3)), per_minute=6000)
    for number, choice in ((0, Choice(False)), (1, Choice(True, "en"))):
        address = Address("sms", f"+2{phones(3)[number]}")
        ground.attempt(lambda work, a=address, c=choice: preferences.keep(work, a, c, Door.PAGE, None))
    ground.feed(2)
    ground.later(seconds=1)
    ground.feed(2)
    assert counted(ground, campaign_id) == {"made": 2, "waiting": 2, "sent": 0, "failed": 0, "passed_over": 1}
    assert {"channel": "sms", "state": "passed_over", "reason": "opted_out", "count": 1} in \
        ground.show(campaign_id)["progress"]["counts"]
    assert sorted(row.language for row in ground.messages(campaign_id)) == ["ar", "en"]


def test_counts_are_those_of_the_messages_before_and_after_they_are_folded(ground):
    campaign_id = ground.approved(listed(phones(20)), per_minute=6000)
    ground.feed(2)
    ground.later(seconds=1)
    ground.feed(1)
    fail(ground, campaign_id, 5)
    early = ground.show(campaign_id)["progress"]
    while ground.attempt(campaign_counts.fold):
        pass
    assert ground.sql("SELECT count(*) AS n FROM campaign_delta")[0].n == 0
    late = ground.show(campaign_id)["progress"]
    assert early == late
    assert counted(ground, campaign_id) == {"made": 20, "waiting": 15, "sent": 0, "failed": 5, "passed_over": 0}
    assert early["share"] == 25.0


def test_its_speed_is_told_from_the_first_minute_on(ground):
    campaign_id = ground.approved(listed(phones(8)), per_minute=6000)
    ground.feed(2)
    ground.later(seconds=1)
    ground.feed(1)
    for state, new in ((State.SENDING, {}), (State.SENT, {"sent_at": ground.work().now})):
        for row in messages.find(ground.work(), [row.id for row in ground.messages(campaign_id)])[0]:
            ground.attempt(lambda work, row=row, state=state, new=new: messages.change(work, row, state, **new))
    while ground.attempt(campaign_counts.fold):
        pass
    assert ground.show(campaign_id)["progress"]["per_minute"] == 8.0
    ground.later(minutes=2)
    assert 3.5 <= ground.show(campaign_id)["progress"]["per_minute"] <= 4.0


def test_every_change_is_told_with_counts_and_without_anything_personal(ground):
    campaign_id = ground.approved(listed(phones(3)), per_minute=6000)
    ground.feed(2)
    ground.later(seconds=1)
    ground.feed()
    ground.act("pause", campaign_id)
    ground.act("cancel", campaign_id)
    told = ground.told(campaign_id)
    assert [one["change"] for one in told] == [
        "written", "audience_chosen", "submitted", "approved", "started", "paused", "cancelled"]
    assert told[-1]["recipients"] == told[-1]["made"] == 3
    said = json.dumps(told, ensure_ascii=False) + str(ground.sql("SELECT details FROM audit"))
    assert not any(phone[1:] in said for phone in phones(3)) and SMS["sms"]["ar"] not in said and WHY not in said
    audited = [row.action for row in ground.sql("SELECT action FROM audit ORDER BY id")]
    assert audited == [f"campaign.{one['change']}" for one in told]


def test_an_operator_watches_one_from_a_terminal(ground):
    campaign_id = ground.approved(listed(phones(4)), per_minute=6000)
    ground.feed(2)
    ground.later(seconds=1)
    ground.feed()
    fail(ground, campaign_id, 1)
    environment = {**KEYS, "SHUBBAK_MODE": "demo", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
                   "SHUBBAK_DATABASE_URL": ground.context.settings.database_url}
    asked = CliRunner().invoke(main, ["campaign", str(campaign_id), "--once"], env=environment)
    assert asked.exit_code == 0, asked.output
    assert "running, 25.0% of 4; sent 0 (delivered 0), failed 1, passed over 0, waiting 3" in asked.output
    assert "smpp_0xb" in asked.output
    unknown = CliRunner().invoke(main, ["campaign", str(uuid7()), "--once"], env=environment)
    assert unknown.exit_code == 1
    assert "no campaign with this number" in unknown.output
