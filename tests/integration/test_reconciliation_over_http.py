"""The whole node over HTTP: a day at the counter and at the rails, the rails' files sent in, what does not agree
settled by people, what the bank received, and what the treasury is told."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree
from openpyxl import Workbook

from chassis.ids import uuid7
from infra.demo.walk import API, Walk
from tests.support.days import today

SCHEMA = Path(__file__).resolve().parents[2] / "contracts" / "treasury_export.xsd"
CSV, XLSX = "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REASON = "راجعتُ مع مسؤول التسويات لدى الوسيلة"
HEADING = "fawry_reference,merchant_reference,type,amount,fees,currency,time"
TERMINAL = "10000001"


@pytest.fixture(scope="module")
def walk(node: Any) -> Walk:
    for username, role, unit in (("till", "cashier", "EG-C-01"), ("post", "cashier", "EG-C-01"),
                                 ("till-manager", "centre_manager", "EG-C-01"), ("purse", "finance_officer", None),
                                 ("purse-head", "finance_head", None), ("purse-of-unit", "finance_officer", "EG-C-01")):
        node.employ(username, role, None, unit)
    return Walk(node.url, node.peers.pay)


class Door:
    """One person's requests, answered as they are: nothing is raised."""

    def __init__(self, walk: Walk, username: str) -> None:
        self.walk, self.headers = walk, {"Authorization": f"Bearer {walk.token(username)}"}

    def get(self, path: str, **params: Any) -> requests.Response:
        return requests.get(f"{self.walk.url}{API}{path}", params=params, headers=self.headers, timeout=30)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        headers = {**self.headers, "Idempotency-Key": options.pop("key", None) or str(uuid.uuid4()),
                   **options.pop("headers", {})}
        return requests.post(f"{self.walk.url}{API}{path}", json=body, headers=headers, timeout=30, **options)

    def send(self, content: Any, *, rail: str = "fawry", since: str = "", name: str = "day.csv", key: str | None = None,
             media_type: str = CSV) -> requests.Response:
        """Send a rail's file."""
        return self.post("/statements", key=key, data=content, headers={"Content-Type": media_type},
                         params={"rail": rail, "since": since or today().isoformat(), "name": name})

    def read(self, content: bytes, **options: Any) -> dict[str, Any]:
        """Send a file and wait until it was read in, or refused."""
        sent = self.send(content, **options)
        assert sent.status_code == 202, sent.text
        place = sent.headers["Location"].removeprefix(API)
        told: dict[str, Any] = self.walk.until(
            lambda: self.get(place).json(), lambda answer: answer["state"] in ("read", "refused"))
        return told


