"""Finding among a million stored requests: every kind of search, in a unit and over the whole node, as the capability
answers it (query, names opened and masked, the record of the search committed), and that each reads from an index.

The requests are made by PostgreSQL itself in a database of the run's own (some 2.5 GB, gone with it). Names and streets
are drawn unevenly, as they are: the commonest first name stands in a quarter of all files, `شارع` in every address.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from chassis.actors import Actor
from chassis.database import Statement
from contracts.requests_finding import FindRequests
from rules import numbering, places
from services.requests import finding
from services.requests.licences import NAME
from services.requests.parties import PERSON
from tests.load.ground import Ground
from tests.support import requests_ground

STORED = 1_000_000
NAMES, STREETS, AREAS = 2000, 5000, 60
PEOPLE = 1000  # whose national ID is a real one, and looked for
ROUNDS = 400  # of each kind and scope
WARM = 20

# Uneven: of `many`, the first is drawn with a probability of many ** (-1/3).
_DRAWN = "CAST(floor({many} * power(random(), 3)) AS integer)"
_SOURCE = f"""
CREATE UNLOGGED TABLE made AS
SELECT i,
  CAST(lpad(to_hex(1735689600000 + i * 40000::bigint), 12, '0') || '70008' || lpad(to_hex(i), 15, '0') AS uuid) AS id,
  (:units)[1 + CAST(floor(random() * :unit_count) AS integer)] AS unit,
  timestamptz '2025-01-01' + i * interval '40 seconds' AS lodged_at,
  ARRAY[{", ".join([_DRAWN.format(many=NAMES)] * 4)}] AS names,
  ARRAY[{NAMES}, {NAMES} + 1 + {_DRAWN.format(many=STREETS)}, {NAMES + STREETS} + 1 + {_DRAWN.format(many=AREAS)},
        {NAMES + STREETS + AREAS} + 1 + CAST(floor(random() * 300) AS integer)] AS places,
  CASE WHEN random() < :open_share OR i > :stored * (1 - :open_newest)
    THEN 1 + CAST(floor(random() * :open_count) AS integer) ELSE 0 END AS open
FROM generate_series(1, :stored) AS i
"""
_WORDS = """
INSERT INTO found_by SELECT word.key, made.unit, made.id FROM made
CROSS JOIN LATERAL (SELECT DISTINCT unnest(names || places) AS number) AS own JOIN word USING (number)
"""
_REQUESTS = """
INSERT INTO request (id, version, tracking_number, service_code, service_version, unit, channel, applicant_kind, name,
  national_id_key, contact, inquiry_key, language, answers, state, state_kind, outcome, lodged_at, due_on, taken_by)
SELECT made.id, CASE WHEN made.open = 0 THEN :steps ELSE :open_steps END, coalesce(person.number, 'made-' || made.i),
  CASE WHEN made.i % 3 = 0 THEN 'shop-licence' ELSE 'service-' || made.i % 40 END, 1,
  made.unit, 'portal', 'citizen', name.sealed, coalesce(person.key, sha256(CAST(made.i::text AS bytea))), 'v1.none',
  sha256(CAST(made.i::text AS bytea)), 'ar', CAST(:answers AS jsonb),
  CASE WHEN made.open = 0 THEN :ended ELSE (:open_states)[made.open] END,
  CASE WHEN made.open = 0 THEN 'end' ELSE 'task' END, CASE WHEN made.open = 0 THEN 'approved' END,
  made.lodged_at, CAST(made.lodged_at AS date) + 60, 'public'
