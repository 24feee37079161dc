"""The guide is changed by people who do not program: an editor writes, a second person decides, citizens read it. On a
phone and at a desk, in both languages, by pages that work without scripts."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from services.gateway.web.pages.editor_sheets import code_of
from tests.journeys.conftest import Visitor
from tests.journeys.ways import WAYS
from tests.support.days import today

pytestmark = pytest.mark.journey
SERVICE = "debris-removal"
PART = "/staff/guide"
# What each way makes of the fee, which is another in the guide and after each other way: a change changes something.
POUNDS = {("phone", "ar"): "21", ("desktop", "en"): "32", ("phone", "en"): "43", ("desktop", "ar"): "54"}


# The window that each way adds to the one centre.
WINDOWS = {("phone", "ar"): 101, ("desktop", "en"): 102, ("phone", "en"): 103, ("desktop", "ar"): 104}


def save(editor: Visitor) -> None:
    editor.press(editor.page.locator(".ed-form .actions button[value=save]"))


def open_part(editor: Visitor, proposal: str, part: str) -> None:
    editor.page.goto(f"{proposal}/parts/{part}")


def change_the_fee(editor: Visitor, proposal: str, pounds: str) -> None:
    """First with letters where an amount belongs: it is kept, and told above and at its field."""
    open_part(editor, proposal, "fees/2")
    editor.page.fill("[name=amount]", "twenty")
    save(editor)
    expect(editor.page.locator("#f-amount")).to_have_value("twenty")
    expect(editor.page.locator("#f-amount")).to_have_attribute("aria-invalid", "true")
    editor.see("editor-fee-fault")
    editor.press(editor.page.locator("#faults a").first)
    expect(editor.page.locator("#f-amount")).to_be_in_viewport()
    editor.page.fill("[name=amount]", pounds)
    save(editor)
    expect(editor.page.locator("#faults")).to_have_count(0)


def add_a_question(editor: Visitor, proposal: str, arabic: str, english: str) -> None:
    """Yes or no, asked only of debris from demolition or building."""
    open_part(editor, proposal, "form")
    editor.see("editor-form")
    editor.page.fill("#new-ar", arabic)
    editor.page.fill("#new-en", english)
    editor.page.select_option("#new-kind", "boolean")
    editor.press(editor.page.locator("button[value=add]"))
    editor.page.select_option("[name='when/0/field']", "origin")
    save(editor)
    expect(editor.page.locator("#f-when-wrong")).to_be_visible()  # the question is chosen, its value is not
    editor.page.select_option("[name='when/0/test']", "in")
    save(editor)
    for value in ("demolition", "building"):
        editor.page.locator(f"[name='when/0/value'][value={value}]").check()
    save(editor)
    expect(editor.page.locator("#faults")).to_have_count(0)
    editor.see("editor-question")


def look_at_the_path(editor: Visitor, proposal: str) -> None:
    """The path is drawn, and drawn anew with what is wrong while one chooses; nothing of that is saved."""
    open_part(editor, proposal, "states")
    drawn = editor.page.locator(".ed-graph img")
    expect(drawn).to_be_visible()
    assert drawn.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    editor.see("editor-path")
    editor.press(editor.page.locator(".ed-what a").nth(1))
    target = editor.page.locator("select[name='actions/0/to']")
    was = target.input_value()
    target.select_option("")
    expect(editor.page.locator("#ed-look .notice.bad")).to_be_visible()
    expect(editor.page.locator("#ed-look img")).to_have_attribute("src", re.compile("^data:image/svg"))
    editor.see("editor-state")
    editor.page.reload()
    expect(target).to_have_value(was)


def hand_in(editor: Visitor, proposal: str) -> None:
    editor.page.goto(proposal)
    editor.press(editor.page.locator("form[action$='/submission'] button"))
    expect(editor.page.locator(".crumb .tag")).to_have_text(editor.t("ed.state.in_review"))


def decide(reviewer: Visitor, proposal: str, decision: str, remark: str = "") -> None:
    reviewer.page.goto(proposal)
    reviewer.page.fill("[name=remark]", remark)
    reviewer.press(reviewer.page.locator(f"button[name=decision][value={decision}]"))


@WAYS
def test_a_new_service_is_written_returned_approved_offered_and_read(
    visit: Callable[..., Visitor], device: str, lang: str
) -> None:
    editor, reviewer, citizen = (visit(device, lang) for _ in range(3))
    editor.log_in("editor")
    editor.go(PART)
    editor.see("editor-home")
    mark = secrets.token_hex(3)
    arabic, english = f"رفع مخلفات حدائق {mark}", f"Garden debris {mark}"
    editor.press(editor.t("ed.new"))
    editor.page.fill("[name=ar]", arabic)
    editor.page.fill("[name=en]", english)
    editor.page.select_option("[name=base]", SERVICE)
    editor.see("editor-new")
    editor.press(editor.t("ed.new_do"))
    editor.page.wait_for_url("**/proposals/*")
    proposal = editor.page.url.partition("?")[0]
    editor.see("editor-proposal")

    change_the_fee(editor, proposal, "27.50")
    add_a_question(editor, proposal, "هل بها أشجار؟", "Are there trees in it?")
    look_at_the_path(editor, proposal)
    editor.page.goto(f"{proposal}/preview")
    expect(editor.page.locator(".ed-preview")).to_contain_text(
        "هل بها أشجار؟" if lang == "ar" else "Are there trees in it?")
    editor.see("editor-preview")
    editor.page.goto(f"{proposal}/raw")
    editor.see("editor-whole-text")
    hand_in(editor, proposal)
    expect(editor.page.locator("#decision")).to_have_count(0)  # not one's own

    reviewer.log_in("reviewer")
    reviewer.page.goto(proposal)
    reviewer.see("editor-review")
    decide(reviewer, proposal, "return")
    expect(reviewer.page.locator("#remark-wrong-1")).to_be_visible()  # it says why, or it is not returned
    decide(reviewer, proposal, "return", "الاسم غير واضح")
    editor.page.goto(proposal)
    expect(editor.page.locator("main")).to_contain_text("الاسم غير واضح")
    open_part(editor, proposal, "names")
    editor.page.fill("[name='summary/ar']", "رفع مخلفات الحدائق والأشجار")
    save(editor)
    hand_in(editor, proposal)
    decide(reviewer, proposal, "approve")
    expect(reviewer.page.locator(".crumb .tag")).to_have_text(reviewer.t("ed.state.approved"))

    code = code_of(english, (), "service").replace("_", "-")
    editor.go(f"{PART}/offers/{code}")
    editor.page.locator("[name=offered][value=true]").check()
    editor.see("editor-offer")
    editor.press(editor.t("offer.begin"))
    editor.page.wait_for_url("**/proposals/*")
    offer = editor.page.url.partition("?")[0]
    hand_in(editor, offer)
    decide(reviewer, offer, "approve")
    name = arabic if lang == "ar" else english
    address = f"{citizen.url}/{lang}/services/{code}"
    citizen.page.goto(address)
    citizen.until(lambda: citizen.page.get_by_role("heading", name=name).is_visible(), address)
    expect(citizen.page.locator("main")).to_contain_text("27.50")


@WAYS
def test_a_service_in_force_is_changed_for_the_day_after_and_compared(
    visit: Callable[..., Visitor], device: str, lang: str
) -> None:
    """Each version has days of its own: what was published today is followed by the change tomorrow."""
    editor, colleague, reviewer = (visit(device, lang) for _ in range(3))
    editor.log_in("editor")
    editor.go(f"{PART}/services/{SERVICE}")
    editor.press(editor.page.locator("form[action$='/changes'] button").first)
    editor.page.wait_for_url("**/proposals/*")
    proposal = editor.page.url.partition("?")[0]
    pounds = POUNDS[device, lang]

    colleague.log_in("editor")  # the same draft is open twice
    open_part(colleague, proposal, "fees/2")
    open_part(editor, proposal, "fees/2")
    editor.page.fill("[name=amount]", "99")
    save(editor)
    colleague.page.fill("[name=amount]", pounds)
    save(colleague)
    expect(colleague.page.get_by_role("heading", level=1)).to_have_text(colleague.t("ed.changed_meanwhile"))
    colleague.see("editor-conflict")
    colleague.press(colleague.t("ed.conflict_keep"))
    expect(colleague.page.locator("#f-amount")).to_have_value(pounds)

    hand_in(editor, proposal)
    reviewer.log_in("reviewer")
    reviewer.page.goto(proposal)
    expect(reviewer.page.locator(".ed-changes")).to_contain_text(f"{pounds}.00")
    decide(reviewer, proposal, "approve")
    editor.go(f"{PART}/services/{SERVICE}")
    expect(editor.page.get_by_text(editor.t("ed.edition.scheduled")).first).to_be_visible()
    editor.see("editor-service")
    editor.press(editor.page.locator("form[action$='/compare'] button").first)
    expect(editor.page.locator(".ed-changes")).to_contain_text(f"{pounds}.00")
    editor.see("editor-compare")


@WAYS
def test_a_window_is_added_once_council_and_follow_up_agree(
    visit: Callable[..., Visitor], device: str, lang: str
) -> None:
    """The organisation changes by three people: one writes, two review, each for their own side."""
    organiser, council, follow_up = (visit(device, lang) for _ in range(3))
    code = f"W-{secrets.token_hex(3)}"
    organiser.log_in("organiser")
    organiser.go("/staff/organisation?kind=window")
    organiser.see("organisation")
    organiser.page.fill("#code", code)
    organiser.press(organiser.t("org.add_do"))
    organiser.page.wait_for_url("**/proposals/*/0")
    expect(organiser.page.locator("[aria-invalid=true]").first).to_be_visible()  # what is missing, where it stands
    organiser.see("organisation-faults")
    organiser.page.fill("[name=from]", (today() + timedelta(days=40)).isoformat())
    organiser.page.fill("[name='body/name/ar']", "شباك كبار السن")
    organiser.page.fill("[name='body/name/en']", "Window for the elderly")
    organiser.page.select_option("[name='body/centre']", "EG-C-01-TC")
    organiser.page.fill("[name='body/number']", str(WINDOWS[device, lang]))
    save(organiser)
    expect(organiser.page.locator("[aria-invalid=true]")).to_have_count(0)
    organiser.see("organisation-operation")
    organiser.page.goto(organiser.page.url.partition("?")[0].removesuffix("/0"))
    expect(organiser.page.locator("main")).to_contain_text("شباك كبار السن" if lang == "ar" else "elderly")
    organiser.see("organisation-change")
    organiser.press(organiser.t("org.to_review"))
    proposal = organiser.page.url.partition("?")[0]
    hand_in(organiser, proposal)
    for reviewer, username in ((council, "council"), (follow_up, "follow-up")):
        reviewer.log_in(username)
        reviewer.page.goto(proposal)
        expect(reviewer.page.locator(".ed-changes")).to_contain_text("شباك كبار السن" if lang == "ar" else "elderly")
        if username == "council":
            reviewer.see("organisation-review")
        decide(reviewer, proposal, "approve")
    expect(follow_up.page.locator(".crumb .tag")).to_have_text(follow_up.t("ed.state.approved"))
    organiser.go(f"/staff/organisation/window/{code}")
    expect(organiser.page.locator("main")).to_contain_text("عادل منصور")  # who approved it for the council
    organiser.see("organisation-history")
