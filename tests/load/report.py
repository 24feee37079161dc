"""What was measured, as a table with each goal beside its figure."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from tests.load import callbacks_report, lifecycle_report, link_report, messages_report, pages_report, webhooks_report
from tests.load.figure import Figure


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def of_machine(machine: dict[str, Any]) -> str:
    others = machine["others"]
    programs = ", ".join(f"{name} {share}" for name, share in others["programs"].items())
    load = " ".join(str(value) for value in machine["load_average"])
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, Python {machine['python']}\n"
        f"Before we began: load average {load}; all cores {others['busy_percent']}% busy"
        + (f" with {programs} of a core (others' programs)" if programs else "")
    )


def figures(found: dict[str, Any]) -> Iterator[Figure]:
    """Every figure that was measured."""
    readers = {
        "search": _search,
        "fees": _fees,
        "deadlines": _deadlines,
        "calls": _calls,
        "round_trips": _round_trips,
        "pages": pages_report.figures,
        "submit": _submit,
        "lifecycle": lifecycle_report.figures,
        "callbacks": callbacks_report.figures,
        "events": _events,
        "reconciliation": _reconciliation,
        "messages": messages_report.figures,
        "bulk": _bulk,
        "webhooks": webhooks_report.figures,
        "link": link_report.figures,
        "demo_start": _demo_start,
        "million": _million,
    }
    for name, read in readers.items():
        part = found.get(name)
        if part is None:
            continue
        if "failed" in part:
            yield Figure(name, f"NOT MEASURED: {part['failed'][:200]}", met=False)
        else:
            yield from read(part)


def render(found: dict[str, Any]) -> str:
    """The table, and below it what a lifecycle and a submission cost in which process."""
    lines = ["", f"{'':72}{'measured':>28}  {'goal':<12}"]
    for figure in found["figures"]:
        verdict = {True: "met", False: "SHORT", None: ""}[figure["met"]]
        lines.append(f"{figure['what']:<72}{figure['value']:>28}  {figure['goal']:<12}{verdict}")
    lines += lifecycle_report.details(found.get("lifecycle", {}))
    lines += callbacks_report.details(found.get("callbacks", {}))
    lines += messages_report.details(found.get("messages", {}))
    submit = found.get("submit", {})
    if "cpu_ms_per_write" in submit:
        lines += ["", *_by_process(submit)]
    return "\n".join(lines)


def _by_process(submit: dict[str, Any]) -> Iterator[str]:
    write, upload = submit["cpu_ms_per_write"]["by_process"], submit["uploads"]["cpu_ms_per_write"]["by_process"]
    yield f"{'process':<16}{'CPU ms/submission':>20}{'CPU ms/upload':>16}{'idle, % of a core':>20}{'resident MB':>14}"
    for name in write:
        idle, memory = submit["idle_cpu_percent"][name], submit["resident_mb"][name]
        yield f"{name:<16}{write[name]:>20.2f}{upload[name]:>16.2f}{idle:>20.1f}{memory:>14.0f}"
    yield (
        "A submission's CPU is user and system time of the process and its children from the first request until all\n"
        "events are applied, idle work included, divided by the submissions stored. It holds the bill that payments\n"
        "issues, the texts that notifications writes, and as many messages as were sent by then. The sandboxes stand\n"
        "for the providers outside and count nowhere; wrk is not in it. PostgreSQL's memory holds its shared buffers."
    )


def _search(part: dict[str, Any]) -> Iterator[Figure]:
    what = f"Search over {part['services']:,} services, filters and facets included: p99"
    yield Figure(what, f"{part['p99_ms']:.1f} ms", "< 20 ms", part["p99_ms"] < 20)
    yield Figure("  p50, worst", f"{part['p50_ms']:.2f}, {part['worst_ms']:.1f} ms")
    yield Figure("  CPU of one search, p99 (what others' programs leave as it is)", f"{part['cpu_p99_ms']:.1f} ms")
    names = {"api": "the API's answer", "page": "the search page", "unchanged": "304 to a client that has it"}
    for name, what in names.items():
        answer = part["answers"][name]
        value = f"{answer['p50_ms']:.1f}, {answer['p99_ms']:.1f} ms"
        yield Figure(f"  {what}, whole, in process: p50, p99", value, "< 20 ms", answer["p99_ms"] < 20)
    yield Figure("  index built", f"{part['build_seconds']:.2f} s")


def _fees(part: dict[str, Any]) -> Iterator[Figure]:
    what = f"Fees computed: bills a second ({part['fee_lines_each']} lines each, every sample applicant of the guide)"
    yield Figure(what, f"{part['bills_per_second']}/s")


def _deadlines(part: dict[str, Any]) -> Iterator[Figure]:
    what = f"Deadlines of {part['requests']:,} open requests in one sweep, {part['periods']:,} periods"
    yield Figure(what, f"{part['seconds']:.1f} s")
    yield Figure("  a request, all its dates", f"{part['us_each']:.0f} µs")


def _calls(part: dict[str, Any]) -> Iterator[Figure]:
    stock = part[part["compared_with"]]
    yield Figure("RPC service to service, ours: CPU of both processes a call", f"{part['ours']['cpu_ms_per_call']} ms")
    yield Figure(f"  {part['compared_with']}", f"{stock['cpu_ms_per_call']} ms")
    yield Figure("  ours / stock", f"{part['ratio']:.2f}", "≤ 0.50", part["ratio"] <= 0.5)
    rates = f"{part['ours']['calls_per_second']} / {stock['calls_per_second']}"
    yield Figure("  calls a second at 50 callers, ours / stock", rates)


def _round_trips(part: dict[str, Any]) -> Iterator[Figure]:
    stock = part[part["compared_with"]]
    ours = part["ours"]
    yield Figure("HTTP → RPC → answer through the gateway, wrk 50 connections, ours", f"{ours['per_second']:.0f}/s")
    yield Figure(f"  {part['compared_with']} (@http, RpcProxy)", f"{stock['per_second']:.0f}/s")
    yield Figure("  ours / stock", f"{part['ratio']:.2f}", "≥ 1.70", part["ratio"] >= 1.7)
    yield Figure(
        "  p50, p99: ours / stock",
        f"{ours['p50_ms']:.0f}, {ours['p99_ms']:.0f} / {stock['p50_ms']:.0f}, {stock['p99_ms']:.0f} ms",
    )


def _submit(part: dict[str, Any]) -> Iterator[Figure]:
    rate, until = part["per_second"], part["per_second_until_applied"]
    cost = part["cpu_ms_per_write"]
    connections = part["connections"]
    what = f"Durable submissions, answered 201 ({connections} connections, all consumers running)"
    yield Figure(what, f"{rate:.0f}/s", "≥ 300", rate >= 300)
    yield Figure("  counted until every log, queue and inbox is empty", f"{until:.0f}/s", "≥ 300", until >= 300)
    yield Figure("  p50, p95, p99", f"{part['p50_ms']:.0f}, {part['p95_ms']:.0f}, {part['p99_ms']:.0f} ms")
    yield Figure("  refused 503 (busy)", str(part["refused_busy"]))
    waiting = part["messages_unsent_when_applied"]
    sent = part["messages_sent_per_second_then"]
    yield Figure("  SMS and e-mails still to be sent then, and sent a second from there", f"{waiting}, {sent or 0}/s")
    services = cost["services"]
    yield Figure("CPU a submission: the five services", f"{services:.1f} ms", "≤ 5.0", services <= 5)
    everything = cost["with RabbitMQ and PostgreSQL"]
    yield Figure("  with RabbitMQ and PostgreSQL", f"{everything:.1f} ms", "≤ 5.0", everything <= 5)
    if part["cpu_ms_per_write_until_told"] is not None:
        told = f"{part['cpu_ms_per_write_until_told']:.1f} ms"
        yield Figure("  the same, until every message is with its provider", told)
    uploads = part["uploads"]
    yield Figure("Document uploads (20 KB, sealed, committed)", f"{uploads['per_second']:.0f}/s")
    cost = uploads["cpu_ms_per_write"]
    both = f"{cost['services']:.1f}, {cost['with RabbitMQ and PostgreSQL']:.1f} ms"
    yield Figure(
        "  CPU an upload: services, with RabbitMQ and PostgreSQL",
        both,
        "≤ 5.0",
        cost["with RabbitMQ and PostgreSQL"] <= 5,
    )


def _events(part: dict[str, Any]) -> Iterator[Figure]:
    size = part["bytes"]
    yield Figure(f"Event log → relay → inbox, {size} bytes each", f"{part['ours']['per_second']}/s")
    raw = part["raw_py_amqp"]["per_second"]
    yield Figure("  raw batched publishing with py-amqp, same bytes and queue", f"{raw}/s")
    yield Figure("  ours / raw", f"{part['ratio']:.2f}", "≥ 0.40", part["ratio"] >= 0.4)


def _million(part: dict[str, Any]) -> Iterator[Figure]:
    yield Figure(f"Finding among {part['stored']:,} requests of {part['units']} units ({part['size_mb']:,} MB):",
                 "p50, p99 of a unit; of the node")
    for kind, scopes in part["kinds"].items():
        spans = [scopes[scope][figure] for scope in ("unit", "node") for figure in ("p50_ms", "p99_ms")]
        value = ", ".join(f"{span:.1f}" for span in spans)
        worst = max(scope["p99_ms"] for scope in scopes.values())
        yield Figure(f"  {kind}", f"{value} ms", "< 50 ms", worst < 50)
    whole = len(part["sequential_scans"])
    yield Figure("  searches that read a whole table", str(whole), "0", whole == 0)


def _reconciliation(part: dict[str, Any]) -> Iterator[Figure]:
    what = f"Statement of {part['lines']:,} lines read in and held against the books"
    yield Figure(what, f"{part['seconds']:.1f} s", "< 60 s", part["seconds"] < 60)
    yield Figure("  CPU of the reader", f"{part['cpu_seconds']:.1f} s")
    flat = part["grown_mb"] < 10
    memory = f"{part['peak_mb']}, {part['grown_mb']} MB"
    yield Figure("  its memory: most, grown over the run", memory, "< 10 grown", flat)


def _bulk(part: dict[str, Any]) -> Iterator[Figure]:
    yield Figure(f"SMS to {part['recipients']:,} citizens, from approval to the last", f"{part['seconds']:.0f} s")
    yield Figure("  a second", f"{part['per_second']:.0f}")
    code = f"{part['code_p50']:.2f}, {part['code_p99']:.2f} s"
    yield Figure("  a one-time code meanwhile, to the operator: p50, p99", code, "p99 < 2 s", part["code_p99"] < 2)
    memory = ", ".join(f"{part[name]:.0f}" for name in ("mb_idle", "mb_read", "mb_middle", "mb_end"))
    yield Figure("  memory: idle, list read, middle, end", f"{memory} MB")
    yield Figure("  grown from a tenth of the way on", f"{part['mb_grown']} MB", "< 10 MB", part["mb_grown"] < 10)
    yield Figure("  one look at its progress", f"{part['look_ms']} ms")


def _demo_start(part: dict[str, Any]) -> Iterator[Figure]:
    for which, text in (("first", "Demo, first start"), ("second", "Demo, second start")):
        seconds = part[which]["first_page_seconds"]
        yield Figure(f"{text}: from the command to the first page", f"{seconds:.1f} s", "< 8 s", seconds < 8)
