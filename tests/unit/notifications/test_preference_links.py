"""The key in a message's link: ours alone, and about one message."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from chassis.ids import uuid7
from chassis.privacy import Privacy
from services.notifications import preference_links

OLD, NEW = b"o" * 32, b"n" * 32
PRIVACY = Privacy({}, OLD)


def test_it_opens_its_own_message_and_is_fit_for_an_address():
    message = uuid7()
    token = preference_links.token(PRIVACY, message)
    assert len(token) == 43 and base64.urlsafe_b64encode(base64.urlsafe_b64decode(token + "=")).decode()[:43] == token
    assert preference_links.read(PRIVACY, token) == message


def test_it_opens_while_the_key_under_it_is_still_known():
    token = preference_links.token(PRIVACY, uuid7())
    assert preference_links.read(Privacy({}, (NEW, OLD)), token) is not None
    assert preference_links.read(Privacy({}, NEW), token) is None


@given(st.integers(0, 42), st.sampled_from("ABCxyz019-_"))
def test_no_letter_of_it_may_be_another(place, letter):
    token = preference_links.token(PRIVACY, uuid7())
    altered = token[:place] + letter + token[place + 1:]
    read = preference_links.read(PRIVACY, altered)
    if altered[:42] == token[:42]:  # the last letter holds two bits that no byte has
        return
    assert read is None


@given(st.text(max_size=60))
def test_nothing_else_opens_anything(given_text):
    assert preference_links.read(PRIVACY, given_text) is None
