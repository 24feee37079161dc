"""Signatures of whole batches, proved in helper processes on cores of their own while others are at work here.

What a helper does not answer, because it died or hangs, is proved here: `rules.link.genuine` proves whatever is not
known to be proved.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from chassis.helpers import Handed, HelperLost, Helpers
from rules.link import Message, signed_text
from services.gateway.link import prover

log = logging.getLogger(__name__)

FEW = 50
"""Signatures that are not worth handing over. A place where little happens never starts a helper."""
SECONDS = 5.0
"""How long a helper may be at its share of a batch, which takes it some hundredth of a second."""

Signed = tuple[Message, bytes]
"""A message and the public key that is to have signed it."""


class Proving:
    """So many helpers; with none of them everything is proved here."""

    def __init__(self, how_many: int) -> None:
        self._helpers = Helpers(Path(prover.__file__), how_many, SECONDS)

    @property
    def pids(self) -> list[int]:
        return self._helpers.pids

    def begin(self, claimed: Sequence[Signed]) -> Callable[[], list[Signed]] | None:
        """Hand over what is to be proved. What is returned waits, and answers those whose key signed them. None where
        nobody was handed anything."""
        shares = min(len(self._helpers), len(claimed) // FEW)
        if not shares:
            return None
        each = -(-len(claimed) // shares)
        given = [[one for one in claimed[at : at + each] if _possible(*one)] for at in range(0, len(claimed), each)]
        handed = self._helpers.hand([b"".join(_handed(*one) for one in share) for share in given])
        return lambda: [one for share, at in zip(given, handed, strict=True) for one in _answered(share, at)]

    def stop(self) -> None:
        self._helpers.stop()


def _possible(message: Message, public: bytes) -> bool:
    return len(message.signature) == prover.SIGNATURE and len(public) == prover.PUBLIC


def _handed(message: Message, public: bytes) -> bytes:
    return prover.handed(public, message.signature, signed_text(message))


def _answered(share: Sequence[Signed], handed: Handed) -> list[Signed]:
    try:
        answer = handed.answer()
    except HelperLost as error:
        log.warning("%d signatures are proved here: %s", len(share), error)
        return []
    if len(answer) != len(share):
        log.warning("a helper answered %d of %d signatures: they are proved here", len(answer), len(share))
        return []
    return [one for one, good in zip(share, answer, strict=True) if good == 1]
