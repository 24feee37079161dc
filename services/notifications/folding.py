"""Whether look-alike characters are exchanged in text messages where that saves a part (`SMS_FOLD`), and doing so.

`messages.create` is the one place where a message's text is folded, so that what is stored is what is sent; what is
previewed or weighed beforehand goes through here too.
"""

from __future__ import annotations

from collections.abc import Mapping

from chassis.config import Settings
from rules import sms

_SAID = {"on": True, "off": False}


def wanted(settings: Settings) -> bool:
    """Whether this node folds; it does unless it is told not to."""
    return _SAID.get(settings.env("SMS_FOLD") or "on", True)


def check(settings: Settings, faults: list[str]) -> None:
    """Add what is wrong with the setting, at start."""
    if (settings.env("SMS_FOLD") or "on") not in _SAID:
        faults.append("SHUBBAK_SMS_FOLD must be on or off")


def content(settings: Settings, channel: str, given: Mapping[str, str]) -> Mapping[str, str]:
    """A message's content as it is kept and sent: an SMS folded where the node does that, everything else as it is."""
    if channel != "sms" or not wanted(settings):
        return given
    return {**given, "text": sms.fold(given["text"])}
