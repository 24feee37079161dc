"""The life of a tablet, as data. A device that is not certified and in its time does nothing that the machine applies.

`expired` is never stored: it is what a certified device is once its certificate has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from rules.refusal import refuse

PENDING, CERTIFIED, SUSPENDED, REVOKED, EXPIRED = "pending", "certified", "suspended", "revoked", "expired"
STATES = (PENDING, CERTIFIED, SUSPENDED, REVOKED)
STANDINGS = (*STATES, EXPIRED)
NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({
    PENDING: ("لم يُعتمد بعد", "not certified yet"), CERTIFIED: ("معتمد", "certified"),
    SUSPENDED: ("موقوف", "suspended"), REVOKED: ("أُلغي اعتماده", "revoked"),
    EXPIRED: ("انتهت مدة اعتماده", "expired"),
})  # fmt: skip
"""Each standing in Arabic and English."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a person does to a device: from which standings, into which state."""

    code: str
    standings: frozenset[str]
    to: str
    name: Mapping[str, str]


def _act(code: str, standings: tuple[str, ...], to: str, ar: str, en: str) -> Act:
    return Act(code, frozenset(standings), to, MappingProxyType({"ar": ar, "en": en}))


ACTS: Mapping[str, Act] = MappingProxyType({act.code: act for act in (
    _act("certify", (PENDING, CERTIFIED, EXPIRED), CERTIFIED, "اعتماد الجهاز", "Certify the device"),
    _act("suspend", (CERTIFIED, EXPIRED), SUSPENDED, "إيقاف الجهاز", "Suspend the device"),
    _act("resume", (SUSPENDED,), CERTIFIED, "رفع إيقاف الجهاز", "Lift the device's suspension"),
    _act("revoke", (PENDING, CERTIFIED, SUSPENDED, EXPIRED), REVOKED, "إلغاء اعتماد الجهاز", "Revoke the device"),
)})  # fmt: skip


def standing(state: str, valid_until: datetime | None, now: datetime) -> str:
    """What a device in this state is at a moment. The last second of its certificate is still in time."""
    if state == CERTIFIED and valid_until is not None and now > valid_until:
        return EXPIRED
    return state


def act(code: str, standing_now: str) -> Act:
    """The act, where a device that stands so permits it. Refuses device_act_refused."""
    found = ACTS[code]
    if standing_now not in found.standings:
        raise refuse("device_act_refused", "device_id", act_ar=found.name["ar"], act_en=found.name["en"],
                     **told(standing_now))
    return found


def told(standing_now: str) -> dict[str, str]:
    """What a refusal says of how a device stands: its code, and its name in both languages."""
    arabic, english = NAMES[standing_now]
    return {"state": standing_now, "state_ar": arabic, "state_en": english}


def table() -> str:
    """All acts in lines of act, from and to."""
    return "".join(f"{one.code:<10}{', '.join(sorted(one.standings)):<44}{one.to}\n" for one in ACTS.values())
