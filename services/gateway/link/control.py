"""The talk about the line: receipts, wishes, and who is there. It decides what is sent again, and nothing else does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson
from sqlalchemy import text

from chassis.bus.streams import Publisher
from chassis.config import Role
from chassis.database import Database, Statement
from chassis.errors import Unavailable
from chassis.uow import UnitOfWork
from rules.link import Message, Receipt, missing, newer, received
from services.gateway.link import ended, peers, recovery, signing, speaking, writing_off
from services.gateway.link.sending import Sending
from services.gateway.link.settings import LinkSettings
from services.gateway.link.speaking import HELLO, RECEIPT, STATE, WISH, Said

log = logging.getLogger(__name__)

RECEIPT_EVERY = 0.5  # seconds
WISH_EVERY = 2.0
FLOOR = 10_000  # messages about the line between two hellos, which write their number down; never so many
SKEW_FROM = timedelta(seconds=5)  # a longer way there and back says nothing about clocks

_ROW = Statement(text("SELECT * FROM link_sent WHERE peer = :peer"))
# By the index, epoch for epoch: the stream has millions of rows.
_STORED = Statement(
    text("SELECT e.epoch, found.last FROM generate_series(1, CAST(:own AS integer)) AS e (epoch), "
         "LATERAL (SELECT max(o.sequence) AS last FROM link_out o WHERE o.peer = :peer AND o.epoch = e.epoch) AS found "
         "WHERE found.last IS NOT NULL")
)
_HEARD = Statement(
    text("UPDATE link_sent SET peer_epoch = :epoch, peer_counter = :counter, heard_at = :now, version = :version, "
         "skew_ms = coalesce(CAST(:skew AS integer), skew_ms), state = :state, "
         "heard_epoch = greatest(heard_epoch, :heard_epoch), lost = CAST(:lost AS jsonb) "
         "WHERE peer = :peer AND (peer_epoch, peer_counter) < (:epoch, :counter)")
)
_RECEIPTED = Statement(
    text("UPDATE link_sent SET epoch = :epoch, sent = CASE WHEN CAST(:restored AS boolean) THEN CAST(:sent AS bigint) "
         "ELSE greatest(sent, CAST(:sent AS bigint)) END, applied = :applied, backed_up = :backed_up, "
         "incarnation = :incarnation, receipt_at = :now WHERE peer = :peer")
)
_COUNTER = Statement(text("UPDATE link_sent SET counter = greatest(counter, :counter) WHERE peer = :peer"))
# What has no place in a log yet gets the next ones, the oldest first.
_RECORDED = Statement(
    text("SELECT coalesce((SELECT max(position) FROM event_log), 0) "
         "+ (SELECT count(*) FROM event_log WHERE position IS NULL) AS recorded")
)
_NUMBERED = Statement(
    text("SELECT position FROM link_source WHERE peer = :peer AND service = :service AND epoch = :own")
)
_HELD = Statement(text("SELECT epoch, sequence FROM link_held WHERE peer = :peer ORDER BY epoch, sequence LIMIT 20000"))

Attempt = Callable[[Callable[[UnitOfWork], Any]], Any]


@dataclass
class Spoken:
    """What was said to a peer last, and what it said. Times are monotonic."""

    hello: float = float("-inf")
    receipt: float = float("-inf")
    wish: float = float("-inf")
    marks: Mapping[int, tuple[int, int]] | None = None
    counter: int = 0
    heard: tuple[datetime, int, float] | None = None  # the peer's clock and epoch in its last hello, and when that came
    tail: tuple[int, int] | None = None  # epoch and sequence up to which its broker had all when it said hello


class Control:
    """Speaks with all peers and listens to them."""

    def __init__(
        self, link: LinkSettings, outgoing: Publisher, sending: Sending, version: str,
        sources: Mapping[str, Database],
    ) -> None:  # fmt: skip
        self._link = link
        self._outgoing = outgoing
        self._sending = sending
        self._version = version
        self._sources = sources
        self._spoken: dict[str, Spoken] = {}
        self._began = datetime.now(UTC)

    def hello_soon(self, peer: str) -> None:
        """Say how far everything is at the next step."""
        self._spoken.setdefault(peer, Spoken()).hello = float("-inf")

    # -- saying ------------------------------------------------------------------------------------------------------

    def step(self, attempt: Attempt, everybody: Sequence[str]) -> None:
        """Say what is due."""
        if not self._outgoing.up:
            return
        marks, waiting = attempt(lambda work: (peers.told_marks(work), peers.waiting(work)))
        now = time.monotonic()
        for peer in everybody:
            spoken = self._spoken.setdefault(peer, Spoken())
            missed = (peer in waiting or spoken.tail is not None) and now - spoken.wish >= WISH_EVERY
            if missed or now - spoken.hello >= self._link.hello or marks.get(peer, {}) != spoken.marks:
                attempt(partial(self._say, peer=peer, spoken=spoken))

    def _say(self, work: UnitOfWork, peer: str, spoken: Spoken) -> None:
        now = time.monotonic()
        row = work.first(_ROW, peer=peer)
        if row is None:
            return
        marks = peers.told_marks(work).get(peer, {})
        gaps = self._gaps(work, peer, marks, spoken.tail) if now - spoken.wish >= WISH_EVERY else []
        if now - spoken.hello >= self._link.hello:
            kind, spoken.hello = HELLO, now
        elif marks != spoken.marks and now - spoken.receipt >= RECEIPT_EVERY:
            kind = RECEIPT
        elif gaps:
            kind = WISH
        else:
            spoken.tail = None
            return
        # Numbers only grow, also past a restart (which forgot those since the last hello) and a clock set back.
        floor = spoken.counter + 1 if spoken.counter else row.counter + FLOOR
        spoken.counter = max(floor, time.time_ns() // 1_000_000)
        body: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "counter": spoken.counter,
                                "marks": {str(epoch): told for epoch, told in marks.items()}}  # fmt: skip
        if gaps:
            body["gaps"], spoken.wish = gaps, now
        spoken.tail = None
        if kind == HELLO:
            body |= self._hello(work, peer, row, spoken, now)
            work.write(_COUNTER, peer=peer, counter=spoken.counter)
        message = speaking.spoken_message(self._link, signing.speaks(work, self._link, peer), peer, kind, body)
        if speaking.publish(self._outgoing, self._link, message):
            spoken.marks, spoken.receipt = marks, now

    def _hello(self, work: UnitOfWork, peer: str, row: Any, spoken: Spoken, now: float) -> dict[str, Any]:
        echo = None
        if spoken.heard is not None:
            at, epoch, came = spoken.heard
            echo = {"at": at.isoformat(), "epoch": epoch, "after_ms": int((now - came) * 1000)}
        reserved = self._reserved(work, peer)  # before `stored`: what is numbered in it is stored by then
        stored = self._stored(work, peer)
        if reserved is not None:
            reserved["stored"] = stored.get(self._link.epoch, 0)
        return {"version": self._version, "echo": echo, "reserved": reserved,
                "has": {str(epoch): last for epoch, last in stored.items()},
                "sent": {str(row.epoch): row.sent},
                "recovered": {str(epoch): last for epoch, last in recovery.fetched(work, peer).items()}}  # fmt: skip

    def _reserved(self, work: UnitOfWork, peer: str) -> dict[str, int] | None:
        """Of a node: how long the log is in which its reserved numbers are told, and how far that is in the stream
        (writing_off.hear); None elsewhere and while it cannot be read."""
        source = self._sources.get(writing_off.LOG)
        if self._link.role is not Role.NODE or source is None:
            return None
        try:
            recorded = source.read(_RECORDED, {})[0].recorded
        except Unavailable as error:
            log.warning("the log of %s cannot be read for a hello: %s", writing_off.LOG, error)
            return None
        row = work.first(_NUMBERED, peer=peer, service=writing_off.LOG, own=self._link.epoch)
        return {"recorded": recorded, "numbered": row.position if row is not None else 0}

    def _stored(self, work: UnitOfWork, peer: str) -> dict[int, int]:
        """How far the stream to a peer goes, by our epochs."""
        return {row.epoch: row.last for row in work.all(_STORED, peer=peer, own=self._link.epoch)}

    def _gaps(
        self, work: UnitOfWork, peer: str, marks: Mapping[int, tuple[int, int]], tail: tuple[int, int] | None
    ) -> list[list[int]]:
        held: dict[int, list[int]] = {}
        for row in work.all(_HELD, peer=peer):
            held.setdefault(row.epoch, []).append(row.sequence)
        if tail is not None:
            # The broker had confirmed these before the hello, which came to us: what is not here is lost in between.
            epoch, last = tail
            held.setdefault(epoch, []).append(last + 1)
        return [[epoch, first, last] for epoch, waiting in held.items()
                for first, last in missing(marks.get(epoch, (0, 0))[0], waiting)][:100]  # fmt: skip

    # -- hearing -----------------------------------------------------------------------------------------------------

    def hear(self, attempt: Attempt, messages: Sequence[Message]) -> None:
        """Take note of what peers said, proved and in the order in which it came. Of each kind the last of a batch says
        all that those before it said: after an outage hellos of hours may be waiting."""
        for message in {(one.sender, one.type): one for one in messages}.values():
            said = speaking.heard(message, message.sender)
            if said is not None and attempt(partial(self._heard, said=said)) and said.type == HELLO:
                while attempt(partial(ended.give_up, said=said)):
                    pass

    def _heard(self, work: UnitOfWork, said: Said) -> bool:
        """Answers whether it was news."""
        row = work.first(_ROW, peer=said.peer)
        if row is None or not newer((said.epoch, said.counter), (row.peer_epoch, row.peer_counter)):
            log.info("a repeated %s of %s is left alone", said.type, said.peer)
            return False
        spoken = self._spoken.setdefault(said.peer, Spoken())
        if said.type == STATE:
            recovery.keep(work, said)
            work.after_commit(lambda: self.hello_soon(said.peer))
        stored = self._stored(work, said.peer)
        told = speaking.receipts(said)
        behind, own = recovery.behind(work, self._link, said.peer, told, stored), self._link.epoch
        work.write(
            _HEARD, peer=said.peer, epoch=said.epoch, counter=said.counter, now=work.now, skew=self._skew(work, said),
            version=str(said.body.get("version") or row.version or "")[:50],
            state="restored" if behind else "linked", heard_epoch=0 if behind or not self._answers(said) else own,
            lost=orjson.dumps({str(epoch): places for epoch, places in behind.items()}).decode(),
        )  # fmt: skip
        self._receipt(work, row, said, told, stored)
        if gaps := speaking.gaps(said):
            log.info("%s misses %d gaps, the first %s", said.peer, len(gaps), gaps[0])
            work.after_commit(lambda: self._sending.wish(said.peer, gaps))
        if said.type == HELLO:
            spoken.heard = (said.at, said.epoch, time.monotonic())
            spoken.tail = max(speaking.figures(said, "sent").items(), default=None)
            self._give_back(work, said)
            writing_off.hear(work, row, said)
        return True

    def _receipt(
        self, work: UnitOfWork, row: Any, said: Said, told: Mapping[int, tuple[int, int]], stored: Mapping[int, int]
    ) -> None:
        """Move our figures to what the peer says of our stream, and send again what it lost."""
        own = self._link.epoch
        beyond = told.get(own, (0, 0))[0] - stored.get(own, 0)
        if beyond > 0:
            log.error("%s has %d messages of our epoch %d that we never sent: this place was restored, and "
                      "SHUBBAK_EPOCH was not raised", said.peer, beyond, own)  # fmt: skip
        restored = said.epoch > row.incarnation
        epoch = row.epoch
        if restored:
            log.warning("%s was restored (incarnation %d); what it lost is sent again", said.peer, said.epoch)
            epoch = next((one for one in sorted(stored) if told.get(one, (0, 0))[0] < stored[one]), row.epoch)
        last = stored.get(epoch, 0)
        applied, backed_up = told.get(epoch, (0, 0))
        before = Receipt(epoch, row.applied, row.backed_up, row.incarnation)
        # Of an epoch before a restore the peer may have more than is still known here: then it has all of it.
        after = received(before, Receipt(epoch, min(applied, last), min(backed_up, applied, last), said.epoch), last)
        work.write(_RECEIPTED, peer=said.peer, epoch=epoch, sent=after.applied, restored=restored,
                   applied=after.applied, backed_up=after.backed_up, incarnation=after.incarnation,
                   now=work.now)  # fmt: skip

    def _give_back(self, work: UnitOfWork, said: Said) -> None:
        """Give a restored peer back what we have of its own facts and it has not."""
        facts = recovery.lost(work, said, speaking.figures(said, "has"), speaking.figures(said, "recovered"))
        if not facts:
            return
        spoken = self._spoken.setdefault(said.peer, Spoken())
        spoken.counter = max(spoken.counter + 1, time.time_ns() // 1_000_000)
        marks = peers.told_marks(work).get(said.peer, {})
        body = {"at": datetime.now(UTC).isoformat(), "counter": spoken.counter, "facts": facts,
                "marks": {str(epoch): told for epoch, told in marks.items()}}  # fmt: skip
        message = speaking.spoken_message(self._link, signing.speaks(work, self._link, said.peer), said.peer, STATE,
                                          body)  # fmt: skip
        work.after_commit(lambda: _sent(speaking.publish(self._outgoing, self._link, message)))

    def _answers(self, said: Said) -> bool:
        """Whether this hello was said after one of ours since this process began: the peer has taken all that our
        former self had sent it before. One that lay in the queue may not know the last of it."""
        echo = said.body.get("echo")
        if said.type != HELLO or not isinstance(echo, dict):
            return False
        try:
            return datetime.fromisoformat(echo["at"]) >= self._began
        except (KeyError, TypeError, ValueError):
            return False

    def _skew(self, work: UnitOfWork, said: Said) -> int | None:
        """The peer's clock before ours in milliseconds, by the way there and back; None where that says nothing."""
        echo = said.body.get("echo")
        if said.type != HELLO or not isinstance(echo, dict):
            return None
        try:
            asked, after = datetime.fromisoformat(echo["at"]), timedelta(milliseconds=int(echo["after_ms"]))
            there_and_back = work.now - asked - after
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        if not timedelta(0) <= there_and_back <= SKEW_FROM:
            return None
        return int((said.at - (work.now - there_and_back / 2)) / timedelta(milliseconds=1))


def _sent(went: bool) -> None:
    if not went:
        log.info("facts for a restored place were not sent; its next hello asks again")
