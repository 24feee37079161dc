"""A window of the centre and of a post office, worked by keyboard alone; nothing lost when page or line dies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from infra.demo.walk import Walk
from tests.journeys.conftest import SCREENS, Visitor, reads
from tests.journeys.keyboard import Keyboard
from tests.journeys.ways import WAYS

pytestmark = pytest.mark.journey

# The service and the person that are counted: a shop licence of a leased shop, for Mahmoud who owns it.
SERVICE = {"ar": "ترخيص محل", "en": "shop-l"}
NATIONAL_ID, NAME, PHONE = "28503150101232", "محمود عبد الله حسن", "01012345678"
NUMBER = re.compile(r"\d\d-\d\d-\d{8}-[0-9A-Z]")

# What a window clerk may need at most, from calling the turn to the printed number; and a cashier, from calling to the
# receipt. `control` counts every key that is not a character of the content (keyboard.py).
LIMITS = {"intake": {"screens": 4, "control": 22}, "collect": {"screens": 4, "control": 4}}


def within(job: str, keys: Keyboard) -> None:
    counted = keys.counted()
    said = f"{job}: {counted}, at most {LIMITS[job]}"
    print(said)
    SCREENS.parent.mkdir(parents=True, exist_ok=True)
    (SCREENS.parent / f"keys-{job}.txt").write_text(said + "\n", encoding="utf-8")
    for what, most in LIMITS[job].items():
        assert counted[what] <= most, (job, counted)


@pytest.fixture(autouse=True)
def empty_hall(walk: Walk) -> Iterator[None]:
    """Nobody waits and nobody stands at a window, whatever another journey left."""
    for username in ("clerk", "cashier"):
        while True:
            turn = walk.get("/turns/desk", as_=username)["turn"]
            if turn is None:
                turn = walk.post("/turns/calls", {}, as_=username)["turn"]
            if turn is None:
                break
            walk.post(f"/turns/{turn['turn_id']}/end", {}, as_=username)
    yield


def lodged_of(walk: Walk) -> list[str]:
    found = walk.post("/finding", {"national_id": NATIONAL_ID, "limit": 50}, as_="clerk")["requests"]
    return [str(one["tracking_number"]) for one in found]


def begin(clerk: Visitor, keys: Keyboard) -> None:
    """Card and service: from the desk to the form."""
    keys.fill("card", NATIONAL_ID)
    keys.at("service")
    keys.type(SERVICE[clerk.lang])
    expect(clerk.page.locator("[data-matches] :checked")).to_have_value("shop-licence")
    with keys.going():
        keys.press("Enter")


def answer(keys: Keyboard) -> None:
    keys.fill("applicant/name", NAME)
    keys.fill("applicant/phone", PHONE)
    keys.at("applicant/kind")
    keys.press("Enter")
    keys.fill("answers/shop_name", "بقالة النور")
    keys.choose("answers/activity", "1")
    keys.fill("answers/address", "12 شارع سليم الأول")
    keys.fill("answers/area_m2", "45.5")
    keys.fill("answers/workers", "3")
    keys.choose("answers/tenure", "2")
    keys.at("answers/notes")
    keys.press("Enter")


def sit(visitor: Visitor, username: str, page: str) -> Keyboard:
    visitor.log_in(username)
    visitor.page.wait_for_url(lambda url: "login" not in url)
    visitor.go(page)
    return Keyboard(visitor.page)


def found_at(cashier: Visitor, walk: Walk, number: str) -> None:
    """The counter finds the bill of a request: it hears of it later than payments, which made it."""
    address = f"{cashier.url}/{cashier.lang}/staff/cashier?number={number}"
    walk.until(lambda: "/bills/" in cashier.page.request.get(address).url, bool)


def gone_on(walk: Walk, number: str) -> None:
    """What was paid for has reached its desk: nothing of it comes upon another journey."""
    walk.until(lambda: walk.status(number), lambda answer: answer["state_kind"] != "payment")


@WAYS
def test_a_walk_in_is_taken_in_and_pays_by_keyboard_alone(
    visit: Callable[..., Visitor], walk: Walk, device: str, lang: str
) -> None:
    hall = visit(device, lang)
    kiosk = sit(hall, "kiosk", "/staff/kiosk")
    hall.see("window-01-kiosk")
    kiosk.page.locator("[name=queue][value=intake]").focus()
    with kiosk.going():
        kiosk.press("Enter")
    label = kiosk.page.locator(".ticket h1 strong").inner_text()
    assert re.fullmatch(r"A\d+", label)
    hall.see("window-02-ticket")

    clerk = visit(device, lang)
    keys = sit(clerk, "clerk", "/staff/window")
    keys.screens = 1
    clerk.see("window-03-desk")
    with keys.going():
        keys.press("F2")
    expect(clerk.page.locator(".turn-now .turn-label")).to_have_text(label, use_inner_text=True)
    clerk.see("window-04-called")
    hall.go("/queue/EG-C-01")
    reads(hall.page, label, within=".newest")
    assert NAME not in hall.page.content()
    hall.see("window-05-hall")

    begin(clerk, keys)
    clerk.see("window-06-form")
    answer(keys)
    keys.scanned(["lease_contract.pdf", "scan-0001.pdf"])
    expect(clerk.page.locator(".scans select")).to_have_count(2)
    assert sorted(clerk.page.locator(".scans select").evaluate_all("all => all.map(one => one.value)")) == [
        "id_copy", "lease_contract"]  # one by its name, the other as what was still missing
    reads(clerk.page, "150.00", within="[data-part=fees]")
    clerk.see("window-07-filled")
    keys.at("lodge")
    with keys.going():
        keys.press("Enter")
    number = NUMBER.search(clerk.page.inner_text(".done"))
    assert number is not None
    within("intake", keys)
    clerk.see("window-08-lodged")
    reads(clerk.page, "150.00", within=".window-receipt")
    with keys.going():
        keys.press("F2")  # on to the cashier, and the next, who is not there
    expect(clerk.page.locator(".turn-now")).to_have_count(0)

    walk.at_the_counter()
    cashier = visit(device, lang)
    cash = sit(cashier, "cashier", "/staff/cashier")
    found_at(cashier, walk, number[0])
    cash.screens = 1
    cashier.see("window-09-cashier")
    with cash.going():
        cash.press("F2")
    reads(cashier.page, label, within=".turn-now")
    cashier.see("window-10-owed")
    with cash.going():
        cash.press("Enter")  # the bill of whoever was called stands first
    cashier.see("window-11-bill")
    with cash.going():
        cash.press("F9")
    reads(cashier.page, "150.00", within="article.paper")
    within("collect", cash)
    cashier.see("window-12-receipt")
    with cash.going():
        cash.press("F2")
    told = walk.get("/turns/desk", as_="cashier")
    assert told["turn"] is None
    gone_on(walk, number[0])


@WAYS
def test_faults_take_the_focus_and_a_citizen_who_has_such_a_request_is_found(
    visit: Callable[..., Visitor], walk: Walk, device: str, lang: str
) -> None:
    before = walk.lodge()["tracking_number"]
    walk.post("/turns", {"queue": "intake"}, as_="kiosk")
    clerk = visit(device, lang)
    keys = sit(clerk, "clerk", "/staff/window")
    with keys.going():
        keys.press("F2")
    keys.fill("card", "29913450101232")  # a thirteenth month
    keys.type("shop")
    with keys.going():
        keys.press("Enter")
    keys.at("card")
    expect(clerk.page.locator("#faults")).to_be_visible()
    clerk.see("window-20-wrong-card")
    begin(clerk, keys)  # what was wrong is chosen, so that typing takes its place
    reads(clerk.page, before, within=".notice.bad[role=alert]")
    keys.fill("applicant/name", NAME)
    keys.fill("applicant/phone", "0101")
    with keys.going():
        keys.press("F9")
    keys.at("applicant/phone")
    clerk.see("window-21-faults")
    expect(clerk.page.locator("[name='applicant/name']")).to_have_value(NAME)
    clerk.press(clerk.page.locator("[name=drop]"))
    clerk.page.wait_for_url("**/staff/window")
    expect(clerk.page.locator(".notice[role=status]")).to_have_count(0)


@WAYS
def test_nothing_is_lost_when_the_line_and_the_page_die_half_way_and_it_is_lodged_once(
    visit: Callable[..., Visitor], walk: Walk, device: str, lang: str
) -> None:
    known = set(lodged_of(walk))
    walk.post("/turns", {"queue": "intake"}, as_="kiosk")
    clerk = visit(device, lang)
    keys = sit(clerk, "clerk", "/staff/window")
    with keys.going():
        keys.press("F2")
    begin(clerk, keys)
    keys.fill("applicant/name", NAME)
    with clerk.page.expect_response(lambda one: one.request.method == "POST"):  # kept at the node by itself
        keys.fill("applicant/phone", PHONE)

    context = clerk.page.context
    context.set_offline(True)
    keys.at("applicant/kind")
    keys.press("Enter")
    keys.fill("answers/shop_name", "بقالة النور")
    expect(clerk.page.locator("[data-offline]")).to_be_visible()
    keys.press("F9")  # held back: no browser's error page takes the place of the form
    expect(clerk.page.locator("[name='answers/shop_name']")).to_have_value("بقالة النور")
    clerk.see("window-30-offline")
    held = clerk.page.evaluate("Object.values(localStorage).join(' ')")
    assert held and NAME not in held and PHONE not in held and NATIONAL_ID not in held
    clerk.page.close(run_before_unload=False)  # the page dies
    context.set_offline(False)

    clerk.page = context.new_page()
    keys = Keyboard(clerk.page)
    clerk.go("/staff/window")
    clerk.see("window-31-unfinished")
    clerk.press(clerk.t("window.resume"))
    expect(clerk.page.locator("[name='answers/shop_name']")).to_have_value("بقالة النور")  # this browser had it
    expect(clerk.page.locator("[name='applicant/name']")).to_have_value(NAME)  # and the node had this
    clerk.page.locator("[name='answers/activity']").first.focus()
    keys.choose("answers/activity", "1")
    keys.fill("answers/address", "12 شارع سليم الأول")
    keys.fill("answers/area_m2", "45.5")
    keys.fill("answers/workers", "3")
    keys.choose("answers/tenure", "2")
    keys.scanned(["id_copy.pdf", "lease_contract.pdf"], "F2")
    expect(clerk.page.locator(".scans select")).to_have_count(2)
    twin = context.new_page()
    twin.goto(clerk.page.url)
    with keys.going():
        keys.press("F9")
    number = NUMBER.search(clerk.page.inner_text(".done"))
    assert number is not None
    assert clerk.page.evaluate("localStorage.length") == 0
    with twin.expect_navigation():
        twin.keyboard.press("F9")  # the same form once more, from another tab
    twin.close()
    assert set(lodged_of(walk)) - known == {number[0]}
    [about] = walk.get("/turns/desk", as_="clerk")["requests"]
    assert about == {"tracking_number": number[0], "visit": 1}


@pytest.mark.parametrize(("device", "lang"), [("desktop", "ar"), ("phone", "en")])
def test_a_post_office_takes_in_without_tickets_and_collects_at_its_own_counter(
    visit: Callable[..., Visitor], walk: Walk, device: str, lang: str
) -> None:
    counter = {"code": "PO-11725", "unit": "EG-C-01", "kind": "post_office", "name_ar": "مكتب بريد الزيتون",
               "name_en": "El Zeitoun post office"}
    standing = walk.get("/shifts/current", as_="post-cashier")
    if standing["shift"] is None:
        if counter["code"] not in [one["code"] for one in standing["counters"]]:
            walk.post("/counters", counter, as_="manager")
        walk.post("/shifts", {"counter": counter["code"]}, as_="post-cashier")
    clerk = visit(device, lang)
    keys = sit(clerk, "post-clerk", "/staff/window")
    reads(clerk.page, clerk.t("window.post_office"), within="h1")
    clerk.see("window-40-post-office")
    begin(clerk, keys)
    answer(keys)
    keys.scanned(["id_copy.pdf", "lease_contract.pdf"])
    expect(clerk.page.locator(".scans select")).to_have_count(2)
    with keys.going():
        keys.press("F9")
    number = NUMBER.search(clerk.page.inner_text(".done"))
    assert number is not None
    reads(clerk.page, clerk.t("window.post_office"), within=".window-receipt")
    clerk.see("window-41-lodged")
    cashier = visit(device, lang)
    cash = sit(cashier, "post-cashier", "/staff/cashier")
    found_at(cashier, walk, number[0])
    reads(cashier.page, clerk.t("window.post_office"))
    cash.press("F4")
    cash.at("number")
    cash.type(number[0])
    with cash.going():
        cash.press("Enter")  # the one bill of this number opens
    with cash.going():
        cash.press("F9")
    reads(cashier.page, "150.00", within="article.paper")
    cashier.see("window-42-receipt")
    gone_on(walk, number[0])


@WAYS
def test_what_else_is_done_at_the_window(visit: Callable[..., Visitor], walk: Walk, device: str, lang: str) -> None:
    number = walk.lodge()["tracking_number"]
    walk.post("/turns", {"queue": "follow_up"}, as_="kiosk")
    turn: dict[str, Any] = walk.post("/turns/calls", {}, as_="clerk")["turn"]
    clerk = visit(device, lang)
    keys = sit(clerk, "clerk", "/staff/window/requests")
    keys.fill("wanted", NATIONAL_ID)
    clerk.page.wait_for_selector("a.card")
    clerk.see("window-50-found")
    clerk.go(f"/staff/window/requests/{number}")
    keys.at("phone_last4")
    keys.type("0000")
    with keys.going():
        keys.press("Enter")
    keys.at("phone_last4")
    clerk.see("window-51-digits-wrong")
    keys.type(walk.last4)
    with keys.going():
        keys.press("Enter")
    clerk.see("window-52-opened")
    about = walk.get(f"/turns/tickets/{turn['label']}", as_="clerk")["requests"]
    assert [one["tracking_number"] for one in about] == [number]

    for act in ("act_status", "receipt", "act_complete", "act_complain"):  # the citizen's own pages, open to the clerk
        where = clerk.page.locator("a.way", has_text=clerk.t(f"window.{act}")).first.get_attribute("href")
        answer = clerk.page.request.get(f"{clerk.url}{where}")
        assert answer.ok and "/login" not in answer.url and answer.url.endswith(str(where)), (act, answer.url)
    clerk.press(clerk.page.locator("a.way", has_text=clerk.t("window.act_correct")))
    clerk.page.wait_for_url("**/correction")
    clerk.see("window-53-correction")
    clerk.page.locator("[name='applicant/name']").fill("محمود عبد الله حسين")
    clerk.press(clerk.t("window.correct_now"))
    expect(clerk.page.locator("#faults")).to_be_visible()  # without saying why
    expect(clerk.page.locator("[name='applicant/name']")).to_have_value("محمود عبد الله حسين")
    clerk.page.locator("[name=reason]").fill("خطأ في كتابة الاسم عند التقديم")
    clerk.press(clerk.t("window.correct_now"))
    clerk.page.wait_for_url("**/correction?done=1")
    reads(clerk.page, "محمود عبد الله حسن", within="table")
    clerk.see("window-54-corrected")

    clerk.go("/staff/window/delivery")
    clerk.page.locator("[name=serial]").fill("C-2026-999999-X")
    clerk.page.locator("[name=receiver][value=representative]").check()
    clerk.press(clerk.t("window.deliver_now"))
    expect(clerk.page.locator("#receiver_name-wrong-1")).to_be_visible()
    clerk.see("window-55-delivery")
