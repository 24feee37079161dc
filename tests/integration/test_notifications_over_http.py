"""Providers through the gateway's doors: delivery receipts that come by callback, and people who steer."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from chassis.ids import uuid7
from chassis.runner import Process
from infra import secrets
from infra.peers import samples
from infra.peers.client import Peers
from infra.processes import free_port
from services.gateway import accounts, demo
from services.notifications import messages
from services.notifications.messages import Draft

API = "/api/v1/messages"


@dataclass
class Office:
    """Gateway and notifications in one process, with an operator over HTTP and one over SMPP."""

    process: Process
    peers: Peers
    url: str

    def message(self) -> uuid.UUID:
        identity = uuid7()
        draft = Draft("sms", f"+2011{time.time_ns() % 100_000_000:08d}", "request_received", 1, "en",
                      {"text": "Your request was received."}, id=identity)
        self.process.platform("notifications").attempt(lambda work: messages.create(work, None, uuid7(), [draft]))
        return identity

    def sql(self, statement: str, *values: Any) -> list[Any]:
        with self.process.platform("notifications").database.transaction() as connection:
            return list(connection.exec_driver_sql(statement, values or None))

    def in_use(self) -> set[str]:
        """Those among whom the process deals out text messages at this moment."""
        service: Any = self.process.platform("notifications")._instance
        return set(service._channels["sms"]._shares)

    def as_(self, username: str) -> dict[str, str]:
        given = {"username": username, "password": demo.PASSWORD}
        answer = requests.post(f"{self.url}/api/v1/sessions", json=given, timeout=20)
        return {"Authorization": f"Bearer {answer.json()['token']}", "Idempotency-Key": str(uuid.uuid4())}

    def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "it did not come to that in time"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def office(database_url) -> Iterator[Office]:
    with Peers.running() as peers:
        port = free_port()
        process = Process(["notifications", "gateway"], {
            **secrets.keys(), "SHUBBAK_MODE": "demo", "SHUBBAK_NODE": "EG-C", "SHUBBAK_BUS": "local",
            "SHUBBAK_NOTIFICATIONS_DATABASE_URL": database_url("notifications"),
            "SHUBBAK_GATEWAY_DATABASE_URL": database_url("gateway"), "SHUBBAK_HTTP_PORT": str(port),
            "SHUBBAK_ADMIN_PORT": "0", "SHUBBAK_QUIET_HOURS": "off", "SHUBBAK_PROVIDERS": "nile=http:60,delta=smpp:40",
            "SHUBBAK_NILE_URL": peers.sms_http, "SHUBBAK_NILE_KEY": samples.KEY,
            "SHUBBAK_NILE_RECEIPT_KEY": samples.RECEIPT_KEY, "SHUBBAK_NILE_PRICE": "250",
            "SHUBBAK_DELTA_HOST": peers.host, "SHUBBAK_DELTA_PORT": str(peers.smpp),
            "SHUBBAK_DELTA_SYSTEM_ID": "node", "SHUBBAK_DELTA_PASSWORD": "sample-1", "EVENTLET_NO_GREENDNS": "yes",
        })  # fmt: skip
        process.start()
        try:
            made = Office(process, peers, f"http://127.0.0.1:{port}")
            peers.control(sms_http={"callback": f"{made.url}{API}/receipts/nile"})
            gateway = process.platform("gateway")
            for name, role in (("root", "administrator"), ("clerk", "window_clerk")):
                gateway.attempt(lambda work, name=name, role=role: accounts.create(
                    work, username=name, password=demo.PASSWORD, display_name=name, roles=(role,), unit=None,
                    department=None))  # fmt: skip
            made.until(lambda: len(shares(made)) == 2)
            yield made
        finally:
            process.stop()


def shares(office: Office) -> list[dict[str, Any]]:
    answer = requests.get(f"{office.url}{API}/providers", headers=office.as_("root"), timeout=20)
    return list(answer.json()["providers"])


def steer(office: Office, name: str, who: str = "root", **body: Any) -> requests.Response:
    given = {"reason": "tried in a test", **body}
    return requests.post(f"{office.url}{API}/providers/{name}", json=given, headers=office.as_(who), timeout=20)


def test_messages_go_out_over_both_and_receipts_of_both_arrive(office):
    made: list[uuid.UUID] = []

    def over_both() -> bool:
        made.append(office.message())
        return {one["over"] for one in office.peers.sms()} == {"http", "smpp"}

    office.until(over_both)
    office.until(lambda: office.sql("SELECT count(*) FROM message WHERE state = 'delivered'")[0][0] == len(made))
    assert {one["status"] for one in office.peers.get("/sms")["callbacks"]} == {200}
    assert office.sql("SELECT DISTINCT price FROM message WHERE provider = 'nile'") == [(250,)]


@pytest.mark.parametrize(("wish", "code"), [("forged", "receipt_forged"), ("stale", "receipt_stale")])
def test_a_callback_that_may_not_be_believed_is_refused_with_a_word_and_written_down(office, wish, code):
    office.peers.control(sms_http={"receipts": wish})
    office.peers.forget()
    assert steer(office, "delta", on=False).status_code == 200
    office.until(lambda: "delta" not in office.in_use())
    made = office.message()
    office.until(lambda: [one["status"] for one in office.peers.get("/sms")["callbacks"]] == [401])
    assert office.sql("SELECT state FROM message WHERE id = %s", str(made)) == [("sent",)]
    assert office.sql("SELECT count(*) FROM audit WHERE subject = %s", f"{code}:nile")[0][0] >= 1
    office.peers.control(sms_http={"receipts": "delivered"})
    assert steer(office, "delta", on=True).status_code == 200


def test_a_callback_for_nobody_and_one_taken_twice(office):
    answer = requests.post(f"{office.url}{API}/receipts/nobody", data=b"{}", timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (404, "provider_unknown")

    def reported() -> bool:
        office.message()  # one of them goes over HTTP
        return any(one["status"] == 200 for one in office.peers.get("/sms")["callbacks"])

    office.until(reported)
    one = next(one for one in office.peers.get("/sms")["callbacks"] if one["status"] == 200)
    again = requests.post(f"{office.url}{API}/receipts/nile", data=one["body"].encode(), timeout=20,
                          headers={"X-Timestamp": one["timestamp"], "X-Signature": one["signature"]})
    assert (again.status_code, again.json()["code"]) == (409, "receipt_replayed")


def test_an_administrator_steers_with_a_reason_and_everybody_else_is_turned_away(office):
    assert steer(office, "nile", "clerk", weight=1).status_code == 403
    assert steer(office, "nobody", weight=1).json()["code"] == "provider_unknown"
    faulty = steer(office, "nile", weight=101, reason="")
    assert {one["field"] for one in faulty.json()["errors"]} == {"weight", "reason"}
    assert steer(office, "nile", weight=10, reason="their price rose").json()["share"] == 20
    (change, *_) = requests.get(f"{office.url}{API}/providers/changes", headers=office.as_("root"),
                                timeout=20).json()["changes"]
    assert (change["what"], change["reason"], change["before"]["share"], change["after"]["share"]) == (
        "weight_set", "their price rose", 60, 20)  # fmt: skip
    assert steer(office, "nile", weight=0).json()["share"] == 60


def test_the_last_one_of_a_channel_stays(office):
    assert steer(office, "nile", on=False).status_code == 200
    refused = steer(office, "delta", on=False)
    assert (refused.status_code, refused.json()["code"]) == (409, "provider_last")
    assert steer(office, "nile", on=True).status_code == 200
