"""The administrator's pages about partners' keys and the governorate's units, and how a device is made known by its
text."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from rules.refusal import Fault, Refusal, refuse
from services.gateway import colleagues, partners, people
from services.gateway.web.platform import Platform
from tests.unit.gateway.ground import TASK_ID, Service, client_of

KEY: dict[str, Any] = {
    "key_id": TASK_ID, "name": "بنك النيل", "prefix": "shk_abcdefgh", "scopes": ["licence.verify"], "units": None,
    "per_minute": 300, "made_at": "2026-11-01T08:00:00+00:00", "made_by": "a1", "used_at": None,
    "expires_at": "2999-11-01T08:00:00+00:00", "revoked_at": None, "revoked_by": None, "revoked_because": None,
}  # fmt: skip
SECRET = "shk_abcdefgh-the-rest-of-it"
GIVEN = {"name": "بنك النيل", "scopes": ["licence.verify"], "days": "٩٠", "per_minute": "300"}
TEXT = {"unit": "EG-C-01", "label": "لوح 3", "kind": "tablet", "public_key": "mNkbmQ==", "proof": "YQ=="}
STANDING: dict[str, Any] = {
    "device_id": TASK_ID, "device_state": "certified", "highest": 3, "missing": [2], "applied": 1, "quarantined": 1,
    "closed": 0, "last_arrived_at": "2026-11-21T10:00:00+00:00", "last_bundle_at": None,
    "items": [{"number": 3, "kind": "intake", "state": "quarantined", "clerk_id": "a9",
               "received_at": "2026-11-21T10:00:00+00:00"}],
}  # fmt: skip


@pytest.fixture
def administrator(monkeypatch: pytest.MonkeyPatch) -> tuple[Service, Any]:
    """An administrator before a gateway whose commands are run as they come, without a database."""
    service = Service()
    monkeypatch.setattr(partners, "all_keys", lambda _: [KEY])
    monkeypatch.setattr(colleagues, "names", lambda *_: {"a1": "هاني عادل", "a9": "سلمى"})
    monkeypatch.setattr(Platform, "once", lambda self, *given: self.run(*given[3:]))
    return service, client_of(service, service.log_in("administrator", unit=None))


def form_of(page: str) -> dict[str, str]:
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if 'name="once"' in one)
    return dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', form))


def test_a_key_is_shown_once_and_how_it_is_sent(administrator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = administrator
    asked: list[Any] = []

    def make(work: Any, body: Any, key_id: Any) -> dict[str, Any]:
        asked.append(body)
        return {**KEY, "key": SECRET}

    monkeypatch.setattr(partners, "make", make)
    form = form_of(client.get("/ar/staff/keys/new").text)
    page = client.post("/ar/staff/keys/new", data={**form, **GIVEN, "units": ["EG-C-01"]})
    assert f"Authorization: Bearer {SECRET}" in page.text and "no-store" in page.headers["Cache-Control"]
    assert asked == [{"name": "بنك النيل", "scopes": ["licence.verify"], "units": ["EG-C-01"], "days": 90,
                      "per_minute": 300}]
    assert SECRET not in client.get("/ar/staff/keys").text + client.get(f"/ar/staff/keys/{TASK_ID}").text


def test_the_same_wish_again_tells_no_key_and_what_to_do(administrator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = administrator
    monkeypatch.setattr(Platform, "once", lambda *_: KEY)
    page = client.post("/en/staff/keys/new", data={**form_of(client.get("/en/staff/keys/new").text), **GIVEN}).text
    assert "Bearer" not in page and "revoke it and make another" in page


def test_every_fault_of_a_key_is_said_at_its_field_and_what_was_typed_is_kept(
        administrator: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    _, client = administrator

    def make(work: Any, body: Any, key_id: Any) -> dict[str, Any]:
        assert (body["days"], body["per_minute"]) == (-1, -1)
        raise Refusal([Fault("partner_name_invalid", "name"), Fault("scope_unknown", "scopes", {"scope": ""}),
                       Fault("key_days", "days", {"most": 730}), Fault("key_rate", "per_minute", {"most": 6000})])

    monkeypatch.setattr(partners, "make", make)
    form = form_of(client.get("/en/staff/keys/new").text)
    page = client.post("/en/staff/keys/new", data={**form, "name": "x", "days": "soon", "per_minute": "0"})
    assert page.status_code == 422 and 'value="soon"' in page.text and 'value="x"' in page.text
    assert all(f'href="#{name}"' in page.text for name in ("name", "scopes", "days", "per_minute"))
    assert "No scopes of a key" not in page.text, "nothing was chosen, and nothing that was chosen is wrong"


def test_a_key_is_ended_for_a_reason(administrator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = administrator
    ended: list[str] = []

    def revoke(work: Any, key_id: Any, reason: str) -> dict[str, Any]:
        if len(reason) < partners.SHORTEST_REASON:
            raise refuse("reason_short", "reason", least=partners.SHORTEST_REASON)
        ended.append(reason)
        return {"key_id": str(key_id), "revoked_at": None}

    monkeypatch.setattr(partners, "revoke", revoke)
    form = form_of(client.get(f"/ar/staff/keys/{TASK_ID}").text)
    page = client.post(f"/ar/staff/keys/{TASK_ID}", data={**form, "reason": "لا"})
    assert page.status_code == 422 and 'href="#reason"' in page.text and 'value="لا"' in page.text
    answer = client.post(f"/ar/staff/keys/{TASK_ID}", data={**form, "reason": "انتهى التعاقد مع الجهة"})
    assert answer.status_code == 303 and ended == ["انتهى التعاقد مع الجهة"]


@pytest.mark.parametrize(("change", "said"), [
    ({}, "In force"), ({"expires_at": "2020-01-01T00:00:00+00:00"}, "Ended"),
    ({"revoked_at": "2026-11-02T08:00:00+00:00", "revoked_by": "a1", "revoked_because": "The contract ended"},
     "Revoked")])
def test_how_a_key_stands_is_said_and_one_that_was_revoked_is_not_revoked_again(
        administrator: Any, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], said: str) -> None:  # fmt: skip
    _, client = administrator
    monkeypatch.setattr(partners, "all_keys", lambda _: [{**KEY, **change}])
    assert f">{said}</strong>" in client.get("/en/staff/keys").text
    page = client.get(f"/en/staff/keys/{TASK_ID}").text
    assert (f'action="/en/staff/keys/{TASK_ID}"' in page or 'name="reason"' in page) is (said != "Revoked")


def test_a_key_out_of_reach_is_none(administrator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, client = administrator
    monkeypatch.setattr(partners, "all_keys", lambda _: [])
    assert client.get(f"/en/staff/keys/{TASK_ID}").status_code == 404


def test_units_are_shown_with_their_kind_their_standing_and_their_accounts(
        administrator: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    _, client = administrator
    monkeypatch.setattr(people, "counts", lambda _: {"EG-C-01": {"active": 14, "inactive": 3},
                                                        None: {"active": 6, "inactive": 0}})
    page = client.get("/en/staff/units").text
    row = re.search(r'<tr><th scope="row"><a href="/en/staff/people\?unit=EG-C-01">.*?</tr>', page, re.S)
    assert row and "<td>14</td><td>3</td>" in row[0] and "<td>District</td>" in row[0]
    assert "Work for the whole governorate" in page and "EG-GZ" not in page


def test_who_administers_one_unit_sees_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    client = client_of(service, service.log_in("administrator", unit="EG-C-01"))
    monkeypatch.setattr(people, "counts", lambda _: {})
    page = client.get("/en/staff/units").text
    assert page.count("<tr>") == 2 and "EG-C-01" in page


def test_a_device_is_made_known_by_the_text_that_it_shows(administrator: Any) -> None:
    service, client = administrator
    service.answers["requests.register_device"] = {"device_id": TASK_ID}
    form = form_of(client.get("/ar/staff/devices/new").text)
    typed = orjson.dumps(TEXT, option=orjson.OPT_INDENT_2).decode()
    for _ in range(2):
        answer = client.post("/ar/staff/devices/new", data={**form, "registration": f"\n{typed}\n"})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/ar/staff/devices/{TASK_ID}")
    assert service.called[0].payload == TEXT and len({one.command_id for one in service.called}) == 1


@pytest.mark.parametrize("typed", ["", "hello", "[]", "{}", orjson.dumps({**TEXT, "kind": "fridge"}).decode()])
def test_another_text_is_said_to_be_none_and_kept(administrator: Any, typed: str) -> None:
    service, client = administrator
    form = form_of(client.get("/en/staff/devices/new").text)
    page = client.post("/en/staff/devices/new", data={**form, "registration": typed})
    assert page.status_code == 422 and 'href="#registration"' in page.text and service.called == []
    assert "This is not the text that the device shows" in page.text


def test_what_is_wrong_with_a_device_is_said_at_its_text(administrator: Any) -> None:
    service, client = administrator
    service.answers["requests.register_device"] = refuse("device_key_known", "public_key")
    form = form_of(client.get("/en/staff/devices/new").text)
    page = client.post("/en/staff/devices/new", data={**form, "registration": orjson.dumps(TEXT).decode()})
    assert page.status_code == 422 and 'href="#registration"' in page.text and "mNkbmQ==" in page.text


@pytest.mark.parametrize("role", ["administrator", "centre_manager"])
def test_what_came_of_a_device_is_seen_with_what_is_missing(administrator: Any, role: str) -> None:
    service, _ = administrator
    client = client_of(service, service.log_in(role))
    service.answers["requests.device_items"] = STANDING
    page = client.get(f"/en/staff/devices/{TASK_ID}/items").text
    assert all(said in page for said in ("Application taken", "Waits for a person", "سلمى", ">2</strong>"))
    assert (f'href="/en/staff/devices/{TASK_ID}"' in page) is (role == "administrator")


@pytest.mark.parametrize("path", ["keys", "keys/new", f"keys/{TASK_ID}", "units", "devices/new"])
def test_nobody_else_comes_in(path: str) -> None:
    service = Service()
    client = client_of(service, service.log_in("centre_manager"))
    assert client.get(f"/ar/staff/{path}").status_code == 403
