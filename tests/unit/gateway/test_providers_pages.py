"""The administrator's page about providers of messages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contracts.notifications_providers import WHAT
from rules.refusal import refuse
from services.gateway import colleagues
from services.gateway.web.pages.texts import TEXTS
from tests.unit.gateway.ground import Service, client_of

PATH = "/en/staff/messages/providers"


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> tuple[Service, Any]:
    service = Service()
    monkeypatch.setattr(colleagues, "names", lambda *_: {"a1": "هاني عادل"})
    service.answers["notifications.providers"] = {"providers": [
        {"name": "nile", "channel": "sms", "weight": 70, "weight_set": True, "health": 100, "on": True, "share": 63,
         "stepped_at": None},
        {"name": "smpp", "channel": "sms", "weight": 30, "weight_set": False, "health": 50, "on": False, "share": 0,
         "stepped_at": None}]}
    service.answers["notifications.provider_changes"] = {"next": 7, "changes": [
        {"id": 8, "at": "2026-11-21T10:00:00+00:00", "channel": "sms", "name": "smpp", "what": "switched_off",
         "reason": "انقطاع عند الشركة", "actor": "a1"}]}
    service.answers["notifications.steer_provider"] = {"name": "nile"}
    return service, client_of(service, service.log_in("administrator"))


def form_of(page: str, name: str) -> dict[str, str]:
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if f'/providers/{name}"' in one)
    return dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', form))


def test_each_is_shown_with_its_part_and_how_the_parts_came_about(desk: Any) -> None:
    service, client = desk
    page = client.get(PATH).text
    assert all(said in page for said in ("63%", "set by hand", "of the settings", "switched off", "هاني عادل"))
    client.get(f"{PATH}?after=7")
    assert service.called[-1].payload == {"after": 7, "limit": 20}


@pytest.mark.parametrize(("typed", "weight", "on"), [
    ({"weight": "٤٠", "on": ""}, 40, None), ({"weight": "", "on": "no"}, None, False),
    ({"weight": "0", "on": "yes"}, 0, True)])
def test_one_is_steered_once_and_what_is_left_empty_stays(
        desk: Any, typed: dict[str, str], weight: int | None, on: bool | None) -> None:  # fmt: skip
    service, client = desk
    form = form_of(client.get(PATH).text, "nile")
    for _ in range(2):
        assert client.post(f"{PATH}/nile", data={**form, **typed, "reason": "شكاوى تأخير"}).status_code == 303
    sent = [one for one in service.called if one.method == "notifications.steer_provider"]
    assert sent[0].payload == {"name": "nile", "weight": weight, "on": on, "reason": "شكاوى تأخير"}
    assert len({one.command_id for one in sent}) == 1


def test_all_that_is_wrong_is_said_at_once_and_kept(desk: Any) -> None:
    service, client = desk
    form = form_of(client.get(PATH).text, "smpp")
    page = client.post(f"{PATH}/smpp", data={**form, "weight": "101", "on": "no", "reason": "x"})
    assert page.status_code == 422 and 'href="#weight"' in page.text and 'href="#reason"' in page.text
    assert 'value="101"' in page.text and not [one for one in service.called if one.command_id]


def test_the_last_of_a_channel_is_not_taken_out(desk: Any) -> None:
    service, client = desk
    service.answers["notifications.steer_provider"] = refuse("provider_last", "on")
    form = form_of(client.get(PATH).text, "nile")
    page = client.post(f"{PATH}/nile", data={**form, "weight": "", "on": "no", "reason": "انقطاع"})
    assert page.status_code == 422 and "Switch another one on first" in page.text


def test_every_change_has_a_name() -> None:
    assert [what for what in WHAT if f"providers.what.{what}" not in TEXTS] == []


def test_nobody_else_comes_in() -> None:
    service = Service()
    assert client_of(service, service.log_in("centre_manager")).get(PATH).status_code == 403
