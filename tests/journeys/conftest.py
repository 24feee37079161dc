"""The whole platform started as the demo starts it, and Chromium to visit it with.

A click returns before the page to which it leads has come. Whoever then reads the screen reads the old page, or none.
So nothing here clicks by itself: `Visitor.press` is the one way to press anything (tests/unit/test_journeys.py holds
the journeys to it), and when it returns, the page to which the browser itself goes is there. What a page's own script
does upon a press (htmx, an upload, the field app) is waited for by what it shows: `reads`, `at`, `expect`. A paper that
a link hands out is had by `Visitor.download`.

`SHUBBAK_SLOW_PAGES=300` lets every answer come 300 ms late and no click wait, so that each wait that is missing shows.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Download, Error, Locator, Page, expect, sync_playwright

from infra.demo.walk import PASSWORD, Walk, until
from infra.processes import free_port
from services.gateway.web.pages.texts import TEXTS
from tests.journeys import axe, pages_seen
from tests.support.days import within_one_day

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / "build" / "screens"
# A picture of a whole page costs half as much as axe. What was there when a journey failed is kept in any case.
PICTURES = os.environ.get("SHUBBAK_SCREENS", "0") != "0"
# Without windows of its own it needs half the time (30 pages opened, filled and drawn: 3.4 s of CPU against 7.2).
CHROMIUM = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
START_SECONDS = 300.0  # on a busy machine; otherwise some twenty
LONGEST = 240.0  # seconds that a journey takes
PATIENCE = 90.0  # seconds that a fact may be on its way, or a document being drawn, on such a machine
SLOW = int(os.environ.get("SHUBBAK_SLOW_PAGES", "0"))  # milliseconds by which every answer is late
# What a page is to show is waited for so long: facts travel as events, and scripts ask for what they show.
expect.set_options(timeout=45_000)
# In every page: whether a press makes the browser itself leave for another one. Known when the event has passed all
# that the page's scripts do with it; gone with the page.
_LEAVING = """
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || link.target === "_blank" || link.hasAttribute("download")) return;
  window.leaving = !(link.hash && link.href.split("#")[0] === location.href.split("#")[0]);
});
addEventListener("submit", (event) => {
  if (!event.defaultPrevented && event.target.target !== "_blank") window.leaving = true;
});"""
_ARRIVED = "() => !window.leaving && document.readyState === 'complete'"  # with the scripts that the page runs
READY_LINE = "Ctrl-C ends it"  # the demo prints it last, when its own walk is over and nobody's desk holds a file


@pytest.fixture(autouse=True)
def on_one_day() -> None:
    """The platform goes by the real clock: no journey begins on one day and ends on the next, the longest on a busy
    machine neither."""
    within_one_day(LONGEST)


@pytest.fixture(scope="session")
def url(platform: tuple[str, str]) -> str:
    """The address of a running platform with the guide published and the demo's accounts."""
    return platform[0]


@pytest.fixture(scope="session")
def operator(platform: tuple[str, str]) -> str:
    """The address of the sandbox at which what was sent can be read."""
    return platform[1]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    port = free_port()
    folder = tmp_path_factory.mktemp("demo")
    environment = {**os.environ, "SHUBBAK_DEMO_DATA": str(folder / "data"), "PYTHONUNBUFFERED": "1", "ONCE": "",
                   "SHUBBAK_LINK_PEERS": "EG=k1:none",  # a link that was never heard is a page as well
                   "SHUBBAK_WEBHOOK_NETWORKS": "127.0.0.0/8"}  # a receiver of a journey stands on this machine
    log = (folder / "errors.txt").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.demo", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=log,
    )
    try:
        said = _await_ready(process, folder / "errors.txt")
        told = re.search(r"(http://127\.0\.0\.1:[0-9]+)/outbox", said)
        assert told is not None, said
        yield f"http://127.0.0.1:{port}", told[1]
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _await_ready(process: subprocess.Popen[bytes], errors: Path) -> str:
    assert process.stdout is not None
    ends, said = time.monotonic() + START_SECONDS, b""
    while READY_LINE.encode() not in said:
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, ends - time.monotonic()))
        chunk = os.read(process.stdout.fileno(), 65536) if readable else b""
        if not chunk:
            raise RuntimeError(f"the platform did not start:\n{said.decode()}\n{errors.read_text()[-3000:]}")
        said += chunk
    return said.decode()


