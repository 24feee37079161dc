"""The sandboxes keep the promises that other tests lean on."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm

from infra.peers import pay, rail_signing, sample_keys, sms_text
from infra.peers.client import Peers
from infra.peers.rail_store import ChargeStore

KEY, MERCHANT = sample_keys.FAWRY["KEY"], sample_keys.FAWRY["MERCHANT"]
FAWRY = "/fawry/ECommerceWeb/Fawry/payments"


class Merchant:
    """Takes callbacks; answers 503 as often as told, then 200."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.failures = 0
        self._news = threading.Condition()
        merchant = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with merchant._news:
                    failed = merchant.failures > 0
                    merchant.failures -= failed
                    self.send_response(503 if failed else 200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    merchant.bodies.append(body)
                    merchant._news.notify_all()

            def log_message(self, *parts: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.bodies) >= count, 60), self.bodies
            return list(self.bodies)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def peers() -> Iterator[Peers]:
    with Peers.running() as running:
        yield running


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    made = Merchant()
    yield made
    made.close()


def charge(peers: Peers, reference: str, amount: str = "20.50", url: str = "http://127.0.0.1:9/",
           **more: Any) -> requests.Response:
    body = {"merchantCode": MERCHANT, "merchantRefNum": reference, "paymentMethod": "PAYATFAWRY", "amount": amount,
            "orderWebHookUrl": url, **more}
    return requests.post(f"{peers.url}{FAWRY}/charge", timeout=30,
                         json={"signature": rail_signing.charge_signature(body, KEY), **body})


def asked(peers: Peers, reference: str, signature: str) -> Any:
    return peers.get(f"{FAWRY}/status/v2", merchantCode=MERCHANT, merchantRefNumber=reference, signature=signature)


def test_the_published_vectors_of_the_rail() -> None:
    reference = "io5jxf3jp27kfh8m719arcqgw7izo7db"
    body = {"merchantCode": "merchant_code", "merchantRefNum": reference, "paymentMethod": "PAYATFAWRY",
            "customerProfileId": "ocvsydvbu2gcp528wvl64i9z5srdalg5", "amount": "20.50"}
    assert rail_signing.charge_signature(body, "fawry_secure_key") == (
        "68a1ff1e7189137f1b3c98784399b3adc49bd644d159593a8ed2fc70a810bd7b")
    assert rail_signing.status_signature("merchant_code", reference, "fawry_secure_key") == (
        "7ce8b004c8f18391c273d94c7b3adde7bfa85466104d61c238a27d64fed0d99a")
    refund = {"merchantCode": "merchant_code", "referenceNumber": "931337410", "refundAmount": "20.50"}
    assert rail_signing.refund_signature(refund, "fawry_secure_key") == (
        "3ddbaf9457ed9b5f6e048e1775ff7eaccd477070e31cf28a90d879e8f9689323")


def test_the_printed_concatenation_of_the_card_rail() -> None:
    transaction = {
        "amount_cents": 100000, "created_at": "2024-06-13T11:33:44.592345", "currency": "EGP", "error_occured": False,
        "has_parent_transaction": False, "id": 192036465, "integration_id": 4097558, "is_3d_secure": True,
        "is_auth": False, "is_capture": False, "is_refunded": False, "is_standalone_payment": True, "is_voided": False,
        "order": {"id": 217503754}, "owner": 302852, "pending": False,
        "source_data": {"pan": "2346", "sub_type": "MasterCard", "type": "card"}, "success": True}
    printed = ("1000002024-06-13T11:33:44.592345EGPfalsefalse1920364654097558truefalsefalsefalsetruefalse"
               "217503754302852false2346MasterCardcardtrue")
    assert rail_signing.transaction_hmac(transaction, "secret") == hmac.new(
        b"secret", printed.encode(), hashlib.sha512).hexdigest()


def test_a_charge_is_idempotent_and_refused_when_unsigned_or_different(peers: Peers) -> None:
    first = charge(peers, "a-1").json()
    assert charge(peers, "a-1").json() == first
    assert charge(peers, "a-1", "21.00").json()["statusCode"] == 9902
    assert charge(peers, "a-2", signature="0" * 64).json()["statusCode"] == 9946
    assert charge(peers, "a-3", "20.505").json()["statusCode"] == 9901


def test_status_needs_its_signature(peers: Peers) -> None:
    charge(peers, "b-1")
    good = rail_signing.status_signature(MERCHANT, "b-1", KEY)
    assert asked(peers, "b-1", good)["orderStatus"] == "NEW"
    assert asked(peers, "b-1", "x")["statusCode"] == 9946


