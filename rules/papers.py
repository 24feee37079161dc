"""What a document may be, by its first bytes and its size. A name and a declared type prove nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rules import forms
from rules.refusal import Fault, Refusal, refuse

LARGEST = 5 * 1024 * 1024
"""Bytes of one document."""
_NAMES = {"application/pdf": "PDF", "image/jpeg": "JPEG", "image/png": "PNG"}
_SIGNATURES = ((b"%PDF-", "application/pdf"), (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


def type_of(content: bytes) -> str:
    """The media type by content; refuses document_type_refused for anything else."""
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    raise refuse("document_type_refused", "content")


def check(
    asked: Sequence[Mapping[str, Any]],
    answers: Mapping[str, Any],
    given: Iterable[Mapping[str, Any]],
    untaken: Mapping[str, Mapping[str, Any]],
) -> None:
    """Refuse, with all faults, unless the documents given are there, untaken, of an accepted type and size, and all
    that is required is among them."""
    faults: list[Fault] = []
    by_code = {document["code"]: document for document in asked}
    given = list(given)
    seen: set[str] = set()
    for document in given:
        identifier = str(document["document_id"])
        where, kept = f"documents/{document['code']}", untaken.get(identifier)
        wanted = by_code.get(document["code"])
        if kept is None or identifier in seen:
            faults.append(Fault("document_unknown", where))
        elif kept["status"] == "refused":
            faults.append(Fault(f"document_{kept['verdict']}", where))
        elif wanted is not None and wanted.get("accepts") and kept["media_type"] not in wanted["accepts"]:
            faults.append(Fault("document_type_not_taken", where, _named(wanted["accepts"])))
        elif wanted is not None and kept["size"] > wanted.get("max_bytes", LARGEST):
            faults.append(Fault("document_too_large", where, {"limit": f"{wanted['max_bytes'] / 1024 / 1024:g}"}))
        seen.add(identifier)
    try:
        forms.check_documents(asked, answers, [document["code"] for document in given])
    except Refusal as refusal:
        faults += refusal.faults
    if faults:
        raise Refusal(faults)


def _named(media_types: Iterable[str]) -> dict[str, str]:
    """What a refusal says of the types of file that a document is taken as."""
    names = [_NAMES[media_type] for media_type in media_types]
    return {"types_ar": " أو ".join(names), "types_en": " or ".join(names)}


def pieces(size: int, piece: int) -> int:
    """In how many pieces of so many bytes a document of so many bytes comes."""
    return -(-size // piece)