class UnhurriedWalk(Walk):
    """The same, which waits as long as the pages are waited for."""

    def until(self, ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
        return until(ask, wanted, patience=PATIENCE)


def walking(url: str) -> Walk:
    """People over the API who pay at no rail."""

    def nobody_pays(reference: str) -> None:
        raise AssertionError("this journey pays in cash")

    return UnhurriedWalk(url, nobody_pays)


@pytest.fixture
def walk(url: str) -> Walk:
    """The same people over the API, for what a journey does not want to look at again. Paying at a rail is no part."""
    return walking(url)


@pytest.fixture(autouse=True)
def empty_desks(request: pytest.FixtureRequest, url: str) -> None:
    """Files that another journey left are done first: an officer is handed whichever is most urgent. A journey that
    does nothing over the API brings no file to a desk."""
    if "walk" not in request.fixturenames:
        return
    walk = walking(url)
    for username, action in (("officer", "accept"), ("inspector", "report"), ("head", "reject")):
        while walk.post("/tasks/next", {}, as_=username)["task"]:
            pass
        for task in walk.get("/tasks", as_=username)["tasks"]:
            body = {
                "action": action,
                "reason": "انتهت الرحلة",
                "inputs": {"findings": "-"} if action == "report" else {},
                "legal_reason": "conditions_unmet" if action == "reject" else None,
            }
            walk.post(f"/tasks/{task['task_id']}/actions", body, as_=username)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@dataclass
class Visitor:
    """Somebody in front of a browser of their own, who reads `lang`. `see` keeps a picture of what is on the screen
    where pictures are asked for."""

    page: Page
    url: str
    device: str
    complaints: list[str]
    lang: str = "ar"
    scripts: bool = True

    def go(self, path: str) -> None:
        """Open a page; one whose path names no language in the visitor's own."""
        of_a_language = path.startswith(("/ar", "/en")) and path[3:4] in ("", "/", "?")
        self.page.goto(f"{self.url}{path if of_a_language or path == '/' else f'/{self.lang}{path}'}")

    def t(self, key: str, **params: object) -> str:
        """A text of the interface in the visitor's language."""
        chosen = TEXTS[key][0 if self.lang == "ar" else 1]
        return chosen.format(**params) if params else chosen

    def log_in(self, username: str, password: str = PASSWORD) -> None:
        """Come in as one of the staff."""
        self.go("/staff/login")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", password)
        self.press(self.t("staff.login_button"))
        self.page.wait_for_url(re.compile(r"^(?!.*/staff/login)"), wait_until="domcontentloaded")

    def see(self, name: str) -> None:
        """Demand that nothing is wider than the screen and that axe finds nothing wrong; keep a picture if asked to."""
        self._arrive()
        if PICTURES:
            self.page.screenshot(path=SCREENS / f"{self.lang}-{self.device}-{name}.png", full_page=True)
        width = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert width[0] <= width[1], f"{name} is wider than the screen: {width}"
        wrong = axe.violations(self.page)
        assert not wrong, f"{name}: " + "\n".join(wrong)
        pages_seen.note(self.page.url)

    def press(self, what: str | Locator) -> None:
        """Press a button or follow a link, by what stands on it or by where it is. Where it leads to another page, that
        page is there when this returns. Without scripts every press leads to one."""
        found = self._found(what)
        if not self.scripts:
            with self.page.expect_navigation(wait_until="domcontentloaded"):
                _click(found)
            return
        _click(found)
        self._arrive()

    def download(self, what: str | Locator) -> Download:
        """Press what hands out a paper, and have it; the page stays."""
        with self.page.expect_download() as given:
            _click(self._found(what))
        if self.scripts:
            self.page.evaluate("window.leaving = false")
        return given.value

    def _found(self, what: str | Locator) -> Locator:
        if not isinstance(what, str):
            return what
        button = self.page.get_by_role("button", name=what, exact=True)
        return button.or_(self.page.get_by_role("link", name=what, exact=True)).first

    def _arrive(self) -> None:
        """Wait for the page to which a press leads, if it leads to one."""
        if self.scripts:
            self.page.wait_for_function(_ARRIVED)
        else:
            self.page.wait_for_load_state("domcontentloaded")

    def until(self, seen: Callable[[], bool], url: str, *, seconds: float = PATIENCE) -> None:
        """Open a page again and again until something is seen on it: facts travel as events."""
        self._again_and_again(seen, lambda: self.page.goto(url), f"waited {seconds:.0f} s", seconds)

    def wait_for(self, text: str, *, seconds: float = PATIENCE) -> None:
        """Reload until a line begins so: facts travel as events, and the pages use no scripts."""
        line = self.page.locator("main").get_by_text(re.compile(rf"^\s*{re.escape(text)}")).first
        self._again_and_again(line.is_visible, self.page.reload, f"waited {seconds:.0f} s for: {text}", seconds)

    def _again_and_again(self, seen: Callable[[], bool], load: Callable[[], object], said: str, seconds: float) -> None:
        """Load until something is seen, ever less often: each page that is drawn keeps the node from its work."""
        ends, pause = time.monotonic() + seconds, 50.0
        while not seen():
            assert time.monotonic() < ends, f"{said}\n{self.page.inner_text('main')}"
            self.page.wait_for_timeout(pause)
            pause = min(1.5 * pause, 500.0)
            load()


def _click(what: Locator) -> None:
    what.click(no_wait_after=bool(SLOW))


def watched(context: BrowserContext) -> Page:
    """A page whose presses are waited for, of a browser of one's own; slow, where slow pages are asked for."""
    context.add_init_script(_LEAVING)
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    if SLOW:
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", {
            "offline": False, "latency": SLOW, "downloadThroughput": -1, "uploadThroughput": -1})  # fmt: skip
    return page


