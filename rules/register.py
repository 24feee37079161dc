"""The register of licences: what may become of a licence once it was issued, as data.

A licence keeps one of STATES. What anybody is told is its status on a Cairo day: `in_force` is `valid`, `expired` or
`not_yet_valid` by its dates; every other state says so whatever the day, so that a suspended licence does not come back
as one that merely expired. What was cancelled, replaced or transferred stays so: a successor is another licence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from dateutil.relativedelta import relativedelta

from rules.refusal import Refusal, refuse

IN_FORCE, SUSPENDED, CANCELLED, REPLACED, TRANSFERRED = "in_force", "suspended", "cancelled", "replaced", "transferred"
STATES = (IN_FORCE, SUSPENDED, CANCELLED, REPLACED, TRANSFERRED)
VALID, EXPIRED, NOT_YET_VALID = "valid", "expired", "not_yet_valid"
STATUSES = (VALID, EXPIRED, NOT_YET_VALID, SUSPENDED, CANCELLED, REPLACED, TRANSFERRED)
STATUS_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({
    VALID: ("ساري", "valid"), EXPIRED: ("انتهت مدته", "expired"), NOT_YET_VALID: ("لم يبدأ سريانه", "not valid yet"),
    SUSPENDED: ("موقوف", "suspended"), CANCELLED: ("ملغى", "cancelled"), REPLACED: ("حل غيره محله", "replaced"),
    TRANSFERRED: ("نُقل إلى غير صاحبه", "transferred"),
})  # fmt: skip
"""Each status in Arabic and English."""
# What a serial that a tablet holds may be while no licence of the register bears it.
NOT_REPORTED_YET, VOID = "not_reported_yet", "void"
VERIFIED_AS = (*STATUSES, NOT_REPORTED_YET, VOID)
RENEWAL, ALTERATION, TRANSFER = "renewal", "alteration", "transfer"
SUCCESSIONS = (RENEWAL, ALTERATION, TRANSFER)
PERSON, REQUEST = "person", "request"


@dataclass(frozen=True, slots=True)
class Act:
    """What may be done to a licence: from which statuses, into which state, by a person with a reason or by a request
    that was decided."""

    code: str
    statuses: frozenset[str]
    to: str
    by: str
    name: Mapping[str, str]


def _act(code: str, statuses: tuple[str, ...], to: str, by: str, ar: str, en: str) -> Act:
    return Act(code, frozenset(statuses), to, by, MappingProxyType({"ar": ar, "en": en}))


ACTS: Mapping[str, Act] = MappingProxyType({act.code: act for act in (
    _act("suspend", (VALID, NOT_YET_VALID), SUSPENDED, PERSON, "إيقاف الترخيص", "Suspend"),
    _act("resume", (SUSPENDED,), IN_FORCE, PERSON, "رفع الإيقاف", "Lift the suspension"),
    _act("cancel", (VALID, NOT_YET_VALID, EXPIRED, SUSPENDED), CANCELLED, PERSON, "إلغاء الترخيص", "Cancel"),
    _act("replace_print", (VALID, NOT_YET_VALID), IN_FORCE, PERSON, "بدل فاقد أو تالف",
         "Replace a lost or damaged print"),
    _act(RENEWAL, (VALID, EXPIRED), REPLACED, REQUEST, "تجديد", "Renewal"),
    _act(ALTERATION, (VALID,), REPLACED, REQUEST, "تعديل", "Alteration"),
    _act(TRANSFER, (VALID,), TRANSFERRED, REQUEST, "نقل", "Transfer"),
)})  # fmt: skip


def status(state: str, valid_from: date, valid_until: date | None, today: date) -> str:
    """What a licence in this state is on a Cairo day; the last day of validity is still valid."""
    if state != IN_FORCE:
        return state
    if today < valid_from:
        return NOT_YET_VALID
    return EXPIRED if valid_until is not None and today > valid_until else VALID


def act(code: str, standing: str) -> Act:
    """The act, where a licence of this status permits it. Refuses licence_act_refused."""
    found = ACTS[code]
    if standing not in found.statuses:
        raise refused(found, standing)
    return found


def refused(wanted: Act, standing: str) -> Refusal:
    """The refusal of an act on a licence of this status."""
    arabic, english = STATUS_NAMES[standing]
    return refuse("licence_act_refused", "serial", act_ar=wanted.name["ar"], act_en=wanted.name["en"],
                  status=standing, status_ar=arabic, status_en=english)


def months_late(valid_until: date, today: date) -> int:
    """How many months after its last day a licence is renewed: none up to that day, then every month begun counts,
    from the day after the last to the same day of the next month."""
    if today <= valid_until:
        return 0
    months = (today.year - valid_until.year) * 12 + today.month - valid_until.month
    return max(months + (1 if today.day > valid_until.day else 0), 1)


def term(months: int | None, today: date, succession: str | None = None,
         former_until: date | None = None) -> date | None:
    """The last day of a licence that is issued today for so many months; None: without end. Who renews early loses no
    day: the new months begin when the former ones end. Who renews late begins today. An alteration or a transfer
    changes what is licensed or who holds it, never for how long."""
    if succession in (ALTERATION, TRANSFER):
        return former_until
    if months is None:
        return None
    begins = today
    if succession == RENEWAL and former_until is not None:
        begins = max(today, former_until + timedelta(days=1))
    last: date = begins + relativedelta(months=months, days=-1)
    return last


def taken_over(standing: str, succession: str) -> tuple[str, str]:
    """(what becomes of the former licence, the state in which its successor begins), where the former stands so on the
    day of issue. Nobody comes by a licence in force through a suspended or cancelled one: the successor begins so."""
    if standing == CANCELLED:
        return CANCELLED, CANCELLED
    return ACTS[succession].to, SUSPENDED if standing == SUSPENDED else IN_FORCE
