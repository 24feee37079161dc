"""The field app in a browser, as a clerk holds it; and what the centre does for its day."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from playwright.sync_api import Page, Route, expect

from infra.demo.walk import _PDF as PDF
from infra.demo.walk import API, Walk
from services.gateway.demo import PASSWORD
from tests.journeys.conftest import Visitor
from tests.support.days import working_day

UNIT, PIN = "EG-C-01", "482913"
RENEWAL = {"ground": "limited", "former_licence": "SHL-2021-000123", "months_late": 0, "unchanged": True,
           "shop_name": "ركن القهوة", "shop_area": "الزيتون", "shop_street": "شارع سليم الأول", "area_m2": "45"}
HOLDER, HOLDER_PHONE = "محمود عبد الله حسن", "01012345678"
ADDRESS = "15 شارع سليم الأول، الزيتون"
NO_LINE = {"net::ERR_INTERNET_DISCONNECTED", "net::ERR_FAILED"}


def decided_renewal(walk: Walk) -> str:
    """A renewal that waits for nothing but its fee; its number."""
    documents = [{"code": code, "document_id": walk.upload(code)} for code in ("id_copy", "former_licence", "tenure")]
    applicant = {"kind": "citizen", "name": HOLDER, "national_id": "28503150101232", "phone": HOLDER_PHONE,
                 "email": None, "language": "ar"}  # fmt: skip
    number = str(walk.post("/requests", {"service_code": "shop-renewal", "unit": UNIT, "applicant": applicant,
                                         "answers": RENEWAL, "documents": documents})["tracking_number"])  # fmt: skip
    walk.act("officer", "accept", number=number)
    walk.act("licensing-head", "approve", number=number)
    walk.until(lambda: walk.bill(number, "final"), bool)
    return number


def planned_visit(walk: Walk, device_id: str, order: dict[str, Any], digits: str | None = None) -> str:
    """A visit that the citizen ordered and the centre gave to the demo's clerk; its number."""
    headers = {"Idempotency-Key": str(uuid.uuid4()), **({"X-Phone-Last4": digits} if digits else {})}
    made = requests.post(f"{walk.url}{API}/visits", json={"address": ADDRESS, **order}, headers=headers, timeout=30)
    assert made.status_code == 201, made.text
    number = str(made.json()["visit_number"])
    walk.post(f"/visits/{number}/plan", {"device_id": device_id, "clerk": "field", "day": working_day().isoformat()},
              as_="manager")  # fmt: skip
    return number


def renewal_visit(walk: Walk, device_id: str) -> str:
    """A decided renewal whose citizen is visited; its tracking number."""
    number = decided_renewal(walk)
    planned_visit(walk, device_id, {"purpose": "renewal", "tracking_number": number}, HOLDER_PHONE[-4:])
    return number


