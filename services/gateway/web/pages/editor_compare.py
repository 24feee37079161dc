"""What differs between two versions of a service, and what that means for people, in plain language with a small
chart: used where versions are compared and where a proposal is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import g

from rules import measure
from rules.difference_words import WORDS as KEYS
from rules.refusal import Refusal
from services.gateway.web.pages import editor_brief, shown
from services.gateway.web.pages.editor_options import Options
from services.gateway.web.pages.editor_units import LABELS
from services.gateway.web.pages.editor_words import WORDS

_MONEY = ("amount", "min_amount", "max_amount", "round_to")
_WORDS_OF = {"type": "types", "kind": "", "silence": "silences", "presented": "presented", "source": "sources",
             "clock": "clocks", "purpose": "purposes", "outcome": "outcomes", "verdict": "verdicts",
             "rounding": "roundings"}
_CHOSEN = {"applicants": "applicants", "channels": "channels", "unit_kinds": "unit_kinds", "sector": "sectors",
           "life_event": "life_events", "delivery": "deliveries", "accepts": "media_types", "shows": "shows",
           "fields": "questions", "states": "states"}
_COUNTS = ("steps", "documents_required", "documents_conditional", "days", "visits", "least_fee", "most_fee")


def rows(found: Iterable[Mapping[str, Any]], before: Mapping[str, Any], after: Mapping[str, Any]
         ) -> list[dict[str, Any]]:
    """Sections with their differences: what changed, how, and the values before and after in words."""
    sections: dict[str, list[dict[str, Any]]] = {}
    old, new = Options(before), Options(after)
    for one in found:
        if "changed" in one:  # of the organisation: an entity as a whole
            sections.setdefault(shown.named(one["label"]), []).extend(_entity(one))
            continue
        last = str(one["path"]).rpartition("/")[2]
        label = shown.named(one["label"]).partition(" – ")[2] or shown.named(one["label"])
        sections.setdefault(str(one["section"]), []).append({
            "what": label, "kind": one["kind"], "was": value(last, one["before"], old),
            "now": value(last, one["after"], new)})
    return [{"section": KEYS.get(section, {}).get(g.language, section), "rows": changes}
            for section, changes in sections.items()]


def _entity(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an operation changes of an entity, field by field."""
    before, after = one["before"] or {}, one["after"] or {}
    keys = one["changed"] or [key for key in {**before, **after} if (before or after).get(key) not in (None, [], {})]
    pick = 0 if g.language == "ar" else 1
    return [{"what": LABELS[key][pick] if key in LABELS else key, "kind": one["kind"],
             "was": editor_brief.in_words(before.get(key), g.language),
             "now": editor_brief.in_words(after.get(key), g.language)} for key in keys]


def value(key: str, found: Any, options: Options) -> str:
    """A value of a definition in words."""
    if found is None:
        return ""
    if key in _MONEY and isinstance(found, int):
        return shown.money(found)
    if key in ("when", "exempt_when"):
        return editor_brief.condition_words(found, options, g.language)
    if key in ("to", "next", "expired", "initial", "silence_to", "favourable", "unfavourable", "state"):
        return {code: name[g.language] for code, name in options.states()}.get(str(found), str(found))
    if isinstance(found, str) and key in _WORDS_OF:
        return _word(found, _WORDS_OF[key])
    if key == "department":
        return {code: name[g.language] for code, name in options.of("departments")}.get(str(found), str(found))
    if key == "role":
        return {code: name[g.language] for code, name in options.of("staff_roles")}.get(str(found), str(found))
    if key == "requires" and isinstance(found, list):
        names = {code: name[g.language] for code, name in options.inputs()}
        return shown.joined(names.get(str(one), str(one)) for one in found)
    if key in _CHOSEN and isinstance(found, (str, list)):
        names = {code: name[g.language] for code, name in options.of(_CHOSEN[key])}
        return shown.joined(names.get(str(one), str(one)) for one in ([found] if isinstance(found, str) else found))
    if isinstance(found, Mapping) and not {"ar", "label", "name"} & set(found):
        inside = "source" if key == "sources" else None  # of each section, where it is known from
        return shown.joined(f"{KEYS.get(one, {}).get(g.language, one)}: {value(inside or one, inner, options)}"
                            for one, inner in found.items())
    return editor_brief.in_words(found, g.language)


def _word(code: str, source: str) -> str:
    pick = 0 if g.language == "ar" else 1
    for name, words in WORDS.items():
        if (name == source or (not source and name in ("fee_kinds", "day_kinds", "state_kinds", "output_kinds",
                                                       "block_kinds"))) and code in words:
            return words[code][pick]
    return code


def effect(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any] | None:
    """Both versions measured, for a table with bars; None where either has no path that could be measured."""
    try:
        found = measure.effect(before, after)
    except (Refusal, KeyError, TypeError, ValueError):
        return None
    counts = [_count(name, getattr(found.before, name), getattr(found.after, name)) for name in _COUNTS]
    return {"counts": [one for one in counts if one], "fees": [
        {"name": shown.named(one.name), "was": _money(one.before), "now": _money(one.after),
         "less": None not in (one.before, one.after) and (one.after or 0) < (one.before or 0),
         "more": None not in (one.before, one.after) and (one.after or 0) > (one.before or 0)} for one in found.fees],
        "added": [_department(one) for one in found.departments_added],
        "removed": [_department(one) for one in found.departments_removed]}


def _count(name: str, was: int | None, now: int | None) -> dict[str, Any] | None:
    if was is None or now is None:
        return None
    money = name.endswith("_fee")
    return {"name": shown.text(f"ed.measure.{name}"), "was": was, "now": now, "most": max(was, now, 1),
            "was_text": shown.money(was) if money else str(was), "now_text": shown.money(now) if money else str(now),
            "less": now < was, "more": now > was}


def _money(amount: int | None) -> str:
    return shown.text("ed.measure.unknown") if amount is None else shown.money(amount)


def _department(code: str) -> str:
    return dict(Options({}).of("departments")).get(code, {}).get(g.language, code)
