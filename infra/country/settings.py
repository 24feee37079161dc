"""The settings of a place on the line, wherever its servers run: beside us on free ports, or in containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from infra import secrets
from infra.broker import centre
from infra.database import SERVICES

CENTRE = "EG"
AT_NODE = (*SERVICES, "gateway.link", "gateway.agencies")
# Requests live in the governorates; the centre reads what they tell.
AT_CENTRE = tuple(name for name in AT_NODE if name not in centre.ABSENT)


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a place stands and whom it knows. `database`, `log` and `bus` answer the address for a service, for the
    line's reader of its event log, and for the service's user of the broker."""

    code: str
    mode: str
    epoch: int
    keys: Mapping[str, str]
    inquiry_key: str
    database: Callable[[str], str]
    log: Callable[[str], str]
    bus: Callable[[str], str]
    line_url: str
    line_root: str
    line_certificate: str
    line_key: str
    signs: Mapping[str, str]  # of every place, its public signing key
    opens: Mapping[str, str]  # of every node, the public key of its box
    public_url: str
    centre_url: str

    @property
    def role(self) -> str:
        """`centre` or `node`."""
        return "centre" if self.code == CENTRE else "node"


def environment(place: Situation, names: Sequence[str], here: Sequence[str]) -> dict[str, str]:
    """The settings of a process with these services in it: their own users and keys, no others'. `here` are all
    services of the place, whose event logs its link process reads."""
    given = {
        "EVENTLET_NO_GREENDNS": "yes",
        "SHUBBAK_MODE": place.mode,
        "SHUBBAK_ROLE": place.role,
        "SHUBBAK_NODE": place.code,
        "SHUBBAK_EPOCH": str(place.epoch),
        "SHUBBAK_BUS": "rabbit",
        "SHUBBAK_PUBLIC_URL": place.public_url,
        "SHUBBAK_KEY_INQUIRY": place.inquiry_key,
        "SHUBBAK_LINK_URL": place.line_url,
        "SHUBBAK_LINK_CA": place.line_root,
        "SHUBBAK_LINK_CERTIFICATE": place.line_certificate,
        "SHUBBAK_LINK_CERTIFICATE_KEY": place.line_key,
    }
    if place.role == "centre":
        given["SHUBBAK_LINK_PEERS"] = ",".join(f"{c}={key}" for c, key in place.signs.items() if c != CENTRE)
        given["SHUBBAK_LINK_BOXES"] = ",".join(f"{c}={key}" for c, key in place.opens.items() if c != CENTRE)
    else:
        given["SHUBBAK_LINK_PEERS"] = f"{CENTRE}={place.signs[CENTRE]}"
        if place.centre_url:
            given["SHUBBAK_CENTRE_URL"] = place.centre_url
        given["SHUBBAK_GUIDE_AUTHORITY"] = "centre"
    for service in dict.fromkeys(name.split(".")[0] for name in names):
        prefix = f"SHUBBAK_{service.upper()}_"
        given[f"{prefix}DATABASE_URL"] = place.database(service)
        given[f"{prefix}AMQP_URL"] = place.bus(service)
        given |= secrets.keys_of(service, place.keys)
    if "gateway.link" in names:
        given["SHUBBAK_GATEWAY_LINK_SOURCES"] = ",".join(
            f"{service}={place.log(service)}" for service in here if "." not in service
        )
    return given
