"""What the field app does for the citizen's data: encrypted at rest, bounded PINs, wiped on log-out and from afar; and
that nothing which the node does not have goes without being said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from infra.demo.walk import Walk
from tests.journeys.conftest import Visitor
from tests.journeys.field_app import ADDRESS, HOLDER, PIN, UNIT, FieldApp, picture, planned_visit, renewal_visit

PERSON, PHONE, SHOP = "هناء محمود السيد", "01234567891", "ركن القهوة"
# Everything that the browser keeps for the app, as it lies there: text where it can be read as text, bytes as Latin-1.
RAW = """async () => {
  const { db } = await import('/static/field/db.js'), base = await db(), found = [];
  const told = async (value) => {
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value instanceof ArrayBuffer ? value : value.buffer);
      found.push(new TextDecoder().decode(bytes), new TextDecoder('utf-16le').decode(bytes));
    } else if (value instanceof Blob) await told(await value.arrayBuffer());
    else if (value instanceof CryptoKey) found.push(`key extractable ${value.extractable}`);
    else if (value && typeof value === 'object') for (const [name, one] of Object.entries(value)) { found.push(name); await told(one); }
    else found.push(String(value));
  };
  for (const store of base.objectStoreNames) {
    for (const key of await base.getAllKeys(store)) found.push(String(key));
    await told(await base.getAll(store));
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) { found.push(request.url); found.push(await (await cache.match(request)).text()); }
  }
  found.push(JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie);
  return found.join("\\n");
}"""  # noqa: E501


def worked(visit: Callable[..., Visitor], walk: Walk, label: str, phone: str) -> tuple[FieldApp, str]:
    """A device with a visit, an application that waits for the line and one that was begun; its id."""
    visitor = visit("phone")
    app = FieldApp(visitor)
    device_id = app.set_up(label)
    planned_visit(walk, device_id, {"purpose": "intake", "service_code": "shop-renewal", "unit": UNIT,
                                    "person": {"name": PERSON, "phone": phone}})  # fmt: skip
    app.log_in()
    app.heading("field.today.title")
    app.take_along("shop-renewal")
    app.wait_until_kept()
    app.cut()
    visit_address = app.page.url
    app.visitor.press(app.page.locator("a.card", has_text=PERSON))
    app.press("field.report.button")
    app.heading("field.report.title")
    app.photograph("photos", picture(app.page, 600, 400))
    app.page.check("[name=outcome][value=done]")
    app.page.fill("[name=note]", "قابلت صاحبة الطلب")
    app.press("field.report.keep")
    app.heading("field.today.title")
    app.press("field.intake.new")
    app.visitor.press(app.page.locator("button.card").first)
    app.heading("field.step.applicant")
    app.fill_applicant(PERSON, phone)
    app.press("field.next")
    app.heading("field.step.answers")
    app.fill_renewal()
    app.page.goto(f"{visit_address.split('#')[0]}#/")
    app.heading("field.today.title")
    return app, device_id


def test_nothing_on_the_device_names_anybody(visit: Callable[..., Visitor], walk: Walk) -> None:
    app, device_id = worked(visit, walk, "لوح الأسرار", "01234567891")
    raw = app.page.evaluate(RAW)
    assert device_id in raw and "لوح الأسرار" in raw  # it was looked at, and reads what is there
    for secret in (PERSON, PERSON.split()[0], "01234567891", "+201234567891", "29001010101234", ADDRESS, SHOP,
                   "قابلت صاحبة", PIN, "shubbak-demo", "IMG_2041", "JFIF"):  # fmt: skip
        assert secret not in raw, secret
    assert "extractable true" not in raw and "extractable false" in raw
    token = app.page.evaluate("import('/static/field/vault.js').then((m) => m.kept('session')).then((s) => s.token)")
    assert len(token) > 20 and token not in raw
    opened = app.page.evaluate("import('/static/field/vault.js').then((m) => m.kept('bundle'))")
    assert opened["visits"][0]["name"] == PERSON  # all of it is there, for whoever has the PIN


def test_five_wrong_pins_and_only_logging_in_opens_it_with_nothing_lost(
    visit: Callable[..., Visitor], walk: Walk
) -> None:
    app, _ = worked(visit, walk, "لوح الرقم السري", "01234567892")
    app.kill()
    for left in (4, 3, 2, 1):
        app.unlock("000111")
        expect(app.page.locator(".summary")).to_contain_text(app.t("field.pin.wrong", left=left))
    app.visitor.see("field-wrong-pin")
    app.unlock("000111")
    app.heading("field.login.title")
    expect(app.page.locator(".notice.bad")).to_have_text(app.t("field.pin.spent"))
    app.visitor.see("field-pin-spent")
    app.kill()  # another tab gets no further tries
    app.heading("field.login.title")
    app.page.fill("[name=password]", "shubbak-demo")
    app.choose_pin("735192")
    expect(app.page.locator(".summary")).to_contain_text(app.t("field.line.none"))
    app.mend()
    app.choose_pin("735192")
    app.heading("field.today.title")
    expect(app.page.locator(".cards").first).to_contain_text(PERSON)  # what was begun
    app.kill()
    app.unlock("735192")
    app.sync()
    app.wait_until_synced()
    assert app.standing() == {1: "applied"}


def test_logging_out_wipes_and_asks_twice_while_something_waits(visit: Callable[..., Visitor], walk: Walk) -> None:
    app, device_id = worked(visit, walk, "لوح الخروج", "01234567893")
    bar = app.page.locator("#bar")
    app.visitor.press(bar.get_by_role("button", name=app.t("field.logout.button")))
    expect(app.page.locator("dialog")).to_contain_text(app.t("field.logout.pending_title", count=1))
    app.visitor.see("field-logout-pending")
    app.press("field.logout.all_the_same")
    expect(app.page.locator("dialog")).to_contain_text(app.t("field.logout.sure_what", count=1))
    app.press("field.back")
    assert app.standing() == {1: "pending"}, "whoever thinks again loses nothing"
    app.mend()
    app.sync()
    app.wait_until_synced()
    app.visitor.press(bar.get_by_role("button", name=app.t("field.logout.button")))
    app.press("field.logout.wipe")
    app.heading("field.login.title")
    raw = app.page.evaluate(RAW)
    assert PERSON not in raw and device_id in raw
    counts = app.page.evaluate("""import('/static/field/db.js').then((m) => m.db()).then((base) =>
        Promise.all(['sealed', 'papers', 'queue'].map((store) => base.count(store))))""")
    assert counts == [0, 0, 0]
    app.log_in()  # the device is still known
    app.heading("field.today.title")
    app.take_along("shop-renewal")
    counters = app.page.evaluate("import('/static/field/db.js').then((m) => m.meta('counters'))")
    assert counters["item"] == 1, "its count goes on"


def test_a_stolen_tablet_empties_itself_at_its_next_contact_though_it_is_locked(
    visit: Callable[..., Visitor], walk: Walk
) -> None:
    app, device_id = worked(visit, walk, "لوح مسروق", "01234567894")
    administrator = visit("desktop", "en")
    administrator.log_in("admin")
    administrator.go("/staff/devices")
    administrator.see("devices")
    administrator.press(administrator.page.locator(f"a[href$='/{device_id}']"))
    form = administrator.page.locator("form[action$='/wipe']")
    administrator.press(administrator.page.locator("summary", has_text=administrator.t("devices.wipe")))
    form.locator("textarea").fill("سُرق اللوح، محضر رقم 12")
    form.locator("[name=at_once][value=yes]").check()
    administrator.see("device")
    administrator.press(form.get_by_role("button"))
    expect(administrator.page.locator("main")).to_contain_text(administrator.t("devices.wipe.at_once"))
    app.kill()
    app.heading("field.unlock.title")  # without a line nobody can tell it
    app.kill(app.mend)  # while no tab is open: one that is may empty it, and the next knows nothing of that
    app.heading("field.emptied.title")
    expect(app.page.locator("main")).to_contain_text(app.t("field.emptied.lost", numbers="1"))
    app.visitor.see("field-emptied")
    raw = app.page.evaluate(RAW)
    assert PERSON not in raw and device_id not in raw
    found = walk.get(f"/devices/{device_id}", as_="admin")
    assert (found["wipe"], found["wiped_lost"]) == (None, [1]) and found["wiped_at"]
    app.press("field.emptied.anew")
    app.heading("field.setup.title")


def test_a_revoked_tablet_uploads_what_it_did_and_then_empties_itself(
    visit: Callable[..., Visitor], walk: Walk
) -> None:
    app, device_id = worked(visit, walk, "لوح ملغى", "01234567895")
    walk.post(f"/devices/{device_id}/revocation", {"reason": "يُستبدل بلوح أحدث"}, as_="admin")
    app.mend()
    app.heading("field.emptied.title")  # by itself, when the line is back
    found = walk.get(f"/devices/{device_id}", as_="admin")
    assert found["wiped_at"] and found["wiped_lost"] == []
    [item] = walk.get(f"/offline-items?device_id={device_id}", as_="manager")["items"]
    assert item["codes"] == ["item_device_not_trusted"], "a person looks at it: nothing was dropped"


def test_a_conflict_is_shown_with_its_reason_and_what_to_do(visit: Callable[..., Visitor], walk: Walk) -> None:
    visitor = visit("phone", "en")
    app = FieldApp(visitor)
    device_id = app.set_up("Tablet of a conflict")
    number = renewal_visit(walk, device_id)
    app.log_in()
    app.heading("field.today.title")
    app.take_along("shop-renewal")
    app.wait_until_kept()
    app.cut()
    app.visitor.press(app.page.locator("a.card", has_text=HOLDER).first)
    app.press("field.release.button")
    app.page.check("[name=way][value=cash]")
    app.page.check("[name=taken]")
    app.press("field.release.confirm")
    app.heading("field.paper.released")
    # Somebody took the tablet for one that had come home: its tickets are void.
    walk.post(f"/devices/{device_id}/serials/return", {"reason": "ظُن أن اللوح عاد"}, as_="admin")
    app.mend()
    app.sync()
    expect(app.page.locator("[data-state=quarantined]")).to_have_count(2)
    first = app.page.locator("[data-state=quarantined]").last
    expect(first).to_contain_text("void")
    expect(first).to_contain_text(app.t("field.item.quarantined_do"))
    visitor.see("field-conflict")
    app.kill()
    app.unlock()
    app.page.goto(f"{app.page.url.split('#')[0]}#/outbox")
    expect(app.page.locator("[data-state=quarantined]")).to_have_count(2)  # and stays shown
    [held] = [one for one in walk.get(f"/offline-items?device_id={device_id}", as_="manager")["items"]
              if one["kind"] == "release"]  # fmt: skip
    manager = visit("desktop", "en")
    manager.log_in("manager")
    manager.go(f"/staff/quarantine/{held['item_id']}")
    expect(manager.page.get_by_role("heading", level=1)).to_be_visible()
    manager.see("quarantine-item")
    accounts = visit("phone", "ar")  # its cash is held for a person
    accounts.log_in("accounts")
    money = accounts.page.locator(".cards a")
    address = f"{accounts.url}/ar/staff/finance/reviews"
    accounts.page.goto(address)
    accounts.until(lambda: money.first.is_visible(), address)
    accounts.press(money.first)
    accounts.page.wait_for_url("**/reviews/*-*")
    accounts.see("finance-review")
    walk.post(f"/offline-items/{held['item_id']}/closing", {"reason": "أُعيد المبلغ للمواطن وصدرت رخصة أخرى"},
              as_="manager")  # fmt: skip
    app.sync()
    closed = app.page.locator(f"[data-item='{held['item_id']}']")
    expect(closed).to_have_attribute("data-state", "closed")
    assert walk.bill(number, "final") is not None


def test_a_session_that_ended_keeps_the_queue_until_the_clerk_logs_in_again(
    visit: Callable[..., Visitor], walk: Walk
) -> None:
    app, _ = worked(visit, walk, "لوح الجلسة", "01234567896")
    token = app.page.evaluate("import('/static/field/vault.js').then((m) => m.kept('session')).then((s) => s.token)")
    walk.http.delete(f"{walk.url}/api/v1/sessions", headers={"Authorization": f"Bearer {token}"}, timeout=20)
    app.mend()
    app.heading("field.login.again")  # the line came back, and the upload found the session ended
    app.visitor.see("field-login-again")
    assert app.standing() == {1: "pending"}
    app.page.fill("[name=password]", "shubbak-demo")
    app.press("field.login.again_button")
    app.wait_until_synced()
    assert app.standing() == {1: "applied"}


def test_a_node_that_says_not_so_fast_is_asked_again_when_it_may_be(
    visit: Callable[..., Visitor], walk: Walk
) -> None:
    app, device_id = worked(visit, walk, "لوح متعجل", "01234567897")
    answered = []

    def slow_down(route: Route) -> None:
        if len(answered) < 2:
            answered.append(route.request.url)
            route.fulfill(status=429, headers={"Retry-After": "1"}, json={"code": "slow_down", "errors": []})
        else:
            route.continue_()

    app.page.context.route(f"**/devices/{device_id}/items", slow_down)
    app.mend()
    app.wait_until_synced()
    assert len(answered) == 2 and app.standing() == {1: "applied"}


@pytest.mark.parametrize(("pin", "key"), [("12345", "field.pin.short"), ("123456", "field.pin.simple"),
                                          ("777777", "field.pin.simple")])
def test_pins_that_are_too_easy_are_refused(visit: Callable[..., Visitor], pin: str, key: str) -> None:
    app = FieldApp(visit("phone"))
    app.visitor.go("/field")
    app.heading("field.setup.title")
    assert app.page.evaluate("(pin) => import('/static/field/vault.js').then((m) => m.pinFault(pin))", pin) == key
