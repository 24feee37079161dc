"""Money at a rail of the centre's: the centre's page of charges with its files, and a refund of it at its node."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from openpyxl import load_workbook

from contracts.gateway_national import PROBLEMS
from contracts.payments_centre import CHARGE_STANDS, REFUND_WHYS
from rules.refusal import Fault, Refusal
from services.gateway import links
from services.gateway.web.pages import finance_charges
from services.gateway.web.platform import Platform
from tests.unit.gateway.test_finance_pages import OTHER_ID, REASON, F, post, refund, sent, stand

CHARGES = f"{F}/charges"
CHARGE: dict[str, Any] = {
    "charge_id": OTHER_ID, "node": "EG-C", "bill_number": "B-C-2026-000001-2", "rail": "fawry", "state": "paid",
    "stands": "told", "amount": 12_050, "paid_amount": 12_000, "given_back": 2_050, "reference": "9876543210",
    "wished_at": "2026-03-02T09:00:00+00:00", "paid_at": "2026-03-02T10:00:00+00:00", "expires_at": None,
    "error": None}
DOUBT: dict[str, Any] = {
    "refund_id": OTHER_ID, "node": "EG-SUZ", "charge_id": OTHER_ID, "bill_number": "B-SUZ-2026-000001-2",
    "rail": "fawry", "reference": "9876543210", "amount": 2_050, "why": None, "detail": "the rail says PAID",
    "wished_at": "2026-03-02T09:00:00+00:00"}
DAYS = [{"node": "EG-C", "day": "2026-03-02", "charges": 3, "came": 36_150, "given_back": 2_050},
        {"node": "EG-SUZ", "day": "2026-03-02", "charges": 1, "came": 100, "given_back": 0}]


@pytest.fixture
def at_centre(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Platform, "at_centre", property(lambda _: True))
    monkeypatch.setattr(links, "receipted", lambda _: {"EG-C": None, "EG-SUZ": "2026-03-02T10:00:00+00:00"})


def charges(role: str = "finance_officer", **answers: Any) -> tuple[Any, Any]:
    return stand(role, **{"payments.charges": {"charges": [CHARGE], "next": None},
                          "payments.charges_by_day": {"days": DAYS, "in_doubt": [DOUBT], "in_doubt_more": 0},
                          **answers})


def asked(service: Any, method: str = "payments.charges") -> list[Any]:
    return [one.payload for one in service.called if one.method == method]


def test_the_page_sums_by_governorate_and_day_and_shows_each_charge(at_centre: None) -> None:
    service, client = charges()
    page = client.get(f"{CHARGES}?since=2026-03-01&until=2026-03-03&node=EG-C&stands=told").get_data(as_text=True)
    for words in ("Cairo", "Suez", "361.50", "341.00", "9876543210", "Paid, and the governorate knows",
                  "120.50", "20.50", "Refunds of which nobody can tell"):
        assert words in page, words
    [wanted] = asked(service)
    assert wanted["arrived"] == {"EG-C": None, "EG-SUZ": "2026-03-02T10:00:00+00:00"}
    assert {name: wanted[name] for name in ("since", "until", "node", "stands", "before")} == {
        "since": "2026-03-01", "until": "2026-03-03", "node": "EG-C", "stands": "told", "before": None}
    assert asked(service, "payments.charges_by_day") == [
        {"since": "2026-03-01", "until": "2026-03-03", "node": "EG-C"}]


def test_without_a_word_it_is_the_last_week_of_everybody_and_what_is_nonsense_counts_as_nothing(
        at_centre: None) -> None:
    service, client = charges()
    assert client.get(f"{CHARGES}?node=EG-XX&stands=lost").status_code == 200
    [wanted] = asked(service)
    assert (wanted["node"], wanted["stands"]) == (None, None)


@pytest.mark.parametrize(("query", "words"), [
    ("since=yesterday", "Write the day like"), ("until=0001-01-01", "Write the day like"),
    ("until=9999-12-31", "Write the day like"), ("since=2026-03-03&until=2026-03-01", "92 days at most"),
    ("since=2026-01-01&until=2026-12-31", "92 days at most")])
def test_days_that_cannot_be_are_told_at_their_field(at_centre: None, query: str, words: str) -> None:
    service, client = charges()
    answer = client.get(f"{CHARGES}?{query}")
    assert answer.status_code == 422 and asked(service) == []
    page = answer.get_data(as_text=True)
    field = "until" if "until" in query else "since"
    assert words in page and f'href="#{field}"' in page and query.split("&")[0].partition("=")[2] in page


def test_the_files_have_every_charge_and_mask_the_rails_numbers(at_centre: None) -> None:
    first = {"charges": [CHARGE, {**CHARGE, "bill_number": "=B(1)"}], "next": None}
    service, client = charges(**{"payments.charges": first})
    lines = client.get(f"{CHARGES}.csv?since=2026-03-01&until=2026-03-03")
    assert lines.headers["Content-Disposition"] == 'attachment; filename="charges-all-2026-03-01-2026-03-03.csv"'
    written = lines.get_data().decode("utf-8-sig").splitlines()
    assert len(written) == 3 and "…3210" in written[1] and "'=B(1)" in written[2]
    book = load_workbook(io.BytesIO(client.get(f"{CHARGES}.xlsx?since=2026-03-01&until=2026-03-03").get_data()))
    sums, each = book[book.sheetnames[1]], book[book.sheetnames[2]]
    assert [cell.value for cell in sums[2]][1:] == ["Cairo", 361.5, 20.5, 341, 3]
    assert each[2][9].value == "…3210" and each[3][0].data_type == "s"
    assert b"9876543210" not in lines.get_data()
    assert len(asked(service)) == 2


def test_a_file_that_has_not_every_charge_says_so_and_the_page_how_many_it_can_have(
        at_centre: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = "only the newest 2 payments"
    monkeypatch.setattr(finance_charges, "IN_A_FILE", 2)
    for found, next_, says in ([CHARGE] * 2, None, False), ([CHARGE] * 2, OTHER_ID, True), ([CHARGE] * 3, None, True):
        _, client = charges(**{"payments.charges": {"charges": found, "next": next_}})
        written = client.get(f"{CHARGES}.csv").get_data().decode("utf-8-sig").splitlines()
        assert len(written) == 3 + says and (cut in written[-1]) is says
        book = load_workbook(io.BytesIO(client.get(f"{CHARGES}.xlsx").get_data()))
        first = [str(cell.value) for row in book[book.sheetnames[0]] for cell in row]
        assert any(cut in one for one in first) is says
        assert "newest 2 payments at most" in client.get(CHARGES).get_data(as_text=True)


def test_the_page_says_how_many_are_in_doubt_beyond_those_it_shows(at_centre: None) -> None:
    days = {"days": DAYS, "in_doubt": [DOUBT], "in_doubt_more": 27}
    assert "27 more, shown here" in charges(**{"payments.charges_by_day": days})[1].get(CHARGES).get_data(as_text=True)


def test_of_a_payment_that_a_restored_centre_forgot_the_rail_is_asked(at_centre: None) -> None:
    unknown = {**DOUBT, "rail": None, "bill_number": None, "reference": None, "why": "charge_unknown"}
    service, client = charges(**{
        "payments.charges_by_day": {"days": DAYS, "in_doubt": [unknown], "in_doubt_more": 0},
        "payments.settle_charge_refund": {"refund_id": OTHER_ID, "state": "done"}})
    assert "unknown since the centre was restored" in client.get(CHARGES).get_data(as_text=True)
    page = client.get(f"{CHARGES}/refunds/{OTHER_ID}").get_data(as_text=True)
    assert 'name="rail"' in page and 'value="fawry"' in page and 'value="pos"' not in page and "None" not in page
    post(client, f"{CHARGES}/refunds/{OTHER_ID}", {"given_back": "yes", "reference": "R-9", "rail": "fawry",
                                                   "reason": REASON})
    assert sent(service, "payments.settle_charge_refund")["rail"] == "fawry"


def test_what_the_rails_statement_shows_is_told_once_and_a_fault_at_its_field(at_centre: None) -> None:
    service, client = charges(**{"payments.settle_charge_refund": {"refund_id": OTHER_ID, "state": "done"}})
    answer = post(client, f"{CHARGES}/refunds/{OTHER_ID}", {"given_back": "yes", "reference": "R-9", "reason": REASON})
    assert answer.status_code == 303 and answer.location.endswith("/charges?done=done")
    assert sent(service, "payments.settle_charge_refund") == {
        "refund_id": OTHER_ID, "given_back": True, "reference": "R-9", "rail": None, "reason": REASON}
    assert "Recorded as given back" in client.get(answer.location).get_data(as_text=True)
    assert post(client, f"{CHARGES}/refunds/{OTHER_ID}", {"reason": REASON}).status_code == 422
    wrong = Refusal([Fault("field_required", "reference")])
    _, client = charges(**{"payments.settle_charge_refund": wrong})
    page = post(client, f"{CHARGES}/refunds/{OTHER_ID}", {"given_back": "yes", "reason": REASON})
    assert page.status_code == 422 and 'href="#reference"' in page.get_data(as_text=True)
    assert client.get(f"{CHARGES}/refunds/0199e6a8-0000-7000-8000-000000000999").status_code == 404


def test_at_a_node_the_page_says_that_it_is_the_centres() -> None:
    service, client = charges()
    for path in (CHARGES, f"{CHARGES}.csv", f"{CHARGES}.xlsx", f"{CHARGES}/refunds/{OTHER_ID}"):
        assert client.get(path).status_code == PROBLEMS["only_at_the_centre"].status
    assert asked(service) == []
    assert "/staff/finance/charges" not in client.get("/en/staff").get_data(as_text=True)


def test_the_head_of_finance_reads_and_settles_nothing(at_centre: None) -> None:
    _, client = charges("finance_head")
    page = client.get(CHARGES)
    assert page.status_code == 200 and f"/refunds/{OTHER_ID}" not in page.get_data(as_text=True)
    assert client.get(f"{CHARGES}/refunds/{OTHER_ID}").status_code == 403


def test_every_way_to_stand_has_its_name(at_centre: None) -> None:
    for stands in CHARGE_STANDS:
        _, client = charges(**{"payments.charges": {"charges": [{**CHARGE, "stands": stands}], "next": None}})
        assert "charges.stands" not in client.get(CHARGES).get_data(as_text=True)


# -- at the node -------------------------------------------------------------------------------------------------------


def of_centre(state: str, error: str | None = None) -> dict[str, Any]:
    return {**refund(state), "rail": "centre", "travels": True, "error": error}


@pytest.mark.parametrize(("state", "error", "words", "offered"), [
    ("requested", None, "Once approved, the order goes there", set()),
    ("approved", None, "goes to the centre in a moment", {"rerouted", "given_up"}),
    ("sent", None, "Do not pay in another way", set()),
    ("sent", "rail_unreachable: no answer", "The centre has the order", set()),
    ("sent", "another_first", "this one follows it", set()),
    ("under_way", None, "will confirm it", set()),
    ("refused", "rail_refused: code 9935", "The rail refused the order", {"sent_again", "rerouted", "given_up"}),
    ("refused", "not_given_back", "did not go back", {"sent_again", "rerouted", "given_up"}),
    ("uncertain", None, "Nobody can tell", {"sent_again"})])
def test_a_refund_at_the_centre_says_where_it_stands_and_offers_what_can_be_done_here(
        state: str, error: str | None, words: str, offered: set[str]) -> None:
    _, client = stand(**{"payments.refunds": {"refunds": [of_centre(state, error)], "credits": []}})
    page = client.get(f"{F}/refunds/{OTHER_ID}").get_data(as_text=True)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert words in text.replace("&#39;", "'"), text
    assert set(re.findall(r'name="act" value="(\w+)"', page)) == offered
    assert "rail_refused" not in page and ("code 9935" in page) is (error == "rail_refused: code 9935")


@pytest.mark.parametrize("why", REFUND_WHYS)
@pytest.mark.parametrize("lang", ["ar", "en"])
def test_every_why_of_the_centre_has_its_words(why: str, lang: str) -> None:
    _, client = stand(**{"payments.refunds": {"refunds": [of_centre("sent", why)], "credits": []}})
    page = client.get(f"/{lang}/staff/finance/refunds/{OTHER_ID}").get_data(as_text=True)
    assert "finance.centre_why" not in page and why not in page
