"""Figures 1 and 2: a call from service to service, and a round trip HTTP → RPC → answer, ours against stock nameko over
the same broker, with the same trivial method, in turns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import requests

from infra.devstack import free_port
from tests.load import wrk
from tests.load.ground import Ground, line_of, result_of
from tests.load.machine import Meter

# nameko's default is 10 workers a service; with as many workers as callers it may do better. The better one counts.
STOCK_WORKERS = (10, 50)
CONNECTIONS = 50
CALL_ROUNDS, HTTP_ROUNDS, HTTP_SECONDS = 2, 3, 3


def measure_calls(ground: Ground) -> dict[str, Any]:
    """CPU milliseconds a call over both processes; the median of the rounds of each."""
    ways: dict[str, Callable[[], dict[str, Any]]] = {"ours": lambda: _our_calls(ground)}
    for workers in STOCK_WORKERS:
        ways[f"stock, {workers} workers"] = lambda workers=workers: _stock_calls(ground, workers)
    found = _in_turns(ways, CALL_ROUNDS, "cpu_ms_per_call")
    ours = found.pop("ours")
    best = min(found, key=lambda way: found[way]["cpu_ms_per_call"])
    ratio = ours["cpu_ms_per_call"] / found[best]["cpu_ms_per_call"]
    return {"ours": ours, **found, "compared_with": best, "ratio": round(ratio, 3)}


def measure_round_trips(ground: Ground) -> dict[str, Any]:
    """Answers a second to wrk with 50 connections; the median of the rounds of each. All stand ready all the time, one
    at a time is under load."""
    with ExitStack() as running:
        ways = {"ours": _our_web(ground, running)}
        for workers in STOCK_WORKERS:
            ways[f"stock, {workers} workers"] = _stock_web(ground, running, workers)
        found = _in_turns(ways, HTTP_ROUNDS, "per_second")
    ours = found.pop("ours")
    best = max(found, key=lambda way: found[way]["per_second"])
    ratio = ours["per_second"] / found[best]["per_second"]
    return {"ours": ours, **found, "compared_with": best, "ratio": round(ratio, 3)}


def _in_turns(ways: dict[str, Callable[[], dict[str, Any]]], rounds: int, by: str) -> dict[str, dict[str, Any]]:
    """Each way in each round, so that what else the machine does falls on all of them alike."""
    seen: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, measure in ways.items():
            seen[way].append(measure())
    found = {}
    for way, values in seen.items():
        middle = sorted(values, key=lambda value: value[by])[len(values) // 2]
        found[way] = {**middle, "rounds": [value[by] for value in values]}
    return found


def _our_calls(ground: Ground) -> dict[str, Any]:
    with ground.child("tests.load.ours", "callee", env=ground.environment("catalog")) as callee:
        line_of(callee, "started")
        with ground.child("tests.load.ours", "caller", str(callee.pid), env=ground.environment("gateway")) as caller:
            return _cost(result_of(caller))


def _stock_calls(ground: Ground, workers: int) -> dict[str, Any]:
    env = {"STOCK_AMQP": ground.stock_amqp, "STOCK_WORKERS": str(workers)}
    with ground.child("tests.load.stock", "callee", env=env) as callee:
        line_of(callee, "started")
        with ground.child("tests.load.stock", "caller", str(callee.pid), env=env) as caller:
            return _cost(result_of(caller))


def _cost(result: dict[str, Any]) -> dict[str, Any]:
    each = {name: round(seconds * 1000 / result["calls"], 3) for name, seconds in result["cpu"].items()}
    return {
        "cpu_ms_per_call": round(sum(result["cpu"].values()) * 1000 / result["calls"], 3),
        "by_process": each,
        "calls_per_second": round(result["calls"] / result["seconds"]),
    }


def _our_web(ground: Ground, running: ExitStack) -> Callable[[], dict[str, Any]]:
    port = free_port()
    callee = running.enter_context(ground.child("tests.load.ours", "callee", env=ground.environment("catalog")))
    line_of(callee, "started")
    # All load comes from one address, which is let in a hundred times a minute or so.
    env = ground.environment("gateway", SHUBBAK_HTTP_PORT=str(port), SHUBBAK_RATE_LIMITS="off")
    web = running.enter_context(ground.child("tests.load.ours", "web", env=env))
    line_of(web, "started")
    return _trips(f"http://127.0.0.1:{port}/api/v1/ping/abc", web.pid, callee.pid)


def _stock_web(ground: Ground, running: ExitStack, workers: int) -> Callable[[], dict[str, Any]]:
    # A callee of its own for each, or they would share the work of one queue.
    env = {"STOCK_AMQP": ground.stock_amqp, "STOCK_WORKERS": str(workers), "STOCK_CALLEE": f"callee_{workers}"}
    port = free_port()
    callee = running.enter_context(ground.child("tests.load.stock", "callee", env=env))
    line_of(callee, "started")
    web = running.enter_context(ground.child("tests.load.stock", "web", str(port), env=env))
    line_of(web, "started")
    return _trips(f"http://127.0.0.1:{port}/ping/abc", web.pid, callee.pid)


def _trips(url: str, web: int, callee: int) -> Callable[[], dict[str, Any]]:
    answer = requests.get(url, timeout=10)
    if answer.status_code != 200 or answer.json() != {"pong": "abc"}:
        raise RuntimeError(f"{url}: {answer.status_code} {answer.text[:500]}")
    wrk.get(url, seconds=1, connections=CONNECTIONS)
    meter = Meter({"web": web, "callee": callee})

    def measure() -> dict[str, Any]:
        before = meter.cpu()
        load = wrk.get(url, seconds=HTTP_SECONDS, connections=CONNECTIONS).demand_clean()
        spent = (meter.cpu() - before).milliseconds_per(load.ok)
        return {
            "per_second": load.rate,
            "p50_ms": load.p50_ms,
            "p99_ms": load.p99_ms,
            "cpu_ms_per_trip": round(sum(spent.values()), 3),
            "by_process": spent,
        }

    return measure
