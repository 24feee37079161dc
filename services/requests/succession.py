"""A request that is to take the place of a licence: to renew, alter or transfer it. Which answer names the licence,
and as what it takes its place, the definition says (`supersedes`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Statement
from chassis.uow import UnitOfWork
from rules import conditions, numbering, register
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal
from services.requests import guide
from services.requests.guide import Definition

# With how the request stands that named it before, and by whom it was asked for.
_FORMER = Statement(
    text(
        "SELECT licence.*, request.national_id_key, request.applicant_kind, "
        "(SELECT tracking_number FROM request AS other WHERE other.id = licence.successor_request "
        "AND other.outcome IS NULL) AS under_way "
        "FROM licence JOIN request ON request.id = licence.request_id WHERE serial = :serial"
    )
)
_CLAIMED = Statement(text("SELECT 1 FROM licence WHERE successor_request = :request_id"))
_CLAIM = Statement(
    text(
        "UPDATE licence SET successor_request = :request_id WHERE id = :licence_id AND version = :seen "
        "AND successor_request IS NOT DISTINCT FROM CAST(:before AS uuid)"
    )
)


@dataclass(frozen=True, slots=True)
class Succession:
    """What the register makes of the answers: `answers` with what it knows better than the applicant, and the licence
    to be superseded; None where none is, or where it is one on paper from before the register."""

    answers: dict[str, Any]
    former: Any | None
    faults: list[Fault]


def of(work: UnitOfWork, definition: Definition, given: Mapping[str, Any]) -> Succession:
    """Look up the licence that the answers name. Faults, all of them, each at the answer: licence_unknown,
    licence_of_another_service, licence_act_refused, succession_under_way, renewal_too_early, renewal_too_late. A
    renewal's months of delay are the register's, whatever was answered."""
    answers, rule = dict(given), definition.body.get("supersedes")
    serial = str(answers.get(rule["answer"]) or "").strip() if rule else ""
    if not rule or not serial or not conditions.holds(rule.get("when"), answers):
        return Succession(answers, None, [])
    at = f"answers/{rule['answer']}"
    try:
        number = numbering.parse_licence_serial(serial, at)
    except Refusal as refusal:
        return Succession(answers, None, [] if rule.get("paper") else list(refusal.faults))
    former = work.first(_FORMER, serial=number.text)
    if former is None:
        foreign = number.node != work.settings.node  # another governorate's: its paper is looked at
        return Succession(answers, None, [] if foreign and rule.get("paper") else [Fault("licence_unknown", at)])
    answers[rule["answer"]] = number.text
    today = cairo_date(work.now)
    faults = _faults(work, definition, former, rule, today, at)
    late = rule.get("months_late")
    if late is not None:
        answers[late] = register.months_late(former.valid_until, today) if former.valid_until else 0
    return Succession(answers, former, faults)


def same_holder(former: Any, kind: str, own: Collection[bytes], rule: Mapping[str, Any]) -> list[Fault]:
    """licence_of_another, where a citizen renews or alters in his own name what was issued to another citizen. Heirs,
    attorneys and companies show papers; a transfer is to another by its nature. `own` are the hashes of the applicant's
    national ID, none without one."""
    both = kind == former.applicant_kind == "citizen" and own and former.national_id_key
    if rule["as"] == register.TRANSFER or not both or bytes(former.national_id_key) in own:
        return []
    return [Fault("licence_of_another", f"answers/{rule['answer']}")]


def fixed(
    work: UnitOfWork, definition: Definition, request_id: UUID, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Fault]:
    """answer_fixed for every answer on which the succession rests and that a correction would change: which licence,
    how late, and what decides whether there is one. Nobody swaps the licence or the delay once the request is lodged;
    of a licence on paper the number may be put right, as long as it is not one of the register."""
    rule = definition.body.get("supersedes")
    if not rule:
        return []
    names = {rule["answer"], rule.get("months_late"), *conditions.fields(rule.get("when"))} - {None}
    changed = sorted(str(name) for name in names if before.get(name) != after.get(name))
    if not changed:
        return []
    if work.first(_CLAIMED, request_id=request_id) is None:
        found = of(work, definition, after)
        if found.former is None and not found.faults:
            return []
    return [Fault("answer_fixed", f"answers/{name}") for name in changed]


def claim(work: UnitOfWork, former: Any, request_id: UUID) -> None:
    """This request is the one that will supersede the licence. Of two lodged at once one is told to look again."""
    work.write(_CLAIM, expect=1, licence_id=former.id, seen=former.version, before=former.successor_request,
               request_id=request_id)  # fmt: skip


def _faults(
    work: UnitOfWork, definition: Definition, former: Any, rule: Mapping[str, Any], today: date, at: str
) -> list[Fault]:
    kind = rule["as"]
    issued_by = guide.definition(work, former.service_code, former.service_version)
    renewal = issued_by.output(former.output).get("renewal")
    if kind == register.RENEWAL:
        ours = renewal is not None and renewal["service"] == definition.code
    else:
        ours = former.service_code in rule.get("of", ())
    if not ours:
        return [Fault("licence_of_another_service", at, {"name_ar": issued_by.name["ar"],
                                                         "name_en": issued_by.name["en"]})]  # fmt: skip
    faults = []
    standing = register.status(former.state, former.valid_from, former.valid_until, today)
    if standing not in register.ACTS[kind].statuses:
        faults += [Fault(fault.code, at, fault.params) for fault in register.refused(register.ACTS[kind], standing)
                   .faults]
    if former.under_way:
        faults.append(Fault("succession_under_way", at, {"number": former.under_way}))
    if kind == register.RENEWAL and renewal is not None and former.valid_until is not None:
        opens = former.valid_until - timedelta(days=renewal["opens_days_before"])
        closes = former.valid_until + timedelta(days=renewal["late_days"])
        if today < opens:
            faults.append(Fault("renewal_too_early", at, {"opens": opens.isoformat()}))
        if today > closes:
            faults.append(Fault("renewal_too_late", at, {"closed": closes.isoformat()}))
    return faults
