"""The whole platform started as the demo starts it, and Chromium to visit it with."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from infra.demo.walk import Walk

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / "build" / "screens"
CHROMIUM = "/usr/bin/chromium"
START_SECONDS = 90.0
READY_LINE = "Ctrl-C ends it"  # the demo prints it last, when its own walk is over and nobody's desk holds a file


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    port = _free_port()
    folder = tmp_path_factory.mktemp("demo")
    environment = {**os.environ, "SHUBBAK_DEMO_DATA": str(folder / "data"), "PYTHONUNBUFFERED": "1", "ONCE": ""}
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


@pytest.fixture
def walk(url: str) -> Walk:
    """The same people over the API, for what a journey does not want to look at again. Paying at a rail is no part."""

    def nobody_pays(reference: str) -> None:
        raise AssertionError("this journey pays in cash")

    return Walk(url, nobody_pays)


@pytest.fixture(autouse=True)
def empty_desks(walk: Walk) -> None:
    """Files that another journey left are done first: an officer is handed whichever is most urgent."""
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
    """Somebody in front of a browser of their own. `see` keeps a picture of what is on the screen."""

    page: Page
    url: str
    device: str
    complaints: list[str]

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def see(self, name: str) -> None:
        """Keep a picture, and demand that nothing is wider than the screen."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{self.device}-{name}.png", full_page=True)
        width = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert width[0] <= width[1], f"{name} is wider than the screen: {width}"

    def press(self, name: str) -> None:
        """Press a button or follow a link by what stands on it."""
        self.page.get_by_role("button", name=name, exact=True).or_(
            self.page.get_by_role("link", name=name, exact=True)
        ).first.click()

    def wait_for(self, text: str, *, seconds: float = 20.0) -> None:
        """Reload until a line begins so: facts travel as events, and the pages use no scripts."""
        ends = time.monotonic() + seconds
        line = re.compile(rf"^\s*{re.escape(text)}")
        while not self.page.locator("main").get_by_text(line).first.is_visible():
            assert time.monotonic() < ends, f"waited {seconds:.0f} s for: {text}\n{self.page.inner_text('main')}"
            self.page.reload()


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[object]:
    """`visit("phone")` or `visit("desktop")`: a new person with a new profile."""
    opened: list[tuple[BrowserContext, Visitor]] = []

    def open_(device: str) -> Visitor:
        size = {"width": 360, "height": 740} if device == "phone" else {"width": 1280, "height": 800}
        context = browser.new_context(viewport=size, accept_downloads=True,
                                      is_mobile=device == "phone", has_touch=device == "phone")  # fmt: skip
        page = context.new_page()
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
                if request.url.startswith((url, "data:", "http://127.0.0.1"))
                else complaints.append(f"asked outside: {request.url}")
            ),
        )
        visitor = Visitor(page, url, device, complaints)
        opened.append((context, visitor))
        return visitor

    yield open_
    for context, visitor in opened:
        context.close()
        assert not visitor.complaints, visitor.complaints
