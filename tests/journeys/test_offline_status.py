"""What a browser last saw of a followed request can be read without a line, for as long as its owner wishes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from infra.demo.walk import PHONE, Walk
from tests.journeys.conftest import Visitor, reads
from tests.journeys.following import Line, follow, line
from tests.journeys.test_citizen_log_in import code_of
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey
READY = "navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null)"
KEPT = "caches.open('shubbak-seen').then((kept) => kept.keys()).then((keys) => keys.length)"

ASKED = ("htmx:sendError", "htmx:afterRequest")  # what htmx says of a question that got no answer


@pytest.fixture
def own_line(url: str) -> Iterator[Line]:
    with line(url) as made:
        yield made


def on(visit: Callable[..., Visitor], own_line: Line, device: str, lang: str) -> Visitor:
    """A visitor whose browser reaches the platform over a line that can be cut."""
    owner = visit(device, lang)
    owner.url = own_line.url
    owner.complaints.clear()
    return owner


def opened(owner: Visitor, number: str, digits: str) -> None:
    """The request, followed on this device, with its service worker at work."""
    follow(owner, number, digits)
    owner.page.wait_for_function(READY)
    expect(owner.page.locator(".kept-here")).to_be_visible()


def is_about_no_line(owner: Visitor) -> None:
    """The browser's own words about the cut are no complaint of ours, nor those of a page that was just asking anew how
    the request stands, as it does by itself every few seconds."""
    owner.complaints[:] = [one for one in owner.complaints if "net::ERR_" not in one and not one.startswith(ASKED)]


@WAYS
def test_what_was_last_seen_is_read_without_a_line_and_says_as_of_when(
    visit: Callable[..., Visitor], own_line: Line, walk: Walk, device: str, lang: str
) -> None:
    number = walk.lodge()["tracking_number"]
    owner = on(visit, own_line, device, lang)
    page = owner.page
    opened(owner, number, walk.last4)
    own_line.cut()
    owner.go(f"/follow/{number}")
    seen = page.locator("li.seen")
    expect(seen).to_have_count(1)
    said = seen.inner_text()
    assert number in said and owner.t("stand.with.payment") in said
    assert owner.t("offline.as_of", moment="") .strip() in said
    reads(page, owner.t("offline.lead"))
    owner.see("offline-01-last-seen")
    content = page.content()
    digits = rf"(?<!\w){walk.last4}(?!\w)"  # by themselves: a form's token or a file's digest may have them within
    assert not re.search(digits, content.replace(number, "")) and PHONE[1:] not in content and "محمود" not in content
    own_line.mend()
    owner.press(owner.t("offline.again"))
    expect(page.locator("#now")).to_be_visible()
    is_about_no_line(owner)


@WAYS
def test_forgotten_on_this_device_is_forgotten(
    visit: Callable[..., Visitor], own_line: Line, walk: Walk, device: str, lang: str
) -> None:
    number = walk.lodge()["tracking_number"]
    owner = on(visit, own_line, device, lang)
    page = owner.page
    opened(owner, number, walk.last4)
    owner.press(owner.t("device.forget"))
    expect(page.get_by_text(owner.t("device.forgotten"))).to_be_visible()
    own_line.cut()
    owner.go("/follow")
    expect(page.get_by_text(owner.t("offline.none"))).to_be_visible()
    assert number not in page.content()
    owner.see("offline-02-nothing-kept")
    is_about_no_line(owner)


def test_all_is_forgotten_by_one_press_without_a_line(
    visit: Callable[..., Visitor], own_line: Line, walk: Walk
) -> None:
    owner = on(visit, own_line, "phone", "ar")
    for _ in range(2):
        opened(owner, walk.lodge()["tracking_number"], walk.last4)
    own_line.cut()
    owner.go("/")
    expect(owner.page.locator("li.seen")).to_have_count(2)
    owner.press(owner.t("offline.forget_all"))
    expect(owner.page.locator("li.seen")).to_have_count(0)
    assert owner.page.evaluate(KEPT) == 0
    is_about_no_line(owner)


def test_whoever_logs_out_leaves_nothing_behind(
    visit: Callable[..., Visitor], own_line: Line, walk: Walk, operator: str
) -> None:
    owner = on(visit, own_line, "phone", "ar")
    page = owner.page
    owner.go("/my/login")
    page.fill("[name=national_id]", "27203120112395")
    page.fill("[name=phone]", "01120000051")
    owner.press(owner.t("my.send"))
    page.fill("[name=code]", code_of(operator, "01120000051", 1))
    owner.press(owner.t("my.enter"))
    page.wait_for_url("**/my")
    opened(owner, walk.lodge()["tracking_number"], walk.last4)
    assert page.evaluate(KEPT) == 1
    owner.press(owner.t("staff.logout"))
    page.wait_for_url("**/my/logged-out")
    page.wait_for_function(f"{KEPT}.then((count) => count === 0)")
    owner.see("offline-03-logged-out")


def test_the_staffs_pages_and_what_is_typed_never_come_from_the_device(
    visit: Callable[..., Visitor], own_line: Line, walk: Walk
) -> None:
    owner = on(visit, own_line, "desktop", "ar")
    page = owner.page
    opened(owner, walk.lodge()["tracking_number"], walk.last4)
    kept = page.evaluate("""async () => {
        const found = [];
        for (const name of await caches.keys())
            for (const key of await (await caches.open(name)).keys()) found.push(new URL(key.url).pathname);
        return found;
    }""")
    assert kept and not [one for one in kept if "/staff" in one or "/api/" in one or one[3:].startswith("/follow")]
    answer = page.goto(f"{own_line.url}/ar/staff/login")
    assert answer is not None and not answer.from_service_worker
    tagged = page.evaluate("""async () => {
        const first = await fetch('/api/v1/services?q=x');
        const again = await fetch('/api/v1/services?q=x', {cache: 'no-store',
                                                           headers: {'If-None-Match': first.headers.get('ETag')}});
        return again.status;
    }""")
    assert tagged == 304
    own_line.cut()
    with pytest.raises(Exception, match="net::ERR_"):
        page.goto(f"{own_line.url}/ar/staff/login")
    is_about_no_line(owner)
