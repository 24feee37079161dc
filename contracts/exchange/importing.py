"""What is made of a file that somebody sends in: which services it changes, and what is refused and why.

Nothing is published here. Whoever calls proposes what is changed, one proposal a service, for somebody else to review.
A definition with any fault is refused whole, and a file that was not understood as a whole is refused whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.definition import load_definition
from contracts.exchange import MAX_SERVICES, Item, Reading, plain, xlsx
from contracts.problems import describe
from rules import overrides
from rules.refusal import Fault, Refusal

JSON, YAML = "application/json", "application/yaml"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
READERS: Mapping[str, Callable[[bytes], Reading]] = {
    JSON: plain.read_json, YAML: plain.read_yaml, XLSX: xlsx.read_xlsx,
}  # fmt: skip
MOST_FAULTS = 20_000
"""Faults of a file that are told one by one; of each definition after these the first and how many more."""
SUFFIXES = {".json": JSON, ".yaml": YAML, ".yml": YAML, ".xlsx": XLSX}


@dataclass(frozen=True, slots=True)
class Judged:
    """One definition of a file: to be proposed (`definition`, loaded), unchanged (neither), or refused (`faults`).
    `edition`: what is in force here of a service that is changed."""

    at: str
    code: str | None
    definition: Mapping[str, Any] | None = None
    faults: Sequence[Mapping[str, Any]] = ()
    edition: Mapping[str, Any] | None = None


def judge(media_type: str, data: bytes, standing: Callable[[str], Mapping[str, Any] | None]) -> list[Judged]:
    """Every definition of the file, judged. `standing` gives what is in force of a code, or None. Refuses where the
    file cannot be understood as a whole."""
    reading = READERS[media_type](data)
    faults = list(reading.faults)
    if not faults and not reading.items:
        faults.append(Fault("import_empty"))
    if len(reading.items) > MAX_SERVICES:
        faults.append(Fault("import_too_many", None, {"count": len(reading.items), "limit": MAX_SERVICES}))
    if faults:
        raise Refusal(faults)
    codes = Counter(item.code for item in reading.items if item.code)
    judged: list[Judged] = []
    left = MOST_FAULTS
    for item in reading.items:
        judged.append(_judged(item, codes, standing, max(left, 1)))
        left -= len(judged[-1].faults)
    return judged


def _judged(
    item: Item, codes: Counter[str], standing: Callable[[str], Mapping[str, Any] | None], most: int
) -> Judged:
    faults = list(item.faults)
    if item.code and codes[item.code] > 1:
        faults.append(Fault("import_code_twice", "code", {"code": item.code, "at": item.at}))
    definition = None
    try:
        definition = load_definition(item.raw)
    except Refusal as refusal:
        faults += refusal.faults
    if len(faults) > most:
        faults = [*faults[:most], Fault("import_faults_more", None, {"count": len(faults) - most})]
    if faults or definition is None:
        return Judged(item.at, item.code, None, [told(fault, item.locate) for fault in faults])
    edition = standing(definition["code"])
    if definition == edition:
        return Judged(item.at, item.code)
    return Judged(item.at, item.code, definition, edition=edition)


def told(fault: Fault, locate: Callable[[str], str] | None = None) -> dict[str, Any]:
    """One reason of a refusal: field, where that stands in the file, code, and what it says in both languages."""
    at = fault.params.get("at") or (locate(fault.field) if locate and fault.field else None)
    return {"field": fault.field, "at": at, "code": str(fault.params.get("rule") or fault.code),
            "ar": describe(fault, "ar"), "en": describe(fault, "en")}  # fmt: skip


class NotAnswered(Exception):
    """The platform did not answer; asking on is of no use."""


def propose(
    judged: Sequence[Judged],
    effective_from: date | None,
    ask: Callable[[str, Mapping[str, Any], str], Mapping[str, Any]],
) -> dict[str, Any]:
    """Propose each change and report what became of the file. `ask(method, payload, code)` asks catalog in the name of
    whoever imports: `catalog.get` for what the country has, and `catalog.check` before `catalog.propose`, so that no
    draft is left of what catalog would refuse; it raises Refusal or NotAnswered. From the first NotAnswered on the rest
    is reported as not taken."""
    proposed: dict[str, Mapping[str, Any]] = {}
    failed: dict[str, Sequence[Mapping[str, Any]]] = {}
    same: set[str] = set()
    day = effective_from.isoformat() if effective_from else None
    for one in judged:
        if one.definition is None or one.code is None:
            continue
        try:
            payload = {"kind": "definition", "effective_from": day,
                       "body": _for_the_nation(one.code, one.definition, one.edition, ask)}
            found = ask("catalog.check", payload, one.code)["faults"]
            if [fault["code"] for fault in found] == ["nothing_changed"]:
                same.add(one.code)
            elif found:
                failed[one.code] = found
            else:
                proposed[one.code] = ask("catalog.propose", payload, one.code)
        except Refusal as refusal:
            failed[one.code] = [told(fault) for fault in refusal.faults]
        except NotAnswered:
            break
    return report(judged, proposed, failed, same)


def _for_the_nation(
    code: str, changed: Mapping[str, Any], edition: Mapping[str, Any] | None,
    ask: Callable[[str, Mapping[str, Any], str], Mapping[str, Any]],
) -> Mapping[str, Any]:  # fmt: skip
    """The definition to propose: an exported edition carries the governorate's own values, which are not proposed to
    the country because somebody corrected a word beside them."""
    if edition is None:
        return changed
    national = ask("catalog.get", {"code": code, "scope": "national"}, code)["definition"]
    return overrides.national_of(changed, edition, national)


def report(
    judged: Sequence[Judged],
    proposed: Mapping[str, Mapping[str, Any]],
    failed: Mapping[str, Sequence[Mapping[str, Any]]],
    same: Collection[str] = (),
) -> dict[str, Any]:
    """What became of a file: `accepted` with the proposal of each (`proposed`, by code), `unchanged`, and `refused`
    with every reason. `failed` holds why catalog took no proposal of a code, `same` the codes of which it said that
    nothing is changed. A change that is in none of the three was never asked for: the platform did not answer."""
    accepted, unchanged, refused = [], [], []
    for one in judged:
        head = {"at": one.at, "code": one.code}
        if one.faults:
            refused.append({**head, "faults": list(one.faults)})
        elif one.definition is None or one.code in same:
            unchanged.append(head)
        elif one.code is not None and one.code in proposed:
            accepted.append({**head, **proposed[one.code]})
        else:
            refused.append({**head, "faults": list(failed.get(one.code or "") or [told(Fault("unavailable"))])})
    return {"accepted": accepted, "unchanged": unchanged, "refused": refused}
