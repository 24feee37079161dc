"""What citizens look at: how many pages and inquiries one gateway process answers a second, and what a page weighs and
how soon it is on the screen of a phone.

The whole node runs as processes of its own. Weights are counted by Chromium on the wire: page, style, fonts, pictures
and scripts of a first visit; a second visit takes what it kept. Paint is measured on the loopback, with
the processor slowed down four times, as Chromium does to be like a phone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from infra.demo.walk import Walk
from tests.load import wrk
from tests.load.machine import Meter
from tests.support.node import Node

CONNECTIONS, SECONDS, WARM_UP = 16, 6, 2
ROUNDS = 5
SLOWED = 4  # times, the processor of the phone
WEIGHT_GOAL = 100_000
CHROMIUM = "/usr/bin/chromium"


def measure(_: Path) -> dict[str, Any]:
    """Rates and latencies of the door by page; bytes and milliseconds by page of a citizen."""
    with Node.running({"SHUBBAK_LOG_LEVEL": "WARNING"}) as node:
        number, digits = _lodge(node)
        meter = Meter({name: process.pid for name, process in node.processes.items()})
        service = "/ar/services/shop-licence"
        asked = {
            "guide": (service, {}),
            "guide, compressed": (service, {"Accept-Encoding": "gzip"}),
            "search": ("/ar/services?q=%D8%AA%D8%B1%D8%AE%D9%8A%D8%B5", {}),
            "inquiry": (f"/api/v1/requests/{number}", {"X-Phone-Last4": digits}),
        }
        rates = {name: _rate(node, meter, path, headers) for name, (path, headers) in asked.items()}
        paths = {"home": "/ar/", "search": "/ar/services", "guide": service, "apply": f"{service}/apply",
                 "follow": "/ar/follow", "verify": "/ar/verify", "log_in": "/ar/my/login"}  # fmt: skip
        return {"connections": CONNECTIONS, "rates": rates, "looked_at": _look(node.url, paths)}


def _lodge(node: Node) -> tuple[str, str]:
    walk = Walk(node.url, lambda _: None)
    lodged = walk.lodge(key="bench-pages-0001")
    return lodged["tracking_number"], walk.last4


def _rate(node: Node, meter: Meter, path: str, headers: dict[str, str]) -> dict[str, Any]:
    wrk.get(node.url + path, seconds=WARM_UP, connections=CONNECTIONS, headers=headers).demand_clean()
    before = meter.cpu()
    load = wrk.get(node.url + path, seconds=SECONDS, connections=CONNECTIONS, headers=headers).demand_clean()
    spent = (meter.cpu() - before).milliseconds_per(load.ok)
    return {"per_second": load.rate, "p50_ms": load.p50_ms, "p99_ms": load.p99_ms,
            "cpu_ms": {name: cost for name, cost in spent.items() if cost >= 0.05}}  # fmt: skip


def _look(url: str, paths: dict[str, str]) -> dict[str, dict[str, Any]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM,
                                             args=["--no-sandbox", "--disable-background-networking"])  # fmt: skip
        try:
            return {name: _visits(browser, url + path) for name, path in paths.items()}
        finally:
            browser.close()


def _visits(browser: Browser, address: str) -> dict[str, Any]:
    found = [_visit(browser, address) for _ in range(ROUNDS)]
    middle = sorted(found, key=lambda one: one["paint_ms"])[ROUNDS // 2]
    return {"bytes": max(one["bytes"] for one in found), "again_bytes": max(one["again_bytes"] for one in found),
            "requests": middle["requests"], "paint_ms": middle["paint_ms"]}  # fmt: skip


def _visit(browser: Browser, address: str) -> dict[str, Any]:
    """A first visit with a new profile on a slow phone, and the same page again."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True,
                                  service_workers="block")  # fmt: skip
    try:
        page = context.new_page()
        line = context.new_cdp_session(page)
        line.send("Network.enable")
        line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        taken: list[int] = []
        line.on("Network.loadingFinished", lambda event: taken.append(int(event["encodedDataLength"])))
        page.goto(address, wait_until="networkidle")
        first, requests = sum(taken), len(taken)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        taken.clear()
        page.goto(address, wait_until="networkidle")
        return {"bytes": first, "requests": requests, "again_bytes": sum(taken), "paint_ms": round(paint)}
    finally:
        context.close()
