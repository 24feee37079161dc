"""Personal data at rest: sealed by field, opened by who holds the key, found by keyed hash."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.privacy import CannotOpen, Privacy

OLD, NEW, OTHER = os.urandom(32), os.urandom(32), os.urandom(32)
FIELD = "requests.applicant.phone"
PHONE = "01001234567"


def privacy(*, lookup=b"l" * 32, **rings):
    return Privacy(rings or {"store": {"k1": OLD}}, lookup)


@given(st.text(max_size=300))
def test_what_was_sealed_opens_again(text):
    ours = privacy()
    assert ours.open(ours.seal(text, field=FIELD), field=FIELD) == text


def test_a_sealed_value_shows_nothing_and_is_never_the_same_twice():
    ours = privacy()
    sealed = ours.seal(PHONE, field=FIELD)
    assert PHONE not in sealed and PHONE.encode() not in base64.urlsafe_b64decode(sealed[3:] + "==")
    assert sealed != ours.seal(PHONE, field=FIELD)


def test_a_value_moved_into_another_field_does_not_open():
    ours = privacy()
    with pytest.raises(CannotOpen):
        ours.open(ours.seal(PHONE, field=FIELD), field="requests.applicant.name")


def test_a_value_of_another_ring_or_another_node_does_not_open():
    both = privacy(store={"k1": OLD}, contact={"k1": NEW})
    sealed = both.seal(PHONE, ring="contact", field=FIELD)
    with pytest.raises(CannotOpen):
        both.open(sealed, ring="store", field=FIELD)
    with pytest.raises(CannotOpen):
        privacy(contact={"k1": OTHER}).open(sealed, ring="contact", field=FIELD)
    with pytest.raises(CannotOpen):
        privacy(store={"k1": OLD}).seal(PHONE, ring="contact", field=FIELD)


def test_rotation_seals_with_the_new_key_and_still_opens_the_old():
    before, during = privacy(store={"k1": OLD}), privacy(store={"k2": NEW, "k1": OLD})
    old = before.seal_bytes(b"x", field=FIELD)
    assert during.open_bytes(old, field=FIELD) == b"x"
    new = during.seal_bytes(b"x", field=FIELD)
    assert (during.key_of(old), during.key_of(new), during.newest("store")) == ("k1", "k2", "k2")
    after = privacy(store={"k2": NEW})
    assert after.open_bytes(new, field=FIELD) == b"x"
    with pytest.raises(CannotOpen):
        after.open_bytes(old, field=FIELD)


@given(st.binary(max_size=80))
def test_no_bytes_of_others_open_and_none_break_anything(noise):
    with pytest.raises(CannotOpen):
        privacy().open_bytes(noise, field=FIELD)


@given(st.data())
def test_a_sealed_value_that_was_altered_or_cut_does_not_open(data):
    ours = privacy()
    sealed = bytearray(ours.seal_bytes(PHONE.encode(), field=FIELD))
    at = data.draw(st.integers(0, len(sealed) - 1))
    if data.draw(st.booleans()):
        sealed[at] ^= data.draw(st.integers(1, 255))
    else:
        del sealed[at:]
    with pytest.raises(CannotOpen):
        ours.open_bytes(bytes(sealed), field=FIELD)


@pytest.mark.parametrize("text", ["", "v1.", "v2.AAAA", PHONE, "v1.هاتف", "v1.*"])
def test_text_that_was_never_sealed_does_not_open(text):
    with pytest.raises(CannotOpen):
        privacy().open(text, field=FIELD)


def test_an_equal_value_is_found_by_its_field_and_the_nodes_key_only():
    ours = privacy()
    assert ours.lookup(PHONE, "phone") == ours.lookup(PHONE, "phone")
    assert len({ours.lookup(PHONE, "phone"), ours.lookup(PHONE, "name"), ours.lookup("0", "phone"),
                privacy(lookup=b"m" * 32).lookup(PHONE, "phone")}) == 4
