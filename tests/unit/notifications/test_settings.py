"""Settings are refused as a whole, by name and without values."""

from datetime import time

import pytest

from chassis import config
from chassis.errors import ConfigurationError
from infra import secrets
from services.notifications import settings, settings_gate
from services.notifications.gate import Rules

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
        ("UNCERTAIN_AFTER_SECONDS", "299"),
        ("SMPP_WINDOW", "5000"),
        ("QUIET_HOURS", "10pm"),
        ("QUIET_HOURS", "22:00-22:00"),
        ("QUIET_CHANNELS", "fax"),
        ("DAILY_LIMIT", "9999999"),
        ("DAILY_LIMIT", "many"),
        ("SMS_FOLD", "maybe"),
        ("MESSAGES_KEPT_DAYS", "-7"),
        ("MESSAGES_COUNTED_DAYS", "ever"),
        ("SMPP_BINDS", "11"),
        ("SMPP_PRICE", "dear"),
        ("SMTP_CONNECTIONS", "33"),
        ("SMS_SENDERS", "Cairo=C"),
        ("SMS_SENDERS", "C=Cairo,C=Giza"),
        ("SMS_SENDERS", "C=القاهرة"),
        ("PROVIDERS", "nile=carrier-pigeon"),
        ("PROVIDERS", "nile=http:0"),
        ("PROVIDERS", "nile=http:101"),
        ("PROVIDERS", "Nile=http"),
        ("PROVIDERS", "nile=http,nile=smpp"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_kept(name, value):
    with pytest.raises(ConfigurationError, match=f"SHUBBAK_{name}") as caught:
        load(**{**SMPP, **SMTP, f"SHUBBAK_{name}": value})
    assert value not in str(caught.value)


HTTP = {"SHUBBAK_PROVIDERS": "nile=http:30", "SHUBBAK_NILE_URL": "https://sms.example/v1/", "SHUBBAK_NILE_KEY": "k1",
        "SHUBBAK_NILE_RECEIPT_KEY": "k2"}


def test_named_instances_stand_beside_the_usual_ones_with_weight_and_price():
    loaded = load(**SMPP, **SMTP, **{**HTTP, "SHUBBAK_PROVIDERS": "nile=http:30,relay=smtp"}, SHUBBAK_NILE_PRICE="250",
                  SHUBBAK_SMPP_PRICE="300", SHUBBAK_RELAY_HOST="relay.example", SHUBBAK_NILE_FIELDS="to=msisdn")
    assert [(one.name, one.kind, one.weight, one.price) for one in loaded.of("sms")] == [
        ("nile", "http", 30, 250), ("smpp", "smpp", 100, 300)]
    assert [one.name for one in loaded.of("email")] == ["relay", "smtp"]
    nile = loaded.instance("nile").own
    assert (nile.url, nile.fields["to"], nile.fields["text"]) == ("https://sms.example/v1", "msisdn", "text")
    assert "k1" not in repr(loaded) and "k2" not in repr(loaded)


def test_a_named_smpp_takes_the_usual_ones_settings():
    loaded = load(**SMPP, SHUBBAK_PROVIDERS="smpp=smpp:70", SHUBBAK_SMPP_BINDS="2")
    (one,) = loaded.of("sms")
    assert (one.name, one.weight, one.own.window, one.own.binds) == ("smpp", 70, 50, 2)


@pytest.mark.parametrize(
    "name, value",
    [("NILE_URL", "http://sms.example"), ("NILE_URL", "ftp://sms.example"), ("NILE_KEY", "sample-key"),
     ("NILE_KEY", ""), ("NILE_RECEIPT_KEY", "sample-key"), ("NILE_FIELDS", "colour=red"), ("NILE_TIMEOUT", "61")],
)
def test_a_wrong_setting_of_a_named_one_is_named_and_its_value_kept(name, value):
    with pytest.raises(ConfigurationError, match=f"SHUBBAK_{name}") as caught:
        load(**{**HTTP, f"SHUBBAK_{name}": value})
    assert not value or value not in str(caught.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigurationError) as caught:
        load(SHUBBAK_PROVIDERS="nile=http,other=smpp,relay=smtp,bad", SHUBBAK_SMS_SENDER="شباك")
    for name in ("PROVIDERS", "SMS_SENDER", "NILE_URL", "NILE_KEY", "NILE_RECEIPT_KEY", "OTHER_HOST", "OTHER_SYSTEM_ID",
                 "OTHER_PASSWORD", "RELAY_HOST", "MAIL_FROM"):
        assert f"SHUBBAK_{name}" in str(caught.value)


@pytest.mark.parametrize("mode", ["demo", "training"])
@pytest.mark.parametrize(
    "name, outside, inside",
    [("SMPP_HOST", "smsc.example", "127.0.0.1"), ("SMTP_HOST", "mail.example", "sandbox"),
     ("NILE_URL", "https://sms.example", "http://sandbox:8080/sms-http/v1")],
)
def test_nothing_leaves_the_machine_in_demo_or_training(mode, name, outside, inside):
    here = {**SMPP, **SMTP, **HTTP, "SHUBBAK_SMPP_HOST": "localhost", "SHUBBAK_SMTP_HOST": "127.0.0.1",
            "SHUBBAK_NILE_URL": "http://127.0.0.1:8080"}
    assert load(mode, **{**here, f"SHUBBAK_{name}": inside})
    with pytest.raises(ConfigurationError, match=f"SHUBBAK_{name}.*nothing leaves"):
        load(mode, **{**here, f"SHUBBAK_{name}": outside})


def test_the_sender_is_the_governorates_own_where_it_has_one():
    senders = load(SHUBBAK_SMS_SENDER="Shubbak", SHUBBAK_SMS_SENDERS="C=Cairo, SUZ=Suez").senders
    assert [senders.of(unit) for unit in ("EG-C-01", "EG-SUZ-02", "EG-GZ-01", "", None)] == [
        "Cairo", "Suez", "Shubbak", "Cairo", "Cairo"]
    assert load(SHUBBAK_NODE="EG-GZ", SHUBBAK_SMS_SENDERS="C=Cairo").senders.of(None) == "Shubbak"


def test_quiet_hours_and_the_daily_limit():
    def rules(**environ):
        return settings_gate.rules(config.load("notifications", {**BASE, "SHUBBAK_MODE": "production", **environ}))

    assert rules() == Rules((time(22), time(8)), frozenset({"sms"}), 10)
    assert rules(SHUBBAK_QUIET_HOURS="off", SHUBBAK_QUIET_CHANNELS="sms, email", SHUBBAK_DAILY_LIMIT="3") == Rules(
        None, frozenset({"sms", "email"}), 3)
    with pytest.raises(ConfigurationError, match="QUIET_HOURS"):
        rules(SHUBBAK_QUIET_HOURS="at night")
