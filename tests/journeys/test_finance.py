"""The finance officers: money given back by two persons, an exemption, a statement read in, the treasury told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from infra.demo.walk import Walk
from tests.journeys.test_other_ways import pay_cash_over_the_api
from tests.journeys.ways import WAYS
from tests.support.days import today

REASON = "سُدد الرسم مرتين بالخطأ"


def officer(visit: Any, device: str, lang: str, username: str, path: str) -> Any:
    """Somebody of finance at a page."""
    came = visit(device, lang)
    came.log_in(username)
    came.go(path)
    return came


def paid_bill(walk: Walk) -> str:
    """The number of a bill that was paid in cash."""
    number = walk.lodge()["tracking_number"]
    pay_cash_over_the_api(walk, number)
    return str(walk.until(lambda: walk.bill(number, "inspection"),
                          lambda bill: bool(bill) and bill["state"] == "paid")["bill_number"])


def open_bill(walk: Walk) -> str:
    """The number of a bill that nobody paid yet."""
    number = walk.lodge()["tracking_number"]
    return str(walk.until(lambda: walk.bill(number, "inspection"), bool)["bill_number"])


def at_bill(came: Any, number: str) -> None:
    """Find a bill by its number and open it; the index hears of it as an event."""
    address = f"{came.url}/{came.lang}/staff/finance/bills?number={number}"
    came.until(lambda: bool(came.page.locator(".cards a").count()), address)
    came.press(came.page.locator(".cards a").first)
    came.page.wait_for_url("**/bills/*-*")


@WAYS
def test_money_goes_back_by_two_persons_and_out_of_a_shift(visit: Any, walk: Walk, device: str, lang: str) -> None:
    number = paid_bill(walk)
    asks = officer(visit, device, lang, "accounts", "/staff/finance/bills")
    asks.see("finance-find")
    at_bill(asks, number)
    asks.see("finance-bill")
    asks.press(asks.t("finance.act.refund"))
    asks.page.fill("[name=reason]", "قليل")
    asks.press(asks.t("finance.do.refund"))
    expect(asks.page.locator("[name=reason]")).to_have_attribute("aria-invalid", "true")
    asks.see("finance-refund-fault")  # the reason is too short; the page says so at its field
    asks.page.fill("[name=reason]", REASON)
    asks.press(asks.t("finance.do.refund"))
    expect(asks.page.get_by_text(asks.t("finance.done.refund"))).to_be_visible()

    decides = officer(visit, device, lang, "accounts-chief", "/staff/finance/refunds")
    decides.see("finance-refunds")
    decides.press(decides.page.locator(".cards a", has_text=number).first)
    decides.page.check("[name=approve][value=yes]")
    decides.page.select_option("[name=way]", "cash")
    decides.page.fill("[name=reason]", REASON)
    decides.see("finance-refund")
    decides.press(decides.t("finance.send_decision"))
    expect(decides.page.locator(".notice.good")).to_be_visible()

    walk.at_the_counter()
    pays = officer(visit, device, lang, "cashier", "/staff/finance/refunds")
    pays.press(pays.page.locator(".cards a", has_text=number).first)
    pays.see("finance-hand-over")
    pays.press(pays.t("finance.was_handed_over"))
    expect(pays.page.locator(".notice.good")).to_be_visible()
    expect(pays.page.locator(".cards a", has_text=number)).to_have_count(0)


@WAYS
def test_an_exemption_is_asked_for_by_one_and_approved_by_another(
        visit: Any, walk: Walk, device: str, lang: str) -> None:
    number = open_bill(walk)
    asks = officer(visit, device, lang, "accounts", "/staff/finance/bills")
    at_bill(asks, number)
    asks.press(asks.t("finance.act.exemption"))
    asks.page.fill("[name=legal_basis]", "القانون 154 لسنة 2019، المادة 12")
    asks.page.fill("[name=reason]", "من ذوي الهمم، ومستنده مرفق بالطلب")
    asks.see("finance-exemption")
    asks.press(asks.t("finance.do.exemption"))
    expect(asks.page.locator(".notice.good")).to_be_visible()
    asks.go("/staff/finance/changes")
    asks.press(asks.page.locator(".cards a").last)
    expect(asks.page.get_by_text(asks.t("finance.another_person"))).to_be_visible()

    decides = officer(visit, device, lang, "accounts-chief", "/staff/finance/changes")
    decides.see("finance-changes")
    decides.press(decides.page.locator(".cards a").last)
    decides.page.check("[name=approve][value=yes]")
    decides.page.fill("[name=reason]", "راجعت المستند وهو صحيح")
    decides.see("finance-change")
    decides.press(decides.t("finance.send_decision"))
    expect(decides.page.locator(".notice.good")).to_be_visible()
    at_bill(decides, number)
    expect(decides.page.get_by_text(decides.t("finance.change_state.approved"))).to_be_visible()


@WAYS
def test_a_statement_is_read_in_and_what_does_not_agree_is_settled(
        visit: Any, walk: Walk, device: str, lang: str, tmp_path: Path) -> None:
    yesterday = today() - timedelta(days=1)
    name = f"fawry-{device}-{lang}.csv"
    (tmp_path / name).write_text(
        "fawry_reference,merchant_reference,type,amount,fees,currency,time\n"
        f"77{abs(hash((device, lang))) % 10**8:08d},unknown-{device}-{lang},PAYMENT,150.00,1.50,EGP,"
        f"{yesterday.isoformat()}T10:00:00\n", encoding="utf-8")
    came = officer(visit, device, lang, "finance", "/staff/finance/statements")
    came.see("finance-statements")
    came.page.select_option("form[data-upload] [name=rail]", "fawry")
    came.page.fill("[name=since]", yesterday.isoformat())
    came.page.set_input_files("[name=file]", tmp_path / name)
    came.press(came.t("finance.send"))
    came.page.wait_for_url("**/statements/files/*")
    came.page.get_by_role("link", name=came.t("finance.see_statement")).wait_for()  # htmx brings it
    came.see("finance-upload")
    came.press(came.t("finance.see_statement"))
    came.page.wait_for_url("**/statements/*-*")
    came.see("finance-statement")

    came.go("/staff/finance/differences")
    came.until(lambda: bool(came.page.locator(".cards a").count()), came.page.url)
    came.see("finance-differences")
    waiting = came.page.locator(".cards a").count()
    came.press(came.page.locator(".cards a").last)
    came.page.check("[name=decision][value=explain]")
    came.page.fill("[name=reason]", "عملية تجريبية لدى الوسيلة")
    came.see("finance-difference")
    came.press(came.t("finance.send_decision"))
    came.page.wait_for_url("**/differences")
    expect(came.page.locator(".cards a")).to_have_count(waiting - 1)


def test_a_period_is_prepared_by_one_and_closed_by_another(visit: Any, walk: Walk) -> None:
    yesterday = today() - timedelta(days=1)
    prepares = officer(visit, "desktop", "ar", "finance", "/staff/finance/treasury")
    prepares.see("finance-treasury")
    prepares.page.fill("[name=since]", yesterday.isoformat())
    prepares.page.fill("[name=until]", yesterday.isoformat())
    prepares.press(prepares.t("finance.prepare"))
    prepares.page.wait_for_url("**/treasury/*-*")
    prepares.see("finance-period")
    expect(prepares.page.get_by_text(prepares.t("finance.another_person"))).to_be_visible()
    closes = officer(visit, "desktop", "en", "finance-head", "/staff/finance/treasury")
    closes.press(closes.page.locator("tbody a").first)
    closes.press(closes.t("finance.close"))
    closes.page.wait_for_url("**/treasury")
    expect(closes.page.get_by_text(closes.t("finance.period.closed")).first).to_be_visible()


@WAYS
def test_collections_are_seen_from_every_side(visit: Any, walk: Walk, device: str, lang: str) -> None:
    paid_bill(walk)
    came = officer(visit, device, lang, "accounts", "/staff/finance/collections")
    came.until(lambda: bool(came.page.locator("#figures-by-way").count()), came.page.url)
    came.see("finance-collections")
