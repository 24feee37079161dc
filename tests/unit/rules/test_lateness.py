"""For whom a late file waits, and the lists from which a head says why."""

from __future__ import annotations

import pytest

from rules import lateness
from rules.lateness import DESK, EXTERNAL, QUEUE, waits_for
from rules.workflow_model import KINDS


@pytest.mark.parametrize(("kind", "body", "held", "expected"), [
    ("task", None, True, DESK), ("task", None, False, QUEUE), ("external", "civil-defence", True, EXTERNAL),
    ("parallel", "civil-defence", False, EXTERNAL), ("parallel", None, True, DESK),
    ("applicant", None, False, "applicant"), ("payment", None, False, "payment")])
def test_for_whom_a_file_waits(kind: str, body: str | None, held: bool, expected: str) -> None:
    assert waits_for(kind, body, held) == expected


def test_every_kind_of_state_waits_for_one_of_the_list() -> None:
    assert {waits_for(kind, None, held) for kind in KINDS for held in (True, False)} <= set(lateness.WAITS_FOR)


@pytest.mark.parametrize("words", [lateness.CAUSES, lateness.MEASURES])
def test_every_cause_and_measure_is_said_in_both_languages(words: dict[str, tuple[str, str]]) -> None:
    assert "other" in lateness.CAUSES and "none" in lateness.MEASURES
    for arabic, english in words.values():
        assert any("\u0600" <= letter <= "\u06ff" for letter in arabic) and english.isascii()