def test_callbacks_are_signed_and_sent_until_acknowledged(peers: Peers, merchant: Merchant) -> None:
    merchant.failures = 2
    peers.pay(charge(peers, "c-1", url=merchant.url).json()["referenceNumber"])
    bodies = merchant.wait_for(3)
    assert [body["orderStatus"] for body in bodies] == ["PAID"] * 3
    assert all(body["messageSignature"] == rail_signing.callback_signature(body, KEY) for body in bodies)
    assert bodies[0] == bodies[2]


@pytest.mark.parametrize(("behaviour", "statuses"), [
    ("duplicate", ["PAID", "PAID", "PAID"]), ("late", ["EXPIRED", "PAID"]), ("reordered", ["PAID", "EXPIRED"]),
    ("failed", ["FAILED"]), ("wrong_amount", ["PAID"]),
])
def test_behaviours(peers: Peers, merchant: Merchant, behaviour: str, statuses: list[str]) -> None:
    peers.pay(charge(peers, f"d-{behaviour}", url=merchant.url).json()["referenceNumber"], behaviour)
    bodies = merchant.wait_for(len(statuses))
    assert [body["orderStatus"] for body in bodies] == statuses
    assert bodies[0]["paymentAmount"] == {"wrong_amount": "19.50", "duplicate": "20.50", "reordered": "20.50"}.get(
        behaviour, "0.00")


def test_the_piastres_of_the_amount_choose_the_behaviour(peers: Peers, merchant: Merchant) -> None:
    peers.pay(charge(peers, "e-1", "50.92", url=merchant.url).json()["referenceNumber"])
    assert [body["orderStatus"] for body in merchant.wait_for(2)] == ["EXPIRED", "PAID"]


def test_a_forged_callback_is_thrown_once_and_the_order_stays_unpaid(peers: Peers, merchant: Merchant) -> None:
    peers.pay(charge(peers, "f-1", url=merchant.url).json()["referenceNumber"], "forged")
    [body] = merchant.wait_for(1)
    assert body["messageSignature"] != rail_signing.callback_signature(body, KEY)
    signature = rail_signing.status_signature(MERCHANT, "f-1", KEY)
    assert asked(peers, "f-1", signature)["orderStatus"] == "NEW"


def test_an_order_expires_by_the_rails_own_clock(peers: Peers, merchant: Merchant) -> None:
    answer = charge(peers, "g-1", url=merchant.url, paymentExpiry=1_000).json()
    assert [body["orderStatus"] for body in merchant.wait_for(1)] == ["EXPIRED"]
    assert requests.post(f"{peers.url}/pay/{answer['referenceNumber']}", json={}, timeout=30).status_code == 409


def test_the_kiosk_page_is_arabic_and_pays_by_its_button(peers: Peers) -> None:
    reference = charge(peers, "h-1", description="<b>رخصة</b>").json()["referenceNumber"]
    page = requests.get(f"{peers.url}/pay/{reference}", timeout=30)
    page.encoding = "utf-8"
    assert 'dir="rtl"' in page.text and "20.50" in page.text and "&lt;b&gt;رخصة" in page.text
    after = requests.post(f"{peers.url}/pay/{reference}", data={"behaviour": "silent"}, timeout=30)
    after.encoding = "utf-8"
    assert "تم السداد" in after.text and "<button" not in after.text


def test_charges_and_unacknowledged_callbacks_survive_a_restart(tmp_path: Path, merchant: Merchant) -> None:
    with Peers.running(state=tmp_path) as first:
        reference = charge(first, "i-1", url="http://127.0.0.1:9/").json()["referenceNumber"]
        first.control(rail={"callbacks_paused": True})
        paid = charge(first, "i-2", url=merchant.url).json()["referenceNumber"]
        first.pay(paid)
        assert merchant.bodies == []
        first.process.kill()
        first.process.wait()
    with Peers.running(state=tmp_path) as second:
        assert charge(second, "i-1").json()["referenceNumber"] == reference
        assert merchant.wait_for(1)[0]["fawryRefNumber"] == paid


def test_what_is_kept_is_bounded_and_a_cut_journal_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.peers.rail_store.KEEP", 3)
    from infra.peers.rail_store import Charge

    store = ChargeStore(tmp_path)
    for number in range(5):
        store.put(Charge("m", f"r{number}", "", "P", "1.00", "", "", "", 0.0, None, f"9{number}", 0.0))
    assert [one.merchant_reference for one in store.all()] == ["r2", "r3", "r4"]
    store.close()
    with (tmp_path / "charges.jsonl").open("a") as journal:
        journal.write('{"merchant": "cut sho')
    assert [one.merchant_reference for one in ChargeStore(tmp_path).all()] == ["r2", "r3", "r4"]


