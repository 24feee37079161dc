"""What the doors answer about the message log as evidence."""

from __future__ import annotations

from contracts.problem import Problem

PROBLEMS: dict[str, Problem] = {
    "evidence_unsigned": Problem(
        409, "لا يوجد مفتاح توقيع لهذه العقدة، فلا يمكن إصدار سجل موقّع. اضبط SHUBBAK_LINK_SIGNING_KEY.",
        "This place has no key to sign with, so no signed log can be exported. Set SHUBBAK_LINK_SIGNING_KEY."),
    "evidence_position_unknown": Problem(
        422, "لا يوجد في السجل موضع بهذا الرقم. ابدأ من الصفر أو من موضع رأس ملف سابق.",
        "The log has no such position. Begin at 0, or at the position of an earlier file's head."),
}  # fmt: skip
