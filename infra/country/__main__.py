"""`python -m infra.country [--port 8000] [--once]`: start the centre and two governorates, walk, keep serving."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.broker.centre import AGENCIES
from infra.country.places import Country, Place
from infra.country.settings import CENTRE
from infra.country.walk import SERVICE, CountryWalk, offered, publish, until, versions
from infra.demo.surroundings import outside
from infra.demo.walk import PASSWORD, WalkFailed
from infra.peers.client import Peers

FOLDER = Path(os.environ.get("SHUBBAK_COUNTRY_DATA") or "country-data")
# Browsers take every name below localhost for this machine, and keep cookies by name and not by port.
HOSTS = {CENTRE: "centre.localhost", "EG-C": "cairo.localhost", "EG-SUZ": "suez.localhost"}
NAMES = {CENTRE: "المركز · the centre", "EG-C": "القاهرة · Cairo", "EG-SUZ": "السويس · Suez"}
NODES = ("EG-C", "EG-SUZ")
AGENCY = "civil-defence"  # has a queue at the centre's broker, to be tried with docs/agencies.md
BY_THE_CENTRE = "EG-SUZ"  # whose bills are paid at the rails of the centre; Cairo has a contract of its own


def main() -> None:
    options = argparse.ArgumentParser(prog="infra.country")
    options.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000),
                         help="of the centre; the governorates take the next ones")  # fmt: skip
    options.add_argument("--once", action="store_true", default=os.environ.get("ONCE", "") not in ("", "0"))
    chosen = options.parse_args()
    ports = {code: chosen.port + number for number, code in enumerate((CENTRE, *NODES))}
    for port in ports.values():
        _demand_free(port, chosen.port)
    begun = time.monotonic()

    def tell(line: str) -> None:
        sys.stdout.write(f"{time.monotonic() - begun:6.1f} s  {line}\n")
        sys.stdout.flush()

    shown = Shown(ports)
    # Ctrl-C and SIGTERM end what was started, in order, wherever we are.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(shown.run(tell, once=chosen.once))
    except KeyboardInterrupt:
        tell("stopping")
    finally:
        shown.close()


class Shown:
    """The small country with its sandboxes: one process of services a place, so that it fits on a laptop."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.peers: dict[str, Peers] = {}
        self.country = Country(NODES, folder=FOLDER, mode="demo", agencies=[AGENCY], ports=ports, more=self._more)

    def run(self, tell: Any, *, once: bool) -> int:
        """Start, fill, walk; then serve until interrupted unless `once`. Answers the exit status."""
        try:
            self._start(tell)
        except (OSError, RuntimeError, TimeoutError) as error:
            sys.stderr.write(f"the country did not start: {error}\n")
            return 1
        try:
            self._guide(tell)
            CountryWalk(self.country, self.country.nodes[BY_THE_CENTRE], self.peers[CENTRE].pay, tell).run()
        except (WalkFailed, OSError, RuntimeError) as error:
            sys.stderr.write(f"the walk failed: {error}\n")
            if once:
                return 1
        if not once:
            self._serve()
        tell("stopping")
        return 0

    def _start(self, tell: Any) -> None:
        country = self.country
        tell("starting databases and brokers")
        country.start_servers(lambda place: tell(f"  {NAMES[place.code]}: PostgreSQL and RabbitMQ run"))
        country.migrate()
        tell("tables are up to date")
        for place in country.places:
            self.peers[place.code] = Peers.start(
                state=place.folder / "peers", sms_callback=f"{place.url}/api/v1/messages/receipts/nile"
            )
            _people(place)
        country.start(apart=False)
        tell("services run at the centre and in both governorates; the governorates dial the centre over TLS")

    def close(self) -> None:
        """Stop everything; the data stays."""
        try:
            self.country.close()
        finally:
            for peers in self.peers.values():
                peers.stop()

    def _guide(self, tell: Any) -> None:
        """The national guide is published at the centre, comes down the line, and is offered in the governorates."""
        if not versions(self.country.centre):
            publish(self.country.centre)
        national = versions(self.country.centre)
        tell(f"the national guide stands at the centre: {national} versions")
        for node in self.country.nodes.values():
            until(lambda node=node: versions(node), lambda found: found >= national,  # type: ignore[misc]
                  f"the guide did not come down to {node.code}")  # fmt: skip
            until(lambda node=node: offered(node), bool, f"{node.code} does not offer {SERVICE}")  # type: ignore[misc]
            tell(f"  {NAMES[node.code]}: it came down the line, and is offered")

    def _serve(self) -> None:
        def say(line: str) -> None:
            sys.stdout.write(line + "\n")

        say("")
        for place in self.country.places:
            say(f"{NAMES[place.code]:40} {_public(place)}/ar   staff: {_public(place)}/ar/staff")
            say(f"{'':40} messages that went out: {self.peers[place.code].url}/outbox")
        certificate, _ = self.country.agency(AGENCY)
        say(f"an agency over AMQP, {AGENCY}: {self.country.centre.broker.amqps_url(AGENCIES)}, by {certificate}"
            " (docs/agencies.md)")  # fmt: skip
        say(f"password of every account: {PASSWORD} (admin, officer, inspector, head, editor, …)")
        say(f"Ctrl-C ends it; the next start finds this data again ({FOLDER}/).")
        sys.stdout.flush()
        over = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: over.set())
        signal.signal(signal.SIGINT, lambda *_: over.set())
        over.wait()

    def _more(self, place: Place) -> Mapping[str, str]:
        settings = {
            "SHUBBAK_PUBLIC_URL": _public(place),
            "SHUBBAK_MAX_WORKERS": "8",
            "SHUBBAK_LOG_LEVEL": os.environ.get("SHUBBAK_LOG_LEVEL", "WARNING"),
            "SHUBBAK_MAIL_FROM": "shubbak@egypt.example",
            "SHUBBAK_GUIDE_OFFER": "all",  # what comes down is offered without a decision of each governorate
        }
        peers = self.peers.get(place.code)
        if peers is None:
            return settings
        settings |= outside(peers, place.url)
        if place.code == BY_THE_CENTRE:
            settings = {name: value for name, value in settings.items() if not name.startswith("SHUBBAK_FAWRY_")}
            settings["SHUBBAK_CENTRE_RAIL"] = "fawry"
        return settings


def _public(place: Place) -> str:
    return f"http://{HOSTS[place.code]}:{place.http_port}"


def _people(place: Place) -> None:
    """The demo's accounts of a place, where there is none yet."""
    from chassis import actors, config
    from chassis.database import Database
    from chassis.ids import uuid7
    from chassis.privacy import Privacy
    from chassis.uow import Context, UnitOfWork, attempt
    from services.gateway import demo

    settings = config.load("gateway", place.environment("gateway"))
    database = Database(settings.database_url, 1)
    context = Context(settings, database, Privacy(settings.rings, settings.lookup_keys))
    loader = actors.Actor(id="demo:loader", kind="system", roles=("system",))
    try:
        attempt(lambda: UnitOfWork(context, loader, uuid7().hex), demo.load_demo_accounts)
        if place.code == "EG-C":
            attempt(lambda: UnitOfWork(context, loader, uuid7().hex), demo.load_desk_accounts)
    finally:
        database.close()


def _demand_free(port: int, first: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"Port {port} is taken. Choose another one: make country PORT={first + 10}")


main()
