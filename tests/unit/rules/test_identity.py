from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import identity
from rules.places import governorates
from rules.refusal import Refusal

PLACES = [g.national_id_code for g in governorates().values()] + ["88"]


def build(born, place, serial, check):
    century = "2" if born.year < 2000 else "3"
    return f"{century}{born:%y%m%d}{place}{serial:04d}{check}"


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.sampled_from(PLACES), st.integers(0, 9999), st.integers(0, 9))
def test_every_possible_number_is_read_whatever_its_check_digit(born, place, serial, check):
    found = identity.parse_national_id(build(born, place, serial, check))
    assert (found.birth_date, found.governorate) == (born, place)
    assert found.sex == ("male" if serial % 2 else "female")


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.sampled_from(PLACES), st.integers(0, 9999))
def test_the_check_digit_only_warns_and_never_for_all_ten(born, place, serial):
    suspects = [identity.parse_national_id(build(born, place, serial, check)).check_suspect for check in range(10)]
    assert suspects.count(False) in (1, 2)


def test_arabic_digits_and_separators_are_accepted():
    assert identity.parse_national_id("٢٩٠٠١ ٠١١٢-٣٤٥٦٧").digits == "29001011234567"


@pytest.mark.parametrize("text, code", [
    ("2900101123456", "national_id_length"), ("290010112345678", "national_id_length"),
    ("", "national_id_malformed"), ("2900101123456A", "national_id_malformed"),
    ("29001011234²67", "national_id_malformed"),
    ("19001011234567", "national_id_century"), ("49001011234567", "national_id_century"),
    ("29002301234567", "national_id_date"), ("29013011234567", "national_id_date"),
    ("30102291234567", "national_id_date"), ("29001019934567", "national_id_governorate"),
    ("29001010534567", "national_id_governorate"),
])
def test_the_impossible_is_refused(text, code):
    with pytest.raises(Refusal) as refused:
        identity.parse_national_id(text)
    assert refused.value.code == code
    assert refused.value.faults[0].field == "applicant/national_id"


def test_nobody_is_born_tomorrow():
    tomorrow = build(date(2026, 11, 22), "01", 1, 1)
    identity.parse_national_id(tomorrow, today=date(2026, 11, 22))
    with pytest.raises(Refusal, match="national_id_date"):
        identity.parse_national_id(tomorrow, today=date(2026, 11, 21))


@given(st.sampled_from(["10", "11", "12", "15"]), st.integers(0, 10**8 - 1),
       st.sampled_from(["0", "+20", "0020", "+20 ", "0020-", "20"]), st.booleans())
def test_one_mobile_however_it_is_written(operator, rest, prefix, arabic):
    text = f"{prefix}{operator} {rest // 10000:04d} {rest % 10000:04d}"
    if arabic:
        text = text.translate({ord("0") + n: 0x660 + n for n in range(10)})
    assert identity.parse_mobile(text) == f"+20{operator}{rest:08d}"


@pytest.mark.parametrize("text", [
    "", "0101234567", "010123456789", "01312345678", "+2010123456780", "01012a45678", "+999 12345678", "19012",
    "010 1234 5678 ext 9", "tel:01012345678", "01012345678;01112345678", "١٢٣", "1" * 400])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(Refusal, match="phone_invalid"):
        identity.parse_mobile(text)


@pytest.mark.parametrize("text, code", [
    ("0223456789", "phone_landline"), ("+20 3 4801234", "phone_landline"), ("٠٢٢٥٧٥١٢٣٤", "phone_landline"),
    ("+966501234567", "phone_foreign"), ("+1 650 253 0000", "phone_foreign"), ("00971501234567", "phone_foreign")])
def test_a_number_that_is_no_egyptian_mobile_is_refused_for_what_it_is(text, code):
    with pytest.raises(Refusal, match=code):
        identity.parse_mobile(text)


@given(st.text(max_size=30))
def test_a_phone_is_e164_or_refused(text):
    try:
        assert identity.parse_mobile(text).startswith("+201")
    except Refusal as refused:
        assert refused.code in ("phone_invalid", "phone_landline", "phone_foreign")


@pytest.mark.parametrize("text, address", [
    ("Mona.Ali@Example.ORG", "Mona.Ali@example.org"), (" a@b.eg ", "a@b.eg"), ("o'neil+x@mail.example.com",
     "o'neil+x@mail.example.com")])
def test_addresses(text, address):
    assert identity.parse_email(text) == address


@pytest.mark.parametrize("text", [
    "", "a", "@b.eg", "a@", "a@b", "a@b.eg\nBcc: all@x.eg", "a@b.eg\r\n", "\na@b.eg", "a@b.eg,c@d.eg", "a b@c.eg",
    "a@b..eg", "a..b@c.eg", ".a@b.eg", "a.@b.eg", "a@-b.eg", "<a@b.eg>", "a@b.eg>", "منى@مثال.مصر", "a@b.eg\x00",
    "a" * 65 + "@b.eg", "a@" + "b." * 130 + "eg"])
def test_an_address_that_could_harm_a_header_is_refused(text):
    with pytest.raises(Refusal, match="email_invalid"):
        identity.parse_email(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_accepted_address_has_a_break_or_a_space(local, domain):
    try:
        address = identity.parse_email(f"{local}@{domain}")
    except Refusal:
        return
    assert address.isascii() and address.isprintable() and " " not in address and address.count("@") == 1


def test_passports():
    assert identity.parse_passport(" a1234567 ") == "A1234567"
    for text in ("", "A1", "A" * 16, "AB 12;34"):
        with pytest.raises(Refusal, match="passport_invalid"):
            identity.parse_passport(text)


def test_masks_show_less_than_what_opens_the_inquiry():
    assert identity.mask_phone("+201012345678") == "010******78"
    assert identity.mask_email("mona@example.org") == "m***@example.org"
    assert identity.mask_national_id("29001011234567") == "2***********67"


@given(st.integers(0, 10**8 - 1))
def test_a_masked_phone_never_shows_its_last_four(rest):
    assert identity.mask_phone(f"+2010{rest:08d}")[-4:] != f"{rest % 10000:04d}"