def code(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def billed(walk: Walk) -> dict[str, Any]:
    number = walk.lodge()["tracking_number"]
    bill: dict[str, Any] = walk.until(lambda: walk.bill(number, "inspection"), bool)
    return {**bill, "tracking_number": number}


def paid_at_kiosk(walk: Walk) -> dict[str, Any]:
    bill = billed(walk)
    walk.pay_bill(bill["tracking_number"], "inspection")
    found: dict[str, Any] = walk.until(lambda: walk.bill(bill["tracking_number"], "inspection"),
                                       lambda answer: answer["state"] == "paid")
    return found


def rails_file(node: Any, rail: str, *references: str) -> bytes:
    """What the sandbox tells of today, of these references alone: other tests pay there too."""
    whole = requests.get(f"{node.peers.url}/statements/{rail}", {"day": today().isoformat()}, timeout=20).content
    heading, *lines = whole.splitlines(keepends=True)
    return b"".join([heading, *(line for line in lines if any(one.encode() in line for one in references))])


def test_a_day_at_two_counters_and_its_card_terminal(node: Any, walk: Walk) -> None:
    manager, till = Door(walk, "till-manager"), Door(walk, "till")
    place = {"code": "PO-11725", "unit": "EG-C-01", "kind": "post_office", "name_ar": "مكتب بريد الزيتون",
             "name_en": "El Zeitoun post office"}
    assert manager.post("/counters", place).status_code == 201
    assert code(manager.post("/counters", {**place, "code": "PO-2", "unit": "EG-C-02"})) == (403, "forbidden")
    window = {"code": "EG-C-01.77", "unit": "EG-C-01", "kind": "window", "name_ar": "شباك ٧٧", "name_en": "Window 77"}
    assert manager.post("/counters", window).status_code == 201
    assert till.post("/shifts", {"counter": "EG-C-01.77", "float": 20_000}).status_code == 201
    assert code(Door(walk, "post").post("/shifts", {"counter": "EG-C-01.77"})) == (409, "counter_taken")
    assert Door(walk, "post").post("/shifts", {"counter": "PO-11725"}).status_code == 201

    cash, carded, posted = billed(walk), billed(walk), billed(walk)
    for bad in (0, -1, 1.5, "15000"):
        answer = till.post(f"/bills/{cash['bill_id']}/payments", {"rail": "cash", "tendered": bad})
        assert code(answer) == (422, "field_invalid"), bad
    taken = till.post(f"/bills/{cash['bill_id']}/payments", {"rail": "cash", "tendered": cash["total"] + 500})
    assert (taken.status_code, taken.json()["change"]) == (201, 500)
    slip = requests.post(f"{node.peers.url}/terminals/{TERMINAL}/slips",
                         json={"amount": f"{carded['total'] / 100:.2f}"}, timeout=20).json()
    typed = {name: slip[name] for name in ("terminal_id", "batch", "approval_code", "last4")}
    done = till.post(f"/bills/{carded['bill_id']}/payments",
                     {"rail": "pos", "slip": {**typed, "amount": carded["total"]}})
    assert (done.status_code, done.json()["state"]) == (201, "paid"), done.text
    at_post = Door(walk, "post").post(f"/bills/{posted['bill_id']}/payments",
                                      {"rail": "cash", "tendered": posted["total"]})
    assert at_post.status_code == 201
    given = [node.sql("payments", "SELECT split_part(book, '/', 1) AS book, book_serial AS serial FROM receipt "
                      "WHERE bill_id = %s", bill["bill_id"])[0] for bill in (cash, carded, posted)]
    assert given == [("EG-C-01.77", 1), ("EG-C-01.77", 2), ("PO-11725", 1)]

    current = till.get("/shifts/current").json()["shift"]
    assert current["expected"] == 20_000 + cash["total"]
    assert current["slips"] == [{"terminal_id": TERMINAL, "batch": "1", "slips": 1, "amount": carded["total"]}]
    assert code(till.post("/shifts/current/closing", {"count": {"10000": 3}})) == (422, "difference_reason_required")
    closed = till.post("/shifts/current/closing", {"count": {"10000": 3}, "reason": REASON,
                                                   "shift_id": current["shift_id"]}).json()
    assert closed["difference"] == 30_000 - current["expected"]
    assert code(till.post("/shifts/current/closing", {"count": {}, "shift_id": current["shift_id"]})) == (
        409, "shift_closed")
    assert code(till.post(f"/shifts/{closed['shift_id']}/approval", {})) == (403, "forbidden")
    assert manager.post(f"/shifts/{closed['shift_id']}/approval", {}).json()["state"] == "approved"
    rest = Door(walk, "post").get("/shifts/current").json()["shift"]["expected"]
    count = {"10000": rest // 10_000, "5000": rest % 10_000 // 5_000}
    assert Door(walk, "post").post("/shifts/current/closing", {"count": count}).json()["difference"] == 0

    file = rails_file(node, "pos", slip["approval_code"])
    told = Door(walk, "purse").read(file, rail="pos", name="terminals.csv")
    assert (told["state"], told["lines"], told["matched"]) == ("read", 1, 1)
    found = Door(walk, "purse").get(f"/statements/{told['statement_id']}").json()["found"]
    assert {kind: one for kind, one in found.items() if kind != "missing_there"} == {
        "matched": {"lines": 1, "amount": carded["total"]}}


def test_a_print_that_is_asked_for_twice_is_one_print(walk: Walk) -> None:
    walk.at_the_counter()
    cashier, bill = Door(walk, "cashier"), billed(walk)
    assert cashier.post(f"/bills/{bill['bill_id']}/payments", {"rail": "cash", "tendered": bill["total"]}).ok
    door, key = f"/bills/{bill['bill_id']}/receipt/prints", str(uuid7())
    first, again = (cashier.post(door, {"paper": "a4"}, key=key) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.content == again.content and first.headers["X-Receipt-Copy"] == again.headers["X-Receipt-Copy"] == "1"
    assert len(first.content) < 64 * 1024  # it stands in the stored answer of the command
    assert code(cashier.post(door, {"paper": "a4"})) == (422, "print_reason_required")
    assert code(cashier.post(door, {"paper": "a6"}, key=key)) == (422, "idempotency_key_reused")
    assert cashier.post(door, {"paper": "a6", "reason": REASON}).headers["X-Receipt-Copy"] == "2"


def test_a_rails_file_is_sent_in_once_and_people_settle_what_does_not_agree(node: Any, walk: Walk) -> None:
    purse, paid = Door(walk, "purse"), [paid_at_kiosk(walk) for _ in range(2)]
    file = rails_file(node, "fawry", *(one["reference"] for one in paid))
    assert file.count(b"\n") == 3
    stranger = f"{uuid7().int % 10**10},,PAYMENT,99.00,0,EGP,{today().isoformat()}T09:00:00\n".encode()
    file += stranger + b"what is this\n"
    key = str(uuid7())
    told = purse.read(file, key=key)
    assert (told["state"], told["lines"], told["matched"], told["faults"]) == ("read", 4, 4, [])
    place = f"/statements/{told['statement_id']}"
    found = purse.get(place).json()
    # What others paid at the rail on this day is missing in a file of these lines alone.
    assert {kind: one["lines"] for kind, one in found["found"].items() if kind != "missing_there"} == {
        "matched": 2, "missing_here": 1, "broken": 1}
    assert purse.send(file, key=key).json()["upload_id"] == told["upload_id"]  # the same again
    assert code(purse.send(file)) == (409, "statement_known")

    [broken] = purse.get(f"{place}/lines", kind="broken").json()["lines"]
    assert (broken["raw"], broken["faults"][0]["code"]) == ("what is this", "statement_line_broken")
    assert broken["faults"][0]["ar"] and broken["faults"][0]["en"]
    waiting = [one for one in purse.get("/differences").json()["differences"]
               if one["statement_id"] == told["statement_id"] and one["kind"] != "missing_there"]
    assert {one["kind"] for one in waiting} == {"missing_here", "broken"}
    for one in waiting:
        decided = purse.post(f"/differences/{one['difference_id']}", {"decision": "explain", "reason": "short"})
        assert code(decided) == (422, "reconciliation_reason_required")
        decision = {"decision": "book" if one["kind"] == "missing_here" else "explain", "reason": REASON}
        assert purse.post(f"/differences/{one['difference_id']}", decision).status_code == 200
        assert code(purse.post(f"/differences/{one['difference_id']}", decision)) == (409, "difference_settled")

    total = sum(one["total"] for one in paid) + 9_900
    line = {"reference": f"CIB-{uuid7().hex[:12]}", "account": "CBE-100", "amount": total - 100,
            "received_on": today().isoformat()}
    after = purse.post(f"{place}/transfers", line).json()
    assert (after["expected"], after["outstanding"]) == (total, 100)
    assert code(purse.post(f"{place}/transfers", line)) == (409, "bank_line_known")
    assert code(purse.post(f"{place}/difference", {"reason": REASON})) == (403, "forbidden")
    gone = Door(walk, "purse-head").post(f"{place}/difference", {"reason": REASON}).json()
    assert (gone["outstanding"], gone["state"]) == (0, "received")


def test_a_workbook_and_files_that_are_none(walk: Walk) -> None:
    purse = Door(walk, "purse")
    book, out = Workbook(), io.BytesIO()
    book.active.append(HEADING.split(","))
    time = f"{today().isoformat()}T09:00:00"
    book.active.append([str(uuid7().int % 10**10), "", "PAYMENT", "=50+50", 0, "EGP", time])
    book.save(out)
    told = purse.read(out.getvalue(), name="day.xlsx", media_type=XLSX)
    assert told["state"] == "read"
    [line] = purse.get(f"/statements/{told['statement_id']}/lines").json()["lines"]
    assert (line["kind"], [fault["field"] for fault in line["faults"]]) == ("broken", ["amount"])

    told = purse.read(b"PK\x03\x04" + uuid7().bytes, name="broken.xlsx", media_type=XLSX)
    assert (told["state"], told["statement_id"], told["faults"][0]["code"]) == ("refused", None, "statement_unreadable")
    told = purse.read(f"a,b,c\n{uuid7()},1,2\n".encode())
    assert (told["state"], told["faults"][0]["code"]) == ("refused", "statement_heading_unknown")
    tomorrow = (today() + timedelta(days=1)).isoformat()
    assert code(purse.send(b"x", since=tomorrow)) == (422, "statement_days_ahead")
    assert code(purse.send(b"x", rail="nobody")) == (404, "rail_unknown")
    assert code(purse.send(b"")) == (422, "field_invalid")
    assert code(purse.send(iter([b"x"]))) == (411, "length_required")
    assert code(purse.send(b"x" * (32 * 1024 * 1024 + 1)))[0] == 413
    assert code(purse.send(b"{}", media_type="application/json")) == (415, "media_type_unsupported")
    assert code(purse.get(f"/statements/files/{uuid7()}")) == (404, "statement_upload_unknown")


def test_who_is_bound_to_a_unit_sees_its_own_money_and_no_statement(walk: Walk) -> None:
    bound, day = Door(walk, "purse-of-unit"), today().isoformat()
    assert code(bound.send(HEADING.encode())) == (403, "unit_bound")
    for path in ("/statements", f"/statements/{uuid7()}", f"/statements/{uuid7()}/lines", "/differences", "/treasury",
                 f"/statements/files/{uuid7()}", f"/treasury/{uuid7()}/file"):
        assert code(bound.get(path)) == (403, "unit_bound"), path
    assert code(bound.post("/treasury", {"until": day})) == (403, "unit_bound")
    assert code(bound.post(f"/statements/{uuid7()}/transfers", {
        "reference": "1", "account": "1", "amount": 1, "received_on": day})) == (403, "unit_bound")
    assert code(bound.post(f"/differences/{uuid7()}", {"decision": "explain", "reason": REASON})) == (403, "unit_bound")
    own = bound.get("/reconciled", since=day, until=day).json()
    assert own["unit"] == "EG-C-01" and {row["unit"] for row in own["rows"]} <= {"EG-C-01"}
    assert code(bound.get("/reconciled", since=day, until=day, unit="EG-C-02")) == (403, "forbidden")
    assert code(Door(walk, "till").get("/statements")) == (403, "forbidden")


def test_a_period_is_told_to_the_treasury_once(walk: Walk) -> None:
    purse, head = Door(walk, "purse"), Door(walk, "purse-head")
    yesterday = today() - timedelta(days=1)
    assert code(purse.post("/treasury", {"until": today().isoformat(), "since": "2026-01-01"})) == (
        422, "treasury_days_running")
    since = (yesterday - timedelta(days=30)).isoformat()
    made = purse.post("/treasury", {"since": since, "until": yesterday.isoformat()}).json()
    door = f"/treasury/{made['period_id']}"
    assert code(purse.post(f"{door}/closing", {"digest": made["digest"]})) == (403, "forbidden")
    assert code(head.post(f"{door}/closing", {"digest": "0" * 64})) == (409, "treasury_file_differs")
    assert head.post(f"{door}/closing", {"digest": made["digest"]}).json()["state"] == "closed"
    assert code(head.post(f"{door}/closing", {"digest": made["digest"]})) == (409, "treasury_closed")
    file = head.get(f"{door}/file", format="xml")
    etree.XMLSchema(etree.parse(SCHEMA)).assertValid(etree.fromstring(file.content))
    assert head.get(f"{door}/file", format="csv").text.splitlines()[0].startswith("node,period,since")
    assert code(purse.post("/treasury", {"since": since, "until": yesterday.isoformat()})) == (
        422, "treasury_since_fixed")
    assert code(purse.post("/treasury", {"until": yesterday.isoformat()})) == (422, "period_reversed")
