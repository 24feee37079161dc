"""Runs services: patches first, then validates, then starts nameko's containers, and stops them gracefully.

nameko's own command line imports what new setuptools no longer ship, and is the only place that patches; so this is our
own. A container that dies in spite of everything ends the process with status 1, and the supervisor (Compose, systemd)
starts it again.
"""

from __future__ import annotations

# isort: off
import chassis.patched  # noqa: F401  (before anything that it patches)
# isort: on

import importlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import eventlet
from nameko.runners import ServiceRunner

from chassis import admin_http, config, logs
from chassis.bus.base import Bus
from chassis.bus.local import LocalBus
from chassis.bus.rabbit import RabbitBus
from chassis.errors import ConfigurationError
from chassis.platform import Platform

log = logging.getLogger(__name__)

SERVICES = ("catalog", "requests", "payments", "notifications", "gateway")
PROCESSES = ("gateway.link", "gateway.agencies")
"""Further processes of a service, on its database: service class, settings and start are their own."""


def service_class(name: str) -> Any:
    """The service class of a service, or of a further process of one, by its name."""
    module = importlib.import_module(f"services.{name}.service")
    return next(
        value for value in vars(module).values() if isinstance(value, type) and vars(value).get("name") == name
    )


class Process:
    """One process with one or more services in it."""

    def __init__(self, names: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        self.names = names
        self.settings = {name: config.load(name, environ) for name in names}
        local = LocalBus()

        def bus(settings: config.Settings) -> Bus:
            return local if settings.bus == "local" else RabbitBus(settings)

        workers = max(settings.max_in_flight for settings in self.settings.values()) + 16
        self._runner = ServiceRunner({"settings": self.settings, "bus": bus, "max_workers": workers})
        for name in names:
            self._runner.add_service(service_class(name))

    def start(self) -> None:
        self._runner.start()

    def platform(self, name: str) -> Any:
        """The platform of one of the services."""
        container = self._runner.service_map[name]
        return next(
            extension for extension in container.shared_extensions.values() if isinstance(extension, Platform)
        )

    def ready(self) -> dict[str, dict[str, bool]]:
        return {name: self.platform(name).ready for name in self.names}

    def live(self) -> dict[str, dict[str, bool]]:
        return {name: self.platform(name).live for name in self.names}

    def stop(self) -> None:
        self._runner.stop()

    def wait(self) -> None:
        self._runner.wait()


def run(names: Sequence[str], on_started: Callable[[Process], None] | None = None) -> int:
    """Run services until SIGTERM or SIGINT. Answers the process's exit status."""
    logs.configure(os.environ.get("SHUBBAK_LOG_LEVEL", "INFO"))
    try:
        process = Process(names)
    except ConfigurationError as error:
        sys.stderr.write(f"configuration: {error}\n")
        return 2

    stopping = False

    def stop(signum: int, frame: Any) -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            log.info("stopping on signal %d", signum)
            eventlet.spawn_n(process.stop)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        process.start()
    except ConfigurationError as error:
        sys.stderr.write(f"configuration: {error}\n")
        return 2
    first = next(iter(process.settings.values()))
    admin_http.serve(first.admin_port, process.live, process.ready, first.env("ADMIN_HOST", "127.0.0.1") or "127.0.0.1")
    log.info("started", extra={"services": list(names)})
    if on_started is not None:
        eventlet.spawn(on_started, process)
    try:
        process.wait()
    except Exception:
        log.exception("a service died")
        return 1
    log.info("stopped")
    return 0
