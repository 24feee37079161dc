"""An administrator registers an agency, records what was agreed, subscribes it, tries its receiver, and watches; a
follower of the governorate sees it and changes nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import at, reads
from tests.journeys.ways import WAYS

ISSUED, MOVED = "requests.licence.issued.v1", "requests.request.moved.v1"
REASON = "نقل المستقبل إلى خادم آخر"


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An agency's own, which takes what comes: its address, and what it was posted."""
    came: list[dict[str, Any]] = []

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append({"headers": dict(self.headers.items()),
                         "event": json.loads(self.rfile.read(int(self.headers["content-length"])))})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing of it belongs into the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Takes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/in", came
    server.shutdown()


@WAYS
def test_an_agency_from_its_registration_to_its_first_sample(
    visit: Any, receiver: tuple[str, list[dict[str, Any]]], device: str, lang: str
) -> None:
    address, came = receiver
    admin = visit(device, lang)
    page, t = admin.page, admin.t
    admin.log_in("platform")
    admin.go("/staff/agencies")
    admin.press(t("agencies.new"))
    admin.press(t("agencies.register"))
    reads(page, t("form.faults"))
    admin.see("agency-new-faults")
    page.get_by_label(t("agencies.name_ar")).fill("الحماية المدنية بالقاهرة")
    page.get_by_label(t("agencies.name_en")).fill("Cairo Civil Defence")
    page.get_by_label(t("agencies.code")).fill(f"civil-defence-{device}-{lang}")
    admin.press(t("agencies.register"))
    reads(page, t("agencies.no_agreements"), t("agencies.no_subscriptions"))
    admin.see("agency")

    admin.press(t("keys.new"))
    admin.press(t("keys.make"))
    reads(page, t("form.faults"))
    page.locator("input[name=scopes][value='feed.read']").check()
    admin.see("agency-key-new")
    admin.press(t("keys.make"))
    expect(page.locator("#secret")).to_contain_text("shk_")
    admin.press(t("agencies.copied"))
    reads(page, t("keys.holds"), t("keys.unused"))

    admin.press(t("agencies.new_agreement"))
    admin.press(t("agencies.record"))
    reads(page, t("form.faults"))
    page.get_by_label(t("agencies.reference")).fill("بروتوكول 7 لسنة 2026")
    admin.press(page.locator("details.of-service", has=page.locator(f"input[value='{MOVED}']")).locator("> summary"))
    page.locator(f"input[name=events][value='{MOVED}']").check()
    page.locator(f"input[name=events][value='{ISSUED}']").check()
    admin.press(page.locator(".of-type", has=page.locator(f"input[value='{ISSUED}']")).locator("summary"))
    page.locator(f"input[name='fields/{ISSUED}'][value=serial]").check()
    admin.see("agreement-new")
    admin.press(t("agencies.record"))
    reads(page, t("agencies.holds"), t(f"events.type.{ISSUED}"), "serial", t("agencies.every_governorate"))
    admin.see("agreement")

    admin.press(t("agencies.new_subscription"))
    page.get_by_label(t("agencies.subscription_name")).fill("تراخيص القاهرة")
    page.locator("input[name=way][value=webhook]").check()
    admin.press(page.locator("#webhook > summary"))
    page.get_by_label(t("agencies.endpoint")).fill("https://10.0.0.1/in")
    admin.press(t("agencies.subscribe"))
    reads(page, t("form.faults"))
    admin.see("subscription-new-private-address")
    page.get_by_label(t("agencies.endpoint")).fill(address)
    admin.press(t("agencies.subscribe"))
    expect(page.locator("#secret")).to_contain_text("whsec_")
    admin.see("subscription-secret")
    admin.press(t("agencies.copied"))
    reads(page, t("agencies.condition.well"), t("agencies.never"), "127.0.0.1")
    admin.see("subscription")

    admin.press(page.locator("summary", has_text=t("agencies.do.test")))
    admin.press(page.locator("form[action$='/test'] button"))
    reads(page, t("agencies.test_taken"), "HTTP 204")
    admin.see("subscription-tested")
    [sample] = [one for one in came if one["event"].get("sample")]  # beside what another journey left on its way
    assert sample["event"]["type"] == ISSUED and sample["event"]["sample"] is True
    assert set(sample["event"]["data"]) == {"serial"} and sample["headers"]["webhook-signature"].startswith("v1,")

    admin.press(page.locator("summary", has_text=t("agencies.do.pause")))
    admin.press(page.locator("form", has=page.locator("#pause_reason")).get_by_role("button"))
    reads(page, t("form.faults"))
    page.locator("#pause_reason").fill(REASON)
    admin.press(page.locator("form", has=page.locator("#pause_reason")).get_by_role("button"))
    reads(page, t("agencies.done.pause"), t("agencies.condition.paused"), REASON)
    admin.press(t("agencies.do.resume"))
    reads(page, t("agencies.done.resume"), t("agencies.condition.well"))

    admin.go("/staff/agencies")
    reads(page, "تراخيص القاهرة", t("agencies.condition.well"))
    admin.see("agencies")


@WAYS
def test_events_are_found_and_read_by_whoever_builds_on_them(visit: Any, device: str, lang: str) -> None:
    developer = visit(device, lang)
    page, t = developer.page, developer.t
    developer.go("/developers")
    developer.press(t("dev.events"))
    reads(page, t("events.way.agencyFeed"))
    developer.see("events")
    page.get_by_label(t("events.search")).fill("licence issued")
    developer.press(t("search.button"))
    developer.press(page.get_by_role("link", name=ISSUED))
    at(page, f"/developers/events/{ISSUED}")
    reads(page, "serial", "valid_until", t("events.sample"))
    developer.see("event")


def test_who_follows_the_governorate_watches_and_changes_nothing(visit: Any, url: str) -> None:
    follower = visit("desk", "ar")
    follower.log_in("governorate")
    follower.go("/staff/agencies")
    reads(follower.page, follower.t("agencies.title"))
    expect(follower.page.get_by_role("link", name=follower.t("agencies.new"))).to_have_count(0)
    answer = follower.page.goto(f"{url}/ar/staff/agencies/new")
    assert answer is not None and answer.status == 403


def test_an_administrator_of_one_unit_is_not_led_there(visit: Any) -> None:
    of_a_unit = visit("desk", "ar")
    of_a_unit.log_in("admin")
    expect(of_a_unit.page.get_by_role("link", name=of_a_unit.t("agencies.title"))).to_have_count(0)
