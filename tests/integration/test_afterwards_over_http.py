"""The whole node over HTTP: a licence signed by the authority, rated by the link of its last message, delivered,
suspended and replaced; a complaint about it answered."""

from __future__ import annotations

import re
import uuid
from io import BytesIO
from typing import Any

import pytest
import requests
from pyhanko.pdf_utils.reader import PdfFileReader

from infra.demo.walk import API, Walk


@pytest.fixture
def walk(node: Any) -> Walk:
    return Walk(node.url, node.peers.pay)


def test_a_licence_after_it_was_issued(node: Any, walk: Walk) -> None:
    node.employ("centre", "centre_manager", "licensing")
    ended = walk.run()
    number, serial = ended["tracking_number"], ended["serial"]

    fetched = walk.fetch_licence(number)
    if fetched.headers["Content-Type"] == "application/pdf":
        [signature] = PdfFileReader(BytesIO(fetched.content)).embedded_signatures
        signature.compute_integrity_info()
        assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"

    def link() -> Any:
        texts = [sms["text"] for sms in node.peers.sms() if number in sms["text"]]
        return next((found for text in texts if (found := re.search(r"/(?:ar|en)/rate/([\w-]+)", text))), None)

    token = walk.until(link, bool)[1]
    page = requests.get(f"{node.url}/ar/rate/{token}", timeout=20)
    assert page.status_code == 200 and number not in page.text
    assert walk.post(f"/ratings/{token}", {"stars": 5})["stars"] == 5
    again = requests.post(f"{node.url}{API}/ratings/{token}", json={"stars": 1}, timeout=20,
                          headers={"Idempotency-Key": str(uuid.uuid4())})  # fmt: skip
    assert (again.status_code, again.json()["code"]) == (409, "rated_before")

    walk.post(f"/register/{serial}/delivery", {"identity": "national_id"}, as_="clerk")
    walk.post(f"/register/{serial}/suspension", {"reason": "مخالفة اشتراطات الحماية المدنية"}, as_="head")
    assert walk.get(f"/licences/{serial}/verification")["status"] == "suspended"
    walk.post(f"/register/{serial}/resumption", {"reason": "أزيلت المخالفة"}, as_="head")
    walk.post(f"/register/{serial}/replacement", {"reason": "فقد الأصل ومحضر رقم 12"}, as_="head")
    assert walk.get(f"/licences/{serial}/verification")["edition"] == 2
    entry = walk.get(f"/register/{serial}", as_="head")
    assert [act["act"] for act in entry["history"]] == ["suspend", "resume", "replace_print"]
    assert entry["prints"] and all(one["void"] for one in entry["prints"])
    assert serial in [one["serial"] for one in walk.get("/register", as_="head")["licences"]]

    digits = {"X-Phone-Last4": walk.last4}
    made = requests.post(f"{node.url}{API}/requests/{number}/complaints", timeout=20, headers={
        **digits, "Idempotency-Key": str(uuid.uuid4())}, json={"kind": "delay", "text": "تأخر طلبي ولم يتصل بي أحد"})
    assert made.status_code == 201, made.text
    complaint = made.json()["complaint_number"]
    assert complaint in [one["complaint_number"] for one in walk.get("/complaints", as_="centre")["complaints"]]
    walk.post(f"/complaints/{complaint}/answer", {"upheld": True, "answer": "راجعنا الملف واعتذرنا للمواطن"},
              as_="centre")
    assert walk.get(f"/complaints/{complaint}", headers=digits)["state"] == "answered"