FROM made JOIN name ON name.number = made.names[1] LEFT JOIN person ON person.i = made.i
"""


class Store:
    """The filled database and what was put into it."""

    steps = open_steps = 1  # of a request that ended, and of an open one

    def __init__(self, url: str, stored: int, *, open_share: float = 0.1, open_newest: float = 0.02,
                 guide: bool = True) -> None:
        """`open_share` of all and all of the share `open_newest` stand open. Without `guide` no service is published
        here, as in a node that publishes its own."""
        self.ground = requests_ground.Ground(url)
        self.stored = stored
        self.open_share, self.open_newest = open_share, open_newest
        self.random = random.Random(8)
        self.units = sorted(unit.code for unit in places.units().values()
                            if unit.governorate == self.ground.settings.node)
        self.work = self.ground.unit_of_work()
        self.people = self.random.sample(range(1, stored + 1), min(PEOPLE, stored))
        shop = requests_ground.shop()
        for code in (shop["code"], *(f"service-{number}" for number in range(40))) if guide else ():
            self.ground.publish({**shop, "code": code})
        states = shop["workflow"]["states"].items()
        self.open_states = [code for code, state in states if state["kind"] == "task"]
        self.ended = next(code for code, state in states if state["kind"] == "end")

    def fill(self) -> None:
        """Make everything; indexes are built when the rows are there."""
        with self.ground.database.transaction() as connection:
            def run(sql: str, **params: Any) -> Any:
                return connection.execute(text(sql), params)

            run("SET LOCAL statement_timeout = 0")
            run("SET LOCAL synchronous_commit = off")
            run("SET LOCAL maintenance_work_mem = '512MB'")
            run("SET LOCAL work_mem = '128MB'")
            run("SELECT setseed(0.5)")
            indexes = [row.indexdef for row in run(
                "SELECT indexdef FROM pg_indexes WHERE tablename IN ('request', 'found_by') AND indexname NOT IN "
                "(SELECT conname FROM pg_constraint)")]
            for definition in indexes:
                run(f"DROP INDEX {definition.split()[definition.split().index('INDEX') + 1]}")
            run("ALTER TABLE found_by DROP CONSTRAINT found_by_pkey")
            run("CREATE TEMP TABLE word (number integer, key bigint)")
            run("CREATE TEMP TABLE name (number integer, sealed text)")
            run("CREATE TEMP TABLE person (i integer, key bytea, number text)")
            connection.execute(text("INSERT INTO word VALUES (:number, :key)"), list(self._words()))
            connection.execute(text("INSERT INTO name VALUES (:number, :sealed)"), [
                {"number": number, "sealed": self.work.privacy.seal(f"{name_of(number)} آخر", field=NAME)}
                for number in range(NAMES)])
            connection.execute(text("INSERT INTO person VALUES (:i, :key, :number)"), [
                {"i": i, "key": self.work.privacy.lookup(national_id(i), PERSON), "number": self.number(i)}
                for i in self.people])
            run(_SOURCE, units=self.units, unit_count=len(self.units), open_count=len(self.open_states),
                stored=self.stored, open_share=self.open_share, open_newest=self.open_newest)
            run(_WORDS)
            run(_REQUESTS, ended=self.ended, open_states=self.open_states, steps=self.steps, open_steps=self.open_steps,
                answers='{"shop_name": "بقالة", "address": "12 شارع النزهة", "area_m2": "40", "activity": "retail"}')
            for definition in indexes:
                run(definition)
            run("ALTER TABLE found_by ADD PRIMARY KEY (key, unit, request_id)")
        for table in ("request", "found_by", "made"):
            self._vacuum(table)
        self.sample = self.ground.rows(
            "SELECT i, unit, names, places FROM made TABLESAMPLE SYSTEM (1) ORDER BY random() LIMIT 2000")

    def number(self, i: int) -> str:
        """The tracking number of the i-th request, where it is one of the people's."""
        return numbering.tracking_number("01", 2025, i, self.ground.settings.lookup_key)

    def _vacuum(self, table: str) -> None:
        with self.ground.database.engine.connect() as connection:  # autocommit
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text(f"VACUUM ANALYZE {table}"))
            connection.execute(text("RESET statement_timeout"))

    def _words(self) -> Iterator[dict[str, int]]:
        def key(word: str, field: str) -> int:
            return finding.key_of(self.work, word, field)

        for number in range(NAMES):
            yield {"number": number, "key": key(name_of(number), finding.NAME_WORD)}
        for number in range(NAMES, NAMES + STREETS + AREAS + 302):
            yield {"number": number, "key": key(place_of(number), finding.ADDRESS_WORD)}

    def size_mb(self) -> int:
        [row] = self.ground.rows("SELECT pg_database_size(current_database()) / 1048576 AS mb")
        return int(row.mb)


def name_of(number: int) -> str:
    """The n-th commonest name."""
    return f"اسم{number}"


def place_of(number: int) -> str:
    """A word of an address: `شارع`, a street, an area, or a house number."""
    return "شارع" if number == NAMES else f"مكان{number}"


def national_id(i: int) -> str:
    """A possible national ID, another for each number below two million."""
    return f"2{60 + i // 100000:02d}031501{i % 100000:05d}"


