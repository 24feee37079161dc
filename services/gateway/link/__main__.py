"""`python -m services.gateway.link …`: what an operator does about the line by hand, in the gateway's environment."""

from __future__ import annotations

import base64
import binascii
import getpass
import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import click
from sqlalchemy import text

from chassis import config
from chassis.actors import Actor
from chassis.database import Database, Statement
from chassis.errors import ChassisError, ConfigurationError
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts.problems import describe
from rules.refusal import Refusal
from services.gateway.link import keys_down, listing, replaying, signing_again, writing_off
from services.gateway.link import settings as link_settings

T = TypeVar("T")

_STREAMS = Statement(text("SELECT * FROM link_sent ORDER BY peer"))
_MARKS = Statement(text("SELECT * FROM link_mark ORDER BY peer, epoch"))
_KEYS = Statement(text("SELECT * FROM link_key ORDER BY peer, since_epoch, since_sequence, key_id"))
_TRUST = Statement(
    text("INSERT INTO link_key (peer, key_id, public, since_epoch, since_sequence) "
         "VALUES (:peer, :key_id, :public, :epoch, :sequence) "
         # Known already: the same key only, and good from an earlier place on.
         "ON CONFLICT (peer, key_id) DO UPDATE SET since_epoch = excluded.since_epoch, "
         "since_sequence = excluded.since_sequence WHERE link_key.public = excluded.public "
         "AND (excluded.since_epoch, excluded.since_sequence) <= (link_key.since_epoch, link_key.since_sequence)")
)
_GOOD_OTHERS = Statement(text("SELECT count(*) FROM link_key WHERE peer = :peer AND key_id <> :key_id "
                              "AND revoked_epoch IS NULL"))
_REVOKE = Statement(
    text("UPDATE link_key SET revoked_epoch = :epoch, revoked_sequence = :sequence "
         "WHERE peer = :peer AND key_id = :key_id AND (revoked_epoch IS NULL "
         "OR (revoked_epoch, revoked_sequence) > (:epoch, :sequence))")
)
_BELIEVED = Statement(
    text("SELECT count(*) FROM link_log WHERE peer = :peer AND key_id = :key_id AND parked IS NULL "
         "AND (epoch, sequence) >= (:epoch, :sequence)")
)
_LAST = Statement(
    text("SELECT epoch, sequence, key_id FROM link_out WHERE peer = :peer "
         "ORDER BY epoch DESC, sequence DESC LIMIT 1")
)
# What the peer has not applied and would take no more: nothing behind it is applied until it is signed again.
_STILL_SIGNED = Statement(
    text("SELECT count(*) FROM link_out o JOIN link_sent s USING (peer) WHERE o.peer = :peer AND o.key_id = :key_id "
         "AND (o.epoch, o.sequence) >= (:epoch, :sequence) AND (o.epoch, o.sequence) > (s.epoch, s.applied)")
)
_PARKED = Statement(
    text("SELECT * FROM link_parked WHERE settled_at IS NULL AND reason <> 'known_already' "
         "AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid)) ORDER BY id LIMIT 200")
)

_Place = tuple[int, int]


class _At(click.ParamType):
    """A place in a stream: epoch:sequence."""

    name = "epoch:sequence"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> _Place:
        found = re.fullmatch(r"([1-9]\d{0,8}):([1-9]\d{0,17})", str(value))
        if found is None:
            self.fail(f"{value!r} is not epoch:sequence, such as 1:5000", param, ctx)
        return int(found[1]), int(found[2])


class _PublicKey(click.ParamType):
    """An Ed25519 public key."""

    name = "id:base64"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, bytes]:
        key_id, _, key = str(value).partition(":")
        try:
            raw = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if not re.fullmatch(r"[a-z0-9-]{1,16}", key_id) or len(raw) != 32:
            self.fail("a key is id:base64 of 32 bytes", param, ctx)
        return key_id, raw


@click.group()
def main() -> None:
    """The line between node and centre."""


@main.command()
def status() -> None:
    """How far both directions are, and which keys are trusted."""

    def tell(work: UnitOfWork) -> None:
        for row in work.all(_STREAMS):
            click.echo(f"to {row.peer}: epoch {row.epoch}, sent {row.sent}, applied {row.applied}, backed up "
                       f"{row.backed_up}, {row.state}, heard {row.heard_at or 'never'}")  # fmt: skip
            for one in writing_off.lost(row.lost):
                click.echo(f"  not given back: {one['first']} to {one['last']} of epoch {one['epoch']} (write-off)")
        for row in work.all(_MARKS):
            click.echo(f"from {row.peer}: epoch {row.epoch}, applied {row.applied}, backed up {row.backed_up}")
        for row in work.all(_KEYS):
            until = f", revoked from {row.revoked_epoch}:{row.revoked_sequence}" if row.revoked_epoch else ""
            public = base64.b64encode(row.public).decode()
            click.echo(f"key {row.key_id} of {row.peer}: {public} from {row.since_epoch}:{row.since_sequence}{until}")

    _attempt(tell)


