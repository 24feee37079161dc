"""Who acts: a token holds what the gateway signed, for ten minutes, and nothing else is believed."""

import base64
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from chassis import actors
from chassis.actors import Actor, Signer, Verifier, public_key_of
from rules.refusal import Refusal

KEY, OTHER = b"a" * 32, b"b" * 32
NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
OFFICER = Actor(id="7", kind="staff", roles=("licence_officer",), unit="EG-C-01", department="licensing")


def refused(verifier, token, now=NOW):
    with pytest.raises(Refusal) as refusal:
        verifier.verify(token, now)
    return refusal.value.code == "unauthenticated"


@pytest.fixture
def verifier():
    return Verifier((public_key_of(KEY),))


def test_the_actor_comes_through_whole(verifier):
    assert verifier.verify(Signer(KEY).sign(OFFICER, NOW), NOW) == OFFICER


def test_a_missing_token_is_refused(verifier):
    assert refused(verifier, None) and refused(verifier, "")


@pytest.mark.parametrize("token", ["x", ".", "a.b", "a.b.c", "é.é", "=.=", "AAAA.AAAA"])
def test_what_is_no_token_is_refused(verifier, token):
    assert refused(verifier, token)


def test_a_token_of_an_unknown_key_is_refused(verifier):
    assert refused(verifier, Signer(OTHER).sign(OFFICER, NOW))


def test_an_expired_token_is_refused_also_when_it_was_known_before(verifier):
    token = Signer(KEY).sign(OFFICER, NOW)
    verifier.verify(token, NOW + actors.LIFETIME - timedelta(seconds=1))
    assert refused(verifier, token, NOW + actors.LIFETIME + timedelta(seconds=1))
    assert refused(Verifier((public_key_of(KEY),)), token, NOW + timedelta(days=1))


def test_a_token_whose_roles_were_raised_is_refused(verifier):
    head, _, tail = Signer(KEY).sign(OFFICER, NOW).partition(".")
    fields = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    raised = orjson.dumps(fields | {"roles": ["administrator"]})
    assert refused(verifier, base64.urlsafe_b64encode(raised).decode().rstrip("=") + "." + tail)


def test_during_a_change_of_keys_both_are_believed():
    both = Verifier((public_key_of(OTHER), public_key_of(KEY)))
    assert both.verify(Signer(KEY).sign(OFFICER, NOW), NOW) == both.verify(Signer(OTHER).sign(OFFICER, NOW), NOW)


def test_a_token_is_handed_out_again_in_its_first_half_only():
    signer = Signer(KEY)
    first = signer.sign(OFFICER, NOW)
    assert signer.sign(OFFICER, NOW + actors.LIFETIME / 2 - timedelta(seconds=1)) == first
    assert signer.sign(OFFICER, NOW + actors.LIFETIME / 2 + timedelta(seconds=1)) != first


def test_memory_of_tokens_is_bounded(verifier):
    signer = Signer(KEY)
    for number in range(actors._REMEMBERED + 5):
        actor = Actor(id=str(number), kind="public", roles=())
        if number < 5 or number >= actors._REMEMBERED:
            verifier.verify(signer.sign(actor, NOW), NOW)
        else:
            verifier._seen[str(number)] = (0.0, actor)
            signer._kept[actor] = (NOW, "")
    assert len(verifier._seen) <= actors._REMEMBERED and len(signer._kept) <= actors._REMEMBERED


def test_an_unknown_role_permits_nothing():
    assert not Actor(id="1", kind="staff", roles=("emperor",)).permits("guide.read")
    assert actors.PUBLIC.permits("guide.read") and not actors.PUBLIC.permits("guide.edit")


def test_a_partner_may_what_its_role_may_and_a_scope_names(verifier):
    partner = Actor("partner:1", "partner", ("partner",), scopes=("licence.verify", "account.manage"),
                    units=("EG-C-01",))
    assert partner.permits("licence.verify")
    assert not partner.permits("request.inquire"), "no scope names it"
    assert not partner.permits("account.manage"), "the role may not"
    assert verifier.verify(Signer(KEY).sign(partner, NOW), NOW) == partner


def test_a_unit_is_reached_by_who_has_it_or_is_bound_to_none():
    assert Actor("a", "staff", ()).reaches("EG-C-01")
    assert Actor("a", "staff", (), unit="EG-C-01").reaches("EG-C-01")
    assert not Actor("a", "staff", (), unit="EG-C-01").reaches("EG-C-02")
    key = Actor("p", "partner", (), units=("EG-C-01", "EG-C-02"))
    assert key.reaches("EG-C-02") and not key.reaches("EG-C-03") and key.reaches(None)


def test_a_token_of_the_staff_says_nothing_of_scopes():
    token = Signer(KEY).sign(Actor("a", "staff", ("officer",)), NOW)
    assert b"scopes" not in base64.urlsafe_b64decode(token.partition(".")[0] + "==")
