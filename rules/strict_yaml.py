"""YAML as a person means it. PyYAML silently keeps the last of two equal keys, so half of a pasted block would be lost
without a word; here a key that stands twice in one mapping is an error that says where."""

from __future__ import annotations

from collections.abc import Hashable
from typing import IO, Any

import yaml


def load(text: str | IO[str]) -> Any:
    """The one document of a YAML text, in YAML's safe types. yaml.YAMLError where it does not parse or a mapping has
    the same key twice; its text names the lines. RecursionError where it is nested beyond what Python follows."""
    written = text if isinstance(text, str) else text.read()
    return yaml.load(written, _Quick if _nested_at_most(written) <= _QUICK_DEPTH else _Careful)  # noqa: S506


class _Quick(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe types only, and no key twice; some eight times as fast where libyaml is there."""


class _Careful(yaml.SafeLoader):
    """The same in Python, which ends in an error where nesting would overrun the stack in C."""


_QUICK_DEPTH = 4000


def _nested_at_most(text: str) -> int:
    """A bound of how deep the text can be nested: each bracket opens one level, each column of a line another."""
    return text.count("[") + text.count("{") + max(map(len, text.split("\n")))


def _mapping(loader: _Quick | _Careful, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: dict[Hashable, yaml.Mark | None] = {}
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue  # what `<<` brings in is meant to give way to a key of the same name
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key is a plain value", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                f"the key {key!r} stands here", seen[key], "and again here", key_node.start_mark
            )
        seen[key] = key_node.start_mark
    return loader.construct_mapping(node, deep=True)


for _loader in (_Quick, _Careful):
    _loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
