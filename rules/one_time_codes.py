"""One-time codes: how one is made and read, how long it holds, and how often one may be sent. All of it is data here,
each figure with its reason.

How far guessing comes: a code is one of a million and falls after five tries, and a number is sent ten a day at most.
So whoever tries all day against one number gets in with a chance of 1 in 20,000, and its owner has ten messages to
notice.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rules.arabic import western_digits
from rules.refusal import refuse

LOG_IN, BIND = "log_in", "bind"
PURPOSES = (LOG_IN, BIND)

DIGITS = 6
"""What people carry over from one screen to another without a mistake, and what phones fill in by themselves."""

LIFETIME = timedelta(minutes=10)
"""A message takes seconds; a slow operator or somebody looking for the phone takes minutes. Longer only helps a
thief."""

TRIES = 5
"""Somebody who reads a code off a screen errs once or twice."""

BETWEEN = timedelta(seconds=60)
"""Between two codes to one number: the first one is still on its way, and a second one would end it."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """At most `most` codes in one window of `span` for one `of` (number or address), and why so many."""

    of: str
    most: int
    span: timedelta
    why: str


NUMBER, ADDRESS = "number", "address"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CEILINGS: tuple[Ceiling, ...] = (
    Ceiling(NUMBER, 5, HOUR, "a person who mislays a code asks two or three times; a phone is not to ring all hour"),
    Ceiling(NUMBER, 10, DAY, "a session lasts hours; more a day is somebody else asking, and each code costs money"),
    Ceiling(ADDRESS, 60, HOUR, "mobile operators put thousands of subscribers behind one address; a village club has"
                               " one, too. Above this it is a program that makes us send messages"),
    Ceiling(ADDRESS, 400, DAY, "the same for a day: what a busy street behind one address needs, at EGP 100 or so"),
)

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def make(below: Callable[[int], int]) -> str:
    """A code: six digits, each of the million as likely as the others. `below(n)` is a secure source of a whole number
    from 0 to n - 1, such as secrets.randbelow."""
    return f"{below(10**DIGITS):0{DIGITS}d}"


def read(text: str, field: str = "code") -> str:
    """The six digits of what somebody typed: Arabic-Indic digits, spaces and hyphens are accepted. Refuses
    code_malformed, which costs no try and tells nobody anything."""
    digits = _SEPARATORS.sub("", western_digits(text))
    if not re.fullmatch(rf"[0-9]{{{DIGITS}}}", digits):
        raise refuse("code_malformed", field, digits=DIGITS)
    return digits


def window_start(now: datetime, span: timedelta) -> datetime:
    """The start of the fixed window of this span that `now` falls in; windows are counted from 1970 in UTC, so an hour
    begins on the hour and a day at midnight UTC."""
    seconds = int(span.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=UTC)


def wait(now: datetime, last_sent: datetime | None, counted: Mapping[Ceiling, int]) -> timedelta:
    """How long until the next code may be sent; nothing when it may be now. `last_sent` to this number, `counted` in
    the window of each ceiling that `now` falls in."""
    waits = [timedelta()]
    if last_sent is not None:
        waits.append(last_sent + BETWEEN - now)
    waits += [window_start(now, ceiling.span) + ceiling.span - now
              for ceiling, count in counted.items() if count >= ceiling.most]
    return max(waits)


def counted_address(address: str) -> str:
    """The source address that codes are counted for. Of IPv6 the first 64 bits: a subscriber has all the rest."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:60]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def autofill_line(host: str, code: str) -> str:
    """The last line by which a browser offers the code to this site and to no other (WICG, "Delivering origin-bound
    one-time codes over SMS"): `@host #123456`."""
    return f"@{host} #{code}"
