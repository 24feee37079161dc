"""Bytes on the wire: SMS parts that join again, and mail whose headers nobody can add to."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.peers.sms_text import decode, split_header
from rules import sms
from services.notifications.packing import pack_email, pack_sms

ROW = SimpleNamespace(id=UUID(int=5), serial=1000, created_at=datetime(2026, 1, 1, tzinfo=UTC), language="ar")


def joined(parts):
    """What a handset makes of the parts."""
    texts = {}
    for part in parts:
        place, body = split_header(part.payload, 0x40 if part.has_header else 0)
        assert len(part.payload) <= (160 if part.data_coding == 0 else 140)
        if place:
            assert (place.total, place.reference) == (len(parts), ROW.serial % 256)
        texts[place.number if place else 1] = decode(body, part.data_coding)
    return "".join(texts[number] for number in sorted(texts))


@given(st.text(st.sampled_from("شُبّاك ١٢٣ abc [€] 🎉\n"), max_size=400))
def test_any_mix_of_arabic_emoji_and_latin_comes_out_as_it_went_in(text):
    assert joined(pack_sms(ROW, "+201012345678", {"text": text})) == text


@given(st.text(st.sampled_from(sorted(sms._BASIC | sms._EXTENDED)), max_size=700))
def test_the_whole_gsm_alphabet_travels_in_one_octet_a_septet(text):
    parts = pack_sms(ROW, "+201012345678", {"text": text})
    assert joined(parts) == text
    assert all(part.data_coding == 0 for part in parts)


def test_127_arabic_letters_are_two_parts_with_references_of_their_own():
    parts = pack_sms(ROW, "+201012345678", {"text": "ب" * 127})
    assert [part.number for part in parts] == [1, 2]
    assert len({part.reference for part in parts}) == 2
    assert parts == pack_sms(ROW, "+201012345678", {"text": "ب" * 127})


def mail(**content):
    given_ = {"subject": "تمت الموافقة", "plain": "نص\n", "html": "<p dir='rtl'>نص</p>", **content}
    return pack_email("شُبّاك <no-reply@cairo.example>")(ROW, "mona@example.org", given_)[0].payload


def test_a_mail_is_the_same_bytes_on_every_attempt():
    assert mail() == mail()


def test_a_mail_has_both_bodies_and_our_message_id():
    read = message_from_bytes(mail(), policy=default)
    assert read["Message-ID"] == f"<{ROW.id}@cairo.example>"
    assert read["Subject"] == "تمت الموافقة"
    assert read["To"] == "mona@example.org"
    assert read.get_body(("plain",)).get_content().strip() == "نص"
    assert "rtl" in read.get_body(("html",)).get_content()


@given(st.text(st.sampled_from("شُبّاك ١٢٣ abc =?_ 🎉"), min_size=1, max_size=200).map(str.strip))
def test_any_subject_is_read_again_as_it_was_and_no_line_is_too_long(subject):
    packed = mail(subject=subject)
    head = packed.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 78 for line in head.split(b"\r\n") if not line.startswith(b"Content-Type"))
    read = message_from_bytes(packed, policy=default)
    assert "".join(read["Subject"].split()) == "".join(subject.split())
    assert not read.defects


@given(st.text(st.sampled_from("شُبّاك ١٢٣ abc <p>&.=\n"), max_size=600))
def test_bodies_are_read_again_as_they_were_in_lines_that_mail_takes(text):
    packed = mail(plain=text, html=text)
    assert max(len(line) for line in packed.split(b"\r\n")) <= 100
    assert b"\n" not in packed.replace(b"\r\n", b"")
    read = message_from_bytes(packed, policy=default)
    for kind in ("plain", "html"):
        assert read.get_body((kind,)).get_content().replace("\r\n", "\n") == text
    assert not read.defects


@pytest.mark.parametrize("subject", ["a\r\nBcc: x@example.org", "a\nX: y", "a\rX: y"])
def test_a_line_break_in_a_header_is_refused(subject):
    with pytest.raises(ValueError):
        mail(subject=subject)


@pytest.mark.parametrize("address", ["a@example.org\r\nBcc: b@example.org", "a@example.org\nX: y"])
def test_a_line_break_in_an_address_is_refused(address):
    with pytest.raises(ValueError):
        pack_email("no-reply@cairo.example")(ROW, address, {"subject": "x", "plain": "x", "html": "x"})
