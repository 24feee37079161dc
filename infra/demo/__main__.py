"""`python -m infra.demo [--port 8000] [--once]`: start everything, walk one case, keep serving."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from infra.demo import surroundings

_STARTED = time.monotonic()
GUIDE = Path("services/catalog/guide")


def main() -> None:
    options = argparse.ArgumentParser(prog="infra.demo")
    options.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
    options.add_argument("--once", action="store_true", default=os.environ.get("ONCE", "") not in ("", "0"))
    chosen = options.parse_args()
    _demand_free(chosen.port)
    around = surroundings.start(chosen.port)
    os.environ.update(around.environment)
    # Patches the process; what was started above runs beside it and did not want patching.
    from chassis import runner

    outcome: dict[str, int] = {}
    try:
        _migrate()
        status = runner.run(runner.SERVICES, lambda process: _show(process, around, chosen, outcome))
    finally:
        around.close()
    sys.exit(outcome.get("status", status))


def _demand_free(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"Port {port} is taken. Choose another one: make demo PORT={port + 1}")


def _migrate() -> None:
    from chassis import config, migrations, runner

    for service in runner.SERVICES:
        migrations.upgrade(service, config.load(service).database_url)


def _show(process: Any, around: surroundings.Surroundings, chosen: argparse.Namespace, outcome: dict[str, int]) -> None:
    from infra.demo.walk import PASSWORD, Walk, WalkFailed
    from services.gateway.demo import DESKS, PEOPLE

    url = f"http://localhost:{chosen.port}"
    try:
        _load(process)
        _say(f"started in {time.monotonic() - _STARTED:.1f} s: {url}")
        begun = time.monotonic()

        def tell(line: str) -> None:
            _say(f"{time.monotonic() - begun:6.2f} s  {line}")

        Walk(f"http://127.0.0.1:{chosen.port}", around.peers.pay, tell).run()
        tell(f"رسائل · messages so far: {len(around.peers.sms())} SMS, {len(around.peers.mail())} e-mails")
        outcome["status"] = 0
    except (WalkFailed, OSError) as error:
        outcome["status"] = 1
        sys.stderr.write(f"the walk failed: {error}\n")
    if chosen.once:
        process.stop()
        return
    _say("")
    _say(f"بوابة المواطن · citizens' portal     {url}/")
    _say(f"مساحة العاملين · staff log-in         {url}/ar/staff   (password: {PASSWORD})")
    _say("    " + " · ".join(person[0] for person in PEOPLE))
    _say(f"    and {len(DESKS)} other desks, so that any service can be walked: docs/demo-accounts.md")
    _say(f"توثيق الواجهة · API document          {url}/api/v1/openapi.json")
    _say(f"السداد باليد · pay any reference by hand: {around.peers.url}/ (docs/payments-sandbox.md)")
    _say(f"الرسائل المرسلة · messages that went out: {around.peers.url}/outbox")
    _say("Ctrl-C ends it; the next start finds this data again (demo-data/).")


def _load(process: Any) -> None:
    """Publish the guide and create the demo's accounts, both only where they are not there yet."""
    from chassis import actors
    from chassis.ids import uuid7
    from contracts.definition import authoring
    from services.gateway import demo

    gateway = process.platform("gateway")
    loader = actors.Actor(id="demo:loader", kind="system", roles=("system",))
    token = actors.Signer(gateway.settings.actor_private_key).sign(loader, gateway.context.clock())
    offered = 0
    for definition in authoring.read_folder(GUIDE).values():
        answer = gateway.calls("catalog.load_national", {"definition": definition, "adopt": True}, actor=token,
                               command_id=uuid7(), timeout=20)
        offered += answer["offered"]
    gateway.attempt(demo.load_demo_accounts)
    gateway.attempt(demo.load_desk_accounts)
    _until_guide_is_here(gateway, offered)


def _until_guide_is_here(gateway: Any, services: int) -> None:
    import requests

    url = f"http://127.0.0.1:{gateway.settings.env('HTTP_PORT')}/api/v1/services"
    ends = time.monotonic() + 15
    while requests.get(url, timeout=10).json()["total"] < services:
        if time.monotonic() > ends:
            raise OSError("the guide did not reach the gateway")
        time.sleep(0.05)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


main()
