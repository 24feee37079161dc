"""The drill "a key was stolen" as an operator does it: real processes over TLS, and the commands of docs/drills.md."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.country.places import ROOT, Country, Place
from tests.integration.test_link_processes import LINK, arrived, receipted, sql, tell
from tests.support.line import until
from tests.support.link_ground import RATED

SUEZ = "EG-SUZ"
RETIRED = "catalog.national.retired.v1"
SETTING = "SHUBBAK_GATEWAY_LINK_SIGNING_KEY"  # as .env has it
NEW = Ed25519PrivateKey.generate()
WHY = "سُرق الحاسوب المحمول لمشغل السويس"


@pytest.fixture(scope="module")
def signing() -> dict[str, str]:
    """What a place's .env says besides, as an operator edits it."""
    return {}


@pytest.fixture(scope="module")
def country(signing: dict[str, str]) -> Iterator[Country]:
    with Country([SUEZ], more=lambda place: {
        "SHUBBAK_LINK_HELLO": "1", **(signing if place.code == SUEZ else {})}) as made:
        made.start_servers()
        made.migrate()
        for place in made.places:
            place.start(LINK)
        for place in made.places:
            place.wait_ready(LINK)
        yield made


def operate(place: Place, *words: str, status: int = 0) -> str:
    done = subprocess.run([sys.executable, "-m", "services.gateway.link", *words], cwd=ROOT, text=True,
                          env=place.environment(LINK), capture_output=True, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def public(private: Ed25519PrivateKey) -> str:
    return b64encode(private.public_key().public_bytes_raw()).decode()


def secret(private: Ed25519PrivateKey) -> str:
    return b64encode(private.private_bytes_raw()).decode()


def test_a_stolen_key_is_revoked_what_waits_is_signed_anew_and_the_stream_goes_on(
    country: Country, signing: dict[str, str]
) -> None:
    node, centre = country.nodes[SUEZ], country.centre
    told = tell(node, "requests", 5)
    until(lambda: arrived(centre, RATED) == told and receipted(node), 60, lambda: centre.tail(LINK))
    [reached] = sql(centre, "gateway", "SELECT applied FROM link_mark WHERE peer = %s", SUEZ)

    # 1. At the centre, from what it has applied on. What the thief's victim says meanwhile takes no effect.
    assert f"from {SUEZ}: epoch 1, applied {reached.applied}" in operate(centre, "status")
    place = f"1:{reached.applied + 1}"
    said = operate(centre, "revoke", SUEZ, "k1", "--from", place, "--reason", WHY)
    assert f"sign-again EG --from {place}" in said and "no other key" in said
    waiting = tell(node, "requests", 7)
    until(lambda: sql(centre, "gateway", "SELECT 1 FROM link_parked WHERE reason = 'key_revoked'"), 30,
          lambda: centre.tail(LINK))
    assert "key_revoked" in operate(centre, "parked") and arrived(centre, RATED) == told

    assert "k1 has signed everything" in operate(node, "sign-again", "EG", "--reason", WHY)  # step 2 was forgotten

    # 2. At the node: the new key alone, and the process again.
    signing[SETTING] = f"k2:{secret(NEW)}"
    assert node.terminate(LINK) == 0
    node.start(LINK)
    node.wait_ready(LINK)

    # 3. At the node, and 4. at the centre what that said.
    again = operate(node, "sign-again", "EG", "--reason", WHY)
    assert f"messages to EG from {place} on are signed by k2 now" in again and int(again.split()[0]) >= len(waiting)
    command = next(line for line in again.splitlines() if " trust " in line).partition("services.gateway.link ")[2]
    assert command == f"trust {SUEZ} k2:{public(NEW)} --from {place}"
    operate(centre, *command.split())

    # 5. All of it takes effect, once and in order, and what follows.
    more = tell(node, "requests", 3)
    until(lambda: arrived(centre, RATED) == told + waiting + more, 60, lambda: centre.tail(LINK))
    until(lambda: receipted(node), 30, lambda: node.tail(LINK))
    assert not sql(centre, "gateway", "SELECT 1 FROM link_held")
    reasons = {row.reason for row in sql(centre, "gateway", "SELECT reason FROM link_parked")}
    assert reasons <= {"key_revoked", "key_unknown"}  # the second between the steps 3 and 4
    [first] = sql(centre, "gateway", "SELECT id FROM link_parked LIMIT 1")
    assert "nothing proves" in operate(centre, "replay", SUEZ, str(first.id), status=1)
    assert arrived(centre, RATED) == told + waiting + more

    # The audits of both ends tell who did what, and why.
    acts = {row.action: row.details for row in sql(centre, "gateway", "SELECT action, details FROM audit")}
    assert acts["link.key_revoked"]["reason"] == WHY and "link.key_trusted" in acts
    assert sql(node, "gateway", "SELECT 1 FROM audit WHERE action LIKE 'link.%%' AND details::text LIKE %s", f"%{WHY}%")


def test_a_key_that_is_to_be_good_no_more_is_told_to_the_peer_by_the_line(
    country: Country, signing: dict[str, str]
) -> None:
    """The other way round: the centre announces a second key, and takes back its first."""
    node, centre = country.nodes[SUEZ], country.centre
    [known] = sql(node, "gateway", "SELECT public FROM link_key WHERE peer = 'EG' AND key_id = 'k1'")
    old = b64encode(bytes(known.public)).decode()

    def tell_and_hear() -> str:
        """A fact goes down and its receipt comes up; the key that signed it. So a key that was announced before it is
        known to have arrived: the next fact is signed by that one."""
        [told] = tell(centre, "catalog", 1, RETIRED, {
            "code": "shop-licence", "retired_from": "2026-12-01", "reason": {"ar": "سبب", "en": "x"}})
        until(lambda: arrived(node, RETIRED)[-1:] == [told], 30, lambda: node.tail(LINK))
        until(lambda: receipted(centre), 30, lambda: centre.tail(LINK))
        [sent] = sql(centre, "gateway", "SELECT key_id FROM link_out WHERE event_id = %s", str(told))
        return str(sent.key_id)

    assert tell_and_hear() == "k1"
    assert "k1 still signs" in operate(centre, "revoke-own", SUEZ, f"k1:{old}", status=1)
    second = Ed25519PrivateKey.generate()
    first = centre.environment(LINK)[SETTING]
    former = country.more
    country.more = lambda place: {**former(place), **(
        {SETTING: f"k2:{secret(second)},{first}"} if place is centre else {})}
    assert centre.terminate(LINK) == 0
    centre.start(LINK)
    centre.wait_ready(LINK)
    until(lambda: "key k2 of EG" in operate(node, "status"), 30, lambda: node.tail(LINK))
    tell_and_hear()  # by either: the receipt of the announcement may still be under way
    assert tell_and_hear() == "k2"
    assert "is told that k1" in operate(centre, "revoke-own", SUEZ, f"k1:{old}")
    until(lambda: sql(node, "gateway", "SELECT 1 FROM link_key WHERE peer = 'EG' AND key_id = 'k1' "
                                       "AND revoked_epoch = 1"), 30, lambda: node.tail(LINK))
    assert tell_and_hear() == "k2"
    assert not sql(node, "gateway", "SELECT 1 FROM link_parked")
