"""What differs between two definitions, path by path, for the people who review one.

A path is written as in rules.definition_paths: an item of a list is named by its code, name or value. A list whose
items have no such names (the tiers of a fee, plain words) is compared and told as a whole. Where only the order of
named items changed, the list's own path is told, with the order before and after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rules import definition_paths
from rules.difference_words import WORDS

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_SEPARATOR = " – "


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every difference once, in the order in which the definitions are written: {path, kind: added | removed | changed,
    before, after, section, label: {ar, en}}; `before` is None for what was added, `after` for what was removed. Empty
    exactly when the two say the same (the order of a mapping's keys says nothing)."""
    return [{"path": "/".join(path), "kind": kind, "before": was, "after": now, "section": path[0],
             "label": {language: _label(path, before, after, language) for language in ("ar", "en")}}
            for path, kind, was, now in _compare((), before, after)]


_Difference = tuple[tuple[str, ...], str, Any, Any]


def _compare(path: tuple[str, ...], before: Any, after: Any) -> Iterator[_Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _members(path, before, after)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _items(path, before, after)
    elif isinstance(before, bool) is not isinstance(after, bool) or before != after:
        yield path, CHANGED, before, after


def _members(path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[_Difference]:
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield (*path, name), REMOVED, before[name], None
        elif name not in before:
            yield (*path, name), ADDED, None, after[name]
        else:
            yield from _compare((*path, name), before[name], after[name])


def _items(path: tuple[str, ...], before: list[Any], after: list[Any]) -> Iterator[_Difference]:
    was, now = _named(before), _named(after)
    if was is None or now is None or not (was or now):
        if any(True for _ in _plain(before, after)):
            yield path, CHANGED, before, after
        return
    yield from _members(path, was, now)
    kept, order = [name for name in was if name in now], [name for name in now if name in was]
    if kept != order:
        yield path, CHANGED, kept, order


def _plain(before: list[Any], after: list[Any]) -> Iterator[_Difference]:
    if len(before) != len(after):
        yield (), CHANGED, before, after
    for one, other in zip(before, after, strict=False):
        yield from _compare((), one, other)


def _named(items: Sequence[Any]) -> dict[str, Any] | None:
    """The items by what they are called; None where one has no name or two have the same."""
    found = {name: item for item in items if (name := definition_paths.key(item)) is not None}
    return found if len(found) == len(items) else None


def _label(path: Sequence[str], before: Any, after: Any, language: str) -> str:
    """The path as people say it: names of items, words for keys."""
    words: list[str] = []
    for step in path:
        before, after = _step(before, step), _step(after, step)
        words.append(_name(after, language) or _name(before, language) or WORDS.get(step, {}).get(language) or step)
    return _SEPARATOR.join(words)


def _step(here: Any, step: str) -> Any:
    return definition_paths.find(here, step) if isinstance(here, (Mapping, list)) else None


def _name(value: Any, language: str) -> str | None:
    for key in ("name", "label"):
        text = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(text, Mapping) and isinstance(text.get(language), str):
            return str(text[language])
    return None
