"""The staff's pages about messages to many citizens: what is written, whom it is for, who decides, what is told."""

from __future__ import annotations

import io
from typing import Any

import pytest

from rules.refusal import Fault, Refusal, refuse
from services.gateway import colleagues
from services.gateway.web.pages.texts import TEXTS
from tests.unit.gateway.ground import Service, client_of, csrf_of, hidden

ONE = "01980c5e-7c00-7000-8000-000000000009"
ALL = "/ar/staff/messages/campaigns"
PAGE = f"{ALL}/{ONE}"
MOVED = {"campaign_id": ONE, "version": 2, "state": "draft"}
PROGRESS = {"recipients": 0, "made": 0, "waiting": 0, "sent": 0, "delivered": 0, "failed": 0, "passed_over": 0,
            "share": 0.0, "per_minute": 0.0, "expected_end": None, "counts": []}  # fmt: skip
CAMPAIGN: dict[str, Any] = {
    "campaign_id": ONE, "version": 3, "state": "draft", "name": "مواعيد <المركز>", "unit": None, "channels": ["sms"],
    "not_before": "2026-03-04T08:00:00+00:00", "hours_from": "09:00", "hours_until": "20:00", "per_minute": 600,
    "pause_at_percent": 20, "recipients": 0, "reason": None, "written_by": "account:somebody", "submitted_by": None,
    "approved_by": None, "approved_at": None, "created_at": "2026-03-01T08:00:00+00:00",
    "changed_at": "2026-03-01T08:00:00+00:00", "started_at": None, "ended_at": None,
    "possible": ["write", "choose_audience", "submit", "cancel"], "audience": None, "estimate": None,
    "wording": {"sms": {"ar": "غداً من التاسعة", "en": "From nine tomorrow"}}, "progress": PROGRESS,
}  # fmt: skip
AUDIENCE: dict[str, Any] = {
    "audience_id": ONE, "kind": "list", "state": "ready", "chosen": None, "format": "csv", "size": 90, "sha256": "ab",
    "columns": ["name"], "fault": None, "lines": 3, "broken": 1, "doubles": 0, "unreachable": 0, "members": 2,
    "tally": {}, "made_at": "2026-03-01T08:00:00+00:00", "read_at": None, "accepted_by": None,
}  # fmt: skip
WRITTEN = {"name": "مواعيد رمضان", "sms/ar": "نص", "sms/en": "text", "not_before": "2026-03-04T10:00",
           "hours_from": "٠٩:٠٠", "hours_until": "20:00", "per_minute": "٦٠٠", "pause_at_percent": "20"}  # fmt: skip


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(colleagues, "names", lambda _, ids: dict.fromkeys(ids, "هاني عادل"))
    made = Service()
    made.answers["notifications.campaign"] = CAMPAIGN
    return made


def as_(service: Service, role: str, **changes: Any) -> Any:
    service.answers["notifications.campaign"] = {**CAMPAIGN, **changes}
    return client_of(service, service.log_in(role))


def form(client: Any, **given: Any) -> dict[str, Any]:
    return {"csrf": csrf_of(client), "once": "x" * 24, **given}


def test_what_is_written_is_sent_as_one_campaign_in_cairo_time(service: Service) -> None:
    client = as_(service, "message_editor")
    service.answers["notifications.write_campaign"] = MOVED
    page = client.get(f"{ALL}/new").get_data(as_text=True)
    answer = client.post(f"{ALL}/new", data={**WRITTEN, "csrf": csrf_of(client), "once": hidden(page, "once")})
    assert answer.location == f"{PAGE}?done=written"
    assert service.called[-1].payload == {
        "name": "مواعيد رمضان", "wording": {"sms": {"ar": "نص", "en": "text"}}, "unit": "EG-C-01",
        "not_before": "2026-03-04T10:00:00+02:00", "hours_from": "09:00", "hours_until": "20:00", "per_minute": 600,
        "pause_at_percent": 20}


def test_each_fault_stands_at_its_field_and_what_was_typed_stays(service: Service) -> None:
    client = as_(service, "message_editor")
    service.answers["notifications.write_campaign"] = Refusal([
        Fault("field_required", "wording/sms/en"), Fault("field_required", "wording/email/ar/body/0"),
        Fault("campaign_hours", "hours_until", {"hours_from": "20:00", "hours_until": "09:00", "quiet": "22-08"})])
    answer = client.post(f"{ALL}/new", data=form(client, **{**WRITTEN, "email/ar/subject": "مواعيد"}))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "مواعيد رمضان" in page
    for field in ("sms-en", "email-ar-body", "hours_until"):
        assert f'href="#{field}"' in page and f'id="{field}-wrong-1"' in page, field
    sent = service.called[-1].payload["wording"]["email"]["ar"]
    assert sent == {"subject": "مواعيد", "body": []}


