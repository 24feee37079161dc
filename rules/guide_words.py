"""The sectors and life events by which the guide is sorted, from `guide_words.yaml` beside this file: one table of
names in both languages for search, filters, pages and exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rules import strict_yaml


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """An occasion in a person's life, or in that of a business, on which services are looked for."""

    name: Mapping[str, str]
    business: bool = False


@dataclass(frozen=True, slots=True)
class GuideWords:
    """Codes with their names, `{ar, en}`, in the order in which they are offered."""

    sectors: Mapping[str, Mapping[str, str]]
    life_events: Mapping[str, LifeEvent]


def read(data: Mapping[str, Any]) -> GuideWords:
    """Check and read the file's content. ValueError, naming every mistake, where a section is missing or unknown or a
    name lacks a language."""
    sections = ("sectors", "life_events")
    mistakes = [f"not a section: {key}" for key in data if key not in sections]
    mistakes += [f"the section {key} is missing" for key in sections if not data.get(key)]
    for key in sections:
        for code, entry in (data.get(key) or {}).items():
            allowed = {"ar", "en"} | ({"business"} if key == "life_events" else set())
            if not isinstance(entry, Mapping) or set(entry) - allowed:
                mistakes.append(f"{key} {code} has names in ar and en and nothing unknown")
            elif not all(isinstance(entry.get(one), str) and entry[one].strip() for one in ("ar", "en")):
                mistakes.append(f"{key} {code} needs names in ar and en")
            elif not isinstance(entry.get("business", False), bool):
                mistakes.append(f"{key} {code}: business is true or false")
    if mistakes:
        raise ValueError("guide_words.yaml: " + "; ".join(mistakes))
    return GuideWords(
        MappingProxyType({code: _name(entry) for code, entry in data["sectors"].items()}),
        MappingProxyType({code: LifeEvent(_name(entry), entry.get("business", False))
                          for code, entry in data["life_events"].items()}),
    )


def _name(entry: Mapping[str, Any]) -> Mapping[str, str]:
    return MappingProxyType({"ar": entry["ar"], "en": entry["en"]})


@cache
def load() -> GuideWords:
    """The words of this platform; read once, checked by `read`."""
    with (Path(__file__).parent / "guide_words.yaml").open(encoding="utf-8") as file:
        return read(strict_yaml.load(file))


def sector_name(code: str) -> Mapping[str, str]:
    """The sector's names, `{ar, en}`; the code itself in both where there is no such sector."""
    return load().sectors.get(code) or {"ar": code, "en": code}


def life_event_name(code: str) -> Mapping[str, str]:
    """The life event's names, `{ar, en}`; the code itself in both where there is no such event."""
    event = load().life_events.get(code)
    return event.name if event else {"ar": code, "en": code}
