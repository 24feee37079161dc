"""`python -m contracts.definition FOLDER|FILE…`: every fault of every definition, in one run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from contracts.definition import authoring, checks
from contracts.definition.loading import load_definition
from contracts.problems import describe
from rules import definition_paths
from rules.refusal import Fault, Refusal


def main(arguments: Sequence[str]) -> int:
    """Prints each fault with its file, its place (the item's code beside its number) and its rule. 0 when there is
    none, 1 when there is any, 2 without arguments. What only the whole guide shows is judged where a folder is given.
    """
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    sound: dict[str, dict[str, Any]] = {}
    count = faulty = 0
    for file in _files(arguments):
        count += 1
        lines = list(_lines(file, sound))
        faulty += bool(lines)
        print("\n".join(lines or [f"{file.name}: ok"]))
    if any(Path(argument).is_dir() for argument in arguments):
        for code, faults in checks.across(sound).items():
            faulty += 1
            print("\n".join(_line(f"{code}.yaml", fault, describe(fault, "en"), fault.code, sound[code])
                            for fault in faults))
    print(f"{count} files, {faulty} with faults")
    return 1 if faulty or not count else 0


def _files(arguments: Iterable[str]) -> Iterator[Path]:
    for argument in arguments:
        path = Path(argument)
        yield from authoring.files(path) if path.is_dir() else [path]


def _lines(file: Path, sound: dict[str, dict[str, Any]]) -> Iterator[str]:
    raw: dict[str, Any] = {}
    try:
        raw = authoring.read_file(file)
        definition = load_definition(raw)
        sound[definition["code"]] = definition
    except Refusal as refusal:
        for fault in refusal.faults:
            yield _line(file.name, fault, f"{fault.params['ar']} · {fault.params['en']}", fault.params["rule"], raw)


def _line(name: str, fault: Fault, text: str, rule: str, data: Any) -> str:
    return f"{name}: {_place(data, fault.field or '')}: {rule}: {text}"


def _place(data: Any, field: str) -> str:
    """The place with the code of each item beside its number: `fees/3(permit)/amount`."""
    here, shown = data, []
    for step in field.split("/"):
        if isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
            key = definition_paths.key(here)
            shown.append(f"{step}({key})" if key else step)
        else:
            here = here.get(step) if isinstance(here, dict) else None
            shown.append(step)
    return "/".join(shown)
