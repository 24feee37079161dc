"""What a service needs of its own is checked when it starts, not when the first citizen needs it."""

from __future__ import annotations

import pytest

from chassis import config
from chassis.errors import ConfigurationError
from chassis.runner import service_class
from infra import secrets

RAIL = {
    "SHUBBAK_SANDBOX_RAIL_URL": "http://127.0.0.1:1",
    "SHUBBAK_SANDBOX_RAIL_MERCHANT": "m",
    "SHUBBAK_SANDBOX_RAIL_KEY": "secret",
    "SHUBBAK_SANDBOX_RAIL_CALLBACK_URL": "http://127.0.0.1:1/c",
}


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
        ("payments", {**RAIL, "SHUBBAK_SANDBOX_RAIL_TIMEOUT": "abc"}),
        ("payments", {**RAIL, "SHUBBAK_SANDBOX_RAIL_MERCHANT": None}),
        ("payments", {**RAIL, "SHUBBAK_SANDBOX_RAIL_KEY": None}),
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


def test_production_knows_no_practice_rail():
    from services.payments.rails import RAILS

    practice = start("payments", **RAIL)
    production = start("payments", mode="production", **RAIL)

    assert RAILS.offered(practice) == ["sandbox"]
    assert RAILS.offered(production) == []
