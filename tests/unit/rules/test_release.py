"""A licence released on the spot: what its code proves offline, and every way in which it could be made up."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import device_keys, licence, release, signed
from rules.refusal import Refusal
from rules.release import Release, Ticket
from tests.support.examples import examples

NODE = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
OTHER_NODE = Ed25519PrivateKey.from_private_bytes(b"m" * 32)
DEVICE = Ed25519PrivateKey.from_private_bytes(b"d" * 32)
STOLEN = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
KEYS = {"k1": NODE.public_key()}
AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

TICKET = Ticket(
    key_id="k1", ticket_id="019b0000-0000-7000-8000-000000000001", device_id="019b0000-0000-7000-8000-0000000000d1",
    device_key=device_keys.public_text(DEVICE), serial="C-2026-000001-T", holder="محمود عبد الله حسن",
    service="تجديد ترخيص محل", unit="الزيتون", valid_from=date(2026, 3, 1), valid_until=date(2031, 2, 28),
    amount=50_000, tracking_number="01-26-00000000-K", release_by=AT + timedelta(hours=10))
MADE = Release(AT + timedelta(hours=2), 7)

_names = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
_moments = st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0))
tickets = st.builds(
    Ticket, key_id=st.just("k1"), ticket_id=st.uuids().map(str), device_id=st.uuids().map(str),
    device_key=st.just(TICKET.device_key), serial=_names, holder=_names, service=_names, unit=_names,
    valid_from=st.just(date(2000, 1, 1)), valid_until=st.none() | st.dates(date(2000, 1, 1)),
    amount=st.integers(0, 10**12), tracking_number=_names, release_by=_moments)


def text_of(ticket: Ticket = TICKET, made: Release = MADE, node: Ed25519PrivateKey = NODE,
            device: Ed25519PrivateKey = DEVICE) -> str:
    return release.release(release.issue(ticket, node), made, device)


def forged(text: str) -> bool:
    with pytest.raises(Refusal) as refusal:
        release.verify(text, KEYS)
    with pytest.raises(Refusal, match="licence_forged"):
        licence.verify(text, KEYS)
    return refusal.value.code == "release_forged"


@settings(max_examples=60, deadline=None)
@given(ticket=tickets, number=st.integers(1, 10**9 - 1), early=st.integers(0, 10**6))
def test_what_node_and_device_signed_is_proved_by_the_nodes_keys_alone(ticket: Ticket, number: int,
                                                                       early: int) -> None:
    made = Release(max(ticket.release_by - timedelta(seconds=early), datetime(2000, 1, 2, tzinfo=UTC)), number)
    text = release.release(release.issue(ticket, NODE), made, DEVICE)
    if len(text) > release.MAX_TEXT:
        assert forged(text)
        return
    assert release.verify(text, KEYS) == release.Released(ticket, made)
    shown = licence.verify(text, KEYS)
    assert (shown.serial, shown.holder, shown.valid_until) == (ticket.serial, ticket.holder, ticket.valid_until)
    assert shown.released == release.Released(ticket, made)


@settings(max_examples=examples(300), deadline=None)
@given(place=st.integers(0, len(text_of()) - 1), letter=st.characters(min_codepoint=33, max_codepoint=126))
def test_no_letter_of_it_can_be_another(place: int, letter: str) -> None:
    text = text_of()
    changed = text[:place] + letter + text[place + 1:]
    if changed != text:
        assert not release.proves(changed, KEYS)


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, len(text_of()) - 1), more=st.text(min_size=1, max_size=5))
def test_nothing_can_be_cut_off_or_added(cut: int, more: str) -> None:
    assert not release.proves(text_of()[:cut], KEYS)
    if more.strip():
        assert not release.proves(text_of() + more, KEYS)


@pytest.mark.parametrize("which", range(1, 5))
def test_no_part_of_another_release_fits(which: int) -> None:
    other = replace(TICKET, ticket_id="019b0000-0000-7000-8000-000000000002", serial="C-2026-000002-R", amount=1)
    ours, theirs = text_of().split("."), text_of(other, Release(AT, 8)).split(".")
    ours[which] = theirs[which]
    assert forged(".".join(ours))


@pytest.mark.parametrize("pair", [(1, 2), (3, 4), (1, 3), (2, 4)])
def test_no_two_parts_of_another_release_fit(pair: tuple[int, int]) -> None:
    """The device's signature holds ticket and release together; a release is of one ticket only."""
    other = replace(TICKET, ticket_id="019b0000-0000-7000-8000-000000000002", serial="C-2026-000002-R")
    ours, theirs = text_of().split("."), text_of(other, Release(AT, 8)).split(".")
    for which in pair:
        ours[which] = theirs[which]
    assert forged(".".join(ours))


def test_another_device_cannot_release_the_ticket() -> None:
    assert forged(text_of(device=STOLEN))


