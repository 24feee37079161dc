import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import rules.roles
from rules.roles import department_name, load, permits, read, role_name, task_roles

DATA = yaml.safe_load((Path(rules.roles.__file__).parent / "roles.yaml").read_text(encoding="utf-8"))


def test_the_roles_and_permissions_that_others_rely_on():
    assert set(load().roles) == {"public", "citizen", "window_clerk", "cashier", "officer", "inspector", "unit_head",
                                 "department_head", "mobile_clerk",
                                 "centre_manager", "catalogue_editor", "catalogue_reviewer", "organisation_editor",
                                 "message_editor", "bound_citizen", "provider", "partner", "unsecured", "device",
                                 "council_reviewer", "follow_up_reviewer", "administrator", "rail", "system",
                                 "finance_officer", "finance_head", "governorate_follow_up", "kiosk"}
    assert set(load().permissions) == {
        "queue.take", "queue.call", "queue.read",
        "request.find", "request.find_person", "visit.order", "visit.plan", "visit.carry_out", "offline.read",
        "offline.work", "offline.intake", "device.contact",
        "offline.review", "device.manage", "guide.read", "request.submit", "request.inquire", "request.complete",
        "document.add", "licence.verify", "licence.fetch", "bill.read", "bill.pay", "bill.callback", "bill.take_cash",
        "receipt.read", "receipt.print", "shift.approve", "counter.manage", "task.list", "task.next", "task.read",
        "task.act", "message.read", "message.dashboard", "message.performance", "message.receipt", "provider.steer",
        "account.manage", "account.own", "key.manage", "audit.read", "parked.manage", "link.read",
        "link.settle", "link.command",
        "catalog.load", "proposal.read", "proposal.write", "proposal.decide", "guide.edit", "guide.review",
        "guide.adopt", "guide.approve_adoption",
        "organisation.read", "organisation.propose", "organisation.review_council", "organisation.review_follow_up",
        "task.oversee", "task.oversee_unit", "relation.declare", "relation.withdraw", "request.correct",
        "collections.read", "licence.read", "licence.print", "licence.replace", "licence.suspend", "licence.resume",
        "licence.cancel", "licence.deliver", "output.preview", "letter.send", "request.rate", "complaint.make",
        "complaint.answer", "request.reopen", "warning.list", "late.read", "late.explain", "request.extend",
        "silence.review", "silence.release",
        "template.read", "template.write", "template.review",
        "campaign.write", "campaign.approve", "campaign.run",
        "bill.issue", "bill.amend", "bill.approve", "bill.cancel", "refund.request", "refund.approve", "refund.pay",
        "refund.read", "dispute.manage", "review.settle", "reconciliation.read", "reconciliation.resolve",
        "reconciliation.import",
        "preference.own", "preference.set",
        "code.use", "citizen.bind", "request.own", "request.own_person", "account.tell",
        "board.read", "board.read_unit",
        "agency.manage", "agency.read", "feed.read", "subscription.own", "letter.reply",
        "settlement.record", "settlement.let_go", "treasury.export", "treasury.close"}
    assert set(load().departments) >= {"licensing", "engineering", "leadership", "planning", "industrial_safety"}


def test_what_anybody_may_read_staff_may_too():
    known = [code for code, role in load().roles.items() if role.staff or code in ("public", "citizen")]
    for code in known:
        assert {"guide.read", "message.performance"} <= load().roles[code].may, code


def test_who_is_asked_at_the_window_what_was_sent_can_tell():
    assert permits(["window_clerk"], "message.read") and not permits(["officer"], "message.read")


def test_only_heads_and_managers_say_why_something_is_late():
    assert {code for code, role in load().roles.items() if "late.explain" in role.may} == {
        "unit_head", "department_head", "centre_manager"}


