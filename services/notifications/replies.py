"""What a citizen sends back to a text message: a word that stops messages to that number, or lets them come again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chassis.uow import UnitOfWork
from rules.arabic import fold
from rules.identity import parse_mobile
from rules.refusal import Refusal
from services.notifications import metrics, preferences
from services.notifications.preferences import Address, Choice, Door
from services.notifications.providers.base import Inbound

STOP = frozenset(map(fold, ("stop", "unsubscribe", "end", "إيقاف", "ايقاف", "إلغاء", "الغاء", "وقف")))
START = frozenset(map(fold, ("start", "subscribe", "اشتراك", "اشترك")))
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


def word(text: str) -> bool | None:
    """Whether a text says that messages are wanted (True) or not (False); None when it says neither. The whole text has
    to be the word, whatever stands around it that is no letter: a sentence is for people."""
    said = fold(_EDGES.sub("", text))
    return False if said in STOP else True if said in START else None


def take(work: UnitOfWork, arrived: Sequence[Inbound]) -> None:
    """Do what texts from handsets say; the last word of a number counts. What is no word of ours is counted and let
    go: nobody reads it, and its text is not kept."""
    said: dict[Address, bool] = {}
    for one in arrived:
        wanted = word(one.text)
        address = preferences.addresses_of({"phone": _number(one.address)})["sms"]
        if wanted is None or address is None:
            work.after_commit(metrics.REPLIES.labels("other").inc)
            continue
        said[address] = wanted
        work.after_commit(metrics.REPLIES.labels("start" if wanted else "stop").inc)
    for address, wanted in said.items():
        row = preferences.standing(work, address)
        if row is not None or not wanted:
            preferences.keep(work, address, Choice(wanted, row.language if row else None), Door.REPLY, row)


def _number(given: str) -> str:
    """In E.164: an operator may give the number of its own country as it is dialled there."""
    try:
        return parse_mobile(given.lstrip("+")) if given.startswith("+0") else given
    except Refusal:
        return given
