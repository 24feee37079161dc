"""The operator's pages and API of the links: what is shown of each, and that parked messages are settled once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from contracts.link import REASONS
from rules.link_watch import Concern, Condition
from rules.refusal import refuse
from services.gateway import links
from services.gateway.web.pages import links as pages
from services.gateway.web.pages.texts import TEXTS
from services.gateway.web.platform import Platform
from tests.unit.gateway.ground import TASK_ID, Service, client_of

ROOT = Path(__file__).parents[3]
AT = "2026-11-21T10:00:00+00:00"
LINK: dict[str, Any] = {
    "peer": "EG-SUZ", "condition": "silent", "concerns": ["silent", "parked", "clock"], "state": "linked",
    "lost": [], "heard_at": AT, "skew_ms": -4200, "version": "1.8.0", "parked": 1, "parked_deliveries": 7,
    "differing_days": 0,
    "sending": {"epoch": 2, "stored": 12_345, "sent": 12_000, "applied": 11_000, "backed_up": 9_000, "incarnation": 1,
                "backlog": 1_345, "oldest_at": AT, "oldest_seconds": 7 * 86400, "receipt_at": AT},
    "receiving": {"epoch": 1, "applied": 40, "backed_up": 40, "held": 2, "last_at": AT},
}
DETAIL = {
    **LINK, "as_of": AT, "recovered": 3, "sources": [{"service": "requests", "position": 77}],
    "days": [{"day": "2026-11-21", "out": 31, "in": 2}, {"day": "2026-11-20", "out": 0, "in": 0}],
    "types": [{"type": "requests.request.moved.v1", "out": 31, "in": 0}],
    "told": [{"day": "2026-11-20", "told_at": AT, "differs": {"payments.bill.paid.v1": [10, 9]}},
             {"day": "2026-11-19", "told_at": AT, "differs": {}}],
}
WAITING = {"id": TASK_ID, "epoch": 2, "sequence": 41, "type": "requests.request.moved.v9", "reason": "signature_bad",
           "detail": "k7", "count": 7, "first_at": AT, "last_at": AT, "bytes": 900, "genuine": False}
FACT = {"epoch": 1, "sequence": 9, "id": TASK_ID, "type": "requests.licence.issued.v1", "subject": TASK_ID, "time": AT,
        "received_at": AT, "data": {"serial": "C-2026-000009-T"}}  # fmt: skip


@pytest.fixture
def administrator(monkeypatch: pytest.MonkeyPatch) -> tuple[Service, Any]:
    service = Service()
    client = client_of(service)
    client.set_cookie("shubbak_staff", service.log_in("administrator"))
    monkeypatch.setattr(links, "overview", lambda _: {"as_of": AT, "node": "EG", "role": "centre", "epoch": 1,
                                                      "links": [LINK]})
    monkeypatch.setattr(links, "one", lambda _, peer: {**DETAIL, "peer": peer})
    monkeypatch.setattr(links, "parked", lambda *_: {"rows": [WAITING], "next": None})
    monkeypatch.setattr(links, "recovered", lambda *_: {"rows": [FACT], "next": "1-9"})
    return service, client


def _form(page: str, action: str) -> dict[str, str]:
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if action in one)
    return dict(re.findall(r'name="(csrf|once)" value="([^"]+)"', form))


def test_all_links_stand_in_one_table(administrator):
    _, client = administrator
    page = client.get("/ar/staff/links").text
    row = page[page.index("<tbody>") :]
    for told in ("السويس", "مقطوع", "1,345", "7 أيام", "متأخرة 4.2 ث", "1.8.0", "21 نوفمبر 2026، 12:00"):
        assert told in row, told
    part = client.get("/en/staff/links", headers={"HX-Target": "links"}).text
    assert part.lstrip().startswith('<div id="links"') and "Cut off" in part and "<h1>" not in part


def test_a_place_that_is_not_linked_says_so(administrator, monkeypatch):
    monkeypatch.setattr(links, "overview", lambda _: {"as_of": AT, "node": "EG-C", "role": "node", "epoch": 1,
                                                      "links": []})
    page = administrator[1].get("/en/staff/links").text
    assert "linked to no other" in page and "<table" not in page


def test_one_link_shows_both_ways_its_counts_and_where_they_differ(administrator):
    page = administrator[1].get("/en/staff/links/EG-SUZ").text
    for told in ("Suez", "more than a minute", "two seconds apart", "12,345", "payments.bill.paid.v1", "the same",
                 "3 facts given back", "bad signature", 'data-value="31"', 'data-chart="bars"'):
        assert told in page, told


def test_days_that_were_counted_differently_come_with_what_to_do_next(administrator, monkeypatch):
    monkeypatch.setattr(links, "one", lambda _, peer: {**DETAIL, "peer": peer, "concerns": ["differs"]})
    for language, told in (("en", "the steps are in docs/drills.md, drill 6"), ("ar", "docs/drills.md، البند 6")):
        assert told in administrator[1].get(f"/{language}/staff/links/EG-SUZ").text
    drills = (ROOT / "docs/drills.md").read_text(encoding="utf-8")
    assert "## 6. The daily counts differ" in drills
    assert "docs/drills.md, drill 6" in (ROOT / "infra/monitoring/alerts.yml").read_text(encoding="utf-8")


def test_a_link_that_is_not_there_is_not_found(administrator, monkeypatch):
    def none(*_: Any) -> Any:
        raise refuse("link_unknown")

    monkeypatch.setattr(links, "one", none)
    assert administrator[1].get("/ar/staff/links/EG-XX").status_code == 404


def test_what_proves_no_sender_cannot_be_applied_from_the_page(administrator, monkeypatch):
    client = administrator[1]
    assert "/replay" not in client.get("/ar/staff/links/EG-SUZ").text
    monkeypatch.setattr(links, "parked", lambda *_: {"rows": [{**WAITING, "genuine": True}], "next": None})
    assert "/replay" in client.get("/ar/staff/links/EG-SUZ").text


def test_settling_wants_a_reason_and_keeps_what_was_typed(administrator, monkeypatch):
    _, client = administrator

    def unexplained(*_: Any) -> Any:
        raise refuse("skip_reason_required", "reason")

    monkeypatch.setattr(links, "settle", unexplained)
    monkeypatch.setattr(Platform, "once", lambda _, _id, _method, _payload, work, _actor: work(None))
    form = _form(client.get("/ar/staff/links/EG-SUZ").text, "/settlement")
    page = client.post(f"/ar/staff/links/EG-SUZ/parked/{TASK_ID}/settlement", data={**form, "reason": "لا"})
    assert page.status_code == 422 and f'href="#reason-{TASK_ID}"' in page.text and 'value="لا"' in page.text


def test_what_is_not_given_back_is_named_and_written_off_only_with_a_reason(administrator, monkeypatch):
    service, client = administrator
    where = "/en/staff/links/EG-SUZ"
    assert "/write-off" not in client.get(where).text
    missing = {"epoch": 1, "first": 801, "last": 1_000}
    monkeypatch.setattr(links, "one", lambda _, peer: {**DETAIL, "peer": peer, "lost": [missing]})
    page = client.get(where).text
    assert "epoch 1: number 801 to number 1,000" in page and "takes no application" not in page
    monkeypatch.setattr(Platform, "at_centre", property(lambda _: True))
    assert "takes no application" in client.get(where).text

    def written_off(_: Any, peer: str, reason: str) -> Any:
        if len(reason) < 10:
            raise refuse("reason_short", "reason", least=10)
        return {"peer": peer, "lost": [missing], "numbers": 4}

    monkeypatch.setattr(links, "write_off", written_off)
    monkeypatch.setattr(Platform, "once", lambda _, _id, _method, _payload, work, _actor: work(None))
    form = _form(page, "/write-off")
    refused = client.post(f"{where}/write-off", data={**form, "reason": "لا"})
    assert refused.status_code == 422 and 'href="#reason-lost"' in refused.text and 'value="لا"' in refused.text
    done = client.post(f"{where}/write-off", data={**form, "reason": "لم يعد عندهم"})
    assert done.status_code == 303
    token = {"Authorization": f"Bearer {service.log_in('administrator')}", "Idempotency-Key": "write-off-1"}
    told = client.post("/api/v1/links/EG-SUZ/write-off", headers=token, json={"reason": "لم يعد عندهم"})
    assert told.get_json() == {"peer": "EG-SUZ", "lost": [missing], "numbers": 4}


def test_facts_that_were_given_back_are_listed(administrator):
    page = administrator[1].get("/en/staff/links/EG-SUZ/recovered").text
    assert "requests.licence.issued.v1" in page and "C-2026-000009-T" in page and "after=1-9" in page


def test_who_is_no_administrator_sees_no_link():
    service = Service()
    client = client_of(service)
    client.set_cookie("shubbak_staff", service.log_in("officer"))
    for path in ("", "/EG-SUZ", "/EG-SUZ/recovered"):
        assert client.get(f"/ar/staff/links{path}").status_code == 403


def test_the_api_tells_the_same(administrator):
    service, client = administrator
    token = {"Authorization": f"Bearer {service.log_in('administrator')}"}
    assert client.get("/api/v1/links", headers=token).get_json()["links"] == [LINK]
    assert client.get("/api/v1/links/EG-SUZ", headers=token).get_json()["told"] == DETAIL["told"]


@pytest.mark.parametrize(("seconds", "told"), [
    (None, "nothing"), (0, "less than a second"), (59, "59 s"), (60, "1 minute"), (7199, "119 minutes"),
    (7200, "2 hours"), (2 * 86400, "2 days"), (8 * 86400 - 1, "7 days"),
])  # fmt: skip
def test_an_age_is_told_in_the_largest_unit_that_fits(administrator, seconds, told):
    app = administrator[1].application
    with app.test_request_context("/en/"):
        from flask import g

        g.language = "en"
        assert pages.age(seconds) == told


def test_every_condition_and_concern_has_its_words():
    for condition in Condition.__args__:
        assert f"links.condition.{condition}" in TEXTS and condition in pages.KINDS
    assert all(f"links.concern.{concern}" in TEXTS for concern in Concern.__args__)
    assert all(f"links.why.{reason}" in TEXTS for reason in REASONS)


def test_it_is_called_by_what_is_at_the_other_end(administrator, monkeypatch):
    _, client = administrator
    node = client.get("/ar/staff/links").text
    monkeypatch.setattr(Platform, "at_centre", property(lambda _: True))
    centre = client.get("/ar/staff/links").text
    names = ("الربط بالمركز", "الربط بالمحافظات")
    for page, called, other in ((node, *names), (centre, *reversed(names))):
        assert f"<h1>{called}</h1>" in page and page.count(called) >= 4 and other not in page  # in the menu too
