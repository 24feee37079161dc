"""Alerts and scrape targets name what exists."""

from __future__ import annotations

import re

import yaml

from chassis import metrics
from infra.compose_check import ROOT, compose, faults
from infra.database import SERVICES
from services.payments import gauges  # noqa: F401  (it publishes metrics that alerts watch)

MONITORING = ROOT / "infra/monitoring"


def test_compose_file_agrees_with_the_code() -> None:
    assert list(faults()) == []


def test_every_alert_watches_a_metric_that_services_publish() -> None:
    published = {
        f"{metric.name}{suffix}"
        for metric in metrics.REGISTRY.collect()
        for suffix in ("", "_total", "_bucket", "_count", "_sum")
    }
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    watched = {name for rule in rules for name in re.findall(r"shubbak_\w+", rule["expr"])}
    assert watched
    assert watched <= published
    assert all(rule["labels"]["severity"] in ("critical", "warning") for rule in rules)


def test_prometheus_scrapes_every_service_under_its_name_in_compose() -> None:
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}
    assert set(targets["services"]) == {f"{service}:9100" for service in SERVICES}
    assert {target.split(":")[0] for found in targets.values() for target in found} <= set(compose()["services"])
