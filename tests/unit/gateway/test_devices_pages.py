"""The administrator's pages about devices of the field app."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rules.refusal import refuse
from services.gateway import colleagues
from tests.unit.gateway.ground import TASK_ID, Service, client_of

DEVICE: dict[str, Any] = {
    "device_id": TASK_ID, "version": 3, "unit": "EG-C-01", "kind": "tablet", "label": "لوح 3", "public_key": "mNkbmQ==",
    "state": "certified", "certificate": "SHD1.a.b", "certified_by": "a1", "registered_by": "a1",
    "valid_from": "2026-11-01T08:00:00+00:00", "valid_until": "2027-04-30T08:00:00+00:00", "revoked_at": None,
    "contacted_at": "2026-11-21T10:00:00+00:00", "wipe": None, "wiped_at": None, "wiped_lost": [],
}  # fmt: skip
ENTRY = {**DEVICE, "serials": [], "tickets": [], "history": [
    {"at": "2026-11-01T08:00:00+00:00", "act": "register", "state": "pending", "by": "a1", "reason": None},
    {"at": "2026-11-02T08:00:00+00:00", "act": "suspend", "state": "suspended", "by": "a1", "reason": "ضاع اللوح"},
]}
ONE = f"/ar/staff/devices/{TASK_ID}"


@pytest.fixture
def administrator(monkeypatch: pytest.MonkeyPatch) -> tuple[Service, Any]:
    service = Service()
    client = client_of(service)
    client.set_cookie("shubbak_staff", service.log_in("administrator"))
    monkeypatch.setattr(colleagues, "names", lambda _, ids: {one: "إدارة المنصة" for one in ids if one})
    listed = {"devices": [{**DEVICE, "held": 4}], "next": None}
    service.answers |= {"requests.device": ENTRY, "requests.devices": listed}
    return service, client


def _form(page: str, change: str) -> dict[str, str]:
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if f"/{change}\"" in one)
    return dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', form))


def test_devices_are_listed_with_how_they_stand_and_are_found_in_the_menu(administrator):
    service, client = administrator
    page = client.get("/ar/staff/devices?unit=EG-C-01").text
    assert service.called[-1].payload == {"unit": "EG-C-01", "after": None}
    assert "لوح 3" in page and "معتمد" in page and "لوح الحي المتنقل" in page and ONE in page
    assert 'href="/ar/staff/devices"' in client.get("/ar/staff").text


def test_a_device_shows_what_was_done_to_it_and_offers_what_its_standing_permits(administrator):
    service, client = administrator
    page = client.get(ONE).text
    assert "ضاع اللوح" in page and "إدارة المنصة" in page
    offered = set(re.findall(rf'action="{ONE}/(\w+)"', page))
    assert offered == {"certify", "suspend", "revoke", "wipe"}
    service.answers["requests.device"] = {**ENTRY, "state": "revoked", "wiped_at": "2026-11-21T10:00:00+00:00",
                                          "wiped_lost": [7, 9], "serials": [{"kind": "tracking"}]}  # fmt: skip
    page = client.get(ONE).text
    assert set(re.findall(rf'action="{ONE}/(\w+)"', page)) == {"return_serials"} and "7، 9" in page


def test_a_stolen_device_is_told_once_to_empty_itself_however_often_it_is_pressed(administrator):
    service, client = administrator
    service.answers["requests.wipe_device"] = DEVICE
    form = {**_form(client.get(ONE).text, "wipe"), "reason": "سُرق اللوح، محضر 12", "at_once": "yes"}
    for _ in range(2):
        answer = client.post(f"{ONE}/wipe", data=form)
        assert answer.status_code == 303 and answer.headers["Location"] == f"{ONE}?done=device_wipe"
    sent = [one for one in service.called if one.method == "requests.wipe_device"]
    assert sent[0].payload == {"device_id": TASK_ID, "reason": "سُرق اللوح، محضر 12", "at_once": True}
    assert len({one.command_id for one in sent}) == 1
    assert "صدر أمر المسح" in client.get(f"{ONE}?done=device_wipe").text


def test_what_is_missing_is_said_at_its_field_and_what_was_typed_is_kept(administrator):
    service, client = administrator
    form = _form(client.get(ONE).text, "wipe")
    page = client.post(f"{ONE}/wipe", data={**form, "reason": "سُرق اللوح"})
    assert page.status_code == 422 and 'href="#at_once"' in page.text and "سُرق اللوح</textarea>" in page.text
    page = client.post(f"{ONE}/certify", data={**_form(client.get(ONE).text, "certify"), "days": "400"})
    assert page.status_code == 422 and 'href="#days"' in page.text and 'value="400"' in page.text
    page = client.post(f"{ONE}/wipe", data=form)
    assert 'href="#at_once"' in page.text and 'href="#reason"' in page.text
    assert len(re.findall(r'<input type="radio"[^>]*name="at_once"', page.text)) == 2
    service.answers["requests.suspend_device"] = refuse("field_invalid", "reason", reason="short")
    page = client.post(f"{ONE}/suspend", data={**_form(client.get(ONE).text, "suspend"), "reason": "لا"})
    assert page.status_code == 422 and 'href="#reason"' in page.text and page.text.count('id="reason"') == 1


def test_only_an_administrator_comes_in():
    service = Service()
    client = client_of(service)
    client.set_cookie("shubbak_staff", service.log_in("centre_manager"))
    assert client.get("/ar/staff/devices").status_code == 403
