"""The work of desks: an officer, an inspector with a phone, a head who decides and a head who oversees."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from infra.demo.walk import Walk, application
from rules.calendar import cairo_date
from tests.journeys.conftest import Visitor, reads
from tests.journeys.ways import WAYS
from tests.support.guide_walks import definition_of

pytestmark = pytest.mark.journey

Visit = Callable[..., Visitor]


def paid(walk: Walk, unit: str = "EG-C-01", cashier: str = "cashier") -> str:
    """A shop licence whose inspection fee was paid in cash: it lies before the licensing desk of its unit."""
    number = str(walk.post("/requests", application(walk.papers(), unit))["tracking_number"])
    bill = walk.until(lambda: walk.bill(number, "inspection"), bool)
    walk.at_the_counter(cashier)
    walk.post(f"/bills/{bill['bill_id']}/payments", {"rail": "cash", "tendered": bill["total"]}, as_=cashier,
              key=str(uuid.uuid4()))
    walk.until(lambda: walk.status(number), lambda status: status["state_kind"] == "task")
    return number


def open_file(staff: Visitor, number: str) -> None:
    """Be handed the next file, or open the own one of the list."""
    staff.press(staff.t("tasks.next"))
    reads(staff.page, number)


def photo(folder: Path, name: str) -> Path:
    """A picture as a phone takes it, larger than what is sent of it."""
    kept = folder / name
    Image.effect_noise((2400, 1800), 40).convert("RGB").save(kept, "JPEG")
    return kept


def drafts(page: Page) -> int:
    """How many files the device keeps something written about."""
    return int(page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('shubbak.draft.')).length"))


@WAYS
def test_an_officer_sends_back_what_is_missing_as_the_applicant_will_read_it(
    visit: Visit, walk: Walk, device: str, lang: str
) -> None:
    number = paid(walk)
    officer = visit(device, lang)
    officer.log_in("officer")
    officer.see("50-desk-home")
    open_file(officer, number)
    page = officer.page
    officer.press(page.locator(".due-box summary").first)
    officer.see("51-file")
    officer.press(page.locator("#act a.button"))
    officer.press(officer.t("missing.preview"))  # with nothing chosen
    expect(page.locator("#faults")).to_be_visible()
    page.get_by_role("checkbox").first.check()
    page.locator("[name=answers][value=area_m2]").check()
    page.fill("[name=reason]", "صورة البطاقة غير واضحة من الخلف")
    officer.see("52-missing")
    officer.press(officer.t("missing.preview"))
    said = page.locator(".said").inner_text()
    assert said.startswith("المطلوب استكماله") and "المساحة" in said and "صورة البطاقة غير واضحة" in said
    officer.see("53-missing-preview")
    officer.press(page.locator("button[value=change]"))
    expect(page.locator("[name=answers][value=area_m2]")).to_be_checked()
    officer.press(officer.t("missing.preview"))
    officer.press(page.locator("button[value=send]"))
    reads(page, officer.t("task.acted"))
    assert walk.status(number)["state_kind"] == "applicant"
    entry = walk.get(f"/requests/{number}/timeline", headers={"X-Phone-Last4": walk.last4})["entries"][-1]
    assert entry["note"] == said and entry["missing"]["answers"] == ["area_m2"]


@WAYS
def test_an_inspector_takes_photos_and_what_was_written_outlives_the_page(
    visit: Visit, walk: Walk, device: str, lang: str, tmp_path: Path
) -> None:
    number = paid(walk)
    walk.act("officer", "accept", number=number)
    inspector = visit(device, lang)
    inspector.log_in("inspector")
    open_file(inspector, number)
    page = inspector.page
    page.fill("textarea[name='inputs/findings']", "المحل مطابق للاشتراطات")
    walk.until(lambda: drafts(page), bool)
    page.reload()
    expect(page.locator("textarea[name='inputs/findings']")).to_have_value("المحل مطابق للاشتراطات")
    reads(page, inspector.t("task.draft_kept"), within="#act")
    page.set_input_files("#photos", [photo(tmp_path, "front.jpg"), photo(tmp_path, "inside.jpg")])
    expect(page.locator(".taken [name=photo]")).to_have_count(2)
    page.locator(".taken input[name^='caption/']").first.fill("الواجهة")
    inspector.see("54-inspection")

    def reported() -> bool:  # until the pictures have been checked, a moment later, the page says so and keeps all
        inspector.press(page.locator("#act button[value=report]"))
        return inspector.t("task.acted") in page.inner_text("main")

    walk.until(reported, bool)
    assert drafts(page) == 0

    head = visit(device, lang)
    head.log_in("head")
    open_file(head, number)
    reads(head.page, "المحل مطابق للاشتراطات", "الواجهة")
    head.see("55-decision")
    head.press(head.page.locator("#act button[value=reject]"))
    expect(head.page.locator("#faults a[href='#legal_reason']")).to_be_visible()
    head.page.select_option("#legal_reason", index=1)
    head.page.fill("#reason", "خالف المحل اشتراطات الحماية المدنية")
    head.press(head.page.locator("#act button[value=reject]"))
    reads(head.page, head.t("task.acted"))
    assert walk.status(number)["outcome"] == "rejected"


def test_photos_and_report_without_scripts(visit: Visit, walk: Walk, tmp_path: Path) -> None:
    number = paid(walk)
    walk.act("officer", "accept", number=number)
    inspector = visit("phone", "ar", java_script_enabled=False)
    inspector.log_in("inspector")
    open_file(inspector, number)
    page = inspector.page
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    page.fill("textarea[name='inputs/findings']", "المحل مطابق")
    page.set_input_files("#photos", [photo(tmp_path, "front.jpg"), tmp_path / "broken.png"])
    inspector.press(inspector.t("task.attach"))
    reads(page, "broken.png", within="#act")
    expect(page.locator("textarea[name='inputs/findings']")).to_have_value("المحل مطابق")
    inspector.press(page.get_by_role("button", name=f"{inspector.t('task.photo_drop')} broken.png"))
    expect(page.locator("#act")).not_to_contain_text("broken.png")
    reads(page, "front.jpg", within="#act")

    def reported() -> bool:
        inspector.press(page.locator("#act button[value=report]"))
        return inspector.t("task.acted") in page.inner_text("main")

    walk.until(reported, bool)
    assert walk.status(number)["state"] == "decision"


@WAYS
def test_a_head_hands_a_file_to_a_colleague_with_a_reason(visit: Visit, walk: Walk, device: str, lang: str) -> None:
    number = paid(walk, "EG-C-02", "second-cashier")
    given = walk.post("/tasks/next", {}, as_="second-officer")["task"]
    other = walk.post("/tasks/next", {}, as_="second-colleague")["task"]  # now the desk knows both
    assert given is not None and other is None
    head = visit(device, lang)
    head.log_in("second-head")
    head.see("56-head-home")
    head.go("/staff/desk")
    reads(head.page, "هالة نصر")
    head.see("57-desk")
    head.press(head.page.get_by_text(number))
    reads(head.page, "طارق سعد")
    head.press(head.t("hand_over.button"))  # without saying to whom, or why
    expect(head.page.locator("#faults a[href='#to']")).to_be_visible()
    head.page.get_by_role("radio").check()
    head.page.fill("#reason", "قصير")
    head.press(head.t("hand_over.button"))
    expect(head.page.locator("#faults a[href='#reason']")).to_be_visible()
    expect(head.page.get_by_role("radio")).to_be_checked()
    head.see("58-hand-over")
    head.page.fill("#reason", "له خبرة بهذا النشاط")
    head.press(head.t("hand_over.button"))
    reads(head.page, head.t("desk.done.handed_over"))

    colleague = visit(device, lang)
    colleague.log_in("second-colleague")
    reads(colleague.page, colleague.t("tasks.handed_over"))
    colleague.press(colleague.page.get_by_text(number))
    colleague.press(colleague.page.locator("#act button[value=accept]"))
    reads(colleague.page, colleague.t("task.acted"))
    assert walk.status(number)["state"] == "inspection"


@WAYS
def test_a_head_finds_a_licence_suspends_it_and_lifts_the_suspension(
    visit: Visit, walk: Walk, device: str, lang: str
) -> None:
    serial = walk.get("/register", as_="head")["licences"][-1]["serial"]  # the demo's own walk issued it
    head = visit(device, lang)
    head.log_in("head")
    head.go("/staff/register")
    head.see("59-register")
    head.page.fill("#serial", serial)
    head.press(head.t("search.button"))
    head.see("60-licence")
    head.press(head.page.locator("summary", has_text="إيقاف الترخيص" if lang == "ar" else "Suspend"))
    head.page.fill("#suspend-reason", "مخالفة اشتراطات الحماية المدنية")
    head.press(head.page.locator("form[action$='/suspend'] button"))
    reads(head.page, head.t("desk.done.suspend"))
    assert walk.get(f"/licences/{serial}/verification")["status"] == "suspended"
    head.press(head.page.locator("summary", has_text="رفع الإيقاف" if lang == "ar" else "Lift the suspension"))
    head.page.fill("#resume-reason", "أزيلت المخالفة")
    head.press(head.page.locator("form[action$='/resume'] button"))
    reads(head.page, head.t("desk.done.resume"))
    assert walk.get(f"/licences/{serial}/verification")["status"] == "valid"


OF_HEAD = ("late", "warnings", "extensions", "complaints", "reopenings", "silence", "follow-ups", "licence-questions",
           "relations", "find")
OF_MANAGER = ("late", "complaints", "silence", "visits", "quarantine", "find", "register")


@WAYS
@pytest.mark.parametrize(("username", "pages"), [("head", OF_HEAD), ("manager", OF_MANAGER)])
def test_what_heads_and_managers_look_at_is_there_and_sound(
    visit: Visit, username: str, pages: tuple[str, ...], device: str, lang: str
) -> None:
    person = visit(device, lang)
    person.log_in(username)
    person.see(f"61-{username}-home")
    for name in pages:
        person.go(f"/staff/{name}")
        expect(person.page.locator("h1"), name).to_be_visible()
        person.see(f"62-{username}-{name}")


def referred(walk: Walk) -> tuple[str, str]:
    """A request that an outside body is asked about, and the account of the officer who asks it: its number and theirs.
    The service is any of the guide whose first desk sends it there."""
    code = "disability-parking"
    definition = definition_of(code)
    example = definition["examples"][0]["answers"]
    body = application([{"code": one["code"], "document_id": walk.upload(f"{one['code']}.pdf")}
                        for one in definition["documents"] if one["required"]])
    number = str(walk.post("/requests", {**body, "service_code": code, "answers": example})["tracking_number"])
    review = definition["workflow"]["states"][walk.status(number)["state"]]
    walk.act(f"{review['department'].replace('_', '-')}-officer", "accept", number=number)
    asked = next(branch for state in definition["workflow"]["states"].values()
                 for branch in state.get("branches") or () if branch.get("body"))
    return number, f"{asked['department']}-officer"


@WAYS
def test_a_letter_is_sent_and_the_bodys_answer_takes_the_request_on(
    visit: Visit, walk: Walk, device: str, lang: str
) -> None:
    number, username = referred(walk)
    officer = visit(device, lang)
    officer.log_in(username)
    open_file(officer, number)
    page = officer.page
    reads(page, officer.t("task.letters"))
    walk.until(lambda: page.reload() and "L-C-" in page.inner_text("#letters"), bool)  # drawn and numbered by a timer
    officer.press(officer.t("task.letter_send"))  # without saying how
    expect(page.locator("#faults a[href='#how']")).to_be_visible()
    page.locator("[name=how][value=hand]").check()
    page.fill("#sent_reference", "صادر 118")
    officer.press(officer.t("task.letter_send"))
    expect(page.locator("#answered_on")).to_be_visible()
    officer.see("63-letter-sent")
    officer.go("/staff")
    reads(page, officer.t("tasks.waiting"))
    officer.see("64-waiting-outside")
    officer.press(page.get_by_text(number))
    agree = page.locator("#act button[name=action]:visible").first
    officer.press(agree)  # without the day of the answer
    expect(page.locator("#faults a[href='#answered_on']")).to_be_visible()
    page.fill("#answered_on", cairo_date(datetime.now(UTC)).isoformat())
    for words in page.locator("#act textarea[name^='inputs/']").all():
        words.fill("لا مانع من التخصيص")
    page.fill("#note", "لا مانع")
    officer.press(page.locator("#act button[name=action]:visible").first)
    reads(page, officer.t("task.acted"))
    branch = next(one for one in walk.status(number)["branches"] if one["body"])
    assert branch["done"]
