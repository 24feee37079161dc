"""What a governorate may make its own in a service of the national guide, and nothing else.

`overrides` is a mapping of paths (rules.definition_paths) to the governorate's values. Every governorate may set
    channels, unit_kinds     a part of the national list, not empty
    keywords                 words that are added to the national ones
    fees/<code>/account      the accounting code that the fee is booked under
and beside these only the paths that the definition lists as `overridable`, with a value of the national one's kind and
inside the bounds listed. No path leads to a unit or a centre: fees and documents of an edition are the same in all of
a governorate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from rules import conditions, definition_paths
from rules.definition_paths import NOTHING
from rules.refusal import Fault

Definition = Mapping[str, Any]
Overrides = Mapping[str, Any]

SUBSETS = ("channels", "unit_kinds")
KEYWORDS = "keywords"
MOST_KEYWORDS, KEYWORD_LENGTH = 50, 100
_ACCOUNT_PATH = re.compile(r"fees/([^/]+)/account")
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_IDENTITY = ("code", "kind", "source")  # by these a part is found and judged; to change them is to make another part


def check(national: Definition, overrides: Overrides) -> list[Fault]:
    """Everything that keeps these overrides from fitting the national definition (a loaded one), each at
    `overrides/<path>`: override_not_allowed, override_unknown (the path leads nowhere), override_not_subset,
    override_keywords_unsound, override_value_unsound, override_out_of_bounds. Whether the whole can still be executed
    is for whoever loads the result of `apply`."""
    limits = {one["path"]: one for one in national.get("overridable") or ()}
    faults: list[Fault] = []
    for path, value in overrides.items():
        where = f"overrides/{path}"
        if path in SUBSETS:
            faults += _check_subset(national[path], path, value, where)
        elif path == KEYWORDS:
            faults += _check_keywords(value, where)
        elif path in limits and path.rpartition("/")[2] not in _IDENTITY:
            faults += _check_value(definition_paths.find(national, path), limits[path], value, where)
        elif _ACCOUNT_PATH.fullmatch(path):
            faults += _check_account(national, path, value, where)
        else:
            faults.append(Fault("override_not_allowed", where, {"path": path}))
    return faults


def apply(national: Definition, overrides: Overrides) -> dict[str, Any]:
    """The national definition with the governorate's values in it, for overrides that `check` found to fit. A new
    mapping; nothing given is changed."""
    body = deepcopy(dict(national))
    for path, value in overrides.items():
        if path in SUBSETS:
            body[path] = [one for one in national[path] if one in value]
        elif path == KEYWORDS:
            known = list(national.get(KEYWORDS) or ())
            body[path] = known + [word for word in dict.fromkeys(value) if word not in known]
        else:
            parent, _, last = path.rpartition("/")
            place = definition_paths.find(body, parent) if parent else body
            place[last] = str(value) if isinstance(place[last], str) else value  # a decimal stays a text
    return body


def national_of(edited: Definition, edition: Definition, national: Definition) -> dict[str, Any]:
    """What a changed copy of a governorate's edition means for the national guide: where a governorate may have a
    value of its own and the copy has left it as it was, the national value stands. A new mapping."""
    body = deepcopy(dict(edited))
    for one in allowed(national):
        path = one["path"]
        parent, _, last = path.rpartition("/")
        place = definition_paths.find(body, parent) if parent else body
        if isinstance(place, dict) and place.get(last, NOTHING) == definition_paths.find(edition, path):
            place[last] = deepcopy(one["value"])
    return body


def allowed(national: Definition) -> list[dict[str, Any]]:
    """What a governorate may set here, for whoever fills in the form: path, the national value, and min and max where
    there are any."""
    paths = [*SUBSETS, KEYWORDS, *(f"fees/{line['code']}/account" for line in national["fees"])]
    found = {path: {"path": path, "value": definition_paths.find(national, path)} for path in paths}
    for one in national.get("overridable") or ():
        if one["path"].rpartition("/")[2] not in _IDENTITY:
            found[one["path"]] = {"value": definition_paths.find(national, one["path"]), **one}
    return list(found.values())


def _check_subset(offered: list[str], path: str, value: object, where: str) -> list[Fault]:
    if not isinstance(value, list) or not value or any(one not in offered for one in value):
        return [Fault("override_not_subset", where, {"path": path, "offered": "، ".join(offered)})]
    return []


def _check_keywords(value: object, where: str) -> list[Fault]:
    sound = isinstance(value, list) and len(value) <= MOST_KEYWORDS and all(
        isinstance(word, str) and word.strip() and len(word) <= KEYWORD_LENGTH for word in value)
    return [] if sound else [Fault("override_keywords_unsound", where,
                                   {"count": MOST_KEYWORDS, "length": KEYWORD_LENGTH})]


def _check_account(national: Definition, path: str, value: object, where: str) -> list[Fault]:
    if definition_paths.find(national, path) is NOTHING:
        return [Fault("override_unknown", where, {"path": path})]
    if not isinstance(value, str) or not _ACCOUNT.fullmatch(value):
        return [Fault("override_value_unsound", where, {"path": path})]
    return []


def _check_value(standing: object, limit: Mapping[str, Any], value: object, where: str) -> list[Fault]:
    path = limit["path"]
    if standing is NOTHING or isinstance(standing, (Mapping, list)):
        return [Fault("override_unknown", where, {"path": path})]
    if _ACCOUNT_PATH.fullmatch(path):
        sound = isinstance(value, str) and _ACCOUNT.fullmatch(value) is not None
    else:
        sound = _of_one_kind(standing, value, limit)
    if not sound:
        return [Fault("override_value_unsound", where, {"path": path})]
    number, low, high = (conditions.number(one) for one in (value, limit.get("min"), limit.get("max")))
    if number is not None and ((low is not None and number < low) or (high is not None and number > high)):
        return [Fault("override_out_of_bounds", where, {
            "path": path, "min": limit.get("min", "-"), "max": limit.get("max", "-")})]
    return []


def _of_one_kind(standing: object, value: object, limit: Mapping[str, Any]) -> bool:
    """A yes/no for a yes/no, a whole number for a whole number, a decimal text for one, a text for a text. A value that
    is bounded is a number, also where the national one is null (without end)."""
    if isinstance(standing, bool) or isinstance(value, bool):
        return isinstance(standing, bool) and isinstance(value, bool)
    if isinstance(standing, int) or (standing is None and ("min" in limit or "max" in limit)):
        return isinstance(value, int)
    if standing is None:
        return isinstance(value, (int, str))
    if conditions.number(standing) is not None:
        return isinstance(value, (int, str)) and conditions.number(value) is not None
    return isinstance(value, str) and bool(value.strip())
