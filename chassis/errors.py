"""What can go wrong outside the rules. A `Refusal` is a rule's no; these are the platform's own."""

from __future__ import annotations


class ChassisError(Exception):
    """Base of the platform's own failures."""


class Unavailable(ChassisError):
    """The bus, a peer service or the database cannot be reached now. Nothing is known to have happened; a command may
    be repeated under the same id. 503 with Retry-After at the door."""


class Busy(Unavailable):
    """The service has as much work in flight as it may hold and took nothing."""


class DeadlineExceeded(Unavailable):
    """No answer within the caller's deadline. The command may or may not have taken effect; its id answers a repeat."""


class Conflict(ChassisError):
    """Something read by this unit of work was changed by another before it committed. Nothing was written."""


class RemoteFailure(ChassisError):
    """The called service failed in a way it did not expect. 500 at the door."""


class ConfigurationError(ChassisError):
    """The environment does not configure the service; says every name that is wrong."""


class NotYet(ChassisError):
    """An event came before what it builds on (another stream is behind). It is tried again soon, without noise."""
