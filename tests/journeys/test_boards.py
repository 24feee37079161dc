"""Heads, managers and the governorate look at the board: figures, charts and their tables, live, to take along."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from playwright.sync_api import expect

from infra.demo.walk import Walk
from tests.journeys.conftest import PATIENCE
from tests.journeys.test_other_ways import pay_cash_over_the_api
from tests.journeys.ways import WAYS

DRAWN = "() => [...document.querySelectorAll('.chart:not([hidden]) canvas')].every((one) => Chart.getChart(one))"


def busy(walk: Walk) -> None:
    """A request that waits for its fee, and one before the officer."""
    walk.lodge()
    pay_cash_over_the_api(walk, walk.lodge()["tracking_number"])
    walk.until(lambda: walk.post("/tasks/next", {}, as_="officer")["task"], bool)


def figure(visitor: Any, key: str) -> int:
    """What a tile says."""
    tile = visitor.page.locator(".tile", has=visitor.page.get_by_text(visitor.t(key), exact=True))
    return int(tile.locator("strong").inner_text().replace(",", ""))


def refresh(visitor: Any, until: Callable[[], bool]) -> None:
    """Have the board ask again, as it does by itself every half minute, until something is so."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with visitor.page.expect_response(lambda answer: "/staff/board" in answer.url):
            visitor.page.evaluate("htmx.trigger('#board', 'board-again')")
        visitor.page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
        if until():
            return
        visitor.page.wait_for_timeout(100)
    raise AssertionError(visitor.page.inner_text("main"))


@WAYS
def test_a_head_follows_the_unit_while_work_comes_in(visit: Any, walk: Walk, device: str, lang: str) -> None:
    busy(walk)
    head = visit(device, lang)
    head.log_in("head")
    head.go("/staff/board")
    refresh(head, lambda: figure(head, "board.lodged") > 0)
    head.page.wait_for_function(DRAWN)
    head.see("board")
    before = figure(head, "board.lodged")
    walk.lodge()
    refresh(head, lambda: figure(head, "board.lodged") == before + 1)  # no page was loaded in between
    head.page.wait_for_function(DRAWN)
    head.press(head.t("board.pause"))
    expect(head.page.get_by_text(head.t("board.paused"))).to_be_visible()
    expect(head.page.locator("#board[hx-get]")).to_have_count(0)


@WAYS
def test_a_head_chooses_a_week_and_a_department_and_takes_the_tables_along(
        visit: Any, walk: Walk, device: str, lang: str, tmp_path: Path) -> None:
    busy(walk)
    head = visit(device, lang)
    head.log_in("head")
    head.go("/staff/board")
    head.page.select_option("[name=period]", "week")
    head.page.select_option("[name=department]", "licensing")
    head.press(head.t("board.show"))
    expect(head.page.get_by_text(head.t("board.arrived"), exact=True).first).to_be_visible()
    head.see("board-department")
    head.download(head.t("board.xlsx")).save_as(tmp_path / "board.xlsx")
    book = load_workbook(io.BytesIO((tmp_path / "board.xlsx").read_bytes()))
    assert head.t("board.by_day") in book.sheetnames
    assert book.worksheets[0].sheet_view.rightToLeft is (lang == "ar")
    head.download(head.t("board.pdf")).save_as(tmp_path / "board.pdf")
    assert (tmp_path / "board.pdf").read_bytes().startswith((b"%PDF-", b"<!doctype"))


@WAYS
def test_the_governorate_goes_from_all_units_into_one(visit: Any, walk: Walk, device: str, lang: str) -> None:
    busy(walk)
    governorate = visit(device, lang)
    governorate.log_in("governorate")
    governorate.go("/staff/board")
    refresh(governorate, lambda: governorate.page.locator("#figures-units a").count() > 0)
    governorate.see("board-governorate")
    governorate.press(governorate.page.locator("#figures-units a").first)
    governorate.page.wait_for_url("**unit=EG-C-01**")
    expect(governorate.page.locator("#figures-units")).to_have_count(0)
    expect(governorate.page.get_by_role("heading", name=governorate.t("board.by_service"), exact=True)).to_be_visible()


def test_who_uses_no_scripts_reads_the_same_tables(visit: Any, walk: Walk) -> None:
    busy(walk)
    head = visit("phone", "ar", java_script_enabled=False)
    head.log_in("head")
    head.until(lambda: bool(head.page.locator("#figures-services").count()), f"{head.url}/ar/staff/board")
    expect(head.page.locator("#figures-services")).to_be_visible()
    expect(head.page.locator("canvas").first).not_to_be_visible()
    now = head.page.url
    head.press(head.t("board.earlier"))
    expect(head.page).not_to_have_url(now)
    expect(head.page.locator("#board")).to_be_visible()


def test_what_is_wrong_with_the_dates_is_said_at_them(visit: Any) -> None:
    head = visit("desktop", "en")
    head.log_in("head")
    head.go("/staff/board?period=dates&on=2026-03-02&until=2026-03-01")
    expect(head.page.get_by_text("The period ends before it begins").first).to_be_visible()
    head.see("board-fault")
