import base64
import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import licence as rules
from rules.licence import Licence
from rules.refusal import Refusal

KEY = rules.private_key(base64.b64encode(bytes(range(32))).decode())
OTHER = rules.private_key(base64.b64encode(bytes(range(1, 33))).decode())
KEYS = {"gz1": KEY.public_key()}
LICENCE = Licence("GZ-2026-000123-4", "أحمد محمد عبد الله", "ترخيص محل", "الدقي", date(2026, 1, 1), date(2030, 12, 31),
                  "gz1")

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
licences = st.builds(Licence, words, words, words, words, st.dates(), st.none() | st.dates(), st.just("gz1"))


@given(licences)
def test_what_was_signed_is_what_is_read(licence):
    text = rules.sign(licence, KEY)
    assert rules.verify(text, KEYS) == licence
    assert rules.sign(licence, KEY) == text


def test_the_text_suits_a_qr_code():
    text = rules.sign(LICENCE, KEY)
    assert text.startswith("SHB1.") and text.isascii() and len(text) < 400


@given(st.data())
def test_one_changed_letter_is_a_forgery(data):
    text = rules.sign(LICENCE, KEY)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_.=+/ "))
    if letter != text[place]:
        with pytest.raises(Refusal, match="licence_forged"):
            rules.verify(text[:place] + letter + text[place + 1:], KEYS)


def test_a_text_cut_short_or_drawn_out_is_a_forgery():
    text = rules.sign(LICENCE, KEY)
    for forged in (text[:-1], text + "A", text.replace("SHB1", "SHB2"), text.replace(".", ""), text + "=", "", "SHB1..",
                   "SHB1." * 1000, "https://example.org", text.rpartition(".")[0] + "." + rules.sign(
                       replace(LICENCE, holder="غيره"), KEY).rpartition(".")[2]):
        with pytest.raises(Refusal, match="licence_forged"):
            rules.verify(forged, KEYS)


def test_another_key_proves_nothing():
    for keys in ({}, {"gz1": OTHER.public_key()}, {"gz2": KEY.public_key()}):
        with pytest.raises(Refusal, match="licence_forged"):
            rules.verify(rules.sign(LICENCE, KEY), keys)
    with pytest.raises(Refusal, match="licence_forged"):
        rules.verify(rules.sign(LICENCE, OTHER), KEYS)


@pytest.mark.parametrize("payload", [
    [], {}, "gz1", ["gz1"] * 7, ["gz1", "s", "h", "v", "u", "2026-01-01"],
    ["gz1", "s", "h", "v", "u", "2026-13-01", None],
    ["gz1", "s", "h", "v", "u", "2026-01-01", 5], [None, "s", "h", "v", "u", "2026-01-01", None]])
def test_a_signature_over_another_shape_is_no_licence(payload):
    data = json.dumps(payload, separators=(",", ":")).encode()
    signature = KEY.sign(b"SHB1." + data)
    text = ".".join(("SHB1", *(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in (data, signature))))
    with pytest.raises(Refusal, match="licence_forged"):
        rules.verify(text, KEYS)


@given(st.text(max_size=300))
def test_any_other_text_is_refused(text):
    with pytest.raises(Refusal, match="licence_forged"):
        rules.verify(text, KEYS)


def test_validity_on_a_day():
    day = timedelta(days=1)
    assert LICENCE.status(LICENCE.valid_from - day) == "not_yet_valid"
    assert LICENCE.status(LICENCE.valid_from) == LICENCE.status(LICENCE.valid_until) == "valid"
    assert LICENCE.status(LICENCE.valid_until + day) == "expired"
    assert replace(LICENCE, valid_until=None).status(date(2999, 1, 1)) == "valid"


def test_keys_from_configuration():
    public = rules.public_text(KEY)
    raw = base64.b64encode(bytes(range(32))).decode()
    key_id, private = rules.private_keyring(f"gz2:{raw}, gz1:{rules.public_text(OTHER)}")
    assert key_id == "gz2" and rules.public_text(private) == public
    ring = rules.public_keyring(f"gz1:{public},gz0:{rules.public_text(OTHER)}")
    assert rules.verify(rules.sign(LICENCE, KEY), ring) == LICENCE
    assert rules.public_text(rules.public_key(public.replace("+", "-").replace("/", "_").rstrip("="))) == public
    for broken in ("", "gz1", "gz1:", "gz1:AAAA", f"g z:{public}", ":" + public):
        with pytest.raises(ValueError):
            rules.public_keyring(broken)
