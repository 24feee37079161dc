import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import slips
from rules.refusal import Refusal


def test_a_slip_is_read_as_people_type_it():
    slip = slips.read("1000 0001", "٠١٢", "a1b2c3", " ٢٣٤٦ ")
    assert slip == slips.Slip("10000001", 12, "A1B2C3", "2346")
    assert slip.reference == "10000001-12-A1B2C3-2346"


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(Refusal) as refused:
        slips.read("1", "x", "12345", "23456")
    assert [(fault.code, fault.field) for fault in refused.value.faults] == [
        ("slip_field_invalid", f"slip/{name}") for name in ("terminal_id", "batch", "approval_code", "last4")]


@pytest.mark.parametrize("text", ["", "1-2-3", "10000001-12-A1B2C3-2346-1", "10000001-12-A1B2C3-23x6"])
def test_what_is_no_reference_of_a_slip(text):
    with pytest.raises(Refusal, match="slip_field_invalid"):
        slips.of_reference(text)


@given(st.from_regex(r"[A-Z0-9]{8}", fullmatch=True), st.integers(0, 999_999),
       st.from_regex(r"[A-Z0-9]{6}", fullmatch=True), st.from_regex(r"[0-9]{4}", fullmatch=True))
def test_a_reference_tells_its_slip(terminal, batch, approval, last4):
    slip = slips.read(terminal, str(batch), approval, last4)
    assert slips.of_reference(slip.reference) == slip
