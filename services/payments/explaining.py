"""Why somebody did it, in words that an auditor will read."""

from __future__ import annotations

from rules.refusal import refuse

LEAST = 10


def explained(reason: str, field: str = "reason") -> str:
    """The reason without blanks around it. Refuses explanation_too_short under ten letters."""
    told = reason.strip()
    if len(told) < LEAST:
        raise refuse("explanation_too_short", field)
    return told