def test_a_device_cannot_make_its_own_ticket() -> None:
    assert forged(text_of(replace(TICKET, amount=1, holder="آخر"), node=DEVICE))
    assert forged(text_of(node=OTHER_NODE))
    assert forged(text_of(replace(TICKET, key_id="k2")))


def test_a_ticket_alone_is_no_licence_and_a_licence_no_ticket() -> None:
    ticket = release.issue(TICKET, NODE)
    assert forged(ticket)
    assert release.read_ticket(ticket, KEYS) == TICKET
    with pytest.raises(Refusal, match="ticket_forged"):
        release.read_ticket(text_of(), KEYS)
    with pytest.raises(Refusal, match="ticket_forged"):
        release.read_ticket(release.issue(TICKET, OTHER_NODE), KEYS)


def test_a_signature_of_a_certificate_or_of_an_upload_signs_no_release() -> None:
    """What the device signs elsewhere is no text of this form, and the other way round."""
    text, _, signature = text_of().rpartition(".")
    base = base64.b64encode(signed.decode(signature)).decode()
    assert device_keys.genuine(TICKET.device_key, text, base)
    assert text.startswith("SHB2.") and not device_keys.registration("EG-C-01", TICKET.device_key).startswith("SHB2.")


@pytest.mark.parametrize(("at", "told"), [
    (TICKET.release_by, None),
    (TICKET.release_by + timedelta(seconds=1), "release_out_of_time"),
    (datetime(2026, 2, 28, 21, 59, 59, tzinfo=UTC), "release_out_of_time"),  # the last second of February in Cairo
    (datetime(2026, 2, 28, 22, 0, tzinfo=UTC), None)])
def test_it_is_no_licence_when_the_device_itself_says_that_it_came_too_late_or_too_early(
        at: datetime, told: str | None) -> None:
    text = text_of(made=Release(at, 1))
    assert release.read(text, KEYS).release.released_at == at
    if told is None:
        assert release.verify(text, KEYS)
    else:
        with pytest.raises(Refusal, match=told):
            release.verify(text, KEYS)
        with pytest.raises(Refusal, match="licence_forged"):
            licence.verify(text, KEYS)


def rewritten(part: int, change: bytes) -> str:
    """A text whose node and device are honest but whose payload is spelt otherwise."""
    payload = change
    if part == 1:
        signature = NODE.sign(b"SHB2." + payload)
        text = f"SHB2.{signed.encode(payload)}.{signed.encode(signature)}"
        return release.release(text, MADE, DEVICE)
    text = f"{release.issue(TICKET, NODE)}.{signed.encode(payload)}"
    return f"{text}.{signed.encode(DEVICE.sign(text.encode()))}"


def _fields(**changes: object) -> list[object]:
    fields = json.loads(signed.decode(text_of().split(".")[1]))
    for place, value in changes.items():
        fields[int(place[1:])] = value
    return list(fields)


@pytest.mark.parametrize("payload", [
    json.dumps(_fields(), ensure_ascii=False).encode(),  # spaces
    signed.packed(_fields(_10=50_000.0)), signed.packed(_fields(_10=True)), signed.packed(_fields(_10=-1)),
    signed.packed(_fields(_8="20260301")), signed.packed(_fields(_12="2026-03-01T18:00:00+00:00")),
    signed.packed(_fields(_1="019B0000-0000-7000-8000-000000000001")), signed.packed(_fields()[:-1]),
    signed.packed([*_fields(), None]), signed.packed(_fields(_5=None)), b"[]", b"{}", b"\xff", b"[" * 5000])
def test_a_payload_has_one_spelling_even_when_it_is_signed(payload: bytes) -> None:
    assert forged(rewritten(1, payload))


@pytest.mark.parametrize("payload", [
    signed.packed(["2026-03-01T10:00:00Z", 0]), signed.packed(["2026-03-01T10:00:00Z", True]),
    signed.packed(["2026-03-01T10:00:00Z", "7"]), signed.packed(["2026-03-01T10:00:00.5Z", 7]),
    signed.packed(["2026-3-1T10:00:00Z", 7]), signed.packed([None, 7]), signed.packed(["2026-03-01T10:00:00Z"]),
    b'["2026-03-01T10:00:00Z", 7]'])
def test_so_has_what_the_device_adds(payload: bytes) -> None:
    assert forged(rewritten(3, payload))


def test_a_ticket_of_fractions_of_a_second_is_not_issued() -> None:
    with pytest.raises(ValueError, match="whole seconds"):
        release.issue(replace(TICKET, release_by=AT + timedelta(milliseconds=1)), NODE)


def test_it_fits_a_printable_code() -> None:
    assert len(text_of(replace(TICKET, holder="ع" * 100, service="خ" * 80, unit="و" * 60))) <= release.MAX_TEXT
