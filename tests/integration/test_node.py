"""The whole node over a real broker: each service its own process with its own users, as containers run them."""

from __future__ import annotations

import subprocess
import sys

from infra.demo.walk import Walk
from tests.support.node import ROOT


def test_a_shop_owner_takes_a_licence_home(node):
    told = []
    case = Walk(node.url, node.peers.pay, told.append).run()

    assert case["verification"]["status"] == "valid"
    assert len(told) == 12


def test_the_licence_is_verified_by_a_command_without_any_network(node):
    case = Walk(node.url, node.peers.pay).run()
    key = node.environments["gateway"]["SHUBBAK_GATEWAY_LICENCE_PUBLIC_KEYS"]

    genuine = verify(case["verification"]["qr"], key)
    head, payload, signature = case["verification"]["qr"].split(".")
    forged = verify(f"{head}.{payload[:-2]}AA.{signature}", key)

    assert genuine.returncode == 0 and case["serial"] in genuine.stdout
    assert forged.returncode == 1 and "forged" in forged.stdout


def test_one_correlation_id_runs_from_the_request_to_the_last_event(node):
    walk = Walk(node.url, node.peers.pay)
    walk.http.headers["X-Correlation-Id"] = "case-0000-follow-me"
    number = walk.lodge()["tracking_number"]
    walk.until(lambda: walk.bill(number, "inspection"), bool)

    def told():
        return {
            service
            for service in ("requests", "payments", "notifications")
            for row in node.sql(service, "SELECT convert_from(body, 'UTF8') AS body FROM event_log")
            if '"correlationid":"case-0000-follow-me"' in row.body
        }

    walk.until(told, lambda services: services == {"requests", "payments", "notifications"})


def test_no_personal_data_stands_in_the_clear_in_any_database_or_log(node):
    walk = Walk(node.url, node.peers.pay)
    walk.run()
    walk.until(node.settled, bool)
    postgres = node.stack.postgres
    dump = "".join(
        subprocess.run(
            [str(postgres.bin / "pg_dump"), "--data-only", "--inserts", postgres.dsn(database=name)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ("requests", "payments", "notifications", "gateway", "catalog")
    )
    logs = "".join(path.read_text() for path in node.logs.glob("*.log"))
    for secret in ("28503150101232", "+201012345678", "01012345678", "owner@example.org", "محمود عبد الله حسن"):
        for place, text in (("a database", dump), ("a log", logs)):
            assert secret not in text, f"{secret} in {place}"
            assert secret.encode().hex() not in text, f"{secret} in {place}, as bytes"


def verify(qr, key):
    return subprocess.run(
        [sys.executable, "-m", "chassis", "verify-licence", qr, "--key", key],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
