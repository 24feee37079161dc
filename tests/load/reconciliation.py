"""A statement of 100,000 lines against books that hold as many payments: seconds, and the reader's memory as it goes.
The command is the operator's, in a process of its own, with its bar."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text

from tests.load.ground import ROOT, Ground

LINES = 100_000
DAY = "2026-03-01"
EVERY = 0.2  # seconds between two looks at the memory
# One in a thousand is booked otherwise than stated, one is stated and not booked, one is booked and not stated.
_BOOKS = """
INSERT INTO payment (id, version, bill_id, rail, merchant_reference, reference, state, amount, paid_amount, started_at,
                     settled_at, attempts)
SELECT gen_random_uuid(), 1, b.id, 'fawry', 'm' || n, (9000000000 + n)::text, 'paid', 12050, 12050,
       '2026-03-01 08:00+00', '2026-03-01 09:00+00', 0
FROM generate_series(1, :lines) AS n CROSS JOIN (SELECT id FROM bill LIMIT 1) AS b WHERE n % 1000 <> 2;
INSERT INTO journal (id, kind, source, payment_id, unit, at)
SELECT gen_random_uuid(), 'rail_receipt', 'rail_receipt:' || merchant_reference, id, 'EG-C-01', '2026-03-01 09:00+00'
FROM payment;
INSERT INTO entry (journal_id, account, amount)
SELECT id, side.account, side.amount FROM journal
CROSS JOIN (VALUES ('rail:fawry', 12050), ('revenue:1101', -10000), ('revenue:1102', -2050)) AS side (account, amount);
"""
_BILL = """
INSERT INTO bill (id, version, number, request_id, entry, attempt, stage, tracking_number, service_code,
                  service_version, unit, state, total, lines, issued_at, correlation_id, kind, refunded)
VALUES (gen_random_uuid(), 1, 'bench', gen_random_uuid(), 1, 1, 'final', 'bench', 'bench', 1, 'EG-C-01', 'cancelled',
        12050, '[]', now(), 'bench', 'fee', 0)
"""
_FOUND = "SELECT coalesce(kind, 'unread') AS kind, count(*) AS lines FROM statement_line GROUP BY 1"


def measure(ground: Ground) -> dict[str, Any]:
    """Seconds from the command to its end, CPU of the reader, and its memory: when the first lines were kept, at most,
    and how much it grew between the first and the last quarter of the run."""
    url = ground.stack.postgres.url("payments")
    engine = create_engine(url, connect_args={"options": "-c statement_timeout=0"})
    with engine.begin() as connection:
        connection.execute(text(_BILL))
        for part in _BOOKS.split(";\n"):
            if part.strip():
                connection.execute(text(part), {"lines": LINES} if ":lines" in part else {})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    with tempfile.TemporaryDirectory(prefix="shubbak-bench-") as folder:
        file = Path(folder) / "day.csv"
        _write(file)
        found = _run(ground, file)
    with engine.connect() as connection:
        found["kinds"] = {row.kind: row.lines for row in connection.execute(text(_FOUND))}
        found["missing_there"] = connection.execute(text(
            "SELECT count(*) FROM difference WHERE kind = 'missing_there'")).scalar_one()
    engine.dispose()
    each = LINES // 1000
    wanted = {"matched": LINES - 3 * each, "amount_differs": each, "missing_here": each}
    if found["kinds"] != wanted or found["missing_there"] != each:
        raise RuntimeError(f"not what the file and the books hold: {found}")
    return found


def _write(file: Path) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.write("fawry_reference,merchant_reference,type,amount,fees,currency,time\n")
        for n in range(1, LINES + 1):
            if n % 1000 != 3:
                amount = "100.00" if n % 1000 == 1 else "120.50"
                out.write(f"{9_000_000_000 + n},m{n},PAYMENT,{amount},1.50,EGP,{DAY}T11:00:00\n")


def _run(ground: Ground, file: Path) -> dict[str, Any]:
    words = [sys.executable, "-W", "ignore", "-m", "services.payments", "statement", "import", str(file), "--rail",
             "fawry", "--day", DAY]
    with tempfile.TemporaryFile() as bar:
        begun = time.monotonic()
        process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, **ground.environment("payments")},
                                   stdout=subprocess.PIPE, stderr=bar)
        watched, memory, cpu = psutil.Process(process.pid), [], 0.0
        while process.poll() is None:
            try:
                memory.append(watched.memory_info().rss / 2**20)
                cpu = sum(watched.cpu_times()[:2])
                process.wait(EVERY)
            except (subprocess.TimeoutExpired, psutil.NoSuchProcess):
                continue
        seconds = time.monotonic() - begun
        bar.seek(0)
        shown = bar.read().decode(errors="replace")
    if process.returncode != 0:
        raise RuntimeError(f"the import failed: {shown[-1000:]}")
    steps = len(re.findall(r"\d+%", shown))
    if steps < 3:
        raise RuntimeError("no progress was shown")
    quarter = max(1, len(memory) // 4)
    early = max(memory[quarter:2 * quarter] or memory)  # after all code was loaded
    return {"lines": LINES, "seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), "bar_steps": steps,
            "peak_mb": round(max(memory)), "grown_mb": round(max(memory[-quarter:]) - early, 1)}