def test_duties_that_stay_apart():
    may = {code: role.may for code, role in load().roles.items()}
    for role, permissions in may.items():  # who prepares or takes money never closes what the treasury is told
        assert not {"treasury.close"} & permissions or not {"treasury.export", "bill.take_cash"} & permissions, role
    for role, permissions in may.items():
        assert not ("request.submit" in permissions and "task.act" in permissions), role  # who takes may not decide
        assert not ("bill.take_cash" in permissions and "task.act" in permissions), role
        assert not ("account.manage" in permissions and "task.act" in permissions), role
    for editor, reviewer in (("guide.edit", "guide.review"), ("guide.adopt", "guide.approve_adoption"),
                             ("template.write", "template.review"),
                             ("campaign.write", "campaign.approve"),
                             ("organisation.propose", "organisation.review_council"),
                             ("organisation.propose", "organisation.review_follow_up"),
                             ("organisation.review_council", "organisation.review_follow_up")):
        assert not any({editor, reviewer} <= permissions for permissions in may.values())
    assert [code for code in may if "catalog.load" in may[code]] == ["system"]
    assert may["rail"] == {"bill.callback"}
    assert [code for code in may if "bill.callback" in may[code]] == ["rail"]
    assert task_roles() == {"officer", "inspector", "department_head", "unit_head"}


def test_the_public_gets_in_only_where_it_should():
    assert permits(["public"], "request.submit")
    for permission in ("task.list", "task.act", "bill.take_cash", "bill.callback", "account.manage", "audit.read",
                       "parked.manage", "catalog.load", "proposal.read", "proposal.write", "proposal.decide",
                       "message.read", "citizen.bind", "request.own_person", "account.tell"):
        assert not permits(["public", "citizen"], permission)


def test_own_requests_are_for_citizens_and_those_of_a_person_for_bound_ones():
    may = {code: role.may for code, role in load().roles.items()}
    assert [code for code in may if "request.own" in may[code]] == ["citizen"]
    assert [code for code in may if "request.own_person" in may[code]] == ["bound_citizen"]
    assert [code for code in may if "citizen.bind" in may[code]] == ["window_clerk"]
    assert [code for code in may if "account.tell" in may[code]] == ["system"]


@given(st.lists(st.text(max_size=12)), st.text(max_size=20))
def test_denied_unless_written(roles, permission):
    known = {one for role in roles if role in load().roles for one in load().roles[role].may}
    assert permits(roles, permission) is (permission in known)


@given(st.sets(st.sampled_from(sorted(DATA["roles"]))), st.sampled_from(sorted(DATA["permissions"])))
def test_several_roles_may_what_any_of_them_may(roles, permission):
    assert permits(roles, permission) is any(permission in DATA["roles"][role]["may"] for role in roles)


def test_names():
    assert role_name("unit_head", "ar") == "رئيس الوحدة المحلية"
    assert department_name("engineering", "en") == "Engineering department"
    assert role_name("nobody", "ar") == "nobody" and department_name("parks", "en") == "parks"


def broken(change):
    data = copy.deepcopy(DATA)
    change(data)
    return data


@pytest.mark.parametrize("change, told", [
    (lambda data: data["roles"]["rail"]["may"].append("moon.fly"), "no permission: moon.fly"),
    (lambda data: data["roles"]["rail"]["may"].clear(), "nobody may bill.callback"),
    (lambda data: data["roles"]["rail"]["name"].pop("ar"), "role rail needs names"),
    (lambda data: data["roles"]["rail"].update(staff="yes"), "role rail has exactly"),
    (lambda data: data["roles"]["rail"].update(extra=1), "role rail has exactly"),
    (lambda data: data["roles"]["rail"]["may"].append("bill.callback"), "lists a permission twice"),
    (lambda data: data["permissions"].update({"x.y": {"ar": "", "en": "x"}}), "permission x.y needs names"),
    (lambda data: data.update(users={}), "not a section: users")])
def test_the_platform_does_not_start_on_a_broken_file(change, told):
    with pytest.raises(ValueError, match=told):
        read(broken(change))
