"""What a service needs of its own is checked when it starts, not when the first citizen needs it."""

from __future__ import annotations

import pytest

from chassis import config
from chassis.errors import ConfigurationError
from chassis.runner import service_class
from infra import secrets
from infra.peers import keys, sample_keys
from services.payments.rails import RAILS as registry

RAILS = {
    rail: {
        name: value
        for name, value in {
            **sample_keys.environment("https://rails.example", "https://node.example"),
            **keys.fresh(),
        }.items()
        if name.startswith(f"SHUBBAK_{rail.upper()}_")
    }
    for rail in ("efinance", "fawry", "paymob", "pos")
}
SAMPLES = sample_keys.environment("https://rails.example", "https://node.example")
SECRETS = sorted(name for name, value in SAMPLES.items() if value.startswith("sample-"))


def start(service, mode="training", **changes):
    environ = {
        **secrets.keys(),
        "SHUBBAK_MODE": mode,
        "SHUBBAK_NODE": "EG-C",
        "SHUBBAK_BUS": "local",
        "SHUBBAK_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/d",
        **changes,
    }
    settings = config.load(service, {name: value for name, value in environ.items() if value is not None})
    service_class(service)().configure(settings)
    return settings


@pytest.mark.parametrize("service", ["catalog", "requests", "payments", "notifications", "gateway"])
def test_a_service_with_what_it_needs_starts(service):
    start(service)


@pytest.mark.parametrize(
    ("service", "changes"),
    [
        ("catalog", {"SHUBBAK_GUIDE_AUTHORITY": "rubbish"}),
        ("requests", {"SHUBBAK_REQUESTS_LICENCE_KEYS": None}),
        ("requests", {"SHUBBAK_REQUESTS_LICENCE_KEYS": "rubbish"}),
        ("requests", {"SHUBBAK_REQUESTS_LICENCE_KEYS": "l1:c2hvcnQ="}),
        ("payments", {"SHUBBAK_BILL_DAYS": "abc"}),
        ("payments", {"SHUBBAK_BILL_DAYS": "0"}),
        ("payments", {**RAILS["fawry"], "SHUBBAK_FAWRY_TIMEOUT": "abc"}),
        ("payments", {**RAILS["fawry"], "SHUBBAK_FAWRY_HOURS": "0"}),
        ("payments", {**RAILS["fawry"], "SHUBBAK_FAWRY_MOST": "much"}),
        ("payments", {**RAILS["fawry"], "SHUBBAK_FAWRY_URL": "rubbish"}),
        ("payments", {**RAILS["fawry"], "SHUBBAK_FAWRY_CALLBACK_URL": "ftp://rubbish"}),
        ("payments", {**RAILS["paymob"], "SHUBBAK_PAYMOB_INTEGRATION": "rubbish"}),
        ("payments", {**RAILS["paymob"], "SHUBBAK_PAYMOB_ZONE": "rubbish"}),
        ("payments", {**RAILS["efinance"], "SHUBBAK_EFINANCE_PRIVATE_KEY": "rubbish"}),
        ("payments", {**RAILS["efinance"], "SHUBBAK_EFINANCE_CENTRE_KEY": "c2hvcnQ="}),
        ("payments", {**RAILS["efinance"], "SHUBBAK_EFINANCE_ACCOUNTS": "rubbish"}),
        ("payments", {"SHUBBAK_POS_TERMINALS": "10000001,10000001"}),
        ("payments", {"SHUBBAK_POS_TERMINALS": "12"}),
        ("gateway", {"SHUBBAK_GATEWAY_LICENCE_PUBLIC_KEYS": "rubbish"}),
        ("gateway", {"SHUBBAK_WEB_PROXIES": "abc"}),
        ("gateway", {"SHUBBAK_HTTP_PORT": "99999"}),
    ],
)
def test_a_wrong_or_missing_setting_of_its_own_stops_it_at_start(service, changes):
    with pytest.raises(ConfigurationError) as refused:
        start(service, **changes)
    assert "SHUBBAK_" in str(refused.value)
    assert "rubbish" not in str(refused.value)


REQUIRED = sorted(
    (rail, name)
    for rail, variables in RAILS.items()
    for name in variables
    if rail != "pos" and not name.endswith(("_PAGE", "_NODE_KEY", "_CENTRE_PRIVATE_KEY"))
)


@pytest.mark.parametrize(("rail", "name"), REQUIRED)
def test_a_rail_set_up_by_halves_stops_the_start_and_names_what_is_missing(rail, name):
    with pytest.raises(ConfigurationError, match=name):
        start("payments", **{**RAILS[rail], name: None})


@pytest.mark.parametrize("mode", ["training", "production"])
@pytest.mark.parametrize("name", SECRETS)
def test_a_published_test_key_is_refused_outside_the_demo(name, mode):
    given = {**SAMPLES, **keys.fresh(), name: SAMPLES[name]}
    with pytest.raises(ConfigurationError, match=name) as refused:
        start("payments", mode=mode, **given)
    assert SAMPLES[name] not in str(refused.value)
    start("payments", mode="demo", **given)


def test_the_secrets_of_every_rail_are_among_those_tried():
    assert {name.split("_")[1] for name in SECRETS} == {"EFINANCE", "FAWRY", "PAYMOB"}


@pytest.mark.parametrize("rail", ["efinance", "fawry", "paymob"])
def test_production_takes_a_rails_word_over_https_alone(rail):
    plain = {name: value.replace("https:", "http:") for name, value in RAILS[rail].items()}
    start("payments", mode="production", **RAILS[rail])
    start("payments", mode="training", **plain)
    with pytest.raises(ConfigurationError, match="https"):
        start("payments", mode="production", **plain)


def test_a_rail_without_settings_is_not_offered():
    offered = {
        rail: [one.name for one in registry.offered(start("payments", mode="production", **RAILS[rail]))]
        for rail in RAILS
    }
    assert offered == {rail: [rail] for rail in RAILS}
    assert registry.offered(start("payments", mode="production")) == []


def test_what_a_rail_can_do_is_data_with_the_limits_of_the_nodes_contract():
    limits = {"SHUBBAK_FAWRY_HOURS": "48", "SHUBBAK_FAWRY_LEAST": "5", "SHUBBAK_FAWRY_MOST": "20000"}
    [fawry] = registry.offered(start("payments", **RAILS["fawry"], **limits))
    assert (fawry.lives.total_seconds(), fawry.least, fawry.most) == (48 * 3600, 500, 2_000_000)
    assert [fawry.takes(amount) for amount in (499, 500, 2_000_000, 2_000_001)] == [False, True, True, False]
    [efinance] = registry.offered(start("payments", **RAILS["efinance"]))
    assert not efinance.verified
