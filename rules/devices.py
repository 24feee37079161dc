"""The life of a device, as data, and what each kind of device is for. A device that is not certified and in its time
does nothing that the machine applies.

`expired` and `emptied` are never stored: the one is what a certified device is once its certificate has ended, the
other what any but a revoked one is once it told that it had emptied itself. Its key is gone with all else: it is made
known anew, as another device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from rules import offline
from rules.refusal import refuse

PENDING, CERTIFIED, SUSPENDED, REVOKED, EXPIRED, EMPTIED = (
    "pending", "certified", "suspended", "revoked", "expired", "emptied")  # fmt: skip
STATES = (PENDING, CERTIFIED, SUSPENDED, REVOKED)
STANDINGS = (*STATES, EXPIRED, EMPTIED)
NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({
    PENDING: ("لم يُعتمد بعد", "not certified yet"), CERTIFIED: ("معتمد", "certified"),
    SUSPENDED: ("موقوف", "suspended"), REVOKED: ("أُلغي اعتماده", "revoked"),
    EXPIRED: ("انتهت مدة اعتماده", "expired"), EMPTIED: ("أُفرغ", "emptied"),
})  # fmt: skip
"""Each standing in Arabic and English."""


TABLET, WINDOW = "tablet", "window"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of device is for: who may work with it, in which role what it uploads is applied, which items it
    may send. `channel` None: that of the clerk who took the bundle along."""

    code: str
    permission: str
    role: str
    channel: str | None
    items: frozenset[str]
    name: Mapping[str, str]


KINDS: Mapping[str, Kind] = MappingProxyType({kind.code: kind for kind in (
    Kind(TABLET, "visit.carry_out", "mobile_clerk", "mobile_district", frozenset(offline.KINDS),
         MappingProxyType({"ar": "لوح الحي المتنقل", "en": "tablet of the mobile district"})),
    # A centre's window goes on taking applications while its line is down, and does nothing else without one.
    Kind(WINDOW, "offline.intake", "window_clerk", None, frozenset({offline.INTAKE}),
         MappingProxyType({"ar": "جهاز شباك", "en": "device of a window"})),
)})  # fmt: skip


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
    _act("revoke", (PENDING, CERTIFIED, SUSPENDED, EXPIRED, EMPTIED), REVOKED,
         "إلغاء اعتماد الجهاز", "Revoke the device"),
)})  # fmt: skip


def standing(state: str, valid_until: datetime | None, now: datetime, emptied: bool = False) -> str:
    """What a device in this state is at a moment. The last second of its certificate is still in time."""
    if emptied and state != REVOKED:
        return EMPTIED
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


WIPE_NOTHING, WIPE_AFTER_UPLOAD, WIPE_AT_ONCE = None, "after_upload", "at_once"


def wipe(state: str, asked: bool, at_once: bool, wiped: bool) -> str | None:
    """What a device is to do with all that it keeps, at its next contact. Nobody is to work with a revoked one again,
    so it is emptied without anybody's asking, but only after what it did was uploaded; `at_once` is asked for where it
    is in other hands, and what it still held is lost then, and told."""
    if wiped:
        return WIPE_NOTHING
    if asked and at_once:
        return WIPE_AT_ONCE
    return WIPE_AFTER_UPLOAD if asked or state == REVOKED else WIPE_NOTHING


def told(standing_now: str) -> dict[str, str]:
    """What a refusal says of how a device stands: its code, and its name in both languages."""
    arabic, english = NAMES[standing_now]
    return {"state": standing_now, "state_ar": arabic, "state_en": english}


WHY_VOID: Mapping[str, tuple[str, str]] = MappingProxyType({
    "not_reported_in_time": ("لم يُبلَّغ عنه في موعده", "it was not reported in time"),
    "not_used_in_time": ("لم يُستخدم في موعده", "it was not used in time"),
    "returned_by_device": ("أُعيد ما على الجهاز من أذون وأرقام", "what the device held was given back"),
    "device_revoked": ("أُلغي اعتماد الجهاز", "the device was revoked"),
    "request_moved": ("سار الطلب بطريق آخر", "the request went on another way"),
    "request_corrected": ("صُحح بيان في الطلب", "something in the request was corrected"),
    "visit_missed": ("لم تتم الزيارة", "the visit did not take place"),
})
"""Why a ticket or a reserved number is void, in Arabic and English."""


def why_void(reason: str | None) -> dict[str, str]:
    """What a refusal says of it: the code, and its name in both languages; a code without a name stands for itself."""
    arabic, english = WHY_VOID.get(reason or "", (reason or "-", reason or "-"))
    return {"reason": reason or "", "reason_ar": arabic, "reason_en": english}


def table() -> str:
    """All acts in lines of act, from and to."""
    return "".join(f"{one.code:<10}{', '.join(sorted(one.standings)):<50}{one.to}\n" for one in ACTS.values())
