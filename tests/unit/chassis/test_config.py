"""Configuration: every fault is named at once, no value is shown, samples do not reach production."""

import base64
import os

import pytest

from chassis import config
from chassis.config import Mode, Role
from chassis.errors import ConfigurationError
from infra import secrets

SECRET = base64.b64encode(os.urandom(32)).decode()
GOOD = {
    "SHUBBAK_MODE": "production", "SHUBBAK_NODE": "EG-C", "SHUBBAK_DATABASE_URL": "postgresql://u:hush1@h/d",
    "SHUBBAK_AMQP_URL": "amqp://u:hush2@h/v", "SHUBBAK_KEYS_STORE": f"k1:{SECRET}", "SHUBBAK_KEY_LOOKUP": SECRET,
    "SHUBBAK_ACTOR_PUBLIC_KEYS": SECRET, "SHUBBAK_AUDIT_PRIVATE_KEY": SECRET,
}


def faults(**changes):
    environ = {**GOOD, **{f"SHUBBAK_{name}": value for name, value in changes.items()}}
    with pytest.raises(ConfigurationError) as error:
        config.load("payments", {name: value for name, value in environ.items() if value is not None})
    return str(error.value)


def test_a_good_environment_is_read():
    settings = config.load("payments", GOOD)
    assert (settings.mode, settings.node, settings.epoch, settings.bus) == (Mode.PRODUCTION, "EG-C", 1, "rabbit")
    assert settings.source == "urn:shubbak:EG-C:payments:1"


def test_a_services_own_name_goes_before_the_common_one():
    both = {**GOOD, "SHUBBAK_MAX_WORKERS": "3", "SHUBBAK_PAYMENTS_MAX_WORKERS": "7"}
    assert config.load("payments", both).max_workers == 7
    assert config.load("catalog", both).max_workers == 3


def test_an_empty_environment_is_told_everything_that_is_missing_at_once():
    with pytest.raises(ConfigurationError) as error:
        config.load("payments", {})
    for name in ("NODE", "DATABASE_URL", "AMQP_URL", "KEYS_STORE", "KEY_LOOKUP", "ACTOR_PUBLIC_KEYS",
                 "AUDIT_PRIVATE_KEY"):
        assert f"SHUBBAK_{name} is not set" in str(error.value)


def test_a_further_process_has_its_services_settings_and_names_that_are_its_own():
    both = {**GOOD, "SHUBBAK_ADMIN_PORT": "9101", "SHUBBAK_GATEWAY_MAX_WORKERS": "7",
            "SHUBBAK_GATEWAY_LINK_ADMIN_PORT": "9102"}
    service, link = config.load("gateway", both), config.load("gateway.link", both)
    assert (service.service, service.main, service.admin_port) == ("gateway", True, 9101)
    assert (link.service, link.main, link.admin_port, link.max_workers) == ("gateway", False, 9102, 7)
    assert link.source == service.source


def test_a_place_is_a_node_unless_it_is_said_to_be_the_centre():
    assert config.load("payments", GOOD).role is Role.NODE
    centre = {**GOOD, "SHUBBAK_ROLE": "centre", "SHUBBAK_NODE": "EG"}
    assert config.load("payments", centre).role is Role.CENTRE
    assert "SHUBBAK_NODE must be EG" in faults(ROLE="centre")


WRONG = {
    "ROLE": "capital", "MODE": "live", "NODE": "Cairo", "BUS": "pigeon", "EPOCH": "0", "ADMIN_PORT": "70000",
    "MAX_WORKERS": "many", "MAX_IN_FLIGHT": "-1", "KEYS_STORE": "k1", "KEYS_CONTACT": "K 1:x", "KEY_LOOKUP": "c2hvcnQ=",
    "ACTOR_PUBLIC_KEYS": "!!", "AUDIT_PRIVATE_KEY": "x", "ACTOR_PRIVATE_KEY": "notbase64!",
}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_value_is_named_and_not_shown(name):
    message = faults(**{name: WRONG[name]})
    assert f"SHUBBAK_{name}" in message
    if len(WRONG[name]) > 3:
        assert WRONG[name] not in message


def test_all_wrong_values_are_told_together_and_no_secret_is_in_the_message():
    message = faults(**WRONG)
    assert all(f"SHUBBAK_{name}" in message for name in WRONG)
    assert SECRET not in message and "hush1" not in message and "hush2" not in message


@pytest.mark.parametrize("name", ["KEYS_STORE", "KEYS_CONTACT", "KEY_LOOKUP", "ACTOR_PRIVATE_KEY", "AUDIT_PRIVATE_KEY",
                                  "DATABASE_URL", "AMQP_URL"])
def test_a_sample_is_refused_in_production_and_taken_in_training(name):
    values = {"KEYS_STORE": "k1:sample-x", "KEYS_CONTACT": "k1:sample-x", "DATABASE_URL": "postgresql://u:sample-p@h/d",
              "AMQP_URL": "amqp://u:sample-p@h/v"}
    value = values.get(name, "sample-x")
    assert f"SHUBBAK_{name} is a sample" in faults(**{name: value})
    assert config.load("payments", {**GOOD, f"SHUBBAK_{name}": value, "SHUBBAK_MODE": "training"})


def test_a_services_own_secret_is_held_to_the_same():
    settings = config.load("payments", {**GOOD, "SHUBBAK_RAIL_KEY": "sample-rail"})
    with pytest.raises(ConfigurationError, match="sample"):
        settings.secret("RAIL_KEY")
    with pytest.raises(ConfigurationError, match="not set"):
        settings.secret("OTHER_KEY")
    assert config.load("payments", {**GOOD, "SHUBBAK_RAIL_KEY": "real"}).secret("RAIL_KEY") == "real"


def test_settings_show_no_secret_when_they_are_printed():
    shown = repr(config.load("payments", {**GOOD, "SHUBBAK_ACTOR_PRIVATE_KEY": SECRET}))
    raw = base64.b64decode(SECRET)
    assert "hush1" not in shown and "hush2" not in shown and SECRET not in shown
    assert shown.count(repr(raw)) == 1  # the public keys, which are no secret


def test_a_fresh_set_of_secrets_configures_every_service():
    keys = secrets.keys()
    for service in ("catalog", "requests", "payments", "notifications", "gateway"):
        base = {name: GOOD[name] for name in ("SHUBBAK_MODE", "SHUBBAK_NODE", "SHUBBAK_DATABASE_URL",
                                              "SHUBBAK_AMQP_URL")}
        assert config.load(service, base | secrets.keys_of(service, keys)).service == service


@pytest.mark.parametrize("text", ["k1:x,k1:y", "k1:" + SECRET + ",k1:" + SECRET])
def test_a_key_id_twice_in_a_ring_is_refused(text):
    assert "SHUBBAK_KEYS_STORE" in faults(KEYS_STORE=text)
