"""What an editor sees before anybody gets a message: length, parts, price, and the texts as they will arrive."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import sms
from rules.refusal import Refusal
from services.notifications import template_preview, template_previewing, templates
from services.notifications.kinds import EMAIL, KINDS
from services.notifications.template_preview import Price

PRICES = [Price("alpha", 85), Price("beta", 120)]


def look(code: str = "moved", language: str = "ar", **values: str) -> dict[str, Any]:
    return template_preview.preview(templates.library()[code], language, values, None, PRICES)


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_message_can_be_seen_with_its_samples(code: str, language: str) -> None:
    shown = look(code, language)
    assert "{" not in shown["sms"]["text"] and "[[" not in shown["sms"]["text"]
    assert "".join(shown["sms"]["part_texts"]) == shown["sms"]["text"]
    if EMAIL in KINDS[code].channels:
        assert shown["email"]["subject"] and shown["email"]["plain"].strip()
        assert f'dir="{"rtl" if language == "ar" else "ltr"}"' in shown["email"]["html"]
    else:
        assert shown["email"] is None


def test_parts_and_price_are_those_that_will_be_charged() -> None:
    shown = look("moved", "ar", step="مراجعة " * 12)["sms"]
    assert shown["encoding"] == "ucs2" and shown["characters"] == len(shown["text"])
    assert shown["parts"] == sms.segments(shown["text"]).count > 2
    assert shown["prices"] == [
        {"provider": "alpha", "per_part": 85, "total": 85 * shown["parts"]},
        {"provider": "beta", "per_part": 120, "total": 120 * shown["parts"]}]


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=400))
def test_exactly_the_room_that_is_told_is_left(text: str) -> None:
    shown = template_preview.measured(text, [])
    filler = "a" if shown["encoding"] == "gsm7" else "ب"
    assert sms.segments(text + filler * shown["room"]).count == shown["parts"]
    assert sms.segments(text + filler * (shown["room"] + 1)).count > shown["parts"]


def test_what_look_alike_characters_would_save_is_shown_and_nothing_where_they_save_none() -> None:
    shown = template_preview.measured("The licence “C-12” is ready – fetch it. " * 3, PRICES)
    assert (shown["encoding"], shown["parts"]) == ("ucs2", 2)
    assert (shown["folded"]["encoding"], shown["folded"]["parts"], shown["folded"]["saves_parts"]) == ("gsm7", 1, 1)
    assert shown["folded"]["prices"][0]["total"] == 85
    assert template_preview.measured("طلبك", PRICES)["folded"] is None


def test_the_preview_says_whether_the_folded_text_is_what_goes_out() -> None:
    text = "The licence “C-12” is ready – fetch it. " * 3
    for folds in (True, False):
        assert template_preview.measured(text, PRICES, folds)["folded"]["sent"] is folds


def test_values_given_stand_in_place_of_samples_and_are_text_whatever_they_hold() -> None:
    shown = look("moved", "en", step="{link} [[step? x]] <b>")
    assert "{link} [[step? x]] <b>" in shown["sms"]["text"]
    assert "&lt;b&gt;" in shown["email"]["html"] and "<b>" not in shown["email"]["html"]


def test_a_value_of_another_message_or_an_empty_one_is_refused_with_its_field() -> None:
    with pytest.raises(Refusal) as refusal:
        look("licence_suspended", "ar", amount="5", serial=" ", note="")
    assert [(fault.code, fault.field) for fault in refusal.value.faults] == [
        ("wording_placeholder_unknown", "values/amount"), ("wording_value_missing", "values/serial")]


class NoDatabase:
    """A preview of a given wording asks nothing of it."""


def test_a_given_wording_is_seen_with_the_nodes_own_address_and_prices() -> None:
    loaded = SimpleNamespace(public_url="https://x.eg", sms_fold=True,
                             of=lambda _: [SimpleNamespace(name="alpha", price=85)])
    wording = templates.library()["moved"].as_dict()
    body = {"code": "moved", "wording": wording, "version": None, "language": "ar", "values": {"step": "معاينة"},
            "name": "هدى"}
    shown = template_previewing.preview(NoDatabase(), body, loaded)  # type: ignore[arg-type]
    assert "https://x.eg/ar/follow/" in shown["sms"]["text"] and "معاينة" in shown["sms"]["text"]
    assert shown["version"] is None and "هدى" in shown["email"]["plain"]
    assert "https://x.eg/ar/messages/" in shown["email"]["plain"]  # how to choose, as in the real one
    assert shown["sms"]["prices"] == [{"provider": "alpha", "per_part": 85, "total": 85 * shown["sms"]["parts"]}]
    with pytest.raises(Refusal, match="wording_language_missing"):
        template_previewing.preview(NoDatabase(), {**body, "wording": {"ar": wording["ar"]}},  # type: ignore[arg-type]
                                    loaded)  # type: ignore[arg-type]
