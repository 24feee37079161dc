"""What came in over the line and takes effect here, and who makes it take effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chassis.uow import UnitOfWork
from contracts.events import Event


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that is genuine, is the next of its stream, and can be read. `epoch` and `sequence` are the sender's:
    what a restored sender says (a later epoch) goes before what its former self said of the same thing."""

    peer: str
    epoch: int
    sequence: int
    position: int  # in link_log
    event: Event  # in today's version
    body: bytes  # as it was signed


Applier = Callable[[UnitOfWork, Sequence[Arrival]], None]
"""Writes what a batch changes, in its order, into the unit of work, which is committed with the marks of the line. The
same arrival never comes twice, unless this place was restored from a backup, which forgot the effect too.

An applier that raises is asked again with each arrival alone, and the one that it cannot take is parked. Whoever needs
a service beside the gateway to act appends an event of the gateway (`work.append`)."""