@main.command()
@click.argument("peer")
@click.argument("key", type=_PublicKey())
@click.option("--from", "since", type=_At(), default="1:1", help="the place in its stream from which on it is good")
def trust(peer: str, key: tuple[str, bytes], since: _Place) -> None:
    """Trust a key of PEER that did not come by the line: of a new node, or one whose old key was lost."""

    def add(work: UnitOfWork) -> None:
        work.write(_TRUST, expect=1, peer=peer, key_id=key[0], public=key[1], epoch=since[0], sequence=since[1])
        work.audit("link.key_trusted", key[0], peer=peer, since_epoch=since[0], since_sequence=since[1])

    _attempt(add)
    click.echo(f"{peer}: {key[0]} is good from {since[0]}:{since[1]} on")


@main.command()
@click.argument("peer")
@click.argument("key_id")
@click.option("--from", "since", type=_At(), required=True, help="the place in its stream from which on it is not good")
@click.option("--reason", required=True, help="stands in the audit")
def revoke(peer: str, key_id: str, since: _Place, reason: str) -> None:
    """Believe nothing any more that PEER's key signed from a place in its stream on. By place and not by time: who has
    the key can write any time into a message."""

    def take_back(work: UnitOfWork) -> tuple[int, int]:
        others: int = work.scalar(_GOOD_OTHERS, peer=peer, key_id=key_id)
        work.write(_REVOKE, expect=1, peer=peer, key_id=key_id, epoch=since[0], sequence=since[1])
        keys_down.drop_held(work, peer, key_id, since)
        work.audit("link.key_revoked", key_id, peer=peer, epoch=since[0], sequence=since[1], reason=reason)
        believed: int = work.scalar(_BELIEVED, peer=peer, key_id=key_id, epoch=since[0], sequence=since[1])
        return believed, others

    believed, others = _attempt(take_back)
    click.echo(f"{peer}: {key_id} is not good from {since[0]}:{since[1]} on")
    click.echo(f"what {peer} signed with it from there on, and is not applied here, it must sign again, or its stream "
               f"stands; there: python -m services.gateway.link sign-again {config.load('gateway.link').node} "
               f"--from {since[0]}:{since[1]} --reason …")  # fmt: skip
    if not others:
        click.echo(f"no other key of {peer} is good: python -m services.gateway.link trust {peer} id:base64 "
                   f"--from {since[0]}:{since[1]}, the key had by another way than the line", err=True)  # fmt: skip
    if believed:
        click.echo(f"{believed} messages from there on took effect already: look at them in the log", err=True)


@main.command("revoke-own")
@click.argument("peer")
@click.argument("key", type=_PublicKey())
@click.option("--from", "since", type=_At(), default=None, help="the next message, unless an earlier place is said")
def revoke_own(peer: str, key: tuple[str, bytes], since: _Place | None) -> None:
    """Tell PEER, by the line and signed by the key that signs now, that one of our own keys is not good any more. Only
    after another key signs: what comes behind its revocation is not believed."""

    def tell(work: UnitOfWork) -> None:
        last = work.first(_LAST, peer=peer)
        start = (last.epoch, last.sequence) if last else (work.settings.epoch, 0)
        place = since or (start[0], start[1] + 1)
        if last is not None and last.key_id == key[0]:
            raise click.ClickException(f"{key[0]} still signs: put another key before it and wait until that one signs")
        if waiting := work.scalar(_STILL_SIGNED, peer=peer, key_id=key[0], epoch=place[0], sequence=place[1]):
            raise click.ClickException(f"{waiting} messages from there on that {peer} has not applied are signed by "
                                       f"{key[0]}, and the line would stand at the first: wait for its receipt, or "
                                       "sign them by the new key (sign-again)")  # fmt: skip
        keys_down.issue(work, peer, key[0], key[1], (1, 1), place)

    _attempt(tell)
    click.echo(f"{peer} is told that {key[0]} is not good any more")


@main.command("sign-again")
@click.argument("peer")
@click.option("--from", "since", type=_At(), default=None,
              help="the first that PEER has not applied, unless an earlier place is said")