def searches(store: Store, row: Any) -> dict[str, dict[str, Any]]:
    """A search of every kind, for what stands in one request."""
    draw = store.random
    service, state = f"service-{draw.randrange(40)}", draw.choice(store.open_states)
    two = draw.sample(row.names, 2)
    return {
        "tracking number": {"tracking_number": store.number(draw.choice(store.people))},
        "national ID": {"national_id": national_id(draw.choice(store.people))},
        "one word of a name": {"name": name_of(draw.choice(row.names))},
        "two words of a name": {"name": " ".join(name_of(number) for number in two)},
        "a whole name": {"name": " ".join(name_of(number) for number in row.names)},
        "the two commonest names": {"name": f"{name_of(0)} {name_of(1)}"},
        "a common name with one that nobody has": {"name": f"{name_of(0)} غيرموجود"},
        "an address": {"address": " ".join(place_of(number) for number in row.places)},
        "the commonest street": {"address": f"شارع {place_of(NAMES + 1)}"},
        "a rare name in a common state": {"name": name_of(row.names[0]), "state": store.ended},
        "state": {"state": state},
        "service": {"service_code": service},
        "service and state": {"service_code": service, "state": state},
        "late": {"lateness": "late"},
        "due soon": {"lateness": "due_soon"},
    }


def measure(ground: Ground, stored: int = STORED) -> dict[str, Any]:
    """Fill, search, look at the plans."""
    store = Store(ground.stack.postgres.url("requests"), stored)
    begun = time.monotonic()
    store.fill()
    filled = time.monotonic() - begun
    [last] = store.ground.rows("SELECT max(lodged_at) AS at FROM request")
    store.ground.now = last.at
    found: dict[str, Any] = {"stored": stored, "filled_seconds": round(filled, 1), "size_mb": store.size_mb(),
                             "units": len(store.units), "kinds": {}}
    try:
        for kind in searches(store, store.sample[0]):
            found["kinds"][kind] = {scope: _kind(store, kind, scope) for scope in ("unit", "node")}
        found["sequential_scans"] = _plans(store)
    finally:
        store.ground.close()
    return found


def _kind(store: Store, kind: str, scope: str) -> dict[str, Any]:
    took, hits = [], 0
    for number in range(ROUNDS + WARM):
        row = store.random.choice(store.sample)
        actor = Actor(id="staff:m", kind="staff", roles=("centre_manager",), unit=row.unit if scope == "unit" else None)
        body = FindRequests().load(searches(store, row)[kind])
        begun = time.perf_counter()
        answer = _find(store, body, actor)
        if number >= WARM:
            took.append((time.perf_counter() - begun) * 1000)
            hits += len(answer["requests"])
    took.sort()
    return {"p50_ms": round(took[len(took) // 2], 2), "p99_ms": round(took[int(len(took) * 0.99)], 2),
            "worst_ms": round(took[-1], 2), "found_each": round(hits / ROUNDS, 1)}


def _find(store: Store, body: Any, actor: Actor) -> dict[str, Any]:
    answer: dict[str, Any] = store.ground.attempt(lambda work: finding.find(work, body), actor)
    return answer


def _plans(store: Store) -> list[str]:
    """The statements sent that PostgreSQL would answer by reading a whole table; there should be none."""
    asked: list[tuple[Statement, dict[str, Any]]] = []
    read = store.ground.database.read

    def noting(statement: Statement, params: Any) -> list[Any]:
        if "request AS r" in statement.sql:
            asked.append((statement, dict(params)))
        return read(statement, params)

    store.ground.database.read = noting  # type: ignore[method-assign]
    try:
        for search in searches(store, store.sample[0]).values():
            for unit in (store.units[0], None):
                actor = Actor(id="staff:m", kind="staff", roles=("centre_manager",), unit=unit)
                body = FindRequests().load(search)
                _find(store, body, actor)
    finally:
        store.ground.database.read = read  # type: ignore[method-assign]
    bad = []
    for statement, params in asked:
        rows = read(Statement(text(f"EXPLAIN {plain(statement)}")), params)
        plan = "\n".join(row[0] for row in rows)
        if re.search(r"Seq Scan on (request|found_by)", plan):
            bad.append(plan)
    return bad


def plain(statement: Statement) -> str:
    """The statement's text with its named parameters."""
    return re.sub(r"%\((\w+)\)s", r":\1", statement.sql)
