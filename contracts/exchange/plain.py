"""The guide as JSON and as YAML: the definitions as they are, under a head that says whose they are and as of when."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import yaml

from contracts.exchange import MAX_SERVICES, MAX_VALUES, Item, Reading, WholeGuide, service_items
from rules.refusal import Fault

FORMAT = "shubbak-guide/1"
MAX_DEPTH = 64
"""Definitions nest some 15 deep; what cannot be read, sent and written again by recursion is refused here."""
MOST_UNQUOTED = 100_000
"""Letters of a YAML text without quotes: `1:1:1:…` is a number to the base of 60, reckoned in quadratic time."""
TOO_DEEP = "nested too deep"


def document(guide: WholeGuide) -> dict[str, Any]:
    """The export as plain data, services by code."""
    return {
        "format": FORMAT,
        "authority": guide.authority,
        "address": guide.address,
        "as_of": guide.day.isoformat(),
        "tag": guide.tag,
        "services": [{"code": one.code, "version": one.version, "effective_from": one.effective_from.isoformat(),
                      "definition": one.definition} for one in guide.services],
    }


def to_json(guide: WholeGuide) -> bytes:
    return orjson.dumps(document(guide), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def to_yaml(guide: WholeGuide) -> bytes:
    text: str = yaml.dump(document(guide), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=118)
    return text.encode()


def read_json(data: bytes) -> Reading:
    """The definitions of a JSON file, each with its path as position. A key that stands twice in one object is a fault
    of its definition: a reader that keeps the last would lose the other without a word."""
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_VALUES:  # of all values but one a comma follows
        return _too_many_values()
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_Object, parse_constant=_no_number)
        if _HALVES.search(data):  # two halves make a character; one alone is none, and no database keeps it
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        return _unreadable(f"{error.lineno}:{error.colno}", error.msg)
    except UnicodeDecodeError as error:
        return _unreadable(str(error.start), "UTF-8?")
    except UnicodeEncodeError:
        return _unreadable("1", "half a character")
    except RecursionError:
        return _unreadable("1", TOO_DEEP)
    except ValueError as error:
        return _unreadable("1", str(error))
    if _is_deeper(value, MAX_DEPTH):
        return _unreadable("1", TOO_DEEP)

    def item(raw: Any, at: str) -> Item:
        found = [Fault("import_key_twice", None, {"key": key, "at": where}) for key, where in _twice(raw, at)]
        return Item(at, raw, lambda path: f"{at}/{path}" if at else path, found)

    items = service_items(value, "", item)
    return Reading(items) if items is not None else Reading(faults=[Fault("import_not_a_guide")])


def read_yaml(data: bytes) -> Reading:
    """The definitions of a YAML file, of all its documents, each with its line and column as position. References are
    refused: a few lines of them can stand for more than fits in any memory."""
    items: list[Item] = []
    try:
        text = data.decode("utf-8-sig")
        if (refused := _unsafe(text)) is not None:
            return refused
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            faults = [Fault("import_key_twice", None, {"key": key, "at": _line(where.start_mark)})
                      for key, where in _keys_twice(node)]
            if faults:
                return Reading(faults=faults)
            found = service_items(loader.construct_document(node), "", _YamlItems(node))
            if found is None:
                return Reading(faults=[Fault("import_not_a_guide")])
            items += found
            if len(items) > MAX_SERVICES:
                break
    except UnicodeDecodeError as error:
        return _unreadable(str(error.start), "UTF-8?")
    except yaml.YAMLError as error:
        return _unreadable(*_mark(error))
    except (ValueError, TypeError) as error:  # a date of month 13; a key that nothing can be looked up under
        return _unreadable("1", str(error))
    return Reading(items)


def _unsafe(text: str) -> Reading | None:
    """What the file would do to whoever builds its tree. The tree is built by recursion in C, which 100,000 opening
    brackets end with the process; the events come one by one."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if number > MAX_VALUES:
            return _too_many_values()
        if isinstance(event, yaml.AliasEvent):
            return Reading(faults=[Fault("import_alias", None, {"at": _line(event.start_mark)})])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            return _unreadable(_line(event.start_mark), TOO_DEEP)
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and len(event.value) > MOST_UNQUOTED:
            return _unreadable(_line(event.start_mark), "too long without quotes")
    return None


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys stood twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.twice = sorted(key for key, count in Counter(keys).items() if count > 1) if len(self) < len(keys) else []


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _is_deeper(value: Any, left: int) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return left < 0 or any(_is_deeper(one, left - 1) for one in inner)


def _twice(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, _Object):
        yield from ((key, at) for key in value.twice)
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _twice(one, f"{at}/{key}" if at else str(key))


_HALVES = re.compile(rb"\\u[dD][89a-fA-F]")


def _too_many_values() -> Reading:
    return Reading(faults=[Fault("import_too_many_values", None, {"limit": MAX_VALUES})])


def _unreadable(at: str, reason: str) -> Reading:
    return Reading(faults=[Fault("import_unreadable", None, {"at": at, "reason": reason})])


# -- YAML ------------------------------------------------------------------------------------------------------------


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML's safe types; ten times as fast where libyaml is there."""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes everything out: what is imported may hold no references."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _YamlItems:
    """Makes items that know their lines."""

    def __init__(self, root: yaml.Node) -> None:
        self._root = root

    def __call__(self, raw: Any, at: str) -> Item:
        own = _follow(self._root, at)
        return Item(_line(own.start_mark), raw, lambda path: _line(_follow(own, path).start_mark))


def _follow(node: yaml.Node, path: str) -> yaml.Node:
    """The node at a path, as far as it leads."""
    for part in filter(None, path.split("/")):
        inner: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            inner = next((value for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            inner = node.value[int(part)]
        if inner is None:
            break
        node = inner
    return node


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _keys_twice(root: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            seen: set[tuple[str, str]] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if (key.tag, key.value) in seen:
                        yield key.value, key
                    seen.add((key.tag, key.value))
        waiting.extend(_children(node))


def _line(mark: Any) -> str:
    return f"{mark.line + 1}:{mark.column + 1}"


def _mark(error: yaml.YAMLError) -> tuple[str, str]:
    mark = getattr(error, "problem_mark", None)
    at = f"{mark.line + 1}:{mark.column + 1}" if mark else str(getattr(error, "position", 1))
    return at, str(getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__)
