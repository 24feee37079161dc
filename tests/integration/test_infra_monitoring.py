"""Alerts and scrape targets name what exists."""

from __future__ import annotations

import re

import yaml

from chassis import metrics
from chassis.runner import PROCESSES
from infra.compose_check import ROOT, compose, faults
from infra.database import SERVICES
from rules.link_watch import CONDITIONS
from services.gateway import link_gauges  # noqa: F401  (the same)
from services.gateway.agencies import metrics as of_agencies  # noqa: F401  (the same)
from services.gateway.link import certificate, numbering  # noqa: F401  (the same)
from services.gateway.national import lodging  # noqa: F401  (the same)
from services.notifications import metrics as of_messages  # noqa: F401  (the same)
from services.payments import gauges  # noqa: F401  (it publishes metrics that alerts watch)
from services.requests import portal_applications  # noqa: F401  (the same)

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


def test_a_process_that_goes_is_missed_whichever_job_it_is_scraped_by() -> None:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    down = next(rule["expr"] for group in groups for rule in group["rules"] if rule["alert"] == "ServiceDown")
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    ours = {job["job_name"] for job in jobs if not job["job_name"].startswith("rabbitmq")}
    assert set(re.findall(r"max_over_time\(up\{job=~\"([a-z|]+)\"", down)[0].split("|")) == ours


def test_every_condition_of_a_link_that_is_not_well_is_watched_also_before_it_was_ever_heard() -> None:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = {rule["alert"]: rule for group in groups for rule in group["rules"]}
    assert [rules[name]["expr"] for name in ("LinkSilent", "LinkNeverHeard")] == [
        'shubbak_link_condition{condition="silent"} == 1', 'shubbak_link_condition{condition="never"} == 1']
    assert {"silent", "never"} <= set(CONDITIONS) and rules["LinkNeverHeard"]["for"] == "1h"


def test_prometheus_scrapes_every_service_under_its_name_in_compose() -> None:
    jobs = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in jobs}
    assert set(targets["services"]) == {f"{service}:9100" for service in SERVICES}
    further = {process.replace(".", "-") for process in PROCESSES}
    assert set(targets["line"]) == {f"{container}:9100" for container in further}
    assert {target.split(":")[0] for found in targets.values() for target in found} <= set(compose()["services"])
