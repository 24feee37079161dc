import string
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import numbering
from rules.places import governorates
from rules.refusal import Refusal

KEY = bytes(range(32))
codes = st.sampled_from([one.national_id_code for one in governorates().values()])
nodes = st.sampled_from(list(governorates()))
sequences = st.integers(0, numbering.SEQUENCES - 1)


def test_the_printed_form():
    number = numbering.tracking_number("21", 2026, 7, KEY)
    assert number == numbering.parse_tracking(number)
    assert [len(part) for part in number.split("-")] == [2, 2, 8, 1]
    assert number.startswith("21-26-")


@given(codes, st.integers(2000, 2099), sequences)
def test_a_tracking_number_comes_back_to_its_sequence(code, year, sequence):
    assert numbering.tracking_sequence(numbering.tracking_number(code, year, sequence, KEY), KEY) == sequence


@given(st.lists(sequences, min_size=2, max_size=60, unique=True), st.binary(min_size=16, max_size=32))
def test_two_sequences_never_share_a_number(drawn, key):
    assert len({numbering.tracking_number("01", 2026, sequence, key) for sequence in drawn}) == len(drawn)


def test_a_run_of_ten_thousand_sequences_has_no_repeat_and_shows_no_order():
    values = [numbering.permute(sequence, KEY, "21/2026") for sequence in range(10_000)]
    assert len(set(values)) == len(values) and all(0 <= value < numbering.SEQUENCES for value in values)
    rising = sum(one < other for one, other in pairwise(values))
    assert 4_700 < rising < 5_300  # a fair coin, six sigma
    assert max(values) > 99_000_000 and min(values) < 1_000_000


def test_key_year_and_governorate_change_the_permutation():
    drawn = {numbering.permute(1, key, tweak)
             for key in (KEY, KEY[::-1]) for tweak in ("21/2026", "21/2027", "01/2026")}
    assert len(drawn) == 6


@given(codes, sequences, st.sampled_from(["", " ", "-", " - ", "\u200f", "/"]), st.booleans(), st.booleans())
def test_a_number_is_read_however_it_is_typed(code, sequence, separator, small, arabic):
    number = numbering.tracking_number(code, 2026, sequence, KEY)
    typed = separator.join(number.split("-"))
    typed = typed.lower() if small else typed
    if arabic:
        typed = typed.translate({ord("0") + n: 0x660 + n for n in range(10)})
    assert numbering.parse_tracking(f" {typed} ") == number


@given(codes, sequences, st.integers(0, 12), st.sampled_from(string.digits + string.ascii_uppercase))
def test_one_wrong_character_is_always_caught(code, sequence, place, wrong):
    number = numbering.tracking_number(code, 2026, sequence, KEY).replace("-", "")
    if number[place] == wrong:
        return
    with pytest.raises(Refusal, match="tracking_malformed"):
        numbering.parse_tracking(number[:place] + wrong + number[place + 1:])


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_number_or_refused(text):
    try:
        numbering.parse_tracking(text)
    except Refusal as refused:
        assert refused.code == "tracking_malformed"


@pytest.mark.parametrize("arguments", [("1", 2026, 1, KEY), ("21", 1999, 1, KEY), ("21", 2026, -1, KEY),
                                       ("21", 2026, 10**8, KEY), ("21", 2026, 1, b"short")])
def test_what_cannot_be_numbered(arguments):
    with pytest.raises(ValueError):
        numbering.tracking_number(*arguments)


SERIES = [(numbering.licence_serial, numbering.parse_licence_serial, "serial_malformed"),
          (numbering.bill_number, numbering.parse_bill_number, "bill_number_malformed"),
          (numbering.receipt_number, numbering.parse_receipt_number, "receipt_number_malformed")]


@pytest.mark.parametrize("write, read, code", SERIES)
@given(node=nodes, year=st.integers(2000, 2999), sequence=st.integers(1, 10**9 - 1), bare=st.booleans())
def test_plain_numbers_come_back_whole(write, read, code, node, year, sequence, bare):
    number = write(node, year, sequence)
    found = read(number.replace("-", "").lower() if bare else number)
    assert (found.text, found.node, found.year, found.sequence) == (number, node, year, sequence)


@settings(max_examples=60)
@given(node=nodes, sequence=st.integers(1, 10**7))
def test_no_number_of_one_series_passes_in_another(node, sequence):
    for write, own, _ in SERIES:
        for _, read, code in SERIES:
            if read is not own:
                with pytest.raises(Refusal, match=code):
                    read(write(node, 2026, sequence))


def test_the_printed_serial():
    assert numbering.licence_serial("EG-GZ", 2026, 123)[:-1] == "GZ-2026-000123-"
    for node, year, sequence in (("EG-XX", 2026, 1), ("GZ", 2026, 1), ("EG-GZ", 2026, 0), ("EG-GZ", 26, 1)):
        with pytest.raises(ValueError):
            numbering.licence_serial(node, year, sequence)


@given(st.integers(1, 10**6), st.data())
def test_one_wrong_character_in_a_serial_is_always_caught(sequence, data):
    serial = numbering.licence_serial("EG-ALX", 2026, sequence).replace("-", "")
    place = data.draw(st.integers(0, len(serial) - 1))
    wrong = data.draw(st.sampled_from(string.digits + string.ascii_uppercase))
    if serial[place] != wrong:
        with pytest.raises(Refusal, match="serial_malformed"):
            numbering.parse_licence_serial(serial[:place] + wrong + serial[place + 1:])