@click.option("--reason", required=True, help="stands in the audit")
def sign_again(peer: str, since: _Place | None, reason: str) -> None:
    """Sign what PEER has not applied anew, with the key that stands first in SHUBBAK_LINK_SIGNING_KEY: after a key was
    stolen, PEER believes nothing more that it signed, and asks for these until a good key did. Before this, take the
    stolen key out of the setting and start gateway.link again."""

    def begin(work: UnitOfWork) -> tuple[_Place, str]:
        link = link_settings.read(work.settings)
        place = since or signing_again.start(work, peer)
        if place is None:
            raise click.ClickException(f"there is no stream to {peer}")
        key_id, private = next(iter(link.signing.items()))
        return place, f"{key_id}:{base64.b64encode(private.public_key().public_bytes_raw()).decode()}"

    def some(work: UnitOfWork) -> signing_again.Again:
        return signing_again.sign_again(work, link_settings.read(work.settings), peer, (at[0], at[1]), reason)

    first, public = _attempt(begin)
    at, signed = first, 0
    while (done := _attempt(some)).last is not None:
        at, signed = (done.last[0], done.last[1] + 1), signed + done.signed
    place, own = f"{first[0]}:{first[1]}", config.load("gateway.link").node
    if not signed:
        click.echo(f"{public.partition(':')[0]} has signed everything to {peer} from {place} on already: does the new "
                   "key stand first in the setting?", err=True)  # fmt: skip
    click.echo(f"{signed} messages to {peer} from {place} on are signed by {public.partition(':')[0]} now")
    click.echo(f"at {peer}, unless it was done: python -m services.gateway.link trust {own} {public} --from {place}")


@main.command()
@click.argument("peer")
@click.argument("direction", type=click.Choice([listing.SENT, listing.RECEIVED]))
@click.option("--type", "event_type", required=True, help="of the events, as the page names it")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="in Cairo, on which they happened")
@click.option("--epoch", type=click.IntRange(1), default=None, help="of the sender; the newest unless said")
def messages(peer: str, direction: str, event_type: str, day: datetime, epoch: int | None) -> None:
    """List what went to PEER or came from it of one type and day: number, id and digest, a line each, the same at both
    ends. For counts that differ: compare the lists of the two (docs/drills.md, drill 6)."""

    def tell(work: UnitOfWork) -> None:
        of = epoch or listing.newest_epoch(work, peer, direction)
        for one in listing.messages(work, peer, direction, event_type, day.date(), of):
            click.echo(f"{one.sequence} {one.event_id} {one.digest}")
            if one.parked:
                click.echo(f"{one.sequence} is parked: {one.parked}", err=True)

    _attempt(tell)


@main.command()
def parked() -> None:
    """List what was not applied and waits for somebody."""

    def tell(work: UnitOfWork) -> None:
        after: UUID | None = None
        while page := work.all(_PARKED, after=after):
            for row in page:
                click.echo(f"{row.id}  {row.peer} {row.epoch}:{row.sequence}  {row.type}  {row.reason}  x{row.count}  "
                           f"{row.detail}")  # fmt: skip
            after = page[-1].id

    _attempt(tell)


@main.command("write-off")
@click.argument("peer")
@click.option("--reason", required=True, help="stands in the audit")
def write_off(peer: str, reason: str) -> None:
    """Wait no longer for facts of this place that PEER has and does not give back: after a restore, when PEER was
    restored as well. Its portal opens again with its next hello; at the centre, numbers that its node had reserved
    before are given to nobody any more."""
    gone = _attempt(lambda work: writing_off.write_off(work, peer, reason))
    for one in gone["lost"]:
        click.echo(f"written off: {one['first']} to {one['last']} of epoch {one['epoch']} to {peer}")
    if gone["numbers"]:
        click.echo(f"{gone['numbers']} tracking numbers of {peer} are given to nobody any more: let its node reserve "
                   "others (docs/drills.md, drill 3)")  # fmt: skip


@main.command()
@click.argument("peer")
@click.argument("message_id", type=click.UUID)
def replay(peer: str, message_id: UUID) -> None:
    """Apply a parked message after all, by today's software."""
    _attempt(lambda work: replaying.replay(work, peer, message_id))
    click.echo(f"{message_id}: applied")


def _attempt(run: Callable[[UnitOfWork], T]) -> T:
    """Run and commit in the operator's name, which the audit keeps."""
    actor = Actor(id=f"operator:{getpass.getuser()}", kind="system", roles=("system",))
    try:
        settings = config.load("gateway.link")
        if not link_settings.linked(settings):
            raise click.ClickException("SHUBBAK_LINK_URL is not set: this place is not linked")
        database = Database(settings.database_url, 1)
        try:
            context = Context(settings, database, Privacy(settings.rings, settings.lookup_keys))
            correlation_id = uuid7().hex
            return attempt(lambda: UnitOfWork(context, actor, correlation_id), run)
        finally:
            database.close()
    except Refusal as refusal:
        raise click.ClickException("\n".join(describe(fault, "en") for fault in refusal.faults)) from None
    except (ConfigurationError, ChassisError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m services.gateway.link")
