"""Every placeholder of every kind can be filled from an event that exists, and has a sample to be seen with."""

from dataclasses import replace

import pytest

from rules import numbering
from services.notifications import kinds, template_check
from services.notifications.kinds import KINDS

SHAPES = {"tracking_number": numbering.parse_tracking, "bill_number": numbering.parse_bill_number,
          "receipt_number": numbering.parse_receipt_number, "serial": numbering.parse_licence_serial,
          "visit_number": numbering.parse_visit_number}


def test_every_placeholder_is_filled_by_a_field_of_an_event_and_has_its_samples():
    assert kinds.check() == []


@pytest.mark.parametrize("source", [
    "payments.bill.issued.v1:unheard_of", "payments.bill.unheard_of.v1:total", "payments.bill.issued.v1", "",
    "payments.bill.issued.v1:total.inside",
])
def test_a_source_that_no_event_holds_is_named(source):
    one = KINDS["payment_needed"]
    broken = replace(one, sources={**one.sources, "amount": (source,)})
    assert kinds.check({"payment_needed": broken}) == [
        f"payment_needed: amount comes from {source}, which no event holds"]


def test_a_field_inside_another_is_found_and_a_value_made_here_needs_none():
    one = KINDS["payment_needed"]
    inside = replace(one, sources={**one.sources, "amount": ("payments.bill.issued.v1:lines",),
                                   "bill_number": (kinds.MADE_HERE,)})
    assert kinds.check({"payment_needed": inside}) == []


def test_a_placeholder_without_source_or_sample_is_named():
    one = KINDS["moved"]
    sources = {name: given for name, given in one.sources.items() if name != "step"}
    sample = {**one.sample, "en": {**one.sample["en"], "step": " "}}
    wrong = kinds.check({"moved": replace(one, sources=sources, sample=sample, optional=frozenset({"other"}))})
    assert len(wrong) == 3
    assert all(text.startswith("moved: ") for text in wrong)


def test_every_kind_has_a_name_of_its_own_in_arabic_and_in_english():
    assert set(kinds.NAMES) == {*KINDS, kinds.CAMPAIGN}
    for at in range(2):
        assert len({names[at] for names in kinds.NAMES.values()}) == len(kinds.NAMES)
    assert all("\u0600" < arabic[0] < "\u06ff" and english.isascii() for arabic, english in kinds.NAMES.values())


def test_a_kind_without_a_name_is_named_by_its_code():
    assert kinds.check({"unheard_of": KINDS["approved"]}) == ["unheard_of: it has no name"]
    assert kinds.name_of("unheard_of") == {"ar": "unheard_of", "en": "unheard_of"}


def test_samples_have_the_shape_of_what_they_stand_for():
    for language in kinds.LANGUAGES:
        for sample in (one.sample[language] for one in KINDS.values()):
            for name, parse in SHAPES.items():
                if name in sample:
                    parse(sample[name])


def test_every_notice_of_legal_effect_is_marked():
    legal = {code for code, one in KINDS.items() if one.legal}
    assert {"approved", "rejected", "deemed_approval", "deemed_rejection", "completion_by", "payment_needed",
            "licence_suspended", "licence_cancelled", "refund_done"} <= legal
    assert not {"request_received", "moved", "rating_asked", "visit_planned"} & legal


def test_what_may_be_long_has_its_first_words_beside_it():
    for code, one in KINDS.items():
        assert {f"{name}_short" for name in one.placeholders & template_check.LONG} <= one.placeholders, code
