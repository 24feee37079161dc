"""What the demo's services find around them: PostgreSQL, keys, and the sandboxes of the outside world."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from infra import secrets
from infra.database import SERVICES
from infra.peers import sample_keys, samples
from infra.peers.client import Peers
from infra.postgres import Postgres

FOLDER = Path(os.environ.get("SHUBBAK_DEMO_DATA") or "demo-data")


@dataclass
class Surroundings:
    """Everything that runs beside the services' process, and the environment that points to it."""

    postgres: Postgres
    peers: Peers
    environment: dict[str, str]

    def close(self) -> None:
        self.peers.stop()
        self.postgres.close()


def start(port: int) -> Surroundings:
    """Start them on free loopback ports, with the data of the last time if there is any."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    postgres = Postgres(FOLDER / "postgres").start()
    peers = Peers.start(state=FOLDER / "peers",
                        sms_callback=f"http://127.0.0.1:{port}/api/v1/messages/receipts/nile")
    environment = {
        **_keys(),
        **{f"SHUBBAK_{service.upper()}_DATABASE_URL": postgres.url(service) for service in SERVICES},
        "SHUBBAK_MODE": "demo",
        "SHUBBAK_NODE": "EG-C",
        "SHUBBAK_BUS": "local",
        "SHUBBAK_HTTP_PORT": str(port),
        "SHUBBAK_ADMIN_PORT": "0",
        "SHUBBAK_MAX_WORKERS": "8",
        "SHUBBAK_PUBLIC_URL": f"http://localhost:{port}",
        "SHUBBAK_LOG_LEVEL": os.environ.get("SHUBBAK_LOG_LEVEL", "WARNING"),
        **outside(peers, f"http://127.0.0.1:{port}"),
        "SHUBBAK_SMS_SENDERS": "C=Cairo",
        "SHUBBAK_MAIL_FROM": "shubbak@cairo.example",
        "EVENTLET_NO_GREENDNS": "yes",
    }
    return Surroundings(postgres, peers, environment)


def outside(peers: Peers, gateway: str) -> dict[str, str]:
    """What a node is given to use the sandboxes as its rails and its operators; its own gateway is at `gateway`."""
    return {
        **sample_keys.environment(peers.url, gateway),
        # Two operators, so that shares, failover and cost can be seen; both are the sandbox.
        "SHUBBAK_PROVIDERS": "smpp=smpp:70,nile=http:30",
        "SHUBBAK_NILE_URL": peers.sms_http,
        "SHUBBAK_NILE_KEY": samples.KEY,
        "SHUBBAK_NILE_RECEIPT_KEY": samples.RECEIPT_KEY,
        "SHUBBAK_NILE_PRICE": "280",
        "SHUBBAK_SMPP_PRICE": "300",
        "SHUBBAK_SMTP_PRICE": "10",
        "SHUBBAK_SMPP_HOST": peers.host,
        "SHUBBAK_SMPP_PORT": str(peers.smpp),
        "SHUBBAK_SMPP_SYSTEM_ID": "shubbak",
        "SHUBBAK_SMPP_PASSWORD": "sample-1",
        "SHUBBAK_SMTP_HOST": peers.host,
        "SHUBBAK_SMTP_PORT": str(peers.smtp),
        "SHUBBAK_QUIET_HOURS": "off",  # the demo is tried at any hour, and often with the same phone
        "SHUBBAK_DAILY_LIMIT": "1000",
    }


def _keys() -> dict[str, str]:
    """The demo's keys, made at the first start and readable by its owner alone: data sealed yesterday opens today."""
    path = FOLDER / "keys.json"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(secrets.keys(), file)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept
