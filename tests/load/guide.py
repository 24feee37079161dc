"""Search over 2,000 services, alone and through the API's view and the search page, and the computing of fees; all in
this process, without sockets."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from contracts.definition import authoring, load_definition
from rules import fees
from rules.search import ANYTHING, Filters, Index
from tests.support import guides
from tests.unit.gateway.ground import Service, client_of

SERVICES, QUERIES, ROUNDS = 2000, 4000, 3
FEE_SECONDS = 3.0
GUIDE = Path(__file__).resolve().parents[2] / "services" / "catalog" / "guide"


def measure_search() -> dict[str, Any]:
    """Milliseconds of one search, facets included: whole names, beginnings, other spellings, words with a typing error,
    one common word, words of nobody; half of them filtered. Of three rounds the middle p99 counts."""
    guide = guides.definitions(SERVICES)
    begun = time.perf_counter()
    index = Index(guide)
    built = time.perf_counter() - begun
    chance = random.Random(3)
    asked = [(query, _filters(chance)) for query in guides.queries(guide, QUERIES)]
    for query, filters in asked[:200]:
        index.search(query, filters)
    rounds = [_round(index, asked) for _ in range(ROUNDS)]
    middle = sorted(rounds, key=lambda found: found["p99_ms"])[ROUNDS // 2]
    return {"services": SERVICES, "queries": QUERIES, "build_seconds": round(built, 2), **middle,
            "rounds_p99_ms": [found["p99_ms"] for found in rounds], "answers": _answers(guide)}  # fmt: skip


def _answers(guide: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Milliseconds of whole answers: JSON of the first hundred, a page of the first twenty, and 304."""
    service = Service()
    service.definitions = [SimpleNamespace(code=one["code"], version=1, effective_from=date(2026, 1, 1), document=one)
                           for one in guide]  # fmt: skip
    client = client_of(service)
    tag = client.get("/api/v1/services").headers["ETag"]
    found = {}
    for name, path, headers in (("api", "/api/v1/services", {}), ("page", "/ar/services", {}),
                                ("unchanged", "/api/v1/services", {"If-None-Match": tag})):  # fmt: skip
        times = []
        for query in guides.queries(guide, QUERIES // 4):
            begun = time.perf_counter()
            answer = client.get(path, query_string={"q": query}, headers=headers)
            times.append((time.perf_counter() - begun) * 1000)
            if answer.status_code != (304 if headers else 200):
                raise RuntimeError(f"{path}: {answer.status_code}")
        cuts = statistics.quantiles(times, n=1000)
        found[name] = {"p50_ms": round(cuts[499], 2), "p99_ms": round(cuts[989], 2)}
    return found


def _filters(chance: random.Random) -> Filters:
    if chance.random() < 0.5:
        return ANYTHING
    return Filters(sector=chance.choice((None, "shops", "land")), unit_kind=chance.choice((None, "district", "city")),
                   channel=chance.choice((None, "portal")))  # fmt: skip


def _round(index: Index, asked: list[tuple[str, Filters]]) -> dict[str, Any]:
    taken: list[tuple[float, str]] = []
    worked: list[float] = []
    found = 0
    for query, filters in asked:
        begun, began_work = time.perf_counter(), time.thread_time()
        hits = index.search(query, filters).hits
        worked.append((time.thread_time() - began_work) * 1000)
        taken.append(((time.perf_counter() - begun) * 1000, query))
        found += len(hits)
    if not found:
        raise RuntimeError("the searches found nothing: nothing was measured")
    taken.sort()
    cuts = statistics.quantiles([milliseconds for milliseconds, _ in taken], n=1000)
    return {
        "p50_ms": round(cuts[499], 3),
        "p99_ms": round(cuts[989], 2),
        "worst_ms": round(taken[-1][0], 2),
        "cpu_p99_ms": round(statistics.quantiles(worked, n=1000)[989], 2),
        "worst_query": taken[-1][1],
        "found_each": round(found / len(asked), 1),
    }


def measure_fees() -> dict[str, Any]:
    """Bills computed a second: all stages of a sample applicant of a service, for every sample applicant of every
    service of the guide in turn, from the definition as it is kept."""
    cases = [(definition["fees"], example["answers"], stage)
             for definition in map(load_definition, authoring.read_folder(GUIDE).values())
             for example in definition.get("examples") or ()
             for stage in dict.fromkeys(line["stage"] for line in definition["fees"])]  # fmt: skip
    if not cases:
        raise RuntimeError("the guide holds no sample applicants: nothing to compute")
    lines = sum(len([line for line in fee_lines if line["stage"] == stage]) for fee_lines, _, stage in cases)
    if not _compute_all(cases):
        raise RuntimeError("every bill came to nothing: nothing was measured")
    begun, computed = time.perf_counter(), 0
    while time.perf_counter() - begun < FEE_SECONDS:
        _compute_all(cases)
        computed += len(cases)
    seconds = time.perf_counter() - begun
    return {
        "cases": len(cases),
        "fee_lines_each": round(lines / len(cases), 2),
        "bills_per_second": round(computed / seconds),
        "ms_per_bill": round(1000 * seconds / computed, 4),
    }


def _compute_all(cases: list[tuple[list[Mapping[str, Any]], Mapping[str, Any], str]]) -> int:
    """The sum of all bills, in piastres."""
    return sum(charge.amount for lines, answers, stage in cases for charge in fees.compute(lines, answers, stage))
