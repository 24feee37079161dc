"""`python -m chassis verify-log`: prove a file of the message log with nothing but the public keys."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click

from chassis.config import decode_key
from chassis.errors import ConfigurationError
from contracts.received import KEY_ISSUED
from rules import evidence
from rules.link import Key

_KEY = re.compile(r"(?P<place>[A-Z0-9-]{1,12})=(?P<id>[a-z0-9-]{1,16}):(?P<public>[A-Za-z0-9+/_=-]+)"
                  r"(?:@(?P<epoch>\d{1,9})/(?P<sequence>\d{1,18}))?")  # fmt: skip

_REVOKED = re.compile(r"(?P<place>[A-Z0-9-]{1,12})=(?P<id>[a-z0-9-]{1,16})@(?P<epoch>\d{1,9})/(?P<sequence>\d{1,18})")

# What a broken line means, to say it to a person.
_WHY = {
    "not_readable": "this line is not as the format has it",
    "header_missing": "this is no file of a message log",
    "position_wrong": "a line was taken out, put in or moved before this one",
    "hash_wrong": "this line, or one before it, was changed",
    "signature_wrong": "the sender did not sign this message",
    "receiver_wrong": "this message was for somebody else",
    "sequence_wrong": "a message of this sender is missing before this one, or stands twice",
    "head_missing": "the signed head at the end is missing: the file was cut off",
    "head_wrong": "the signed head does not fit what stands before it",
    "head_revoked": "the head is signed under a key that was revoked: whoever stole it could have signed this; have "
                    "the log exported again under the key of today",
    "after_the_head": "something was added after the signed head",
    "earlier_head_off": "an earlier signed head says otherwise: the log was rewritten or cut since",
}


@click.command("verify-log")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--keys", multiple=True, required=True,
              help="public keys, comma between, repeatable: PLACE=ID:BASE64, with @EPOCH/SEQUENCE where it was "
                   "revoked; or a file with one a line")
@click.option("--revoked", multiple=True,
              help="a key that is known to be revoked: PLACE=ID@EPOCH/SEQUENCE, repeatable. It counts with what the "
                   "keys and the file itself say of it")
@click.option("--earlier", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="an earlier file of the same log, whose signed head must lie on this one's chain; repeatable")
def verify_log(file: Path, keys: tuple[str, ...], revoked: tuple[str, ...], earlier: tuple[Path, ...]) -> None:
    """Prove a file that a node or the centre exported of its message log: every message signed by its sender, none
    changed, missing, put in or moved, none cut off at the end, and none under a key that was revoked before. Needs no
    settings, no database and no network. Ends with 1 and names the first line that does not hold."""
    known = _less(keys_of(keys), revoked)
    try:
        heads = dict(_head(path, known) for path in earlier)
        with file.open("rb") as lines:
            found = evidence.prove(lines, known, heads, KEY_ISSUED.name)
    except evidence.Broken as broken:
        click.echo(f"{file.name}: {_said(broken)}")
        sys.exit(1)
    senders = ", ".join(f"{place} {count}" for place, count in sorted(found.senders.items())) or "none"
    click.echo(f"{file.name}: whole. {found.entries} messages {found.direction} by {found.node}, positions "
               f"{found.first} to {found.last}, exported {evidence.moment(found.at)}")
    click.echo(f"senders: {senders}; not applied when they came: {found.parked}; hash {found.hash.hex()}")


def keys_of(given: Iterable[str]) -> dict[str, dict[str, Key]]:
    """The keys of each place by their ids, of texts or files of them. click.ClickException for any other text."""
    found: dict[str, dict[str, Key]] = {}
    for text in _texts(given):
        match = _KEY.fullmatch(text)
        try:
            public = decode_key(match["public"]) if match else b""
        except ConfigurationError:
            match = None
        if match is None:
            raise click.ClickException(f"a key is PLACE=ID:BASE64 of 32 bytes, such as EG-C=k1:…, and not {text[:60]}")
        revoked = (int(match["epoch"]), int(match["sequence"])) if match["epoch"] else None
        own = found.setdefault(match["place"], {})
        # Both ends tell the keys that they know, and only the other one may know that one was revoked.
        if match["id"] in own and own[match["id"]].public != public:
            raise click.ClickException(f"the key {match['place']}={match['id']} is given twice, with other bytes")
        before = own[match["id"]].revoked_from if match["id"] in own else None
        own[match["id"]] = Key(match["id"], public, revoked_from=_earlier(before, revoked))
    return found


def _less(known: dict[str, dict[str, Key]], revoked: Iterable[str]) -> dict[str, dict[str, Key]]:
    """The keys, with what is known besides of their end."""
    for text in revoked:
        match = _REVOKED.fullmatch(text)
        if match is None:
            raise click.ClickException(f"a revoked key is PLACE=ID@EPOCH/SEQUENCE, such as EG-C=k1@1/5001, and not "
                                       f"{text[:60]}")  # fmt: skip
        key = known.get(match["place"], {}).get(match["id"])
        if key is None:
            raise click.ClickException(f"no key {match['place']}={match['id']} is given that could be revoked")
        ends = _earlier(key.revoked_from, (int(match["epoch"]), int(match["sequence"])))
        known[match["place"]][key.id] = replace(key, revoked_from=ends)
    return known


def _earlier(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    return min((place for place in (one, other) if place is not None), default=None)


def _texts(given: Iterable[str]) -> Iterable[str]:
    for text in given:
        for one in re.split(r"[,\n]", text if "=" in text else _file(text)):
            if one.strip() and not one.strip().startswith("#"):
                yield one.strip()


def _file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"the keys in {path} cannot be read: {error}") from None


def _said(broken: evidence.Broken) -> str:
    return f"line {broken.line}: {_WHY[broken.why]}" + (f" ({broken.told})" if broken.told else "")


def _head(path: Path, keys: dict[str, dict[str, Key]]) -> tuple[int, bytes]:
    with path.open("rb") as lines:
        try:
            return evidence.head_of(lines, keys)
        except evidence.Broken as broken:
            raise click.ClickException(f"{path.name}: {_said(broken)}") from None
