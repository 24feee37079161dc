"""The settings of notifications, read once at start and refused as a whole when one of them is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from chassis.config import Mode, Settings
from chassis.errors import ConfigurationError
from services.notifications import folding, settings_gate, settings_providers
from services.notifications.settings_providers import (
    LOOPBACK,
    HttpSettings,
    Instance,
    Senders,
    SmppSettings,
    SmtpSettings,
)

__all__ = ["LOOPBACK", "HttpSettings", "Instance", "NotificationSettings", "Senders", "SmppSettings", "SmtpSettings",
           "load"]


# A batch may be in hand for a minute, and then wait for the last answers: for a mail server that hangs at each of its
# commands some two minutes more. Whoever takes a message up again must be sure that nobody has it any longer.
LEAST_WAIT = 300


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """`uncertain_after`: how long a message whose answer was lost waits for a receipt before it is sent again."""

    public_url: str
    providers: tuple[Instance, ...]
    senders: Senders
    mail_from: str
    uncertain_after: timedelta
    sms_fold: bool = True

    def of(self, channel: str) -> tuple[Instance, ...]:
        """The instances of a channel, in the order in which the settings name them."""
        return tuple(one for one in self.providers if one.channel == channel)

    def instance(self, name: str) -> Instance | None:
        return next((one for one in self.providers if one.name == name), None)

    @property
    def smpp(self) -> SmppSettings | None:
        """The first SMPP instance."""
        return next((one.own for one in self.providers if isinstance(one.own, SmppSettings)), None)

    @property
    def smtp(self) -> SmtpSettings | None:
        """The first SMTP instance."""
        return next((one.own for one in self.providers if isinstance(one.own, SmtpSettings)), None)


def load(settings: Settings) -> NotificationSettings:
    """Read and check. A channel without a provider is off: its messages wait, and expire. ConfigurationError names
    every fault, no value among them."""
    faults: list[str] = []
    public_url = (settings.env("PUBLIC_URL", "http://localhost:8000") or "").rstrip("/")
    if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", public_url):
        faults.append("SHUBBAK_PUBLIC_URL must be an http or https address")
    senders = settings_providers.senders(settings, faults)
    mail_from = settings.env("MAIL_FROM") or ""
    loaded = NotificationSettings(
        public_url=public_url,
        providers=settings_providers.read(settings, faults, senders, mail_from),
        senders=senders,
        mail_from=mail_from,
        uncertain_after=timedelta(seconds=_number(settings, faults, "UNCERTAIN_AFTER_SECONDS", 600, most=86_400,
                                                  least=LEAST_WAIT if settings.mode is Mode.PRODUCTION else 1)),
        sms_fold=folding.wanted(settings),
    )
    settings_gate.check(settings, faults)
    folding.check(settings, faults)
    if faults:
        raise ConfigurationError("notifications: " + "; ".join(faults))
    return loaded


def _number(settings: Settings, faults: list[str], name: str, default: int, *, most: int, least: int = 1) -> int:
    text = settings.env(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", text) or not least <= int(text) <= most:
        faults.append(f"SHUBBAK_{name} must be a whole number from {least} to {most}")
        return default
    return int(text)
