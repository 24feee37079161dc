"""Whose turn it is among the providers of a channel, so that over time each takes its share. Pure.

Each instance has a clock of its own, which runs by messages taken over share (weighted fair queuing). Whoever is
furthest behind claims first; one that is ahead waits for those that keep pace. Nobody saves up: who was away or slow
comes back level with the rest.
"""

from __future__ import annotations

from collections.abc import Mapping


class Turns:
    def __init__(self) -> None:
        self._run: dict[str, float] = {}

    def quanta(self, shares: Mapping[str, int], rooms: Mapping[str, int]) -> dict[str, int]:
        """How many messages each may take in one claim: the room of the largest share, and of the others as their
        shares stand to it; at least one where there is room."""
        if not rooms:
            return {}
        first = max(rooms, key=lambda name: (shares[name], name))
        return {name: min(room, max(1, round(rooms[first] * shares[name] / shares[first])))
                for name, room in rooms.items()}

    def order(self, shares: Mapping[str, int], quanta: Mapping[str, int], pacing: frozenset[str] = frozenset()
              ) -> list[str]:
        """Those of `quanta` whose turn it is now, the furthest behind first. `pacing` are others, which are busy and
        keep pace: who is more than a claim ahead of one of them waits."""
        everybody = {*quanta, *pacing}
        if not everybody:
            return []
        lead = max((size / shares[name] for name, size in quanta.items()), default=0.0)
        front = max(self._run.get(name, 0.0) for name in everybody) if self._run else 0.0
        for name in everybody:
            self._run[name] = max(self._run.get(name, front), front - 2 * lead)
        back = min(self._run[name] for name in everybody)
        return sorted((name for name in quanta if self._run[name] <= back + lead),
                      key=lambda name: (self._run[name], -shares[name], name))

    def took(self, name: str, count: int, share: int) -> None:
        """This instance took so many messages."""
        self._run[name] = self._run.get(name, 0.0) + count / share
