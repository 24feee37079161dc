"""A node on which each role of the staff sits twice, in the unit where everything lies and in another one; and what
lies there: requests, bills, a licence, a task in hand, a shift, a complaint, a visit, a tablet, a refund, accounts."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from infra.demo.walk import API, Walk
from rules import roles
from tests.support.node import Node
from tests.support.tablet_line import equip

UNIT, ELSEWHERE = "EG-C-01", "EG-C-02"
OWN, OTHER = "own", "other"
DEPARTMENTS = {"officer": "licensing", "inspector": "licensing", "department_head": "licensing",
               "unit_head": "leadership"}
# Who is asked for a permission, where the first role that has it would not do.
ASKED = {"complaint.answer": "centre_manager", "offline.read": "centre_manager", "bill.read": "centre_manager",
         "receipt.print": "cashier", "offline.work": "mobile_clerk", "licence.read": "officer"}
_LAST = ("/take-back", "/actions", "/deactivation", "/revocation", "/cancellation", "/calling-off", "/closing", "/end")


@dataclass
class Operation:
    """One operation of the API that the public may not do, and as whom it is asked."""

    method: str
    path: str
    permission: str
    role: str
    body: dict[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.method:<7}{self.path}"


@dataclass
class Answered:
    """What one of the two was answered; `shows` is how much of what lies in the unit the answer names."""

    status: int
    code: str
    shows: int

    @property
    def refused(self) -> bool:
        """Turned away as another unit's: told so, or as if there were no such thing."""
        return (self.status, self.code) == (403, "forbidden") or (
            self.status == 404 and self.code.endswith("_unknown"))


def operations(document: dict[str, Any]) -> list[Operation]:
    """What the API's description has and the public may not do: questions first, what ends something last."""
    found, known = [], roles.load().roles
    for path, methods in document["paths"].items():
        for method, body in methods.items():
            if method == "parameters":
                continue
            permissions = body["x-permission"].split("|")
            holders = [code for code, role in known.items() if role.staff and role.may.intersection(permissions)]
            if holders and not known["public"].may.intersection(permissions):
                role = next((ASKED[one] for one in permissions if one in ASKED), holders[0])
                found.append(Operation(method.upper(), path.removeprefix(API), body["x-permission"], role, body))
    return sorted(found, key=lambda one: (one.method != "GET", one.path.endswith(_LAST), one.method == "DELETE",
                                          one.path))  # fmt: skip


class UnitGround:
    """What lies in UNIT, and everybody who may come near it."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.walk = Walk(node.url, node.peers.pay)
        for code, role in roles.load().roles.items():
            if role.staff:
                for side, unit in ((OWN, UNIT), (OTHER, ELSEWHERE)):
                    node.employ(f"{code}-{side}", code, DEPARTMENTS.get(code), unit)
        node.employ("spare", "officer", "licensing", UNIT)
        self.values: dict[str, str] = {}
        self.marks: list[str] = []
        self._lay_out()

    def _lay_out(self) -> None:
        walk = self.walk
        done = walk.run()
        held, fresh = walk.lodge(), walk.lodge()
        number = fresh["tracking_number"]
        bill = walk.until(lambda: walk.bill(number, "inspection"), bool)
        walk.pay_bill(held["tracking_number"], "inspection")
        task = walk.until(lambda: walk.post("/tasks/next", {}, as_="officer-own")["task"], bool)
        paid = walk.bill(done["tracking_number"], "final") or {}
        digits = {"X-Phone-Last4": walk.last4}
        shift = walk.post("/shifts", {}, as_="cashier-own")
        complaint = self._post(f"/requests/{number}/complaints", digits)
        visit = self._post("/visits", digits)
        turn = walk.post("/turns", {"queue": "intake"}, as_="window_clerk-own")
        tablet = equip(self.node, walk, lambda: datetime.now(UTC), UNIT)
        refund = walk.post(f"/bills/{paid['bill_id']}/refunds", {
            "lines": [{"code": paid["lines"][0]["code"], "amount": 100}],
            "reason": "حُصّل بالزيادة عن الرسم المقرر"}, as_="finance_officer-own")  # fmt: skip
        spare = walk.get("/accounts", params={"q": "spare"}, as_="administrator-own")["accounts"][0]
        self.paid_bill = paid["bill_id"]
        self.values = {
            "tracking_number": number, "bill_id": bill["bill_id"], "serial": done["serial"],
            "task_id": task["task_id"], "shift_id": shift["shift_id"], "visit_number": visit["visit_number"],
            "complaint_number": complaint["complaint_number"], "device_id": str(tablet.id),
            "turn_id": turn["turn_id"], "refund_id": refund["refund_id"], "account_id": spare["account_id"],
            "label": turn["label"],
        }  # fmt: skip
        self.marks = [number, held["tracking_number"], done["tracking_number"], done["serial"], bill["bill_number"],
                      *(self.values[name] for name in ("shift_id", "visit_number", "complaint_number", "device_id",
                                                       "refund_id", "account_id", "task_id", "turn_id"))]  # fmt: skip

    def _post(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        described = next(one for name, one in self.document()["paths"].items()
                         if re.fullmatch(re.sub(r"{\w+}", "[^/]+", name), API + path))
        body = next(iter(described["post"]["requestBody"]["content"].values()))["example"]
        answer = requests.post(f"{self.node.url}{API}{path}", json=body, timeout=30,
                               headers={**headers, "Idempotency-Key": str(uuid.uuid4())})
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def document(self) -> dict[str, Any]:
        """The API's own description."""
        if not hasattr(self, "_document"):
            self._document = requests.get(f"{self.node.url}{API}/openapi.json", timeout=60).json()
        return dict(self._document)

    def ask(self, one: Operation, side: str) -> Answered:
        """One operation about what lies in UNIT, by somebody of the role there or elsewhere, with its own example."""
        path = re.sub(r"{(\w+)}", lambda found: self._value(found[1], one.path), one.path)
        more: dict[str, Any] = {}
        for kind, content in one.body.get("requestBody", {}).get("content", {}).items():
            if "json" in kind:
                more["json"] = self._of_here(content["example"])
            elif kind == "multipart/form-data":
                more["files"] = {"file": ("a.pdf", b"%PDF-1.4")}
            else:
                more["data"] = b"x"
        asked = {each["name"]: each["example"] for each in one.body.get("parameters", ())
                 if each["in"] == "query" and each.get("required")}
        headers = {"X-Phone-Last4": self.walk.last4, "Idempotency-Key": str(uuid.uuid4()),
                   **self.walk._bearer(f"{one.role}-{side}")}
        answer = requests.request(one.method, f"{self.node.url}{API}{path}", params=asked, headers=headers, timeout=30,
                                  **more)
        try:
            code = answer.json().get("code", "")
        except ValueError:
            code = ""
        told = answer.text if answer.status_code < 300 else ""
        return Answered(answer.status_code, str(code), sum(mark in told for mark in self.marks))

    def _value(self, name: str, path: str) -> str:
        if name == "bill_id" and path.endswith(("/receipt/prints", "/disputes")):
            return str(self.paid_bill)
        return self.values.get(name, str(uuid.uuid4()))

    def _of_here(self, example: Any) -> Any:
        """The example of a body, about what lies here where it names a thing of this ground."""
        if isinstance(example, dict):
            return {name: self.values[name] if name in self.values and isinstance(value, str) else self._of_here(value)
                    for name, value in example.items()}
        return [self._of_here(one) for one in example] if isinstance(example, list) else example
