"""Settings are refused as a whole, by name and without values."""

import pytest

from chassis import config
from chassis.errors import ConfigurationError
from infra import secrets
from services.notifications import settings

KEYS = secrets.keys()
BASE = {**KEYS, "SHUBBAK_NODE": "EG-C", "SHUBBAK_DATABASE_URL": "postgresql://x", "SHUBBAK_BUS": "local"}
SMPP = {"SHUBBAK_SMPP_HOST": "smsc.example", "SHUBBAK_SMPP_SYSTEM_ID": "node", "SHUBBAK_SMPP_PASSWORD": "secret12"}
SMTP = {"SHUBBAK_SMTP_HOST": "mail.example", "SHUBBAK_MAIL_FROM": "شُبّاك <no-reply@cairo.example>"}


def load(mode="production", **environ):
    return settings.load(config.load("notifications", {**BASE, "SHUBBAK_MODE": mode, **environ}))


def test_both_channels():
    loaded = load(**SMPP, **SMTP, SHUBBAK_PUBLIC_URL="https://cairo.example/")
    assert (loaded.smpp.port, loaded.smtp.port, loaded.public_url) == (2775, 25, "https://cairo.example")
    assert loaded.smtp.tls_required is False
    assert "secret12" not in repr(loaded)


def test_without_a_host_a_channel_is_off():
    assert (load().smpp, load().smtp) == (None, None)


def test_a_password_for_mail_demands_tls_except_on_the_demos_loopback():
    login = {"SHUBBAK_SMTP_USER": "u", "SHUBBAK_SMTP_PASSWORD": "p"}
    assert load(**SMTP, **login).smtp.tls_required
    assert load("training", **{**SMTP, "SHUBBAK_SMTP_HOST": "sandbox"}, **login).smtp.tls_required
    assert not load("demo", **{**SMTP, "SHUBBAK_SMTP_HOST": "127.0.0.1"}, **login).smtp.tls_required
    assert load(**SMTP, SHUBBAK_SMTP_TLS="required").smtp.tls_required


@pytest.mark.parametrize(
    "name, value",
    [
        ("PUBLIC_URL", "javascript:x"),
        ("SMPP_PORT", "0"),
        ("SMPP_PORT", "99999"),
        ("SMPP_PASSWORD", "longer-than-eight"),
        ("SMPP_PASSWORD", "sample-1"),
        ("SMPP_SYSTEM_ID", "x" * 16),
        ("SMS_SENDER", "شباك"),
        ("SMS_SENDER", "TwelveLetters"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "a@b.example\nBcc: c@d.example"),
        ("UNCERTAIN_AFTER_SECONDS", "soon"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_kept(name, value):
    with pytest.raises(ConfigurationError, match=f"SHUBBAK_{name}") as caught:
        load(**{**SMPP, **SMTP, f"SHUBBAK_{name}": value})
    assert value not in str(caught.value)
