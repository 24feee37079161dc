"""Words that stop messages, as people type them."""

from __future__ import annotations

import pytest

from services.notifications.replies import word


@pytest.mark.parametrize("said", ["STOP", "stop", " Stop. ", "إيقاف", "ايقاف", "إيقاف!", "إلغاء", "الغاء", "وقف",
                                  "«إيقاف»", "unsubscribe"])  # fmt: skip
def test_stop_in_both_languages_however_it_is_written(said):
    assert word(said) is False


@pytest.mark.parametrize("said", ["START", "اشتراك", "اشترك", "Start."])
def test_start_again(said):
    assert word(said) is True


@pytest.mark.parametrize("said", ["", "?", "please stop", "إيقاف الترخيص", "لا تلغ طلبي", "stopp", "شكرا", "010"])
def test_a_sentence_is_no_word_of_ours(said):
    assert word(said) is None