@dataclass
class FieldApp:
    """A device in somebody's hands."""

    visitor: Visitor

    @property
    def page(self) -> Page:
        return self.visitor.page

    def t(self, key: str, **params: object) -> str:
        return self.visitor.t(key, **params)

    def press(self, key: str, **params: object) -> None:
        """Press a button of the screen, not of the bar."""
        buttons = self.page.locator("main, dialog").get_by_role("button", name=self.t(key, **params), exact=True)
        self.visitor.press(buttons.last)

    def heading(self, key: str) -> None:
        """Wait for a screen."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(self.t(key))

    # before the work

    def set_up(self, label: str, kind: str = "tablet") -> str:
        """An administrator makes the device known; its id."""
        self.visitor.go("/field")
        self.heading("field.setup.title")
        self.page.check(f"[name=kind][value={kind}]")
        self.page.select_option("[name=unit]", UNIT)
        self.page.fill("[name=label]", label)
        self.page.fill("[name=username]", "admin")
        self.page.fill("[name=password]", PASSWORD)
        self.press("field.setup.register")
        self.heading("field.login.title")
        return str(self.page.evaluate(f"{_MODULE}device.js').then((m) => m.device()).then((d) => d.device_id)"))

    def log_in(self, username: str = "field", pin: str = PIN) -> None:
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", PASSWORD)
        self.choose_pin(pin)

    def choose_pin(self, pin: str = PIN) -> None:
        self.page.fill("[name=pin]", pin)
        self.page.fill("[name=again]", pin)
        self.press("field.login.button")

    def unlock(self, pin: str = PIN) -> None:
        self.heading("field.unlock.title")
        self.page.fill("[name=pin]", pin)
        self.press("field.unlock.button")

    def take_along(self, *services: str) -> None:
        """Take the bundle of the day of the visits, with the forms of these services (of all, when none is named)."""
        self.page.goto(f"{self.page.url.split('#')[0]}#/take")
        self.heading("field.take.title")
        if services:
            for box in self.page.locator("[name=services]").all():
                box.set_checked(box.get_attribute("value") in services)
        self.page.fill("[name=numbers]", "5")
        if (days := self.page.locator("[name=day]")).count():
            days.select_option(working_day().isoformat())
        self.press("field.take.button")
        expect(self.page.locator(".lead")).to_be_visible()

    # the line

    def wait_until_kept(self) -> None:
        """Both languages of the app are kept on the device."""
        self.page.evaluate("""async () => {
            for (const ends = Date.now() + 90000; Date.now() < ends; ) {
                const all = await navigator.serviceWorker.getRegistrations();
                if (all.length === 2 && all.every((one) => one.active?.state === 'activated')) return;
                await new Promise((resolve) => { setTimeout(resolve, 50); });
            }
            throw new Error('the app was not kept within a minute and a half');
        }""")

    def cut(self) -> None:
        self.page.context.set_offline(True)

    def mend(self) -> None:
        self.page.context.set_offline(False)

    def kill(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """The tab dies without a word; another is opened on the same device, after what happens meanwhile."""
        context, address = self.page.context, self.page.url.split("#")[0]
        self.page.close()
        meanwhile()
        self.visitor.page = context.new_page()
        self.page.goto(address)

    def sync(self) -> None:
        self.page.goto(f"{self.page.url.split('#')[0]}#/outbox")
        self.heading("field.outbox.title")
        self.press("field.sync.now")

    def standing(self) -> dict[int, str]:
        """How each item stands, by its number."""
        found: dict[int, str] = self.page.evaluate(
            f"{_MODULE}queue.js').then((m) => m.items()).then((all) => all.map((one) => [one.number, one.state]))")
        return {int(number): str(state) for number, state in found}

    def wait_until_synced(self) -> None:
        """Until the node has everything, and the app says so."""
        self.page.evaluate("""async () => {
            const { waiting } = await import('/static/field/queue.js');
            for (const ends = Date.now() + 60000; Date.now() < ends; ) {
                if (!(await waiting()).length) return;
                await new Promise((resolve) => { setTimeout(resolve, 50); });
            }
            throw new Error('not everything was uploaded within a minute');
        }""")
        expect(self.page.locator(".said")).to_have_text(self.t("field.sync.done"))

    # gathering

    def photograph(self, field: str, file: dict[str, Any]) -> None:
        """A picture by the camera, waited for until it is put aside."""
        place = self.page.locator(f"[data-field='{field}']")
        before = [one.get_attribute("data-paper") for one in place.locator(".taken li").all()]
        place.locator("input[type=file]").set_input_files(file)
        added = "".join(f":not([data-paper='{paper}'])" for paper in before)
        expect(place.locator(f".taken li{added}")).to_have_count(1)

    def sign(self) -> None:
        pad = self.page.locator("canvas.pad")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        x, y = box["x"] + 30, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + 120, y + 20, steps=6)
        self.page.mouse.up()
        expect(self.page.locator("[data-field=signature] .kept")).to_be_visible()

    def fill_applicant(self, name: str, phone: str, national_id: str = "29001010101234") -> None:
        self.page.fill("[name='applicant/name']", name)
        self.page.fill("[name='applicant/national_id']", national_id)
        self.page.fill("[name='applicant/phone']", phone)

    def fill_renewal(self) -> None:
        """The form of a shop's renewal, as its controls ask it."""
        self.fill_answers({**RENEWAL, "former_licence": "SHL-2021-000777"})

    def fill_answers(self, answers: Mapping[str, Any]) -> None:
        """A form, as its controls ask it."""
        for name, value in answers.items():
            field = self.page.locator(f"[data-field='answers/{name}']")
            if field.locator("input[type=radio]").count():
                field.locator(f"input[value='{str(value).lower()}']").check()
            elif field.locator("select").count():
                field.locator("select").select_option(str(value))
            else:
                field.locator("input, textarea").fill(str(value))


_MODULE = "import('/static/field/"


def picture(page: Page, width: int = 2400, height: int = 1600) -> dict[str, Any]:
    """A JPEG as a camera makes one, larger than the app sends."""
    import base64

    encoded = page.evaluate(
        """async ([w, h]) => { const c = new OffscreenCanvas(w, h), d = c.getContext("2d");
        for (let i = 0; i < 400; i += 1) { d.fillStyle = `hsl(${i * 37 % 360} 80% 60%)`;
          d.fillRect(Math.random() * w, Math.random() * h, 200, 120); }
        const b = await c.convertToBlob({type: "image/jpeg", quality: 0.95});
        return btoa(Array.from(new Uint8Array(await b.arrayBuffer()), (o) => String.fromCharCode(o)).join("")); }""",
        [width, height])
    return {"name": "IMG_2041.jpg", "mimeType": "image/jpeg", "buffer": base64.b64decode(encoded)}


def lose_answers(page: Page, path: str, times: int) -> Callable[[], int]:
    """The node takes what is sent to `path`, and its answer is lost on the way, so often; how often it was."""
    lost = 0

    def handle(route: Route) -> None:
        nonlocal lost
        if route.request.method != "POST" or lost >= times:
            route.continue_()
            return
        lost += 1
        route.fetch()
        route.abort("connectionreset")

    page.context.route(f"**{API}{path}", handle)
    return lambda: lost


PAPER = {"name": "contract.pdf", "mimeType": "application/pdf", "buffer": PDF}
