"""Every sample number and address ends as its table says, whatever protocol leads there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from infra.peers import samples
from infra.peers.client import Peers
from infra.processes import free_port
from services.notifications import http_receipts
from services.notifications.providers import http_sms
from services.notifications.providers.http_sms import HttpSms
from services.notifications.providers.smpp import Smpp
from services.notifications.providers.smtp import Smtp
from services.notifications.settings import HttpSettings, Instance, SmppSettings, SmtpSettings
from tests.support.messages_ground import Ground, ground

QUICK = [one for one in samples.SAMPLES if one.behaviour not in ("delivered_late", "slow")]
BY_MAIL = [one for one in samples.SAMPLES if one.mail and one.behaviour not in ("slow", "no_answer")]
FINAL = {"refused": "failed"}


@pytest.fixture(scope="module")
def peers() -> Iterator[Peers]:
    with Peers.running(sms_callback=f"http://127.0.0.1:{free_port()}/nobody") as running:
        yield running


@pytest.fixture
def node(database_url, peers, monkeypatch) -> Iterator[Ground]:
    monkeypatch.setattr(http_sms, "AGAIN", (0.05, 0.1))
    peers.forget()
    with ground(database_url("notifications")) as made:
        yield made


def number(one: samples.Sample) -> str:
    return "+2" + one.number


def is_so(node: Ground, made: dict, channel, seconds: float = 60) -> None:
    """Until every message ended as its sample says; the clock goes on so that second tries come."""
    def ended() -> bool:
        node.later(timedelta(seconds=1))
        return all(node.row(identity).state == sample.state for identity, sample in made.items())

    node.until(ended, channel, seconds=seconds)


def test_over_smpp(node, peers):
    provider = Smpp(SmppSettings("127.0.0.1", peers.smpp, "node", "sample-1"))
    channel = node.channel("sms", [(provider, 100, 0)])
    node.until(provider.room)
    made = {node.message(address=number(one)): one for one in QUICK if one.behaviour != "no_answer"}
    is_so(node, made, channel)
    cut = next(one for one in QUICK if one.behaviour == "no_answer")
    is_so(node, {node.message(address=number(cut)): cut}, channel)  # settled by the receipt that names our reference
    assert [one["submissions"] for one in peers.sms(number(cut).lstrip("+"))] == [1]


def test_over_http(node, peers):
    own = HttpSettings(peers.sms_http, samples.KEY, samples.RECEIPT_KEY, timeout=20)
    channel = node.channel("sms", [(HttpSms(own, "nile"), 100, 0)])
    made = {node.message(address=number(one)): one for one in QUICK}
    told: list[str] = []

    def carried() -> bool:
        """The callbacks that the operator would make, each taken by this node at its own time."""
        node.later(timedelta(seconds=1))
        for one in peers.get("/sms")["callbacks"]:
            if one["signature"] not in told:
                told.append(one["signature"])
                take(node, own, one)
        return all(node.row(identity).state == sample.state for identity, sample in made.items())

    node.until(carried, channel)
    assert {one["submissions"] for one in peers.sms()} == {1}


def take(node: Ground, own: HttpSettings, one: dict) -> None:
    # This node's clock stands on another day than the operator's: its signature is held against its own time.
    shift = int(one["timestamp"]) - int(node.now.timestamp())
    node.later(timedelta(seconds=shift))
    given = {"provider": "nile", "timestamp": one["timestamp"], "signature": one["signature"], "body": one["body"]}
    node.transact(lambda work: http_receipts.take(work, Instance("nile", "http", 100, 0, own), given))
    node.later(timedelta(seconds=-shift))


def test_by_mail(node, peers):
    provider = Smtp(SmtpSettings("127.0.0.1", peers.smtp, "no-reply@cairo.example", timeout=20))
    channel = node.channel("email", [(provider, 100, 0)])
    made = {node.message("email", f"{one.behaviour}@{samples.DOMAIN}"): FINAL.get(one.behaviour, "sent")
            for one in BY_MAIL}

    def ended() -> bool:
        node.later(timedelta(seconds=1))
        return all(node.row(identity).state == state for identity, state in made.items())

    node.until(ended, channel)


def test_the_table_names_each_number_once_and_knows_no_other():
    assert len({one.number for one in samples.SAMPLES}) == len({one.behaviour for one in samples.SAMPLES})
    assert samples.of_number("+201012345678") is None
    assert samples.of_number("201000000003") == "refused"
    assert samples.of_address("Refused@sample.example") == "refused"
    assert samples.of_address("refused@example.org") is None


def test_the_operator_takes_nothing_without_its_key(peers):
    answer = requests.post(f"{peers.sms_http}/messages", json={"key": "a"}, headers={"Idempotency-Key": "a"},
                           timeout=20)
    assert answer.status_code == 401