def test_a_list_is_handed_on_in_pieces_and_one_of_another_kind_is_not(service: Service) -> None:
    client = as_(service, "message_editor")
    service.answers |= {"notifications.begin_list": {"audience_id": ONE, "piece_bytes": 262144, "pieces": 1},
                        "notifications.add_list_piece": {"audience_id": ONE, "missing": []},
                        "notifications.end_list": {"audience_id": ONE, "state": "reading"}}
    file = (io.BytesIO(b"phone,name\n01012345678,x\n"), "people.csv")
    assert client.post(f"{PAGE}/list", data=form(client, file=file)).location == f"{PAGE}?done=chosen"
    assert [one.method.partition(".")[2] for one in service.called[-3:]] == ["begin_list", "add_list_piece", "end_list"]
    for wrong in ((io.BytesIO(b"x"), "people.pdf"), (io.BytesIO(b""), "people.csv")):
        answer = client.post(f"{PAGE}/list", data=form(client, file=wrong))
        assert answer.status_code == 422 and 'id="file-wrong-1"' in answer.get_data(as_text=True)


def test_broken_lines_are_told_by_their_number_and_left_out_as_many_as_were_seen(service: Service) -> None:
    client = as_(service, "message_editor", audience={**AUDIENCE, "state": "faulty"})
    broken = {"line": 3, "field": "phone", "code": "phone_invalid", "params": {}}
    service.answers |= {"notifications.audience_faults": {"next": None, "faults": [broken]},
                        "notifications.accept_audience": AUDIENCE}
    page = client.get(PAGE).get_data(as_text=True)
    assert "السطر 3" in page and TEXTS["campaigns.accept"][0].format(count=1) in page
    client.post(f"{PAGE}/acceptance", data=form(client, broken="1"))
    assert service.called[-1].payload == {"campaign_id": ONE, "broken": 1}


SUBMITTED = {"state": "submitted", "possible": ["approve", "refuse", "cancel"], "audience": AUDIENCE,
             "estimate": {"done": True, "price": 1500}}  # fmt: skip


def test_another_person_decides_and_who_wrote_it_is_told_so(service: Service) -> None:
    service.answers |= {"notifications.preview_campaign": {"messages": [], "estimate": None, "notes": []},
                        "notifications.decide_campaign": {**MOVED, "state": "approved"}}
    client = as_(service, "centre_manager", **SUBMITTED)
    page = client.get(PAGE).get_data(as_text=True)
    assert f"{PAGE}/approve" in page and "&lt;المركز&gt;" in page and "<المركز>" not in page
    assert client.post(f"{PAGE}/approve", data=form(client, version="3")).location == f"{PAGE}?done=approve"
    assert service.called[-1].payload == {"campaign_id": ONE, "version": 3, "approve": True, "reason": None}
    own = as_(service, "centre_manager", **SUBMITTED, submitted_by="account:centre_manager")
    page = own.get(PAGE).get_data(as_text=True)
    assert f"{PAGE}/approve" not in page and TEXTS["campaigns.own"][0] in page


def test_nobody_stops_one_without_a_reason(service: Service) -> None:
    client = as_(service, "message_editor", state="running", possible=["schedule", "pause", "cancel"])
    service.answers["notifications.pause_campaign"] = refuse("campaign_reason_required", "reason")
    for reason in ("", "لا"):
        answer = client.post(f"{PAGE}/pause", data=form(client, reason=reason))
        assert answer.status_code == 422 and 'href="#reason-pause"' in answer.get_data(as_text=True)
    assert len([one for one in service.called if one.method == "notifications.pause_campaign"]) == 1


@pytest.mark.parametrize(("changes", "asks_again"), [
    ({"state": "running"}, True), ({"state": "paused"}, False),
    ({"audience": {**AUDIENCE, "state": "reading"}}, True), ({}, False)])
def test_what_changes_by_itself_is_asked_for_again(service: Service, changes: dict[str, Any], asks_again: bool) -> None:
    client = as_(service, "message_editor", **changes)
    assert ('hx-trigger="every 2s"' in client.get(PAGE).get_data(as_text=True)) is asks_again
    part = client.get(PAGE, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert part.lstrip().startswith('<div id="campaign-now"')


def test_the_list_tells_names_states_and_the_next_page(service: Service) -> None:
    listed = {name: CAMPAIGN[name] for name in CAMPAIGN if name not in ("wording", "audience", "estimate", "progress")}
    service.answers["notifications.campaigns"] = {"campaigns": [listed], "next": ONE}
    page = as_(service, "centre_manager").get(f"{ALL}?state=draft").get_data(as_text=True)
    assert "مواعيد &lt;المركز&gt;" in page and TEXTS["campaigns.state.draft"][0] in page and f"after={ONE}" in page
    assert service.called[-1].payload == {"state": "draft", "after": None}
    assert TEXTS["campaigns.new"][0] not in page, "who approves does not write"
