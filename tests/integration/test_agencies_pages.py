"""Pages of agencies over real tables: what a subscription is asked to do, its dead letters, secrets shown once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from chassis.database import Statement
from infra.demo.walk import PASSWORD
from services.gateway import accounts
from services.gateway.agencies import agreements, subscriptions, watching
from services.gateway.agencies.webhooks.engine import Engine
from tests.support.agencies_amqp import ISSUED, MOVED, Centre
from tests.support.centre_door import Door, browser
from tests.support.days import today
from tests.support.line import until

REASON = "لم يعد مطلوباً عند الجهة"
_AGE = Statement(text("UPDATE delivery SET state = 'dead', next_at = NULL WHERE state = 'waiting'"))


@dataclass
class Desk:
    """Somebody of the staff in front of the pages."""

    client: Any

    def get(self, path: str, **headers: str) -> str:
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text[:2000]
        return unescape(answer.text)

    def post(self, page: str, form: str, **given: Any) -> TestResponse:
        """Fill in and send the form of a page that has this field or goes to this address."""
        shown = self.client.get(page).text
        found = next(one for one in re.findall(r"<form[^>]*method=\"post\".*?</form>", shown, re.DOTALL) if form in one)
        action = re.search(r'action="([^"]+)"', found)
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found))
        answer: TestResponse = self.client.post(unescape(action[1]) if action else page, data={**hidden, **given})
        return answer


@pytest.fixture
def place(database_url: Callable[[str], str]) -> Iterator[Centre]:
    found = Centre(database_url("gateway"), {"SHUBBAK_WEBHOOK_NETWORKS": "127.0.0.0/8", "SHUBBAK_RATE_LIMITS": "off"})
    yield found
    found.close()


@pytest.fixture
def desk(place: Centre) -> Desk:
    if not place.unit_of_work().scalar(Statement(text("SELECT count(*) FROM account"))):
        place.attempt(lambda work: accounts.create(
            work, username="platform", password=PASSWORD, display_name="مدير المنصة", roles=("administrator",),
            unit=None, department=None))  # fmt: skip
    client = browser(Door(place).app())  # type: ignore[arg-type]
    sitting = Desk(client)
    assert sitting.post("/ar/staff/login", "username", username="platform", password=PASSWORD).status_code == 303
    return sitting


def agency(place: Centre, code: str, **more: Any) -> tuple[tuple[UUID, UUID], str]:
    made = place.agency(code, **more)
    return made, f"/ar/staff/agencies/{made[0]}/agreements/{made[1]}/subscriptions/new"


def test_dead_letters_are_shown_sent_again_and_let_go_with_a_reason(place: Centre, desk: Desk) -> None:
    of, _ = agency(place, "closed-door")
    mine = place.subscribe(of, way="webhook", endpoint="http://127.0.0.1:9999/in", signing="hmac")
    place.arrive(6, requests=2)
    engine = Engine(place.settings, place.unit_of_work)

    def both_failed() -> bool:
        engine.step()
        return bool(watching.watch(place.unit_of_work(), mine)["waiting"] == 2)

    until(both_failed, 60)
    engine.stop()
    unit = place.unit_of_work()
    unit.write(_AGE)
    unit.commit()
    page = f"/ar/staff/subscriptions/{mine}"
    shown = desk.get(page)
    assert "رسائل متعثرة" in shown and shown.count("اتركها") >= 2 and "ينتظر وراءها" in shown
    (first, *_) = re.findall(rf'action="{page}/dead-letters/([0-9a-f-]+)"', shown)

    refused = desk.post(page, f"reason-{first}", reason="لا")
    assert refused.status_code == 422 and f'href="#reason-{first}"' in refused.text and 'value="لا"' in refused.text
    assert desk.post(page, f"reason-{first}", reason=REASON).status_code == 303
    assert watching.watch(place.unit_of_work(), mine)["dead"] == 1
    assert desk.post(page, f"{page}/dead-letters\"").status_code == 303
    told = watching.watch(place.unit_of_work(), mine)
    assert told["dead"] == 0 and told["waiting"] >= 1
    assert "dead_letter.let_go" in audited(place) and "dead_letter.replayed" in audited(place)


def audited(place: Centre) -> set[str]:
    return {row.action for row in place.unit_of_work().all(Statement(text("SELECT action FROM audit")))}


def test_a_secret_is_shown_once_and_a_form_sent_twice_has_one_effect(place: Centre, desk: Desk) -> None:
    _, new = agency(place, "twice")
    form = desk.client.get(new).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    given = {**hidden, "name": "حركة الطلبات", "way": "webhook", "endpoint": "http://127.0.0.1:9999/in",
             "signing": "hmac", "mode": "structured", "at_once": "4"}  # fmt: skip
    first, again = desk.client.post(new, data=given).text, desk.client.post(new, data=given).text
    (secret,) = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", first))
    assert "whsec_" not in again and "ظهر من قبل" in unescape(again)
    rows = [one for one in subscriptions.every(place.unit_of_work()) if one["agency"] == "twice"]
    assert len(rows) == 1 and rows[0]["at_once"] == 4
    page = f"/ar/staff/subscriptions/{rows[0]['subscription_id']}"
    assert secret not in desk.get(page)
    rotated = desk.post(page, "/secret", signing="ed25519", overlap_hours="12")
    assert "whpk_" in rotated.text and "whpk_" in desk.get(page) and "السر السابق يوقّع" in desk.get(page)
    assert desk.post(page, "/secret", signing="hmac", overlap_hours="9999").status_code == 422


def test_everything_that_is_wrong_is_said_at_once_and_what_was_typed_is_kept(place: Centre, desk: Desk) -> None:
    (agency_id, _), new = agency(place, "faulty", events=(MOVED,))
    answer = desk.post(new, "endpoint", name="x", way="webhook", endpoint="ftp://here", at_once="900",
                       events=[ISSUED], signing="hmac", mode="structured")  # fmt: skip
    assert answer.status_code == 422
    for field in ("name", "endpoint", "at_once", "events"):
        assert f'href="#{field}"' in answer.text, field
    assert 'value="ftp://here"' in answer.text and 'value="900"' in answer.text
    answer = desk.post(new, "endpoint", name="اسم كامل", signing="hmac", mode="structured", at_once="8")
    assert answer.status_code == 422 and 'href="#way"' in answer.text

    form = f"/ar/staff/agencies/{agency_id}/agreements/new"
    answer = desk.post(form, "reference", reference="", valid_from="2026-13-01", valid_until="")
    assert answer.status_code == 422
    assert 'href="#valid_from"' in answer.text and 'href="#valid_until"' in answer.text
    answer = desk.post(form, "reference", reference="x", valid_from="2026-01-01", valid_until="2020-01-01")
    for field in ("reference", "events", "valid_until"):
        assert f'href="#{field}"' in answer.text, field


def test_a_subscription_is_paused_resumed_replayed_changed_and_ended(place: Centre, desk: Desk) -> None:
    of, new = agency(place, "acting")
    assert desk.post(new, "endpoint", name="قائمة الجهة", way="feed", at_once="8").status_code == 303
    mine = next(one["subscription_id"] for one in subscriptions.every(place.unit_of_work(), of[0]))
    page = f"/ar/staff/subscriptions/{mine}"
    place.arrive(5)
    assert watching.watch(place.unit_of_work(), UUID(mine))["lag"] == 5
    for act, given in (("pause", {"pause_reason": REASON}), ("resume", {}), ("change", {"name": "اسم آخر"}),
                       ("replay", {"since": place.now.date().isoformat()})):
        answer = desk.post(page, f'value="{act}"', **given)
        assert answer.status_code == 303, (act, unescape(answer.text)[:3000])
    assert "اسم آخر" in desk.get(page)
    for act, field, wrong in (("pause", "pause_reason", ""), ("end", "end_reason", "لا"), ("replay", "since", ""),
                              ("replay", "since", "1999-01-01"), ("change", "name", "")):
        answer = desk.post(page, f'value="{act}"', **{field: wrong})
        assert answer.status_code == 422 and f'href="#{field}"' in answer.text, act
    part = desk.get(page, **{"HX-Request": "true", "HX-Target": "watch"})
    assert part.lstrip().startswith('<div id="watch"') and "<html" not in part
    assert desk.post(page, 'value="end"', end_reason=REASON).status_code == 303
    ended = desk.get(page)
    assert "أُنهي ولا يعود" in ended and "<form" not in ended.partition("</h1>")[2]


def test_what_waits_is_drawn_and_asks_for_itself_again(place: Centre, desk: Desk) -> None:
    of, _ = agency(place, "slow")
    place.subscribe(of, way="amqp")
    place.arrive(7)
    page = desk.get("/en/staff/agencies")
    assert 'data-chart="rows"' in page and 'data-value="7"' in page and "agency slow" in page.lower()
    part = desk.get("/en/staff/agencies", **{"HX-Request": "true", "HX-Target": "subscriptions"})
    assert part.lstrip().startswith('<div id="subscriptions"') and "<html" not in part


def test_a_key_of_an_agency_is_made_shown_once_and_listed(place: Centre, desk: Desk) -> None:
    (agency_id, _), _ = agency(place, "keyed")
    form = f"/ar/staff/agencies/{agency_id}/keys/new"
    refused = desk.post(form, "per_minute", days="30", per_minute="60")
    assert refused.status_code == 422 and 'href="#scopes"' in refused.text
    made = desk.post(form, "per_minute", days="٣٠", per_minute="60", scopes=["feed.read"])
    (key,) = set(re.findall(r"shk_[\w-]{40,}", made.text))
    listed = desk.get(f"/ar/staff/agencies/{agency_id}")
    assert key not in listed and key[:12] in listed
    assert desk.post(f"/ar/staff/agencies/{agency_id}", 'value="close"', reason="قصير").status_code == 422
    assert desk.post(f"/ar/staff/agencies/{agency_id}", 'value="close"', reason=REASON).status_code == 303
    shown = desk.get(f"/ar/staff/agencies/{agency_id}")
    assert "أُوقف التعامل معها" in shown and "ألغي" in shown.replace("أُلغي", "ألغي")


def test_at_the_centre_services_and_bodies_are_those_of_the_governorates(place: Centre, desk: Desk) -> None:
    definition = {"name": {"ar": "ترخيص تجربة", "en": "Trial licence"},
                  "external_bodies": [{"code": "trial_body", "name": {"ar": "جهة التجربة", "en": "Trial body"}}]}

    def offer(work: Any) -> None:
        work.write(Statement(text("INSERT INTO national_definition (digest, document) VALUES ('\\x01', "
                                  "CAST(:document AS jsonb)) ON CONFLICT DO NOTHING")), document=json.dumps(definition))
        work.write(Statement(text("INSERT INTO national_edition (governorate, code, version, effective_from, digest, "
                                  "position) VALUES ('EG-C', 'trial-licence', 1, '2026-01-01', '\\x01', 1) "
                                  "ON CONFLICT DO NOTHING")))  # fmt: skip

    place.attempt(offer)
    assert "جهة التجربة" in desk.get("/ar/staff/agencies/new")
    answer = desk.post("/ar/staff/agencies/new", "name_ar", name_ar="جهة للتجربة", name_en="For a trial",
                       code="for-trial", bodies=["trial_body", "nobody_knows"])  # fmt: skip
    assert answer.status_code == 422 and "nobody_knows" in answer.text
    made = desk.post("/ar/staff/agencies/new", "name_ar", name_ar="جهة للتجربة", name_en="For a trial",
                     code="for-trial", bodies=["trial_body"])  # fmt: skip
    assert made.status_code == 303 and "جهة التجربة" in desk.get(made.headers["Location"])
    form = made.headers["Location"] + "/agreements/new"
    assert "ترخيص تجربة" in desk.get(form)
    since = today()  # the pages go by the real clock
    agreed = {"reference": "2026/99", "valid_from": since.isoformat(),
              "valid_until": (since + timedelta(days=365)).isoformat(), "events": [MOVED]}  # fmt: skip
    refused = desk.post(form, "reference", **agreed, services=["nothing-such"])
    assert refused.status_code == 422 and 'href="#services"' in refused.text
    assert desk.post(form, "reference", **agreed, services=["trial-licence"]).status_code == 303


def test_who_may_consume_by_amqp_no_more_is_named_with_the_command_that_removes_its_queue(
    place: Centre, desk: Desk
) -> None:
    (agency_id, first), _ = agency(place, "queued")
    place.subscribe((agency_id, first))
    pages = (f"/ar/staff/agencies/{agency_id}", f"/ar/staff/agencies/{agency_id}/agreements/{first}")
    for page in pages:
        assert "infra.broker" not in desk.get(page)
    assert desk.post(pages[1], "value=\"end\"", reason=REASON, act="end").status_code == 303
    for page in pages:
        assert "infra.broker declare-centre" in desk.get(page) and "لم يعد لهذه الجهة" in desk.get(page)


def test_an_agreement_on_what_is_offered_no_more_says_that_nothing_of_it_comes(place: Centre, desk: Desk) -> None:
    (agency_id, first), _ = agency(place, "outdated")
    page = f"/en/staff/agencies/{agency_id}/agreements/{first}"
    assert "offered no more" not in desk.get(page)
    with place.database.transaction() as connection:
        connection.execute(text("UPDATE agreement SET events = events || ARRAY['requests.request.moved.v0'] "
                                "WHERE id = :one"), {"one": first})
    shown = desk.get(page)
    assert "requests.request.moved.v0" in shown and "the agency gets nothing of them" in shown
    [told] = place.attempt(lambda work: agreements.of_agency(work, agency_id))
    assert told["no_longer_offered"] == ["requests.request.moved.v0"]
