"""What `make country` shows: a request lodged in one governorate and seen at the centre, and the guide coming down."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
import yaml

from infra.country.places import ROOT, Country, Place
from infra.demo.walk import API, Walk, WalkFailed, application
from infra.demo.walk import until as asked_until

GUIDE = ROOT / "services" / "catalog" / "guide"
SERVICE = "shop-licence"
CAIRO = ZoneInfo("Africa/Cairo")
PATIENCE = 60.0  # seconds that anything over the line may take here


@dataclass
class CountryWalk:
    """The steps, as they come about. `pay` pays a reference at the sandbox of the centre's rail, which collects for the
    governorate."""

    country: Country
    at: Place  # the governorate in which the request is lodged
    pay: Callable[[str], Any]
    tell: Callable[[str], None]

    def run(self) -> None:
        """Raises WalkFailed at the first step that does not come about."""
        self.tell(f"{self.at.code} · تقديم طلب والبت فيه · a request is lodged and decided there:")
        self.tell("السداد لدى المركز · its bills are paid at the centre's rail, and the facts come down signed")
        walk = Walk(self.at.url, self.pay, self.tell, unit=f"{self.at.code}-01", rail="centre")
        number = walk.run()["tracking_number"]
        self.seen_at_the_centre(number, walk.last4)
        self.asked_elsewhere(number, walk.last4)
        self.handed_down(walk.last4)
        self.guide_comes_down()

    def seen_at_the_centre(self, number: str, last4: str) -> None:
        """The centre knows the request as its governorate does."""
        # Asked of the centre's tables: a number that is not there yet, asked for at the door, counts as a guess.
        until(
            lambda: known(self.country.centre, number),
            lambda kind: kind == "end",
            f"what became of {number} did not come up",
        )
        shown = inquire(self.country.centre, number, last4)
        self.tell(
            f"المركز · the centre, asked about {number}: {shown['state_name']['ar']},"
            f" as of {datetime.fromisoformat(shown['as_of']).astimezone(CAIRO):%H:%M:%S}"
        )

    def asked_elsewhere(self, number: str, last4: str) -> None:
        """Another governorate, asked about the number, asks the centre."""
        for node in self.country.nodes.values():
            if node is not self.at:
                shown = inquire(node, number, last4)
                self.tell(f"استعلام من {node.code} · asked there, answered by the centre: {shown['state_name']['ar']}")

    def handed_down(self, last4: str) -> None:
        """An application of the national portal gets its final number at once and is lodged in its governorate."""
        portal = Walk(self.country.centre.url, self.pay, self.tell)
        body = application(portal.papers(), f"{self.at.code}-01") | {"governorate": self.at.code}
        number = portal.post("/national/requests", body)["tracking_number"]
        self.tell(f"البوابة القومية · lodged at the national portal for {self.at.code}: {number}")
        begun = time.monotonic()
        until(lambda: known(self.country.centre, number), bool, f"{number} was not lodged at {self.at.code}")
        taken = time.monotonic() - begun
        shown = Walk(self.at.url, self.pay, self.tell, last4=last4).status(number)
        self.tell(f"قُيِّد في {self.at.code} · lodged there and known at the centre {taken:.1f} s later:"
                  f" {shown['state_name']['ar']}")  # fmt: skip

    def guide_comes_down(self) -> None:
        """A version published at the centre stands at every node."""
        before = newest(self.country.centre)
        folder = _changed()
        try:
            publish(self.country.centre, folder)
        finally:
            shutil.rmtree(folder)
        published = newest(self.country.centre)
        if published != before + 1:
            raise WalkFailed(f"the centre has version {published} of {SERVICE}, not {before + 1}")
        self.tell(f"دليل الخدمات · published at the centre: {SERVICE} version {published}")
        for node in self.country.nodes.values():
            until(lambda node=node: newest(node), lambda found: found == published,  # type: ignore[misc]
                  f"version {published} of {SERVICE} did not come down to {node.code}")  # fmt: skip
            self.tell(f"وصلت الإصدارة · it came down to {node.code}")


def known(centre: Place, number: str) -> str:
    """The kind of state of a request as the centre knows it; empty where it does not know it."""
    return centre.postgres.sql(
        f"SELECT state_kind FROM national_request WHERE tracking_number = '{number}';", "gateway")  # noqa: S608


def inquire(place: Place, number: str, last4: str) -> dict[str, Any]:
    """What a place answers to the national inquiry. WalkFailed when it refuses."""
    response = requests.get(f"{place.url}{API}/national/requests/{number}", headers={"X-Phone-Last4": last4},
                            timeout=30)  # fmt: skip
    if not response.ok:
        raise WalkFailed(f"{place.code}, asked about {number}: {response.text[:600]}")
    answer: dict[str, Any] = response.json()
    return answer


def newest(place: Place) -> int:
    """The newest national version of the service that is walked, as a place knows it; 0 where it knows none."""
    return int(place.postgres.sql(
        f"SELECT coalesce(max(version), 0) FROM national_version WHERE code = '{SERVICE}';", "catalog"))  # noqa: S608


def versions(place: Place) -> int:
    """How many national versions a place knows."""
    return int(place.postgres.sql("SELECT count(*) FROM national_version;", "catalog"))


def offered(place: Place) -> bool:
    """Whether citizens find the walked service there."""
    return requests.get(f"{place.url}{API}/services/{SERVICE}", timeout=30).ok


def publish(place: Place, folder: Path = GUIDE) -> None:
    """Load a folder of definitions into a place's guide by the operator's command, offered where nothing was decided
    yet. WalkFailed with what the command said when it refuses."""
    done = subprocess.run([sys.executable, "-m", "infra.node", "publish-guide", str(folder)], cwd=ROOT, text=True,
                          env=place.environment("gateway") | {"LOGNAME": "operator"}, capture_output=True)  # fmt: skip
    if done.returncode != 0:
        raise WalkFailed(f"publishing at {place.code}: {done.stderr.strip()}")


def _changed() -> Path:
    """A folder with the walked service and what definitions extend, changed in a word that nothing else hangs on."""
    folder = Path(tempfile.mkdtemp(prefix="shubbak-guide-"))
    for base in GUIDE.glob("_*"):
        shutil.copy(base, folder)
    definition = yaml.safe_load((GUIDE / f"{SERVICE}.yaml").read_text(encoding="utf-8"))
    definition.setdefault("keywords", []).append(f"edition {datetime.now(UTC):%Y%m%d%H%M%S}")
    (folder / f"{SERVICE}.yaml").write_text(yaml.safe_dump(definition, allow_unicode=True), encoding="utf-8")
    return folder


def until(ask: Callable[[], Any], wanted: Callable[[Any], bool], otherwise: str) -> Any:
    """Ask until what was told over the line is there; WalkFailed when it does not come in time."""
    return asked_until(ask, wanted, otherwise, PATIENCE, pause=0.05)
