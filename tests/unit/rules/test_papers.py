"""What a document may be: by its first bytes, its size, and what the service asks for."""

from __future__ import annotations

from typing import Any

import pytest

from rules import papers
from rules.refusal import Refusal

ASKED: list[dict[str, Any]] = [
    {"code": "card", "name": {"ar": "بطاقة", "en": "Card"}, "required": True, "accepts": ["application/pdf"],
     "max_bytes": 1024 * 1024},
    {"code": "plan", "name": {"ar": "رسم", "en": "Plan"}, "required": False},
]  # fmt: skip
SOUND = {"media_type": "application/pdf", "size": 1000, "status": "clean", "verdict": None}


def faults(given: list[tuple[str, str]], untaken: dict[str, Any]) -> set[tuple[str, str | None]]:
    try:
        papers.check(ASKED, {}, [{"code": code, "document_id": one} for code, one in given], untaken)
    except Refusal as refusal:
        return {(fault.code, fault.field) for fault in refusal.faults}
    return set()


@pytest.mark.parametrize(("content", "told"), [
    (b"%PDF-1.7", "application/pdf"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png")])
def test_the_first_bytes_say_what_it_is(content: bytes, told: str) -> None:
    assert papers.type_of(content) == told


@pytest.mark.parametrize("content", [b"", b"%PDF", b"MZ", b" %PDF-1.7", b"\x89PNG"])
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(Refusal, match="document_type_refused"):
        papers.type_of(content)


@pytest.mark.parametrize(("size", "count"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_pieces_are_counted_with_the_last_short_one(size: int, count: int) -> None:
    assert papers.pieces(size, 4) == count


def test_sound_documents_pass_and_every_fault_is_said_at_once() -> None:
    assert faults([("card", "a")], {"a": SOUND}) == set()
    assert faults([("card", "a"), ("plan", "b")], {"a": SOUND, "b": {**SOUND, "media_type": "image/png"}}) == set()
    assert faults([], {}) == {("document_missing", "documents/card")}
    assert faults([("card", "a"), ("plan", "a"), ("other", "b")], {"a": {**SOUND, "media_type": "image/png"}}) == {
        ("document_type_not_taken", "documents/card"), ("document_unknown", "documents/plan"),
        ("document_unknown", "documents/other"), ("document_not_asked", "documents/other")}
    assert faults([("card", "a")], {"a": {**SOUND, "size": 2 * 1024 * 1024}}) == {
        ("document_too_large", "documents/card")}
    assert faults([("card", "a")], {"a": {**SOUND, "status": "refused", "verdict": "infected"}}) == {
        ("document_infected", "documents/card")}
