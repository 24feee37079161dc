"""SMS over HTTP against the sandbox operator: keys, faults of every kind, receipts by signed callback."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.peers.client import Peers
from infra.processes import free_port
from rules.refusal import Refusal
from services.notifications import http_receipts, messages
from services.notifications.packing import pack_sms
from services.notifications.providers import http_sms
from services.notifications.providers.http_sms import HttpSms
from services.notifications.settings import HttpSettings, Instance
from tests.support.messages_ground import LEASE, Ground, ground

KEY, RECEIPT_KEY = "sample-sms-key", "sample-sms-receipts"
CALM = {"answer": None, "times": -1, "retry_after": 1, "drop": None, "drop_times": -1, "delay_ms": 0,
        "honours_keys": True, "receipts": "delivered", "receipt_delay_ms": 0, "callback": None, "reject_numbers": [],
        "down": False}


@pytest.fixture(scope="module")
def peers() -> Iterator[Peers]:
    with Peers.running() as running:
        yield running


@pytest.fixture
def node(database_url, peers, monkeypatch) -> Iterator[Ground]:
    monkeypatch.setattr(http_sms, "AGAIN", (0.05, 0.1))
    peers.control(sms_http=CALM)
    peers.forget()
    with ground(database_url("notifications")) as made:
        yield made


def settings(peers: Peers, **own: object) -> HttpSettings:
    return HttpSettings(peers.sms_http, KEY, RECEIPT_KEY, **{"timeout": 20.0, **own})


def sms(node: Ground, peers: Peers, **own: object):
    return node.channel("sms", [(HttpSms(settings(peers, **own), "nile"), 100, 250)])


def sent(node: Ground, channel, made: list) -> None:
    node.until(lambda: node.states(made) <= {"sent", "delivered"}, channel)


def test_a_batch_goes_out_in_a_few_calls_and_arabic_of_two_parts_is_one_text_and_two_prices(node, peers):
    channel = sms(node, peers)
    before = peers.get("/sms")["calls"]
    says = "استلمنا طلبك وسنخبرك بكل خطوة حتى تستلم رخصتك من شباك المركز التكنولوجي"
    made = [node.message(says=says) for _ in range(100)]
    sent(node, channel, made)
    assert peers.get("/sms")["calls"] - before <= 8
    assert len(peers.sms()) == 100
    one = peers.sms()[0]
    assert one["text"].startswith("استلمنا طلبك")
    assert one["total"] == 2
    assert {row.price for row in node.rows(made)} == {500}


@pytest.mark.parametrize("fault", [{"drop": "after", "drop_times": 1}, {"drop": "before", "drop_times": 1},
                                   {"answer": 502, "times": 1}, {"answer": 504, "times": 2}])
def test_a_lost_answer_is_asked_for_again_under_the_same_key_and_nobody_gets_it_twice(node, peers, fault):
    peers.control(sms_http=fault)
    made = [node.message()]
    sent(node, sms(node, peers), made)
    (arrived,) = peers.sms()
    assert arrived["key"] == str(made[0])
    assert arrived["repeats"] == (1 if fault.get("drop") == "after" else 0)


def test_a_crash_between_hand_over_and_record_sends_nothing_twice(node, peers):
    made = node.message()
    provider = HttpSms(settings(peers), "nile")
    taken = node.transact(lambda work: messages.claim(work, "sms", "nile", 10, LEASE, pack_sms))
    provider.submit(taken, timedelta(seconds=5))  # the process dies here
    assert node.row(made).state == "sending"
    node.later(LEASE + timedelta(seconds=1))
    sent(node, sms(node, peers), [made])
    (arrived,) = peers.sms()
    assert arrived["repeats"] == 1


def test_what_may_be_with_it_is_left_to_it_while_it_lives(node, peers):
    class Other:
        name, brings_receipts, away, repeats_safely = "other", False, False, False

        def room(self) -> int:
            return 10

        def submit(self, batch, budget):
            raise AssertionError("this message may be with nile")

        def close(self) -> None:
            pass

    made = node.message()
    node.transact(lambda work: messages.claim(work, "sms", "nile", 10, LEASE, pack_sms))
    channel = node.channel("sms", [(Other(), 99, 0), (HttpSms(settings(peers), "nile"), 1, 0)])
    node.later(LEASE + timedelta(seconds=1))
    sent(node, channel, [made])
    assert node.row(made).provider == "nile"


def test_a_429_rests_the_provider_as_long_as_it_asks(node, peers):
    peers.control(sms_http={"answer": 429, "times": 1, "retry_after": 5})
    channel, made = sms(node, peers), [node.message()]
    node.until(lambda: node.states(made) == {"failed_temporarily"}, channel)
    row = node.row(made[0])
    assert row.error == "throttled"
    assert (row.next_at - node.now).total_seconds() <= 5
    provider = channel.members["nile"].provider
    assert provider.room() == 0
    assert not provider.away
    sent(node, channel, made)
    assert len(peers.sms()) == 1


@pytest.mark.parametrize(("fault", "error"), [({"answer": 500, "times": 1}, "http_500"), ({"down": True}, "http_503"),
                                              ({"answer": 401, "times": 1}, "http_401")])
def test_a_server_that_fails_or_refuses_us_took_nothing_and_is_asked_again(node, peers, fault, error):
    peers.control(sms_http=fault)
    channel, made = sms(node, peers), [node.message()]
    node.until(lambda: node.states(made) == {"failed_temporarily"}, channel)
    assert node.row(made[0]).error == error
    peers.control(sms_http=CALM)
    node.later(timedelta(minutes=1))
    sent(node, channel, made)


def test_a_number_that_is_refused_fails_alone_in_its_batch(node, peers):
    made = [node.message(), node.message(address="+201000000003"), node.message()]
    channel = sms(node, peers)
    node.until(lambda: node.states(made) <= {"sent", "failed"}, channel)
    assert [node.row(one).state for one in made] == ["sent", "failed", "sent"]
    assert node.row(made[1]).error == "number_invalid"
    alone = node.message(address="+201000000003")
    node.until(lambda: node.row(alone).state == "failed", channel)


def test_one_that_cannot_be_reached_is_away_and_tried_with_a_single_call(node, peers):
    provider = HttpSms(HttpSettings(f"http://127.0.0.1:{free_port()}", KEY, RECEIPT_KEY), "nile")
    channel = node.channel("sms", [(provider, 100, 0)])
    made = node.message()
    node.until(lambda: provider.away, channel)
    assert node.row(made).state == "failed_temporarily"
    assert node.row(made).error == "no_connection"
    node.until(lambda: provider.room() == 1)


def test_an_operators_own_words_are_spoken(node):
    heard: list[dict] = []

    class Operator(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps({"state": "OK", "msgid": "m1"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Operator)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    words = {**HttpSettings("", "", "").fields, "to": "msisdn", "text": "body", "status": "state", "id": "msgid",
             "accepted": "OK"}
    own = HttpSettings(f"http://127.0.0.1:{server.server_port}", KEY, RECEIPT_KEY, fields=words)
    channel, made = node.channel("sms", [(HttpSms(own, "nile"), 100, 0)]), [node.message(says="Hello")]
    sent(node, channel, made)
    server.shutdown()
    server.server_close()
    assert (heard[0]["msisdn"], heard[0]["body"]) == (node.context.privacy.open(
        node.row(made[0]).address, field=messages.ADDRESS), "Hello")


# receipts


def callback(node: Ground, receipts: list[dict], *, key: str = RECEIPT_KEY, late: int = 0) -> dict[str, str]:
    body = json.dumps({"receipts": receipts})
    at = str(int(node.now.timestamp()) - late)
    signature = hmac.new(key.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return {"provider": "nile", "timestamp": at, "signature": signature, "body": body}


def take(node: Ground, peers: Peers, given: dict[str, str]) -> dict:
    instance = Instance("nile", "http", 100, 0, settings(peers))
    return node.transact(lambda work: http_receipts.take(work, instance, given))


def receipt_of(peers: Peers, status: str = "delivered", number: int = 0, **more: str) -> dict[str, str]:
    one = peers.sms()[number]
    return {"id": one["id"], "to": "+" + one["to"], "status": status, **more}


def test_a_receipt_delivers_and_one_of_an_unknown_message_is_kept(node, peers):
    channel, made = sms(node, peers), [node.message()]
    sent(node, channel, made)
    given = [receipt_of(peers), {"id": "never", "to": "+201099999999", "status": "delivered"},
             {"id": "never2", "to": "+201099999999", "status": "on its way"}]
    assert take(node, peers, callback(node, given)) == {"taken": 2}
    node.until(lambda: node.states(made) == {"delivered"}, channel)
    assert [row.provider_message_id for row in node.sql("SELECT * FROM receipt")] == ["never"]


def test_a_receipt_that_overtakes_its_answer_waits_for_it(node, peers):
    made = node.message()
    taken = node.transact(lambda work: messages.claim(work, "sms", "nile", 10, LEASE, pack_sms))
    outcome = HttpSms(settings(peers), "nile").submit(taken, timedelta(seconds=5))
    take(node, peers, callback(node, [receipt_of(peers)]))
    node.transact(lambda work: messages.record(work, outcome))
    assert node.row(made).state == "sent"
    channel = sms(node, peers)
    node.until(lambda: node.row(made).state == "delivered", channel)


def test_receipts_in_the_wrong_order_end_at_what_the_handset_said(node, peers):
    channel, made = sms(node, peers), [node.message()]
    sent(node, channel, made)
    take(node, peers, callback(node, [receipt_of(peers)]))
    node.until(lambda: node.states(made) == {"delivered"}, channel)
    take(node, peers, callback(node, [receipt_of(peers, "undelivered", reason="Absent subscriber!")]))
    channel.step(node.transact)
    assert node.states(made) == {"delivered"}


@pytest.mark.parametrize(("given", "code"), [({"key": "a guess"}, "receipt_forged"), ({"late": 301}, "receipt_stale"),
                                             ({"late": -400}, "receipt_stale")])
def test_a_forged_or_stale_one_is_refused_recorded_and_changes_nothing(node, peers, given, code):
    with pytest.raises(Refusal, match=code):
        take(node, peers, callback(node, [{"id": "x", "to": "+201099999999", "status": "delivered"}], **given))
    assert node.sql("SELECT * FROM receipt") == []
    assert node.sql("SELECT subject FROM audit ORDER BY id DESC LIMIT 1")[0].subject == f"{code}:nile"


def test_a_signature_covers_time_and_body(node, peers):
    given = callback(node, [{"id": "x", "to": "+201099999999", "status": "delivered"}])
    for changed in ({"body": given["body"].replace("x", "y")}, {"timestamp": str(int(given["timestamp"]) + 1)},
                    {"signature": ""}, {"signature": "é" * 64}):
        with pytest.raises(Refusal, match="receipt_forged"):
            take(node, peers, {**given, **changed})


def test_a_stranger_who_sends_without_end_does_not_fill_the_audit(node, peers):
    before = node.sql("SELECT count(*) AS count FROM audit")[0].count
    given = [{"id": "x", "to": "+201099999999", "status": "delivered"}]
    for _ in range(30):
        with pytest.raises(Refusal, match="receipt_forged"):
            take(node, peers, callback(node, given, key="a guess"))
    assert 1 <= node.sql("SELECT count(*) AS count FROM audit")[0].count - before <= 2  # a minute may have ended
    assert take(node, peers, callback(node, given)) == {"taken": 1}  # a true one is met by none of this


def test_a_value_that_no_database_holds_is_refused_as_unreadable(node, peers):
    for field in ("id", "to", "status"):
        given = {"id": "x", "to": "+201099999999", "status": "delivered"}
        with pytest.raises(Refusal, match="receipt_malformed"):
            take(node, peers, callback(node, [{**given, field: given[field] + "\0"}]))


def test_a_replayed_one_is_refused_and_counts_once(node, peers):
    given = callback(node, [{"id": "x", "to": "+201099999999", "status": "delivered"}])
    take(node, peers, given)
    with pytest.raises(Refusal, match="receipt_replayed"):
        take(node, peers, given)
    assert len(node.sql("SELECT * FROM receipt")) == 1
    node.later(timedelta(minutes=11))
    node.transact(http_receipts.forget)
    assert node.sql("SELECT * FROM provider_callback") == []
    with pytest.raises(Refusal, match="receipt_stale"):  # forgotten, yet too old to be believed
        take(node, peers, given)


@pytest.mark.parametrize("body", ["", "[]", '{"receipts": 1}', '{"receipts": [1]}', '{"receipts": [{"id": ""}]}',
                                  '{"receipts": [{"id": "a", "to": 1, "status": "delivered"}]}'])
def test_what_cannot_be_read_is_refused_as_such(node, peers, body):
    at = str(int(node.now.timestamp()))
    signature = hmac.new(RECEIPT_KEY.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    with pytest.raises(Refusal, match="receipt_malformed"):
        take(node, peers, {"provider": "nile", "timestamp": at, "signature": signature, "body": body})


def test_nobody_reports_for_a_provider_of_another_kind(node, peers):
    with pytest.raises(Refusal, match="provider_unknown"):
        node.transact(lambda work: http_receipts.take(work, None, {}))
