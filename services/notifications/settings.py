"""The settings of notifications, read once at start and refused as a whole when one of them is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr

from chassis.config import Mode, Settings
from chassis.errors import ConfigurationError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class SmppSettings:
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    sender: str = "Shubbak"
    window: int = 10  # submits without an answer at a time


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_required: bool = False
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """`uncertain_after`: how long a message whose answer was lost waits for a receipt before it is sent again."""

    public_url: str
    smpp: SmppSettings | None
    smtp: SmtpSettings | None
    uncertain_after: timedelta


def load(settings: Settings) -> NotificationSettings:
    """Read and check. A channel without a host is off: its messages wait, and expire. ConfigurationError names every
    fault, no value among them."""
    faults: list[str] = []
    public_url = (settings.env("PUBLIC_URL", "http://localhost:8000") or "").rstrip("/")
    if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", public_url):
        faults.append("SHUBBAK_PUBLIC_URL must be an http or https address")
    loaded = NotificationSettings(
        public_url=public_url,
        smpp=_smpp(settings, faults),
        smtp=_smtp(settings, faults),
        uncertain_after=timedelta(seconds=_number(settings, faults, "UNCERTAIN_AFTER_SECONDS", 600, most=86_400)),
    )
    if faults:
        raise ConfigurationError("notifications: " + "; ".join(faults))
    return loaded


def _smpp(settings: Settings, faults: list[str]) -> SmppSettings | None:
    host = settings.env("SMPP_HOST")
    if not host:
        return None
    system_id = settings.env("SMPP_SYSTEM_ID") or ""
    if not 1 <= len(system_id) <= 15:
        faults.append("SHUBBAK_SMPP_SYSTEM_ID must have 1 to 15 characters")  # SMPP 3.4, 5.2.1
    password = settings.secret("SMPP_PASSWORD")
    if len(password) > 8:
        faults.append("SHUBBAK_SMPP_PASSWORD may have 8 characters at most")  # SMPP 3.4, 5.2.2
    sender = settings.env("SMS_SENDER", "Shubbak") or ""
    if not re.fullmatch(r"\+?[0-9]{3,15}|[A-Za-z0-9 ]{1,11}", sender):
        faults.append("SHUBBAK_SMS_SENDER must be a number or up to 11 Latin letters and digits")
    return SmppSettings(host, _number(settings, faults, "SMPP_PORT", 2775, most=65_535), system_id, password, sender,
                        _number(settings, faults, "SMPP_WINDOW", 10, most=1000))


def _smtp(settings: Settings, faults: list[str]) -> SmtpSettings | None:
    host = settings.env("SMTP_HOST")
    if not host:
        return None
    sender = settings.env("MAIL_FROM") or ""
    if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", parseaddr(sender)[1]) or "\n" in sender or "\r" in sender:
        faults.append("SHUBBAK_MAIL_FROM must be an e-mail address")
    user = settings.env("SMTP_USER")
    # A password never crosses a network in the clear; on the loopback of a demo there is nothing to protect.
    required = settings.env("SMTP_TLS") == "required" or bool(
        user and not (settings.mode is not Mode.PRODUCTION and host in LOOPBACK))
    return SmtpSettings(host, _number(settings, faults, "SMTP_PORT", 25, most=65_535), sender, user,
                        settings.secret("SMTP_PASSWORD") if user else None, required)


def _number(settings: Settings, faults: list[str], name: str, default: int, *, most: int) -> int:
    text = settings.env(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= most:
        faults.append(f"SHUBBAK_{name} must be a whole number from 1 to {most}")
        return default
    return int(text)
