"""What Prometheus watches of the links (infra/monitoring/alerts.yml): one series a peer."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import Gauge

from chassis.metrics import REGISTRY
from rules.link_watch import CONDITIONS
from services.gateway import links

if TYPE_CHECKING:
    from chassis.service import Platform

_PEER = ("peer",)
_condition = Gauge("shubbak_link_condition", "1 for how the link stands", ("peer", "condition"), registry=REGISTRY)
_backlog = Gauge("shubbak_link_backlog", "Messages without a receipt of the peer", _PEER, registry=REGISTRY)
_oldest = Gauge("shubbak_link_oldest_unreceipted_seconds", "Age of the oldest fact without a receipt; 0 of none", _PEER,
                registry=REGISTRY)
_receipt = Gauge("shubbak_link_receipt_age_seconds", "Since the last receipt", _PEER, registry=REGISTRY)
_heard = Gauge("shubbak_link_heard_age_seconds", "Since the peer was last heard", _PEER, registry=REGISTRY)
_skew = Gauge("shubbak_link_clock_skew_seconds", "The peer's clock before ours", _PEER, registry=REGISTRY)
_parked = Gauge("shubbak_link_parked", "Messages of the peer that wait for a person", _PEER, registry=REGISTRY)
_held = Gauge("shubbak_link_held", "Messages of the peer that came too early", _PEER, registry=REGISTRY)
_differs = Gauge("shubbak_link_days_counted_differently", "Days on which both ends counted differently", _PEER,
                 registry=REGISTRY)
_stored = Gauge("shubbak_link_stored", "Messages numbered for the peer in this epoch", _PEER, registry=REGISTRY)
_applied = Gauge("shubbak_link_applied", "Messages of the peer applied in its newest epoch", _PEER, registry=REGISTRY)
_version = Gauge("shubbak_link_version_info", "1 for the peer's version", ("peer", "version"), registry=REGISTRY)
_lost = Gauge("shubbak_link_lost", "Own facts that the peer has, and that a restored place was not given back", _PEER,
              registry=REGISTRY)  # fmt: skip
_versions: dict[str, str] = {}


def measure(platform: Platform) -> None:
    """Bring the gauges up to date."""
    work = platform.unit_of_work()
    for link in links.standing(work):
        _tell(link, work.now)


def _tell(link: dict[str, Any], now: datetime) -> None:
    peer, sending = link["peer"], link["sending"]
    for condition in CONDITIONS:
        _condition.labels(peer, condition).set(condition == link["condition"])
    _backlog.labels(peer).set(sending["backlog"])
    _oldest.labels(peer).set(sending["oldest_seconds"] or 0)
    _parked.labels(peer).set(link["parked"])
    _held.labels(peer).set(link["receiving"]["held"])
    _differs.labels(peer).set(link["differing_days"])
    _lost.labels(peer).set(sum(one["last"] - one["first"] + 1 for one in link["lost"]))
    _stored.labels(peer).set(sending["stored"])
    _applied.labels(peer).set(link["receiving"]["applied"])
    if link["skew_ms"] is not None:
        _skew.labels(peer).set(link["skew_ms"] / 1000)
    for gauge, moment in ((_receipt, sending["receipt_at"]), (_heard, link["heard_at"])):
        if moment is not None:
            gauge.labels(peer).set((now - datetime.fromisoformat(moment)).total_seconds())
    if link["version"] != _versions.get(peer):
        if peer in _versions:
            _version.remove(peer, _versions.pop(peer))
        if link["version"] is not None:
            _versions[peer] = link["version"]
            _version.labels(peer, link["version"]).set(1)
