"""Definitions as people write them: one YAML file a service, and files that hold what several services share.

A file `_name.yaml` is a base and no service. `extends: _name` (or a list, merged in that order) puts the file over it:
mappings merge; lists whose items all have a key merge item by item, the rest are replaced; null removes a key. The key
of an item is its `code`, else its `name` (when it is one text), else its `value`, else the prefix of the part it uses.
A new item goes to the end, or before another: `before: <key>`; `{code: x, remove: true}` takes one away.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from contracts.definition.loading import invalid
from contracts.problems import describe
from rules import definition_paths, strict_yaml
from rules.refusal import Fault, Refusal

_BEFORE, _REMOVE, _EXTENDS = "before", "remove", "extends"
_Parsed = dict[Path, dict[str, Any]]  # what was parsed so far: many services stand over the same bases


def read_folder(path: Path) -> dict[str, dict[str, Any]]:
    """The raw definitions of a folder by code, in the order of their file names, bases merged in. Refuses with every
    fault of every file, each `field` beginning with the file's name; only reading and merging are judged here."""
    found: dict[str, dict[str, Any]] = {}
    faults: list[Fault] = []
    parsed: _Parsed = {}
    for file in files(path):
        try:
            found[file.stem] = _read_file(file, parsed)
        except Refusal as refusal:
            faults += [Fault(fault.code, f"{file.name}/{fault.field or ''}".rstrip("/"), fault.params)
                       for fault in refusal.faults]
    if faults:
        raise Refusal(faults)
    return found


def files(path: Path) -> list[Path]:
    """The files of a folder that are services, sorted by name."""
    return sorted(file for file in path.glob("*.yaml") if not file.name.startswith("_"))


def read_file(path: Path) -> dict[str, Any]:
    """The raw definition of one file, its bases (in the same folder) merged in, without `extends`. Refuses, each as
    `definition_invalid` with its `rule`: file_unreadable, file_named_otherwise (a service's file has its code as its
    name), base_unknown, base_circular, merge_key_unknown."""
    return _read_file(path, {})


def _read_file(path: Path, parsed: _Parsed) -> dict[str, Any]:
    faults: list[Fault] = []
    data = copy.deepcopy(_read(path, (), faults, parsed))
    if not faults and data.get("code") != path.stem and not path.name.startswith("_"):
        faults.append(Fault("file_named_otherwise", "code", {"file": path.name, "code": data.get("code")}))
    if faults:
        raise Refusal([invalid(fault.field, describe(fault, "ar"), describe(fault, "en"), fault.code)
                       for fault in faults])
    return data


def _read(path: Path, above: tuple[str, ...], faults: list[Fault], parsed: _Parsed) -> dict[str, Any]:
    """Shares its parts with what was parsed: who hands it out copies it."""
    if path not in parsed:
        parsed[path] = _parse(path)
    data = dict(parsed[path])
    bases = data.pop(_EXTENDS, [])
    merged: dict[str, Any] = {}
    for base in [bases] if isinstance(bases, str) else bases if isinstance(bases, list) else [None]:
        file = path.parent / f"{base}.yaml"
        if not isinstance(base, str) or not base.startswith("_") or "/" in base or not file.is_file():
            faults.append(Fault("base_unknown", _EXTENDS, {"base": base}))
        elif base in (*above, path.stem):
            faults.append(Fault("base_circular", _EXTENDS, {"base": base}))
        else:
            merged = _merge(merged, _read(file, (*above, path.stem), faults, parsed), faults, "")
    return _merge(merged, data, faults, "")


def _parse(path: Path) -> dict[str, Any]:
    try:
        data = strict_yaml.load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise _unreadable(" ".join(str(error).split())) from error
    if not isinstance(data, dict):
        raise _unreadable("no mapping · ليس مجموعة بيانات بمفاتيح")
    return data


def _unreadable(reason: str) -> Refusal:
    fault = Fault("file_unreadable", None, {"reason": reason})
    return Refusal(invalid(None, describe(fault, "ar"), describe(fault, "en"), fault.code))


def merge(base: Mapping[str, Any], over: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """`over` laid over `base`; neither is changed, and the result shares nothing with them. An item to be removed or
    stood before that is not there is added to `faults` as merge_key_unknown."""
    return copy.deepcopy(_merge(base, over, faults, ""))


def _merge(base: Mapping[str, Any], over: Mapping[str, Any], faults: list[Fault], where: str) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        at = f"{where}/{key}".lstrip("/")
        if value is None and key in base:
            merged.pop(key)
        else:
            merged[key] = _over(base.get(key), value, faults, at)
    return merged


def _over(base: Any, value: Any, faults: list[Fault], where: str) -> Any:
    if isinstance(base, Mapping) and isinstance(value, Mapping):
        return _merge(base, value, faults, where)
    if isinstance(value, list) and _keyed(value) and (base is None or (isinstance(base, list) and _keyed(base))):
        return _items(base or [], value, faults, where)
    return value


def _keyed(items: list[Any]) -> bool:
    return all(_key(item) is not None for item in items)


def _key(item: Any) -> str | None:
    found = definition_paths.key(item)
    if found is None and isinstance(item, Mapping):
        prefix = item.get("prefix") or item.get("part")
        return f"part {prefix}" if isinstance(prefix, str) else None
    return found


def _items(base: list[Any], over: list[Any], faults: list[Fault], where: str) -> list[Any]:
    merged: list[tuple[str | None, Any]] = [(_key(item), item) for item in base]
    for index, written in enumerate(over):
        at, key = f"{where}/{index}", _key(written)
        item = {name: value for name, value in written.items() if name not in (_BEFORE, _REMOVE)}
        place = next((place for place, (known, _) in enumerate(merged) if known == key), None)
        if written.get(_REMOVE) is True:
            if place is None:
                faults.append(Fault("merge_key_unknown", at, {"key": key}))
            else:
                merged.pop(place)
            continue
        if place is not None:
            item = _merge(merged.pop(place)[1], item, faults, at)
        before = written.get(_BEFORE)
        if before is not None:
            places = [place for place, (known, _) in enumerate(merged) if known in (before, f"part {before}")]
            place = places[0] if places else None
            if place is None:
                faults.append(Fault("merge_key_unknown", at, {"key": before}))
        merged.insert(len(merged) if place is None else place, (key, item))
    return [item for _, item in merged]
