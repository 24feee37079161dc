"""Pages of finance: what is sent to payments, how faults come back, who is offered what."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest

from rules.refusal import Fault, Refusal
from services.gateway.web.pages.finance_forms import amount
from tests.unit.gateway.ground import BILL_ID, NUMBER, Service, client_of, csrf_of, hidden

OTHER_ID = "01980c5e-7c00-7000-8000-0000000000d1"
ASKER = "01980c5e-7c00-7000-8000-0000000000a9"
LINES = [{"code": "inspection", "name": {"ar": "رسم المعاينة", "en": "Inspection fee"}, "account": "1101",
          "amount": 15_000},
         {"code": "stamp", "name": {"ar": "دمغة", "en": "Stamp"}, "account": "1102", "amount": 5_000}]
REASON = "سُدد المبلغ مرتين في الشباك"


def bill(state: str = "paid", kind: str = "fee", unit: str = "EG-C-01") -> dict[str, Any]:
    return {"bill_id": BILL_ID, "bill_number": "B-C-2026-000001-2", "request_id": OTHER_ID, "tracking_number": NUMBER,
            "service_code": "shop-licence", "unit": unit, "stage": "inspection", "state": state, "total": 20_000,
            "currency": "EGP", "lines": LINES, "expires_at": None, "rail": "fawry", "reference": "9931",
            "paid_at": "2026-03-02T10:00:00+00:00", "receipt_number": "R-C-2026-000001-U", "kind": kind, "refunded": 0,
            "rails": [], "other_rails": [], "payments": [
                {"payment_id": OTHER_ID, "rail": "fawry", "state": "paid", "amount": 20_000, "reference": "9931",
                 "pay_url": None, "started_at": "2026-03-02T09:00:00+00:00", "late": False}]}


def refund(state: str = "requested", way: str = "rail") -> dict[str, Any]:
    return {"refund_id": OTHER_ID, "bill_id": BILL_ID, "bill_number": "B-C-2026-000001-2", "request_id": OTHER_ID,
            "tracking_number": NUMBER, "unit": "EG-C-01", "of": "bill", "state": state, "way": way, "rail": "fawry",
            "amount": 5_000, "currency": "EGP", "reference": None, "done_at": None, "credit_id": None,
            "review_id": None, "parts": [], "reason": REASON, "requested_by": ASKER,
            "requested_at": "2026-03-02T10:00:00+00:00", "decided_by": None, "decided_at": None,
            "decision_reason": None, "attempts": 0, "error": None, "done_by": None, "open": True, "travels": False}


def change() -> dict[str, Any]:
    return {"change_id": OTHER_ID, "bill_id": BILL_ID, "kind": "exemption", "state": "requested", "unit": "EG-C-01",
            "old_lines": LINES, "old_total": 20_000, "new_lines": LINES[:1], "new_total": 15_000, "reason": REASON,
            "legal_basis": "القانون 154 لسنة 2019، المادة 12", "requested_by": ASKER,
            "requested_at": "2026-03-02T10:00:00+00:00", "decided_by": None, "decided_at": None,
            "decision_reason": None}


def review(amount_: int = 7_000, bill_id: str | None = BILL_ID) -> dict[str, Any]:
    return {"review_id": OTHER_ID, "reason": "amount_differs", "rail": "fawry", "reference": "9931",
            "bill_id": bill_id, "unit": "EG-C-01", "amount": amount_, "raised_at": "2026-03-02T10:00:00+00:00",
            "refund_id": None}


def stand(role: str = "finance_officer", unit: str | None = None, **answers: Any) -> tuple[Service, Any]:
    service = Service()
    service.names = {ASKER: "مروة شوقي"}
    service.answers |= {
        "payments.bill": bill(), "payments.refunds": {"refunds": [refund()], "credits": []},
        "payments.bill_changes": {"changes": [change()]}, "payments.reviews": {"reviews": [review()]},
        **answers}
    return service, client_of(service, service.log_in(role, unit=unit))


def sent(service: Service, method: str) -> Any:
    """The one command of this name, and that it carries an id of its own."""
    [one] = [one for one in service.called if one.method == method]
    assert one.command_id is not None
    return one.payload


def post(client: Any, path: str, form: dict[str, Any], page: str | None = None) -> Any:
    """Fill in the form of a page as a browser would, and send it."""
    shown = client.get(page or path).get_data(as_text=True)
    return client.post(path, data={"csrf": csrf_of(client), "once": hidden(shown, "once"), **form})


F = "/en/staff/finance"


# -- bills -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "kind", "offered"), [
    ("paid", "fee", ["refund", "dispute"]), ("created", "fee", ["exemption", "amendment"]),
    ("created", "fine", ["exemption", "amendment", "cancellation", "extension"]), ("expired", "fine", ["extension"]),
    ("disputed", "fee", ["dispute-decision"]), ("refunded", "fee", [])])
def test_a_bill_offers_what_its_state_allows(state: str, kind: str, offered: list[str]) -> None:
    _, client = stand(**{"payments.bill": bill(state, kind)})
    page = client.get(f"{F}/bills/{BILL_ID}").get_data(as_text=True)
    assert re.findall(rf'href="{F}/bills/{BILL_ID}/([\w-]+)"', page) == offered


def test_a_bill_of_another_unit_is_not_there_and_the_attempt_is_recorded() -> None:
    service, client = stand(unit="EG-C-02")
    assert client.get(f"{F}/bills/{BILL_ID}").status_code == 404
    assert service.audited == ["denied bill.read"]


def test_who_may_not_do_an_act_is_denied_it() -> None:
    _, client = stand("finance_officer")
    assert client.get(f"{F}/bills/{BILL_ID}/dance").status_code == 404
    _, cashier = stand("cashier")
    assert cashier.get(f"{F}/bills/{BILL_ID}").status_code == 200  # sees what was given back of it
    assert cashier.get(f"{F}/bills/{BILL_ID}/refund").status_code == 403


@pytest.mark.parametrize(("act", "state", "form", "method", "payload"), [
    ("refund", "paid", {"line-stamp": "٢٥٫٥٠"}, "request_refund",
     {"lines": [{"code": "stamp", "amount": 2_550}]}),
    ("refund", "paid", {}, "request_refund", {"lines": None}),
    ("exemption", "created", {"lines": "stamp", "legal_basis": "م 12"}, "request_exemption",
     {"lines": ["stamp"], "legal_basis": "م 12"}),
    ("amendment", "created", {"line-inspection": "150.00", "line-stamp": "0"}, "amend_bill",
     {"lines": [{"code": "stamp", "amount": 0}]}),
    ("cancellation", "created", {}, "cancel_bill", {}),
    ("extension", "expired", {"days": "١٥"}, "extend_bill", {"days": 15}),
    ("dispute", "paid", {"reference": "CB-1"}, "open_dispute", {"reference": "CB-1"}),
    ("dispute-decision", "disputed", {"won": "no"}, "close_dispute", {"won": False}),
])  # fmt: skip
def test_each_act_is_sent_once_with_its_reason(
        act: str, state: str, form: dict[str, str], method: str, payload: dict[str, Any]) -> None:
    service, client = stand(**{"payments.bill": bill(state, "fine"), f"payments.{method}": {}})
    answer = post(client, f"{F}/bills/{BILL_ID}/{act}", {**form, "reason": REASON})
    assert answer.status_code == 303 and answer.location.endswith(f"/bills/{BILL_ID}?done={act}")
    assert sent(service, f"payments.{method}") == {"bill_id": BILL_ID, "reason": REASON, **payload}
    assert client.get(answer.location).status_code == 200


@pytest.mark.parametrize(("act", "state", "form", "field", "said"), [
    ("refund", "paid", {"line-stamp": "a lot"}, "line-stamp", "Give an amount in pounds"),
    ("amendment", "created", {"line-inspection": "150", "line-stamp": "50.00"}, "line-inspection", "changes nothing"),
    ("extension", "created", {"days": "400"}, "days", "from 1 to 365"),
    ("dispute-decision", "disputed", {}, "won", "required"),
])  # fmt: skip
def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_is_kept(
        act: str, state: str, form: dict[str, str], field: str, said: str) -> None:
    service, client = stand(**{"payments.bill": bill(state, "fine")})
    answer = post(client, f"{F}/bills/{BILL_ID}/{act}", {**form, "reason": REASON})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and f'href="#{field}"' in page and REASON in page
    assert said.lower() in page.lower()
    assert all(one.command_id is None for one in service.called)


def test_what_payments_refuses_is_told_at_the_forms_own_field() -> None:
    wrong = Refusal([Fault("explanation_too_short", "reason"), Fault("refund_above_rest", "lines/0/amount",
                                                                     {"rest": 100})])
    _, client = stand(**{"payments.request_refund": wrong})
    page = post(client, f"{F}/bills/{BILL_ID}/refund", {"line-stamp": "40", "reason": "no"}).get_data(as_text=True)
    assert page.count('href="#reason"') == 2 and 'value="40"' in page


def test_a_fine_is_billed_by_tracking_number() -> None:
    service, client = stand(**{"payments.issue_bill": {"bill_id": BILL_ID}})
    form = {"number": NUMBER, "kind": "fine", "name_ar": "غرامة تأخير", "name_en": "Late fine", "account": "1103",
            "amount": "1,250.5", "days": "30", "reason": REASON}
    answer = post(client, f"{F}/bills/new", form)
    assert answer.status_code == 303
    assert sent(service, "payments.issue_bill") == {
        "tracking_number": NUMBER, "kind": "fine", "reason": REASON, "days": 30,
        "lines": [{"name_ar": "غرامة تأخير", "name_en": "Late fine", "account": "1103", "amount": 125_050}]}


def test_every_fault_of_a_fine_is_told_at_once() -> None:
    _, client = stand()
    page = post(client, f"{F}/bills/new", {"amount": "x", "days": "0"}).get_data(as_text=True)
    for field in ("number", "kind", "name_ar", "name_en", "account", "amount", "days", "reason"):
        assert f'href="#{field}"' in page, field


@pytest.mark.parametrize(("typed", "piastres"), [
    ("250", 25_000), ("250.5", 25_050), ("١٬٢٥٠٫٥٠", 125_050), (" 1,250.50 ", 125_050), ("0", None), ("-5", None),
    ("1.005", None), ("NaN", None), ("1e99", None), ("", None), ("خمسون", None)])
def test_amounts_as_people_type_them(typed: str, piastres: int | None) -> None:
    assert amount(typed) == piastres


# -- what waits --------------------------------------------------------------------------------------------------------


def test_a_refund_is_decided_by_a_second_person_who_may_choose_the_way() -> None:
    service, client = stand(**{"payments.decide_refund": {"state": "approved"}})
    listed = client.get(f"{F}/refunds").get_data(as_text=True)
    assert "مروة شوقي" in listed and "EGP 50.00" in listed
    answer = post(client, f"{F}/refunds/{OTHER_ID}/decision", {"approve": "yes", "way": "bank", "reason": REASON},
                  f"{F}/refunds/{OTHER_ID}")
    assert answer.location.endswith("/refunds?done=approved")
    assert sent(service, "payments.decide_refund") == {"refund_id": OTHER_ID, "approve": True, "way": "bank",
                                                       "reason": REASON}
    assert "approved" in client.get(answer.location).get_data(as_text=True)


def test_whoever_asked_is_told_that_another_person_must_approve() -> None:
    _, client = stand(**{"payments.decide_refund": Refusal([Fault("refund_own", None)])})
    answer = post(client, f"{F}/refunds/{OTHER_ID}/decision", {"approve": "yes", "reason": REASON},
                  f"{F}/refunds/{OTHER_ID}")
    assert answer.status_code == 422 and "Ask another person" in answer.get_data(as_text=True)


def test_a_refund_in_cash_is_handed_over_by_the_cashier() -> None:
    service, client = stand("cashier", **{"payments.refunds": {"refunds": [refund("approved", "cash")], "credits": []},
                                          "payments.hand_over_refund": {"state": "done"}})
    answer = post(client, f"{F}/refunds/{OTHER_ID}/payment", {}, f"{F}/refunds/{OTHER_ID}")
    assert answer.status_code == 303
    assert sent(service, "payments.hand_over_refund") == {"refund_id": OTHER_ID, "reference": None}


@pytest.mark.parametrize(("state", "offered"), [
    ("refused", {"sent_again", "rerouted", "confirmed", "given_up"}),
    ("uncertain", {"sent_again", "confirmed", "rerouted"})])
def test_what_the_rail_did_not_do_is_steered_as_the_table_of_refunds_allows(state: str, offered: set[str]) -> None:
    service, client = stand(**{"payments.refunds": {"refunds": [refund(state)], "credits": []},
                               "payments.steer_refund": {"state": "sent"}})
    page = client.get(f"{F}/refunds/{OTHER_ID}").get_data(as_text=True)
    assert set(re.findall(r'name="act" value="(\w+)"', page)) == offered
    post(client, f"{F}/refunds/{OTHER_ID}/steering", {"act": "sent_again", "reason": REASON},
         f"{F}/refunds/{OTHER_ID}")
    assert sent(service, "payments.steer_refund")["act"] == "sent_again"


def test_a_refund_that_is_over_is_not_there_any_more() -> None:
    _, client = stand(**{"payments.refunds": {"refunds": [], "credits": []}})
    assert client.get(f"{F}/refunds/{OTHER_ID}").status_code == 404
    assert "Nothing waits." in client.get(f"{F}/refunds").get_data(as_text=True)


@pytest.mark.parametrize("path", ["refunds", "changes", "reviews"])
def test_nobody_is_told_of_something_done_that_is_not_known_here(path: str) -> None:
    _, client = stand()
    page = client.get(f"{F}/{path}?done=call-this-number").get_data(as_text=True)
    assert 'class="notice good"' not in page and "call-this-number" not in re.sub(r'href="[^"]*"', "", page)


def test_a_change_shows_both_amounts_of_each_line_and_is_decided() -> None:
    service, client = stand(**{"payments.decide_change": {"state": "rejected"}})
    page = client.get(f"{F}/changes/{OTHER_ID}").get_data(as_text=True)
    assert "EGP 50.00" in page and "EGP 0.00" in page and "القانون 154" in page
    answer = post(client, f"{F}/changes/{OTHER_ID}", {"approve": "no", "reason": REASON})
    assert answer.location.endswith("/changes?done=rejected")
    assert sent(service, "payments.decide_change") == {"change_id": OTHER_ID, "approve": False, "reason": REASON}


def test_no_decision_is_none() -> None:
    service, client = stand()
    for path in (f"{F}/changes/{OTHER_ID}", f"{F}/reviews/{OTHER_ID}"):
        assert post(client, path, {"reason": REASON}).status_code == 422
    assert post(client, f"{F}/refunds/{OTHER_ID}/decision", {"reason": REASON},
                f"{F}/refunds/{OTHER_ID}").status_code == 422
    assert all(one.command_id is None for one in service.called)


@pytest.mark.parametrize(("given", "offered"), [
    (review(), {"accept", "return"}), (review(bill_id=None), {"return"}), (review(0), {"note"})])
def test_money_under_review_offers_what_can_become_of_it(given: dict[str, Any], offered: set[str]) -> None:
    service, client = stand(**{"payments.reviews": {"reviews": [given]},
                               "payments.settle_review": {"decision": sorted(offered)[0]}})
    page = client.get(f"{F}/reviews/{OTHER_ID}").get_data(as_text=True)
    assert set(re.findall(r'name="decision" value="(\w+)"', page)) == offered
    answer = post(client, f"{F}/reviews/{OTHER_ID}", {"decision": sorted(offered)[0], "reason": REASON})
    assert answer.status_code == 303 and client.get(answer.location).status_code == 200
    assert sent(service, "payments.settle_review")["reason"] == REASON


def test_a_reason_of_a_newer_platform_is_shown_as_it_is() -> None:
    _, client = stand(**{"payments.reviews": {"reviews": [{**review(), "reason": "moon_is_full", "rail": "lunar"}]}})
    assert "moon is full" in client.get(f"{F}/reviews").get_data(as_text=True)


# -- statements and the treasury ---------------------------------------------------------------------------------------

STATEMENT: dict[str, Any] = {
    "statement_id": OTHER_ID, "rail": "fawry", "name": "fawry.csv", "format": "fawry", "digest": "ab",
    "since": "2026-03-01", "until": "2026-03-01", "state": "matched", "lines": 3, "gross": 30_000, "returned": 0,
    "commission": 300, "agreed_commission": 300, "expected": 29_700, "expected_on": "2026-03-03", "received": 0,
    "let_go": 0, "outstanding": 29_700, "currency": "EGP", "found": {"matched": {"lines": 2, "amount": 20_000},
                                                                     "broken": {"lines": 1, "amount": None}}}
LINE: dict[str, Any] = {"number": 1, "kind": "broken", "reference": None, "direction": None, "amount": None,
                        "fee": None, "day": None, "raw": "x;y", "faults": [{"code": "statement_line_broken"}]}
UPLOAD: dict[str, Any] = {
    "upload_id": OTHER_ID, "state": "waiting", "rail": "fawry", "name": "fawry.csv", "since": "2026-03-01",
    "until": "2026-03-01", "size": 300_000, "came": 300_000, "lines": 10, "matched": 4, "statement_id": None,
    "faults": []}
PERIOD: dict[str, Any] = {
    "period_id": OTHER_ID, "number": 3, "since": "2026-03-01", "until": "2026-03-31", "state": "prepared",
    "total": 50_000, "currency": "EGP", "prepared_by": ASKER, "prepared_at": "2026-04-01T08:00:00+00:00",
    "closed_by": None, "closed_at": None, "csv_digest": None, "xml_digest": None, "key_id": None, "signature": None}
ROW = {"kind": "collection", "unit": "EG-C-01", "accounting_code": "1101", "collected": 50_000, "returned": 0,
       "net": 50_000}


def reconciling(role: str = "finance_officer", **answers: Any) -> tuple[Service, Any]:
    return stand(role, **{
        "payments.statements": {"statements": [STATEMENT], "next": None}, "payments.statement": STATEMENT,
        "payments.statement_lines": {"lines": [LINE], "next": None}, "payments.statement_upload": UPLOAD,
        "payments.begin_statement": {"upload_id": OTHER_ID}, "payments.add_statement_piece": {},
        "payments.end_statement": UPLOAD, "payments.treasury_periods": {"periods": [PERIOD]},
        "payments.treasury_file": {"period": {**PERIOD, "digest": "a" * 64, "rows": [ROW]}, "body": "<x/>",
                                   "media_type": "application/xml", "name": "treasury-0003.xml"},
        **answers})


def test_a_statement_is_sent_in_in_pieces_and_its_progress_is_followed() -> None:
    service, client = reconciling()
    content = b"a,b\n" * 75_000
    answer = post(client, f"{F}/statements", {
        "rail": "fawry", "since": "2026-03-01", "file": (io.BytesIO(content), "fawry.csv")})
    assert answer.status_code == 303 and answer.location.endswith(f"/statements/files/{OTHER_ID}")
    begun = sent(service, "payments.begin_statement")
    assert (begun["size"], begun["since"], begun["until"], begun["name"]) == (300_000, "2026-03-01", None, "fawry.csv")
    came = [one for one in service.called if one.method == "payments.add_statement_piece"]
    assert b"".join(base64.b64decode(one.payload["content"]) for one in came) == content
    assert len({one.command_id for one in came}) == len(came) == 2
    page = client.get(answer.location).get_data(as_text=True)
    assert 'hx-trigger="every 1s"' in page and 'value="300000" max="300000"' in page
    service.answers["payments.statement_upload"] = {**UPLOAD, "state": "read", "statement_id": OTHER_ID}
    part = client.get(answer.location, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "hx-trigger" not in part and "<html" not in part and f"/statements/{OTHER_ID}" in part


def test_what_a_file_lacks_is_told_and_nothing_is_sent() -> None:
    service, client = reconciling()
    page = post(client, f"{F}/statements", {"rail": "", "since": "yesterday"}).get_data(as_text=True)
    assert all(f'href="#{field}"' in page for field in ("rail", "since", "file"))
    assert all(one.command_id is None for one in service.called)


def test_a_refused_file_says_why() -> None:
    refused = {**UPLOAD, "state": "refused", "faults": [{"code": "statement_heading_unknown", "field": None,
                                                         "params": {"columns": "amount"}}]}
    _, client = reconciling(**{"payments.statement_upload": refused})
    assert "lacks columns: amount" in client.get(f"{F}/statements/files/{OTHER_ID}").get_data(as_text=True)


def test_a_transfer_of_the_bank_is_recorded_and_may_be_drawn() -> None:
    service, client = reconciling(**{"payments.receive_settlement": STATEMENT})
    form = {"amount": "297", "drawn": "yes", "reference": "BNK-7", "account": "100200", "received_on": "2026-03-03"}
    assert post(client, f"{F}/statements/{OTHER_ID}/transfers", form, f"{F}/statements/{OTHER_ID}").status_code == 303
    assert sent(service, "payments.receive_settlement") == {
        "statement_id": OTHER_ID, "reference": "BNK-7", "account": "100200", "amount": -29_700,
        "received_on": "2026-03-03"}


def test_a_difference_is_settled_with_one_of_what_is_possible() -> None:
    one = {"difference_id": OTHER_ID, "rail": "fawry", "kind": "doubled", "statement_id": OTHER_ID,
           "statement_name": "fawry.csv", "line": 2, "reference": "9931", "direction": "payment", "stated": 5_000,
           "booked": None, "day": "2026-03-01", "raised_at": "2026-03-02T08:00:00+00:00",
           "possible": ["hold", "explain"], "decision": None, "reason": None, "settled_by": None, "settled_at": None}
    service, client = reconciling(**{"payments.differences": {"differences": [one], "next": None},
                                     "payments.settle_difference": {"outcome": "held"}})
    assert client.get(f"{F}/differences").status_code == 200
    page = client.get(f"{F}/differences/{OTHER_ID}").get_data(as_text=True)
    assert set(re.findall(r'name="decision" value="(\w+)"', page)) == {"hold", "explain"}
    answer = post(client, f"{F}/differences/{OTHER_ID}", {"decision": "hold", "reason": REASON})
    assert answer.status_code == 303
    assert sent(service, "payments.settle_difference")["decision"] == "hold"
    assert client.get(f"{F}/differences/{BILL_ID}").status_code == 404


def test_a_period_is_prepared_by_one_and_closed_by_another_who_looked_at_the_file() -> None:
    service, officer = reconciling(**{"payments.prepare_treasury": {**PERIOD, "rows": []}})
    assert post(officer, f"{F}/treasury", {"until": "2026-03-31"}).status_code == 303
    assert sent(service, "payments.prepare_treasury") == {"since": None, "until": "2026-03-31"}
    assert "Close the period" not in officer.get(f"{F}/treasury/{OTHER_ID}").get_data(as_text=True)
    service, head = reconciling("finance_head", **{"payments.close_treasury": PERIOD})
    page = head.get(f"{F}/treasury/{OTHER_ID}").get_data(as_text=True)
    answer = post(head, f"{F}/treasury/{OTHER_ID}/closing", {"digest": hidden(page, "digest")},
                  f"{F}/treasury/{OTHER_ID}")
    assert answer.status_code == 303
    assert sent(service, "payments.close_treasury") == {"period_id": OTHER_ID, "digest": "a" * 64}
    file = head.get(f"{F}/treasury/{OTHER_ID}/file")
    assert file.headers["Content-Disposition"] == 'attachment; filename="treasury-0003.xml"'


def test_collections_are_shown_from_every_side_with_their_charts() -> None:
    def collected(body: dict[str, Any]) -> dict[str, Any]:
        keys = {"day": ("2026-03-01", "2026-03-02"), "cashier": (ASKER, ""), "way": ("cash", "fawry")}
        rows = [{"key": key, "amount": 10_000 * place, "receipts": place}
                for place, key in enumerate(keys.get(body["by"], ("EG-C-01", "EG-C-02")), 1)]
        return {"rows": rows, "total": 30_000, "receipts": 3, "as_of": "2026-03-02T10:00:00+00:00"}

    service, client = stand(**{"payments.collections": collected})
    page = client.get(f"{F}/collections?period=month&on=2026-03-05").get_data(as_text=True)
    assert page.count('<figure class="chart"') == 6 and "مروة شوقي" in page and "no cashier" in page
    assert {one.payload["by"] for one in service.called} == {"day", "unit", "service", "way", "cashier", "account"}
    assert client.get(f"{F}/collections?on=nonsense").status_code == 422
