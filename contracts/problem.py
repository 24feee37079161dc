"""What one entry of the error catalogue is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What a code means at the door. Texts may name values of the fault as `{name}`."""

    status: int
    ar: str
    en: str
