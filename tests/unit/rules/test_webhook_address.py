"""Where webhooks may go, and all the ways of writing an address where they may not."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.webhook_address import address_fault, networks, url_fault

PUBLIC = ["8.8.8.8", "41.33.10.4", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
INSIDE = [
    "127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "192.0.2.1", "198.18.0.1",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a9fe:a9fe::", "fec0::1", "3fff::1", "192.88.99.1", "192.0.0.8",
    "not an address", "",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_let_pass(address: str) -> None:
    assert address_fault(address) is None


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_that_lies_inside_is(address: str) -> None:
    assert address_fault(address) is not None


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(address: IPv4Address) -> None:
    """However an IPv4 address is wrapped, it gets through only where it gets through bare."""
    bare = address_fault(str(address))
    for wrapped in (f"::ffff:{address}", str(IPv6Address((0x0064FF9B << 96) | int(address)))):
        assert (address_fault(wrapped) is None) is (bare is None), wrapped
    six_to_four = str(IPv6Address((0x2002 << 112) | (int(address) << 80) | 1))
    assert bare is None or address_fault(six_to_four) is not None


def test_networks_of_the_operator_are_let_in_and_no_others() -> None:
    own = networks("10.20.0.0/16, fd00:1::/32")
    assert address_fault("10.20.3.4", own) is None and address_fault("::ffff:10.20.3.4", own) is None
    assert address_fault("fd00:1::9", own) is None
    assert address_fault("10.21.0.1", own) is not None and address_fault("127.0.0.1", own) is not None
    with pytest.raises(ValueError, match=r"."):
        networks("10.20.0.1/16")


@pytest.mark.parametrize(("url", "fault"), [
    ("https://events.transport.gov.eg/in?a=b", None), ("https://events.transport.gov.eg:8443/", None),
    ("https://41.33.10.4/in", None), ("https://[2606:4700:4700::1111]/", None),
    ("http://events.transport.gov.eg/", "webhook_url_plain"), ("ftp://a.gov.eg/", "webhook_url_malformed"),
    ("https://user:pass@a.gov.eg/", "webhook_url_malformed"), ("https://a.gov.eg/#part", "webhook_url_malformed"),
    ("https://a.gov.eg:0/", "webhook_url_malformed"), ("https://a.gov.eg:99999/", "webhook_url_malformed"),
    ("https:///in", "webhook_url_malformed"), ("", "webhook_url_malformed"),
    ("https://a.gov.eg/\r\nx: y", "webhook_url_malformed"), ("https://0x7f000001/", "webhook_url_private"),
    ("https://وزارة.مصر/", "webhook_url_malformed"), ("https://a.gov.eg/" + "x" * 500, "webhook_url_malformed"),
    ("https://127.0.0.1/", "webhook_url_private"), ("https://[::1]/", "webhook_url_private"),
    ("https://[::ffff:10.0.0.1]/", "webhook_url_private"), ("https://169.254.169.254/latest", "webhook_url_private"),
    ("https://localhost/", "webhook_url_private"), ("https://api.internal/", "webhook_url_private"),
    ("https://broker/", "webhook_url_private"), ("https://127.1/", "webhook_url_malformed"),
    ("https://2130706433/", "webhook_url_malformed"), ("https://0177.0.0.1/", "webhook_url_malformed"),
    ("https://-a.gov.eg/", "webhook_url_malformed"), ("https://a.gov.eg:443/", None),
    *((f"https://a.gov.eg:{port}/", "webhook_url_port") for port in (1, 22, 25, 80, 444, 6379, 8080, 8444, 65535)),
])  # fmt: skip
def test_an_endpoint_is_judged_when_it_is_registered(url: str, fault: str | None) -> None:
    assert url_fault(url) == fault


def test_plain_http_passes_in_training_and_private_addresses_do_not() -> None:
    assert url_fault("http://events.gov.eg/", plain=True) is None
    assert url_fault("http://127.0.0.1:8000/", plain=True) == "webhook_url_private"
    assert url_fault("http://127.0.0.1:8000/", networks("127.0.0.0/8"), plain=True) is None
    assert url_fault("http://127.0.0.1:8000/", networks("127.0.0.0/8")) == "webhook_url_plain"


def test_training_uses_any_port_that_is_nobodys_own() -> None:
    for port in (80, 443, 1024, 8000, 65535):
        assert url_fault(f"http://events.gov.eg:{port}/", plain=True) is None
    for port in (22, 25, 465, 1023):
        assert url_fault(f"https://events.gov.eg:{port}/", plain=True) == "webhook_url_port"
