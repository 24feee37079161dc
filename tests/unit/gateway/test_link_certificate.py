"""The operator is told for how long the certificates of the line are good, by the files as they are."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509

from chassis.config import Role
from chassis.metrics import REGISTRY
from infra.ca import authority as authority_module
from infra.ca.authority import Authority
from infra.compose_check import ROOT
from services.gateway.link import certificate
from services.gateway.link.settings import LinkSettings


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "ca")


def line(options: Mapping[str, Any]) -> LinkSettings:
    return LinkSettings("EG-C", Role.NODE, 1, "", options, {}, {}, {}, 15.0, 50_000, 90)


def issued(authority: Authority, days: int) -> LinkSettings:
    path, _ = authority.client("node.EG-C", days).write(authority.folder.parent, "line")
    return line({"ssl": {"certfile": str(path), "ca_certs": str(authority.folder / "root.pem")}})


def ends(path: str) -> datetime:
    return x509.load_pem_x509_certificate(Path(path).read_bytes()).not_valid_after_utc


def days(of: str) -> float | None:
    return REGISTRY.get_sample_value("shubbak_link_certificate_days", {"of": of})


def test_it_tells_the_days_until_each_ends_and_below_zero_when_it_is_over(authority: Authority) -> None:
    link = issued(authority, 40)
    until = ends(link.options["ssl"]["certfile"])
    certificate.measure(link, until - timedelta(days=12, hours=12))
    assert days("own") == 12.5
    root = authority.root.not_valid_after_utc - until
    assert days("authority") == pytest.approx(12.5 + root / timedelta(days=1))
    certificate.measure(link, until + timedelta(days=2))
    assert days("own") == -2


def test_a_renewed_file_is_seen_without_a_restart(authority: Authority) -> None:
    link = issued(authority, 5)
    now = ends(link.options["ssl"]["certfile"]) - timedelta(days=5)
    certificate.measure(link, now)
    assert days("own") == 5
    issued(authority, 400)
    certificate.measure(link, now)
    assert 399 < (days("own") or 0) < 401


def test_of_two_authorities_in_the_file_the_one_that_follows_counts(authority: Authority, tmp_path: Path) -> None:
    link = issued(authority, 5)
    older = authority.client("centre", 9)  # any certificate that ends before the root
    both = tmp_path / "both.pem"
    both.write_bytes(older.certificate + (authority.folder / "root.pem").read_bytes())
    now = authority.root.not_valid_after_utc - timedelta(days=100)
    certificate.measure(replace(link, options={"ssl": {**link.options["ssl"], "ca_certs": str(both)}}), now)
    assert days("authority") == 100


def test_a_file_that_is_no_certificate_is_told_and_changes_nothing(authority: Authority) -> None:
    link = issued(authority, 5)
    certificate.measure(link, ends(link.options["ssl"]["certfile"]) - timedelta(days=3))
    Path(link.options["ssl"]["certfile"]).write_text("x")
    with pytest.raises(ValueError, match="PEM"):
        certificate.measure(link, datetime.now().astimezone())
    assert days("own") == 3


def test_a_line_without_certificates_has_none_to_tell_of() -> None:
    certificate.measure(line({}), datetime.now().astimezone())


@contextmanager
def broker(authority: Authority, lasts: int) -> Iterator[str]:
    """Whatever shows a broker's certificate to who shows one of its own; answers its address."""
    paths = authority.server(["127.0.0.1"], lasts).write(authority.folder.parent, "broker")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*paths)
    context.load_verify_locations(authority.root_file)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve() -> None:
            while True:
                try:
                    plain, _ = listening.accept()
                except OSError:
                    return
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as secured:
                    secured.recv(1)

        served = threading.Thread(target=serve, daemon=True)
        served.start()
        yield f"amqps://127.0.0.1:{listening.getsockname()[1]}/line"
        listening.shutdown(socket.SHUT_RDWR)
        served.join(10)


def asking(authority: Authority, url: str) -> LinkSettings:
    certificate_file, key = authority.client("node.EG-C").write(authority.folder.parent, "line")
    return replace(line({"ssl": {"certfile": str(certificate_file), "keyfile": str(key),
                                 "ca_certs": str(authority.root_file), "server_hostname": "127.0.0.1"}}), url=url)


def test_the_brokers_certificate_is_read_from_what_it_shows(authority: Authority, tmp_path: Path) -> None:
    with broker(authority, 20) as url:
        end = ends(str(tmp_path / "broker.pem"))
        certificate.measure_broker(asking(authority, url), end - timedelta(days=6, hours=12))
    assert days("broker") == 6.5
    certificate.measure_broker(asking(authority, url), end)  # it is away: nothing new is known
    assert days("broker") == 6.5


def test_a_brokers_certificate_that_is_over_says_so(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class MonthAgo(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) - timedelta(days=30)

    with monkeypatch.context() as earlier:
        earlier.setattr(authority_module, "datetime", MonthAgo)
        past = broker(authority, 10)
        url = past.__enter__()
    try:
        certificate.measure_broker(asking(authority, url), datetime.now(UTC))
    finally:
        past.__exit__(None, None, None)
    assert days("broker") == 0 and "expired" in caplog.text


def test_a_line_without_tls_asks_no_broker() -> None:
    certificate.measure_broker(line({}), datetime.now(UTC))


def test_somebody_is_warned_a_month_before_and_urged_while_there_is_still_time() -> None:
    groups = yaml.safe_load((ROOT / "infra/monitoring/alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"] if "certificate_days" in rule["expr"]]
    asked = [(rule["labels"]["severity"], int(rule["expr"].rpartition("<")[2])) for rule in rules]
    assert asked == [("warning", 30), ("critical", 7)]
