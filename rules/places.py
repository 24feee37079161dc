"""Governorates, local units, and the cities of new-city authorities. The lists are data beside this file; they cover
the part of the country that public sources name, so an unknown unit is looked up, never guessed. What a governorate
approved since stands in catalog and is laid over the lists (`rules.organisation`)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

# Kinds of unit that offer services; `markaz-city` is one local unit for a markaz and its city.
UNIT_KINDS: Mapping[str, dict[str, str]] = MappingProxyType({
    "district": {"ar": "حي", "en": "District"},
    "city": {"ar": "مدينة", "en": "City"},
    "markaz": {"ar": "مركز", "en": "Markaz"},
    "markaz-city": {"ar": "مركز ومدينة", "en": "Markaz and city"},
    "village": {"ar": "وحدة قروية", "en": "Village unit"},
    "diwan": {"ar": "ديوان عام المحافظة", "en": "Governorate's diwan"},
    "new-city": {"ar": "جهاز مدينة جديدة", "en": "New-city authority"},
})
BORN_ABROAD = "88"  # stands in a national ID where the governorate of birth does


class _Named:
    __slots__ = ()
    name_ar: str
    name_en: str

    @property
    def name(self) -> dict[str, str]:
        """Both names by language."""
        return {"ar": self.name_ar, "en": self.name_en}


@dataclass(frozen=True, slots=True)
class Governorate(_Named):
    """One of the 27: ISO 3166-2 code, the two digits that stand for it in a national ID, names."""

    iso_code: str
    national_id_code: str
    name_ar: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Unit(_Named):
    """A local unit: `kind` is one of UNIT_KINDS; `status` is open or being fitted out, and empty where it is not known
    to have a window: so of a diwan, which every governorate has and which decides where the units below cannot."""

    code: str
    governorate: str
    kind: str
    name_ar: str
    name_en: str
    status: str


@dataclass(frozen=True, slots=True)
class Authority(_Named):
    """An authority that runs new cities beside the governorates. `source` is public or unverified."""

    code: str
    name_ar: str
    name_en: str
    source: str


@dataclass(frozen=True, slots=True)
class NewCity(_Named):
    """A city of a new-city authority; it belongs to no governorate. Codes are ours."""

    code: str
    authority: str
    name_ar: str
    name_en: str
    source: str


@cache
def governorates() -> Mapping[str, Governorate]:
    """The governorates by ISO code, in the order of their national-ID codes."""
    rows = (Governorate(row["iso_code"], row["national_id_code"], row["name_ar"], row["name_en"])
            for row in _rows("governorates.csv"))
    return MappingProxyType({governorate.iso_code: governorate for governorate in rows})


@cache
def units() -> Mapping[str, Unit]:
    """The units by code. A unit of an unknown governorate is an error of the list and fails the load."""
    found: dict[str, Unit] = {}
    for row in _rows("units.csv"):
        if row["governorate"] not in governorates():
            raise ValueError(f"unit {row['code']} belongs to no governorate: {row['governorate']}")
        found[row["code"]] = Unit(row["code"], row["governorate"], row["kind"], row["name_ar"], row["name_en"],
                                  row["status"])
    return MappingProxyType(found)


@cache
def authorities() -> Mapping[str, Authority]:
    """The new-city authorities by code."""
    return MappingProxyType({row["code"]: Authority(**row) for row in _rows("authorities.csv")})


@cache
def new_cities() -> Mapping[str, NewCity]:
    """The cities of new-city authorities by code, as far as public sources surely name them; not all there are."""
    found = {row["code"]: NewCity(**row) for row in _rows("new_cities.csv")}
    if strays := {city.authority for city in found.values()} - set(authorities()):
        raise ValueError(f"new cities of no authority: {sorted(strays)}")
    return MappingProxyType(found)


@cache
def governorates_by_national_id_code() -> Mapping[str, Governorate]:
    return MappingProxyType({g.national_id_code: g for g in governorates().values()})


def governorate(iso_code: str) -> Governorate | None:
    """The governorate of an ISO code such as `EG-GZ`, or None."""
    return governorates().get(iso_code)


def unit(code: str) -> Unit | None:
    """The unit of a code such as `EG-C-13`, or None."""
    return units().get(code)


def _rows(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
