"""Reusable parts of a form: a person, an address, a property … The list is parts.yaml beside this file.

A use such as `{part: property, prefix: site, fields: [area, street], required: [area]}` becomes ordinary fields
(`site_area`, `site_street`) that remember their part. After that nothing but `part` tells them from others.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rules import strict_yaml
from rules.refusal import Fault


@cache
def load() -> Mapping[str, Mapping[str, Any]]:
    """The parts by code: {name, fields: [form fields], required: [names that must be answered unless a use says]}."""
    with (Path(__file__).parent / "parts.yaml").open(encoding="utf-8") as file:
        return MappingProxyType(strict_yaml.load(file))


def is_use(item: object) -> bool:
    """Whether an entry of a form uses a part, rather than being a field (which may only remember one)."""
    return isinstance(item, Mapping) and isinstance(item.get("part"), str)


def expand(use: Mapping[str, Any], where: str) -> tuple[list[dict[str, Any]], list[Fault]]:
    """The fields of one use, whose shape was found sound, and what is wrong with it: part_unknown, part_field_unknown
    at `<where>/…`."""
    part = load().get(use["part"])
    if part is None:
        return [], [Fault("part_unknown", f"{where}/part", {"part": use["part"], "known": ", ".join(load())})]
    known = {field["name"]: field for field in part["fields"]}
    chosen = list(use.get("fields") or known)
    required = set(use.get("required", set(part.get("required", ())) & set(chosen)))
    change = use.get("change") or {}
    faults = [Fault("part_field_unknown", f"{where}/{key}", {"part": use["part"], "name": name})
              for key, names, among in (("fields", chosen, known), ("required", required, chosen),
                                        ("change", change, chosen))
              for name in sorted(names) if name not in among]
    found = [_field(use, part, known[name], known, name in required, change.get(name) or {})
             for name in chosen if name in known]
    return found, faults


def _field(use: Mapping[str, Any], part: Mapping[str, Any], field: Mapping[str, Any], known: Mapping[str, Any],
           required: bool, change: Mapping[str, Any]) -> dict[str, Any]:
    prefix = use.get("prefix")
    made = copy.deepcopy({**field, **change})
    inner = _renamed(made.pop("when", None), prefix, known)
    outer = copy.deepcopy(use.get("when"))
    conditions = [one for one in (outer, inner) if one]
    made["name"] = f"{prefix}_{field['name']}" if prefix else field["name"]
    made["required"] = bool(change.get("required", required))
    if conditions:
        made["when"] = conditions[0] if len(conditions) == 1 else {"all": conditions}
    if use.get("source"):
        made["source"] = use["source"]
    made["part"] = {"code": use["part"], "prefix": prefix, "name": dict(use.get("name") or part["name"])}
    return made


def _renamed(condition: Any, prefix: str | None, known: Mapping[str, Any]) -> Any:
    """The condition with the part's own names under the prefix; names of the form around it stay."""
    if not prefix or not isinstance(condition, Mapping):
        return condition
    if isinstance(condition.get("field"), str) and condition["field"] in known:
        return {**condition, "field": f"{prefix}_{condition['field']}"}
    return {key: [_renamed(one, prefix, known) for one in value] if isinstance(value, list)
            else _renamed(value, prefix, known) for key, value in condition.items()}
