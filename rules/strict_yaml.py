"""YAML as a person means it. PyYAML silently keeps the last of two equal keys, so half of a pasted block would be lost
without a word; here a key that stands twice in one mapping is an error that says where."""

from __future__ import annotations

from collections.abc import Hashable
from typing import IO, Any

import yaml


def load(text: str | IO[str]) -> Any:
    """The one document of a YAML text, in YAML's safe types. yaml.YAMLError where it does not parse or a mapping has
    the same key twice; its text names the lines."""
    return yaml.load(text, _Loader)  # noqa: S506


class _Loader(yaml.SafeLoader):
    """Safe types only, and no key twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
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


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
