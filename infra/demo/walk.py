"""One shop owner's case over the HTTP API, from the guide to the licence: what the demo shows and load runs repeat."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

API = "/api/v1"
PASSWORD = "shubbak-demo"
PHONE = "01012345678"
# The smallest files that are what they say they are.
# One empty page; a file that does not open as a PDF is refused when its content is checked.
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n0000000101 00000 n \n"
    b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n"
)
PATIENCE = 60.0  # seconds that anything asynchronous may take
SELDOM = 0.2  # seconds between two questions about something that takes long


class WalkFailed(Exception):
    """A step did not answer as it should."""


@dataclass
class Walk:
    """The case and those who handle it, each with a session of the own. `tell` is told each step."""

    url: str
    pay: Callable[[str], Any]  # pays a reference at the rail, as the citizen would at a kiosk
    tell: Callable[[str], None] = lambda _: None
    tokens: dict[str, str] = field(default_factory=dict)
    http: requests.Session = field(default_factory=requests.Session)
    last4: str = PHONE[-4:]
    unit: str = "EG-C-01"
    rail: str = "fawry"

    def run(self) -> dict[str, Any]:
        """Walk the whole case; answers tracking number, licence serial and what the verification said."""
        found = self.get("/services", params={"q": "ترخيص محل"})["services"][0]
        self.tell(f"دليل الخدمات · found in the guide: {found['name']['ar']} ({found['code']})")
        lodged = self.lodge()
        number = lodged["tracking_number"]
        self.tell(f"قُدّم الطلب · lodged: {number}, due {lodged['due_on'] or 'once the clock runs'}")
        self.pay_bill(number, "inspection")
        self.act("officer", "accept", number=number)
        self.act("inspector", "report", number=number)
        self.act("head", "approve", number=number)
        self.pay_bill(number, "final")
        status = self.until(lambda: self.status(number), lambda answer: answer["state_kind"] == "end")
        serial = status["licence_serial"]
        self.tell(f"صدرت الرخصة · licence issued: {serial}")
        document = self.fetch_licence(number)
        self.tell(f"وثيقة الرخصة · document: {document.headers['Content-Type']}, {len(document.content) // 1024} KB")
        verified = self.get(f"/licences/{serial}/verification")
        if verified["status"] != "valid":
            raise WalkFailed(f"the licence does not verify: {verified['status']}")
        self.tell(f"تحقق · verified: {verified['status']}, {verified['service_name']['ar']}")
        return {"tracking_number": number, "serial": serial, "verification": verified}

    # -- the applicant -----------------------------------------------------------------------------------------------

    def lodge(self, key: str | None = None) -> dict[str, Any]:
        return self.post("/requests", application(self.papers(), self.unit), key=key)

    def papers(self) -> list[dict[str, str]]:
        """The documents of the application, handed in."""
        return [{"code": code, "document_id": self.upload(f"{code}.pdf")} for code in ("id_copy", "lease_contract")]

    def upload(self, name: str) -> str:
        kept = self.post("/documents", {"file_name": name, "content": base64.b64encode(_PDF).decode()})
        return str(kept["document_id"])

    def status(self, number: str) -> dict[str, Any]:
        return self.get(f"/requests/{number}", headers={"X-Phone-Last4": self.last4})

    def pay_bill(self, number: str, stage: str) -> None:
        """Wait for the stage's bill, ask the rail for a reference, pay it, and wait until the bill is paid."""
        bill = self.until(lambda: self.bill(number, stage), bool)
        self.post(f"/bills/{bill['bill_id']}/payments", {"rail": self.rail})
        bill = self.until(lambda: self.bill(number, stage), lambda answer: bool(answer and answer["reference"]))
        self.tell(f"مطالبة · bill {bill['bill_number']}: {bill['total'] / 100:.2f} EGP, reference {bill['reference']}")
        self.pay(bill["reference"])
        bill = self.until(lambda: self.bill(number, stage), lambda answer: answer["state"] == "paid")
        self.tell(f"سُدّد · paid, receipt {bill['receipt_number']}")

    def at_the_counter(self, username: str = "cashier") -> None:
        """The cashier has an open shift, without which nothing is taken at the counter."""
        if self.get("/shifts/current", as_=username)["shift"] is None:
            self.post("/shifts", {}, as_=username)

    def bill(self, number: str, stage: str) -> dict[str, Any] | None:
        bills = self.get(f"/requests/{number}/bills", headers={"X-Phone-Last4": self.last4})["bills"]
        return next((bill for bill in bills if bill["stage"] == stage), None)

    def fetch_licence(self, number: str) -> requests.Response:
        def fetch() -> requests.Response:
            return self.http.get(
                f"{self.url}{API}/requests/{number}/licence", headers={"X-Phone-Last4": self.last4}, timeout=30
            )

        fetched: requests.Response = self.until(fetch, lambda answer: answer.status_code == 200)
        return fetched

    # -- the departments ---------------------------------------------------------------------------------------------

    def act(self, username: str, action: str, reason: str | None = "استوفى الاشتراطات",
            number: str | None = None) -> dict[str, Any]:
        """Log in if need be, be handed the next file, look at it, act. With `number`, go on being handed files until
        it is the one of this request: others at the same desk may be more urgent."""
        given = self.until(lambda: self._handed(username, number), bool)
        file = self.get(f"/tasks/{given['task_id']}", as_=username)
        chosen = next((one for one in file["actions"] if one["code"] == action), None)
        if chosen is None:
            raise WalkFailed(f"{action} is not among {[one['code'] for one in file['actions']]}")
        described = {one["name"]: one for one in file["inputs"]}
        inputs = {name: _input(described[name]) for name in chosen["requires"]
                  if name not in ("reason", "legal_reason")}
        done = self.post(
            f"/tasks/{given['task_id']}/actions",
            {"action": action, "inputs": inputs, "reason": reason if "reason" in chosen["requires"] else None,
             "legal_reason": file["legal_reasons"][0]["code"] if "legal_reason" in chosen["requires"] else None},
            as_=username,
        )
        self.tell(f"{file['state_name']['ar']} · {username}: {action} → {done['state_name']['ar']}")
        return done

    def _handed(self, username: str, number: str | None) -> dict[str, Any] | None:
        """The next file, or of those in hand the one of a request."""
        given: dict[str, Any] | None = self.post("/tasks/next", {}, as_=username)["task"]
        if number is None:
            return given
        in_hand = self.get("/tasks", as_=username)["tasks"]
        return next((one for one in in_hand if one["tracking_number"] == number), None)

    def token(self, username: str) -> str:
        if username not in self.tokens:
            self.tokens[username] = self.post("/sessions", {"username": username, "password": PASSWORD})["token"]
        return self.tokens[username]

    # -- HTTP --------------------------------------------------------------------------------------------------------

    def get(self, path: str, *, as_: str | None = None, **options: Any) -> dict[str, Any]:
        headers = {**options.pop("headers", {}), **self._bearer(as_)}
        return self._read(self.http.get(f"{self.url}{API}{path}", headers=headers, timeout=30, **options))

    def post(self, path: str, body: Any, *, as_: str | None = None, key: str | None = None) -> dict[str, Any]:
        headers = {"Idempotency-Key": key or str(uuid.uuid4()), **self._bearer(as_)}
        return self._read(self.http.post(f"{self.url}{API}{path}", json=body, headers=headers, timeout=30))

    def _bearer(self, username: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(username)}"} if username else {}

    def _read(self, response: requests.Response) -> dict[str, Any]:
        if response.status_code >= 400:
            raise WalkFailed(f"{response.request.method} {response.request.path_url}: {response.text[:600]}")
        body: dict[str, Any] = response.json()
        return body

    def until(self, ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
        """Ask until the answer is what was waited for; the platform's facts travel as events."""
        return until(ask, wanted)


def until(ask: Callable[[], Any], wanted: Callable[[Any], bool], otherwise: str = "it did not come about",
          patience: float = PATIENCE, pause: float = 0.02) -> Any:
    """Ask until the answer is what was waited for, first after `pause` seconds and then ever less often: whoever asks
    keeps the node from its work. WalkFailed, beginning with `otherwise`, after more than `patience` seconds."""
    ends = time.monotonic() + patience
    while True:
        answer = ask()
        if wanted(answer):
            return answer
        if time.monotonic() > ends:
            raise WalkFailed(f"{otherwise}: waited {patience:.0f} s; last answer: {answer}")
        time.sleep(pause)
        pause = max(pause, min(1.4 * pause, SELDOM))


def application(documents: list[dict[str, str]], unit: str = "EG-C-01") -> dict[str, Any]:
    """A complete application for a shop licence."""
    return {
        "service_code": "shop-licence",
        "unit": unit,
        "applicant": {
            "kind": "citizen",
            "name": "محمود عبد الله حسن",
            "national_id": "28503150101232",
            "phone": PHONE,
            "email": "owner@example.org",
            "language": "ar",
        },
        "answers": {
            "shop_name": "بقالة النور",
            "activity": "retail",
            "address": "12 شارع سليم الأول، الزيتون",
            "area_m2": "42.5",
            "workers": 3,
            "tenure": "leased",
        },
        "documents": documents,
    }


def _input(described: dict[str, Any]) -> Any:
    if described["type"] in ("choice", "multi_choice"):
        value = described["options"][0]["value"]
        return [value] if described["type"] == "multi_choice" else value
    samples = {"date": "2026-11-01", "boolean": True, "integer": described.get("min") or 1,
               "decimal": str(described.get("min") or 1)}
    return samples.get(described["type"], "مطابق للرسومات والاشتراطات")