def test_one_order_can_be_told_how_to_behave(peers: Peers, merchant: Merchant) -> None:
    peers.control(rail={"behaviours": {"j-1": "failed"}})
    peers.pay(charge(peers, "j-1", url=merchant.url).json()["referenceNumber"])
    peers.pay(charge(peers, "j-2", url=merchant.url).json()["referenceNumber"])
    assert sorted(body["orderStatus"] for body in merchant.wait_for(2)) == ["FAILED", "PAID"]


def test_another_rails_words_come_rightly_signed_and_once(peers: Peers, merchant: Merchant) -> None:
    merchant.failures = 1
    peers.pay(charge(peers, "k-1", url=merchant.url).json()["referenceNumber"], "other_rail")
    [body] = merchant.wait_for(1)
    assert body["type"] == "TRANSACTION"
    assert body["obj"]["order"]["merchant_order_id"] == "k-1"


def test_a_reference_is_paid_by_hand_from_a_terminal(
    peers: Peers, merchant: Merchant, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = charge(peers, "l-1", "77.00", url=merchant.url).json()["referenceNumber"]
    assert pay.main(["--url", peers.url]) == 0
    assert ["fawry", reference, "77.00", "EGP"] in [line.split() for line in capsys.readouterr().out.splitlines()]
    assert pay.main(["--url", peers.url, reference]) == 0
    assert capsys.readouterr().out.strip().endswith("PAID")
    assert [body["paymentAmount"] for body in merchant.wait_for(1)] == ["77.00"]
    assert pay.main(["--url", peers.url, reference]) == 1
    assert "already paid" in capsys.readouterr().out


def test_all_orders_stand_on_one_page_with_a_link_to_pay_each(peers: Peers) -> None:
    reference = charge(peers, "m-1", description="<b>رخصة</b>").json()["referenceNumber"]
    page = requests.get(f"{peers.url}/", timeout=30)
    page.encoding = "utf-8"
    assert f'href="/pay/{reference}"' in page.text
    assert "&lt;b&gt;رخصة" in page.text


def test_unknown_controls_are_refused(peers: Peers) -> None:
    answer = requests.post(peers.url + "/control", json={"smsc": {"rejct": 1}, "fax": {"on": 1}}, timeout=30)
    assert (answer.status_code, answer.json()) == (422, {"unknown": ["smsc.rejct", "fax.on"]})


# the message centre


@pytest.fixture
def bound(peers: Peers) -> Iterator[smpplib.client.Client]:
    peers.control(smsc={"reject": None, "drop_after": None, "drop_keeps": False, "receipts": "delivered",
                        "bind": "accept"})
    peers.forget()
    client = smpplib.client.Client("127.0.0.1", peers.smpp, timeout=30, allow_unknown_opt_params=True)
    client.connect()
    client.bind_transceiver(system_id="shubbak", password="sample-1")
    yield client
    client.disconnect()


def exchange(client: smpplib.client.Client, done: Callable[[], bool]) -> None:
    while not done():
        client.read_once(auto_send_enquire_link=False)


def submit(client: smpplib.client.Client, text: str, to: str = "201001234567") -> tuple[list[str], list[bytes]]:
    """The ids the centre gave and the receipts it sent, once there is one for each part."""
    ids: list[str] = []
    receipts: list[bytes] = []
    client.set_message_sent_handler(lambda pdu: ids.append(pdu.message_id.decode()))
    client.set_message_received_handler(lambda pdu: receipts.append(pdu.receipted_message_id))
    parts, coding, kind = smpplib.gsm.make_parts(text)
    for part in parts:
        client.send_message(source_addr="Shubbak", destination_addr=to, short_message=part, data_coding=coding,
                            esm_class=kind, registered_delivery=True)
    exchange(client, lambda: len(ids) == len(parts) == len(receipts))
    return ids, receipts


@pytest.mark.parametrize("text", ["مرحباً، صدرت رخصتك رقم 12", "ش" * 127, "Your licence is ready: {12} €"])
def test_messages_arrive_whole_with_a_receipt_for_each_part(
    peers: Peers, bound: smpplib.client.Client, text: str
) -> None:
    ids, receipts = submit(bound, text)
    [message] = peers.sms("201001234567")
    assert message["text"] == text and message["complete"]
    assert [part["id"] for part in message["parts"]] == ids
    assert sorted(receipt.strip(b"\0").decode() for receipt in receipts) == sorted(ids)


def test_a_pair_that_the_sender_cut_in_two_is_seen(peers: Peers, bound: smpplib.client.Client) -> None:
    submit(bound, "🏛" * 80)  # smpplib's own splitter does not look where it cuts
    assert "\ufffd" in peers.sms("201001234567")[0]["text"]


def test_a_throttled_message_is_not_kept(peers: Peers, bound: smpplib.client.Client) -> None:
    peers.control(smsc={"reject": "throttled", "reject_times": 1})
    with pytest.raises(smpplib.exceptions.PDUError) as refused:
        submit(bound, "first")
    assert refused.value.args[1] == smpplib.consts.SMPP_ESME_RTHROTTLED
    submit(bound, "second")
    assert [message["text"] for message in peers.sms()] == ["second"]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_cut_before_the_answer(peers: Peers, bound: smpplib.client.Client, keeps: bool) -> None:
    peers.control(smsc={"drop_after": 1, "drop_keeps": keeps})
    with pytest.raises((smpplib.exceptions.ConnectionError, OSError)):
        submit(bound, "into the void")
    assert len(peers.sms()) == (1 if keeps else 0)


def test_a_refused_bind(peers: Peers) -> None:
    peers.control(smsc={"bind": "refuse"})
    client = smpplib.client.Client("127.0.0.1", peers.smpp, timeout=30)
    client.connect()
    with pytest.raises(smpplib.exceptions.PDUError):
        client.bind_transceiver(system_id="shubbak", password="wrong")
    client.disconnect()
    peers.control(smsc={"bind": "accept"})


def test_gsm_text_needs_its_escapes() -> None:
    assert sms_text.decode(b"\x1b\x65\x00\x1b\x3c", sms_text.GSM) == "€@["
    assert sms_text.decode(b"a\x1b", sms_text.GSM) == "a\ufffd"
    assert sms_text.split_header(b"\x05\x00\x03\x2a\x02\x01text", 0x40) == (sms_text.Part(0x2A, 2, 1), b"text")


# the mail server


def test_mail_is_kept_or_refused_as_told(peers: Peers) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "صدرت رخصتك", "node@example.org", "owner@example.org"
    message.set_content("نص الرسالة")
    message.add_alternative("<p>نص</p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", peers.smtp, timeout=30) as client:
        client.send_message(message)
        peers.control(smtp={"answer": "451 4.3.0 later", "times": 1, "at": "data"})
        with pytest.raises(smtplib.SMTPDataError) as later:
            client.send_message(message)
        assert later.value.smtp_code == 451
        peers.control(smtp={"answer": "550 5.1.1 nobody here", "times": 1, "at": "rcpt"})
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(message)
        client.send_message(message)
    kept = peers.mail("owner@example.org")
    assert [(one["subject"], one["text"].strip(), one["html"].strip()) for one in kept] == [
        ("صدرت رخصتك", "نص الرسالة", "<p>نص</p>")] * 2


def test_every_message_can_be_read_on_one_page_and_runs_nothing(peers: Peers, bound: smpplib.client.Client) -> None:
    submit(bound, "رقم متابعتك <b>12</b> " + "ش" * 70)
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "صدرت رخصتك <i>", "node@example.org", "owner@example.org"
    mail.set_content("نص الرسالة")
    mail.add_alternative('<p>نص</p><script>"1"</script>', subtype="html")
    with smtplib.SMTP("127.0.0.1", peers.smtp, timeout=30) as client:
        client.send_message(mail)
    for language, direction in (("ar", "rtl"), ("en", "ltr")):
        page = requests.get(f"{peers.url}/outbox/{language}", timeout=30).text
        assert f'lang="{language}" dir="{direction}"' in page
        assert "رقم متابعتك &lt;b&gt;12&lt;/b&gt; ش" in page and "201001234567" in page
        assert "صدرت رخصتك &lt;i&gt;" in page and "<script" not in page
        letter = requests.get(f"{peers.url}/outbox/{language}/mail/0", timeout=30).text
        assert 'sandbox=""' in letter and "&lt;script&gt;" in letter and "<script" not in letter
        assert "نص الرسالة" in letter
    assert requests.get(f"{peers.url}/outbox/ar/mail/7", timeout=30).status_code == 404
    assert requests.get(f"{peers.url}/outbox", timeout=30).url.endswith("/outbox/ar")
