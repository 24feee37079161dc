"""How much one may ask: so many requests a minute of one class, counted for one account, key or address.

Who is logged in is counted by account, wherever from, since a centre's windows share one address; everybody else by
address. Before anybody is looked up there is one bound for everything from one address. Counts are this process's own
and in memory (a look-up in a dictionary a request): behind several processes so much more passes, and a restart counts
anew. What must hold exactly, failed log-ins and guesses, is counted in the database (services.gateway.throttle).

Each count is a bucket that runs empty evenly (GCRA): `burst` at once, then `per_minute`. Beside them stands how many
requests of one address are being worked at: bodies that come slowly are few a minute and would fill the door all the
same.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from chassis.config import Mode, Settings
from chassis.errors import ConfigurationError
from rules.refusal import refuse
from services.gateway.web.access import Gate

ANY, READ, WRITE, LODGE, COSTLY, LOG_IN, SIGNED = CLASSES = (
    "any", "read", "write", "lodge", "costly", "log_in", "signed")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limit:
    """`per_minute` and at once; `by_route`: each route counts for itself."""

    per_minute: int
    burst: int
    by_route: bool = False


LIMITS: dict[str, Limit] = {
    ANY: Limit(6000, 1500),  # one address, whoever stands behind it
    READ: Limit(1200, 300),
    WRITE: Limit(240, 60),  # an application with its documents is about 15
    LODGE: Limit(30, 15, by_route=True),  # applications, complaints, visits: what makes work for people
    COSTLY: Limit(30, 15, by_route=True),  # whole exports, imports, drawings
    LOG_IN: Limit(120, 60, by_route=True),  # a centre's forty clerks at eight in the morning, twice
    SIGNED: Limit(12000, 3000),  # one rail or provider
}
"""Settings: `RATE_LIMITS`, such as `read=600 lodge=10`, or `off`. In demo and training each is ten times as
much: there one machine plays everybody."""
PRACTICE = 10

_BY_ENDPOINT: dict[str, str] = {
    **dict.fromkeys(("staff.log_in", "staff_login.log_in_with_code", "staff_login.begin_oidc",
                     "staff_login.oidc_return", "citizens.send_code", "citizens.log_in", "api_sessions.open_session",
                     "api_citizens.send_code", "api_citizens.open_citizen_session"), LOG_IN),
    **dict.fromkeys(("apply.send", "complaints.complain", "complaints.ask_reopening", "visits.order",
                     "api_requests.lodge", "api_national.lodge_nationally", "api_requests.appeal",
                     "api_afterwards.complain", "api_afterwards.ask_reopening", "api_visits.order_visit"), LODGE),
    **dict.fromkeys(("api_guide.guide_xlsx", "api_guide.guide_json", "api_guide.guide_yaml", "api_guide.guide_jsonld",
                     "api_guide.import_guide", "api_openapi.openapi", "api_asyncapi.asyncapi_document"), COSTLY),
}  # fmt: skip
_MOST_KEYS = 100_000
AT_ONCE = 50
"""Requests in flight from one address: a quarter of what a process holds (`MAX_IN_FLIGHT`)."""


def class_of(gate: Gate, endpoint: str, method: str, rule: str) -> str:
    """The class of a route, one of CLASSES."""
    if gate.signed:
        return SIGNED
    if endpoint in _BY_ENDPOINT:
        return _BY_ENDPOINT[endpoint]
    if method != "GET":
        return WRITE
    return COSTLY if rule.endswith((".xlsx", ".pdf", ".csv")) else READ


class Limits:
    """The counts of one process. Refuses `slow_down` with the seconds to wait."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = read(settings)
        self._clock = clock
        self._full_at: dict[tuple[str, str, str], float] = {}
        self._most_at_once = AT_ONCE * _times(settings) if self._limits else None
        self._inside: dict[str, int] = {}

    def enter(self, who: str) -> None:
        """A request from an address begins; `leave` must follow. Refuses slow_down beyond AT_ONCE, and then not."""
        inside = self._inside.get(who, 0)
        if self._most_at_once is not None and inside >= self._most_at_once:
            raise refuse("slow_down", seconds=1)
        self._inside[who] = inside + 1

    def leave(self, who: str) -> None:
        """A request that entered has ended."""
        left = self._inside.get(who, 0) - 1
        if left > 0:
            self._inside[who] = left
        else:
            self._inside.pop(who, None)

    def check(self, kind: str, who: str, route: str = "", per_minute: int | None = None) -> None:
        """Count one request of a class by somebody; `per_minute` is a partner's own, in place of the class's."""
        limit = self._limits.get(kind)
        if limit is None:
            return
        rate, burst = limit.per_minute, limit.burst
        if per_minute is not None:
            rate, burst = per_minute, max(5, per_minute // 4)
        key = (kind, who, route if limit.by_route else "")
        now, each = self._clock(), 60.0 / rate
        full_at = max(self._full_at.get(key, now), now) + each
        if (over := full_at - now - burst * each) > 1e-9:
            raise refuse("slow_down", seconds=max(1, math.ceil(over)))
        if len(self._full_at) >= _MOST_KEYS:
            self._forget(now)
        self._full_at[key] = full_at

    def _forget(self, now: float) -> None:
        standing = {key: ends for key, ends in self._full_at.items() if ends > now}
        # Were nearly all of them busy, looking through them again and again would cost more than counting anew.
        self._full_at = standing if len(standing) < _MOST_KEYS * 3 // 4 else {}


def read(settings: Settings) -> dict[str, Limit]:
    """The limits in force; none when they are off. ConfigurationError for what is no class or no number."""
    given = (settings.env("RATE_LIMITS") or "").replace(",", " ").split()
    if given == ["off"]:
        return {}
    times = _times(settings)
    found = {name: Limit(one.per_minute * times, one.burst * times, one.by_route) for name, one in LIMITS.items()}
    for part in given:
        name, _, number = part.partition("=")
        if name not in LIMITS or not number.isascii() or not number.isdecimal() or not 1 <= int(number) <= 10**6:
            raise ConfigurationError(f"SHUBBAK_RATE_LIMITS: {part} is not one of {', '.join(CLASSES)} with a number")
        found[name] = Limit(int(number), max(5, int(number) // 4), LIMITS[name].by_route)
    return found


def _times(settings: Settings) -> int:
    return 1 if settings.mode is Mode.PRODUCTION else PRACTICE
