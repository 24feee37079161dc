"""Sample numbers and addresses: one table of what becomes of a message to each. The sandboxes for SMPP, HTTP and mail
behave by it, and docs/messages-sandbox.md is written from it, so that neither can say what the other does not do.

Nothing of the platform is imported here. The numbers are of the form of real ones, since there are none set aside for
tests in Egypt's plan: use them with the sandboxes only.
"""

from __future__ import annotations

from dataclasses import dataclass

DOMAIN = "sample.example"
KEY, RECEIPT_KEY = "sample-sms-key", "sample-sms-receipts"  # of the operator over HTTP
LATE_MS = 30_000
SLOW_MS = 3_000


@dataclass(frozen=True, slots=True)
class Sample:
    """A number, its behaviour, what becomes of the message, and what the operator does. `mail` is what a mail server
    does for the address `<behaviour>@sample.example`, '' where it knows no such thing."""

    number: str
    behaviour: str
    state: str
    does: str
    mail: str = ""


SAMPLES = (
    Sample("01000000001", "delivered", "delivered", "Taken; the receipt comes at once.", "Taken."),
    Sample("01000000002", "delivered_late", "delivered", "Taken; the receipt comes after half a minute."),
    Sample("01000000003", "refused", "failed", "Refused for good: there is no such number.",
           "Refused for good: 550, no such user."),
    Sample("01000000004", "undelivered", "failed", "Taken; the receipt says that the handset did not take it."),
    Sample("01000000005", "failed_then_delivered", "delivered",
           "Refused for the moment at the first try; the next one is taken and delivered.",
           "451 at the first try; the next one is taken."),
    Sample("01000000006", "undelivered_then_delivered", "delivered",
           "Taken; a receipt says that it failed, a later one that it arrived."),
    Sample("01000000007", "no_receipt", "sent", "Taken, and no receipt ever comes."),
    Sample("01000000008", "throttled", "delivered",
           "Throttled at the first try, which pauses the provider; then taken."),
    Sample("01000000009", "slow", "delivered", "Answered after three seconds; then delivered.",
           "Answered after three seconds."),
    Sample("01000000010", "duplicate", "delivered", "Taken; the receipt comes three times."),
    Sample("01000000011", "no_answer", "delivered",
           "Taken at the first try, but the line is cut before the answer. Over HTTP it is sent once: the key is "
           "known. Over SMPP the receipt settles it, or it is sent again after the time set.",
           "Taken, but the line is cut before the answer: sent again after the time set."),
)
_BY_NUMBER = {"20" + one.number[1:]: one for one in SAMPLES}
_BY_ADDRESS = {f"{one.behaviour}@{DOMAIN}": one for one in SAMPLES if one.mail}


def of_number(number: str) -> str | None:
    """The behaviour of a number in international form, with or without a plus; None for any other number."""
    found = _BY_NUMBER.get(number.lstrip("+"))
    return found.behaviour if found else None


def of_address(address: str) -> str | None:
    """The behaviour of an e-mail address; None for any other address."""
    found = _BY_ADDRESS.get(address.lower())
    return found.behaviour if found else None


class Tries:
    """Which message was seen before: some behave otherwise at the first try. The last thousands are remembered."""

    MOST = 20_000

    def __init__(self) -> None:
        self._seen: dict[tuple[str, bytes], None] = {}

    def first(self, address: str, body: bytes) -> bool:
        key = (address, body)
        if key in self._seen:
            return False
        if len(self._seen) >= self.MOST:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = None
        return True
