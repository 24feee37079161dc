"""A centre tells its citizens something, over HTTP and through the whole node: written by one, approved by another, on
the citizens' telephones and in their mailboxes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import requests

from services.gateway import demo

WORDING = {
    "sms": {"ar": "السيد {name}، يعمل المركز غداً من التاسعة.", "en": "Dear {name}, the centre opens at nine."},
    "email": {"ar": {"subject": "مواعيد المركز", "body": ["يعمل المركز غداً من التاسعة."]},
              "en": {"subject": "Opening hours", "body": ["The centre opens at nine tomorrow."]}}}
LIST = ("phone,email,language,name\n01088880001,mona@bulk.example,ar,منى\n٠١٠٨٨٨٨٠٠٠٢,,en,John\n"
        "0223456789,,ar,سعاد\n,nour@bulk.example,en,Nour\n")


class Person:
    """Somebody of the staff in front of the API."""

    def __init__(self, url: str, username: str) -> None:
        self._url = f"{url}/api/v1"
        body = {"username": username, "password": demo.PASSWORD}
        answer = requests.post(f"{self._url}/sessions", json=body, headers=key(), timeout=20)
        assert answer.status_code in (200, 201), answer.text
        self._token = {"Authorization": f"Bearer {answer.json()['token']}"}

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self._url}/campaigns{path}", headers=self._token, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, *, raw: bytes | None = None, status: int = 200) -> Any:
        given = {"json": body} if raw is None else {"data": raw}
        kind = {} if raw is None else {"Content-Type": "text/csv"}
        answer = requests.post(f"{self._url}/campaigns{path}", headers={**self._token, **key(), **kind}, timeout=20,
                               **given)
        assert answer.status_code == status, answer.text
        return answer.json()


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to that in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def people(node) -> tuple[Person, Person]:
    node.employ("bulk-manager", "centre_manager", None)
    return Person(node.url, "wording"), Person(node.url, "bulk-manager")


def test_a_message_to_many_from_its_draft_to_their_telephones(node, people) -> None:
    editor, manager = people
    body = {"name": "مواعيد الغد", "unit": demo.UNIT, "wording": WORDING, "hours_from": "00:00",
            "hours_until": "24:00", "per_minute": 6000}
    path = "/" + editor.post("", body, status=201)["campaign_id"]
    taken = editor.post(f"{path}/list?file_name=list.csv", raw=LIST.encode())
    assert taken["state"] == "reading"
    until(lambda: editor.get(path)["audience"]["state"] == "faulty")
    [fault] = editor.get(f"{path}/faults")["faults"]
    assert (fault["line"], fault["field"], fault["code"]) == (4, "phone", "phone_landline")
    assert "أرضي" in fault["ar"] and "landline" in fault["en"]
    editor.post(f"{path}/acceptance", {"broken": 1})
    until(lambda: (editor.get(path)["estimate"] or {}).get("done"))
    preview = manager.get(f"{path}/preview")
    assert preview["estimate"]["recipients"] == 4
    assert "010******01" in {one["address"] for one in preview["messages"]}
    mails = [one["plain"] for one in preview["messages"] if one["channel"] == "email"]
    assert mails and all("/messages/" in plain for plain in mails)  # how to choose, as in the real one
    version = editor.post(f"{path}/submission", {"version": editor.get(path)["version"]})["version"]
    assert editor.post(f"{path}/decision", {"version": version, "approve": True}, status=403)["code"] == "forbidden"
    manager.post(f"{path}/decision", {"version": version, "approve": True})
    until(lambda: manager.get(path)["state"] == "done")
    shown = manager.get(path)["progress"]
    assert (shown["recipients"], shown["sent"], shown["share"]) == (4, 4, 100.0)
    assert [one["text"] for one in node.peers.sms("201088880001")] == ["السيد منى، يعمل المركز غداً من التاسعة."]
    assert [one["text"] for one in node.peers.sms("201088880002")] == ["Dear John, the centre opens at nine."]
    [mail] = node.peers.mail("nour@bulk.example")
    assert (mail["subject"], "opens at nine tomorrow" in mail["html"]) == ("Opening hours", True)
    assert len(node.peers.mail("mona@bulk.example")) == 1


def test_one_that_is_stopped_before_its_time_reaches_nobody(node, people) -> None:
    editor, manager = people
    body = {"name": "حملة تُلغى", "unit": demo.UNIT, "wording": {"sms": {"ar": "نص", "en": "text"}},
            "not_before": "2099-01-01T08:00:00Z"}
    path = "/" + editor.post("", body, status=201)["campaign_id"]
    editor.post(f"{path}/list", raw=b"phone\n01088880003\n")
    until(lambda: (editor.get(path)["estimate"] or {}).get("done"))
    version = editor.post(f"{path}/submission", {"version": editor.get(path)["version"]})["version"]
    manager.post(f"{path}/decision", {"version": version, "approve": True})
    assert manager.post(f"{path}/cancellation", {"reason": "ألغيت الفعالية بقرار"})["state"] == "cancelled"
    refused = manager.post(f"{path}/resumption", {"reason": "عادت الفعالية بقرار"}, status=409)
    assert refused["code"] == "campaign_state"
    assert node.peers.sms("201088880003") == []
