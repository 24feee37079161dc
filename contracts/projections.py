"""What of an event travels between places: the fields that are named, and nothing that is added to the event later
without being named too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

_ENVELOPE = ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence", "correlationid")


class Projection:
    """Fields of an event's data. `a.b` is the field `b` of `a`, which is an object or a list of objects; a field that
    is named without a dot travels whole."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self._tree = _tree(names)

    def of(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data cut down. What is not there stays away."""
        return _cut(data, self._tree)

    def envelope(self, body: bytes) -> bytes:
        """An envelope with its data cut down: the same bytes for the same event, each time and everywhere. Extensions
        of the envelope that nobody named do not travel either."""
        envelope = orjson.loads(body)
        return self.whole(envelope)

    def whole(self, envelope: Mapping[str, Any]) -> bytes:
        """As `envelope`, of one that is read already."""
        cut = {name: envelope[name] for name in _ENVELOPE if name in envelope}
        return orjson.dumps({**cut, "data": _cut(envelope["data"], self._tree)})


_Tree = dict[str, Any]


def _tree(names: tuple[str, ...]) -> _Tree:
    tree: _Tree = {}
    for name in names:
        first, _, rest = name.partition(".")
        if first in tree and (tree[first] is None) is not (not rest):
            raise ValueError(f"{first} is named whole and in part")
        if rest:
            below = tree.setdefault(first, {})
            below[rest] = None
        else:
            tree[first] = None
    return {name: _tree(tuple(below)) if below else None for name, below in tree.items()}


def _cut(data: Mapping[str, Any], tree: _Tree) -> dict[str, Any]:
    return {name: value if (below := tree[name]) is None else _below(value, below)
            for name, value in data.items() if name in tree}  # fmt: skip


def _below(value: Any, tree: _Tree) -> Any:
    if isinstance(value, Mapping):
        return _cut(value, tree)
    if isinstance(value, list):
        return [_cut(one, tree) if isinstance(one, Mapping) else one for one in value]
    return value