def reads(page: Page, *texts: str, within: str = "main") -> None:
    """Each of these is to be read on the page, as soon as it has come."""
    for text in texts:
        expect(page.locator(within)).to_contain_text(text, use_inner_text=True)


def at(page: Page, address: str) -> None:
    """The way leads to the page whose address ends so, whatever follows a question mark."""
    expect(page).to_have_url(re.compile(rf"{re.escape(address)}/?(\?.*)?(#.*)?$"))


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    if report.when == "call" and report.failed:
        item.stash[_FAILED] = True
    return report


def _keep_what_was_there(visitors: list[Visitor], name: str) -> None:
    """What each saw when a journey failed, as a picture and in words."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    for number, visitor in enumerate(visitors, start=1):
        with contextlib.suppress(Error):  # the browser itself may be what failed
            visitor.page.screenshot(path=SCREENS / f"failed-{re.sub(r'[^a-z0-9-]+', '-', name)}-{number}.png")
            sys.stderr.write(f"{visitor.page.url}\n{visitor.page.inner_text('body')[:1500]}\n")


@pytest.fixture
def visit(browser: Browser, url: str, request: pytest.FixtureRequest) -> Iterator[object]:
    """`visit("phone")` or `visit("desktop", "en")`: a new person with a new profile."""
    opened: list[tuple[BrowserContext, Visitor]] = []

    def open_(device: str, lang: str = "ar", **options: Any) -> Visitor:
        size = {"width": 360, "height": 740} if device == "phone" else {"width": 1280, "height": 800}
        context = browser.new_context(viewport=size, accept_downloads=True,
                                      is_mobile=device == "phone", has_touch=device == "phone",
                                      locale="ar-EG" if lang == "ar" else "en-GB", **options)  # fmt: skip
        page = watched(context)
        complaints: list[str] = []
        # A refused form answers 422, which Chromium reports as a failed load; everything else is ours to mend.
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text)
                if message.type == "error" and not message.text.startswith("Failed to load resource")
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((url, "data:", "blob:", "http://127.0.0.1"))
                else complaints.append(f"asked outside: {request.url}")
            ),
        )
        visitor = Visitor(page, url, device, complaints, lang, options.get("java_script_enabled", True))
        opened.append((context, visitor))
        return visitor

    yield open_
    if request.node.stash.get(_FAILED, False):
        _keep_what_was_there([visitor for _, visitor in opened], request.node.name)
    for context, visitor in opened:
        context.close()
        assert not visitor.complaints, visitor.complaints
