"""A node and the centre, each with servers of its own, and between them a line of the tests (tests.support.line)."""

from __future__ import annotations

import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeVar

import orjson
import psycopg2
import psycopg2.extras

from chassis import actors, config
from chassis.database import Database
from chassis.ids import uuid7
from chassis.privacy import Privacy
from chassis.uow import Context, UnitOfWork, attempt
from contracts import upward
from contracts.definition import authoring
from infra.country.places import Country, Place
from infra.database import SERVICES
from infra.peers import keys, sample_keys
from infra.peers.client import Peers
from services.catalog import publishing
from services.gateway import demo
from services.gateway.national import money
from tests.support.crowd import PatientWalk
from tests.support.line import Line, until
from tests.support.node import GUIDE

Answer = TypeVar("Answer")
RAIL_KEYS = keys.fresh()
LINK = ("gateway.link",)
TOGETHER = SERVICES
SETTLED = 240.0  # seconds; whatever happened, after so long everything has arrived


class Linked:
    """`with Linked.running() as linked`. The node's services run in one process, or each in its own (`apart`); at the
    centre runs what of it the test needs."""

    def __init__(self, peers: Peers, code: str, apart: bool, at_centre: Sequence[tuple[str, ...]]) -> None:
        self.peers = peers
        self.line: Line | None = None
        self.direct = False  # processes that start now reach the centre without the line of the tests
        self.country = Country([code], more=self._more, dial=self._dial)
        self.centre, self.node = self.country.centre, self.country.nodes[code]
        self.groups = {
            self.node.code: [*([(one,) for one in SERVICES] if apart else [TOGETHER]), LINK],
            self.centre.code: list(at_centre),
        }

    @classmethod
    @contextmanager
    def running(
        cls, code: str = "EG-C", *, apart: bool = False, at_centre: Sequence[tuple[str, ...]] = (LINK,)
    ) -> Iterator[Linked]:
        """Everything started, one service offered at the node, and both ends have heard of each other."""
        with Peers.running(env=RAIL_KEYS) as peers:
            linked = cls(peers, code, apart, at_centre)
            try:
                linked.country.start_servers()
                linked.line = Line(linked.centre.broker.tls_port or 0).start()
                linked.country.migrate()
                linked._furnish()
                for place in (linked.centre, linked.node):
                    linked.start_all(place)
                linked.wait_all()
                yield linked
            finally:
                try:
                    linked.country.close()
                finally:
                    if linked.line is not None:
                        linked.line.close()

    # -- processes ---------------------------------------------------------------------------------------------------

    def start_all(self, place: Place) -> None:
        for names in self.groups[place.code]:
            place.start(*names)

    def wait_all(self) -> None:
        for place in self.country.places:
            for names in self.groups[place.code]:
                place.wait_ready(*names)
        until(lambda: self.heard(self.node) and self.heard(self.centre), 120, lambda: self.tails())

    def heard(self, place: Place) -> bool:
        """Whether the other end was heard since this one began."""
        return bool(sql(place, "gateway", "SELECT 1 FROM link_sent WHERE heard_at IS NOT NULL"))

    def kill_and_start(self, place: Place, names: tuple[str, ...]) -> None:
        """SIGKILL, and started again at once, as a supervisor does."""
        place.kill(*names)
        place.start(*names)

    def tails(self) -> str:
        return "\n".join(f"--- {place.code} {names}\n{place.tail(*names, lines=12)}" for place in self.country.places
                         for names in self.groups[place.code])

    # -- what happens at the node ------------------------------------------------------------------------------------

    def walk(self) -> PatientWalk:
        return PatientWalk(self.node.url, self.peers.pay)

    # -- what stands where -------------------------------------------------------------------------------------------

    def told(self) -> dict[uuid.UUID, tuple[str, str, uuid.UUID, int]]:
        """What of the node's logs travels: event → (service, type, subject, sequence)."""
        found = {}
        for service in SERVICES:
            for row in sql(self.node, service, "SELECT event_id, type, subject, sequence FROM event_log "
                                               "WHERE position IS NOT NULL"):
                if row.type in upward.UP:
                    found[uuid.UUID(str(row.event_id))] = (service, row.type, row.subject, row.sequence)
        return found

    def quiet(self) -> bool:
        """Whether nothing happens at the node any more: every event has been sent and applied, every message is out."""
        for service in SERVICES:
            [row] = sql(self.node, service,
                        "SELECT (SELECT count(*) FROM event_log WHERE position IS NULL) AS unplaced, "
                        "(SELECT coalesce(max(position), 0) FROM event_log) - "
                        "(SELECT position FROM event_cursor WHERE reader = 'bus') AS unsent, "
                        "(SELECT count(*) FROM inbox WHERE state IN ('waiting', 'parked')) AS owed")  # fmt: skip
            if row.unplaced or row.unsent or row.owed or waiting(self.node, f"events.{service}", "shubbak") != 0:
                return False
        return not sql(self.node, "notifications",
                       "SELECT 1 FROM message WHERE state NOT IN ('sent', 'delivered') LIMIT 1")  # fmt: skip

    def settled(self) -> bool:
        """Whether everything that happened at the node is receipted."""
        for service in SERVICES:
            [row] = sql(self.node, service, "SELECT coalesce(max(position), 0) AS last, "
                                            "count(*) FILTER (WHERE position IS NULL) AS unplaced FROM event_log")
            read = sql(self.node, "gateway", "SELECT position FROM link_source WHERE service = %s", service)
            if row.unplaced or (read[0].position if read else 0) < row.last:
                return False
        [out] = sql(self.node, "gateway", "SELECT s.epoch, s.applied, (SELECT max(epoch) FROM link_out) AS newest, "
                                          "(SELECT max(sequence) FROM link_out WHERE epoch = s.epoch) AS last "
                                          "FROM link_sent s")
        return (out.epoch, out.applied) == (out.newest or out.epoch, out.last or 0)

    def settle(self, seconds: float = SETTLED) -> None:
        """Wait until nothing happens at the node any more and the centre has receipted all of it."""
        until(lambda: self.quiet() and self.settled(), seconds, lambda: f"{self.standing()}\n{self.tails()}")

    def standing(self) -> dict[str, Any]:
        """How the node and both ends of the line stand, for a failure's eyes."""
        found: dict[str, Any] = {
            place.code: {table: [row._asdict() for row in sql(place, "gateway", f"SELECT * FROM {table}")]
                         for table in ("link_sent", "link_mark", "link_source")} for place in self.country.places}
        found["owed"] = {service: [tuple(row) for row in sql(
            self.node, service, "SELECT subscription, state, error FROM inbox WHERE state IN ('waiting', 'parked')")]
            for service in SERVICES}
        found["unsent"] = [tuple(row) for row in sql(
            self.node, "notifications", "SELECT channel, state, count(*) FROM message "
                                        "WHERE state NOT IN ('sent', 'delivered') GROUP BY channel, state")]
        found["queues"] = {service: waiting(self.node, f"events.{service}", "shubbak") for service in SERVICES}
        return found

    # -- inside ------------------------------------------------------------------------------------------------------

    def _dial(self, code: str, port: int) -> int:
        assert self.line is not None
        return port if self.direct else self.line.port

    def _more(self, place: Place) -> Mapping[str, str]:
        common = {"SHUBBAK_LINK_HELLO": "1", "SHUBBAK_RATE_LIMITS": "off"}
        if place.role == "centre":
            return common
        return common | {
            "SHUBBAK_GUIDE_AUTHORITY": "own",
            **sample_keys.environment(self.peers.url, place.url),
            **RAIL_KEYS,
            "SHUBBAK_SMPP_HOST": self.peers.host,
            "SHUBBAK_SMPP_PORT": str(self.peers.smpp),
            "SHUBBAK_SMPP_SYSTEM_ID": "shubbak",
            "SHUBBAK_SMPP_PASSWORD": "sample-1",
            "SHUBBAK_SMTP_HOST": self.peers.host,
            "SHUBBAK_SMTP_PORT": str(self.peers.smtp),
            "SHUBBAK_MAIL_FROM": "shubbak@cairo.example",
            "SHUBBAK_QUIET_HOURS": "off",
            "SHUBBAK_DAILY_LIMIT": "1000000",
            "SHUBBAK_UNCERTAIN_AFTER_SECONDS": "2",
        }

    def _furnish(self) -> None:
        """The demo's accounts and one service of the guide."""
        self.attempt(self.node, "gateway", demo.load_demo_accounts)
        definition = authoring.read_file(GUIDE / "shop-licence.yaml")
        self.attempt(self.node, "catalog", lambda work: publishing.load_national(work, definition, None, adopt=True))

    def attempt(self, place: Place, service: str, run: Callable[[UnitOfWork], Answer]) -> Answer:
        """What a capability of a place's service answers, in a unit of work on its database."""
        environ = place.environment(service)
        settings = config.load(service, environ)
        database = Database(settings.database_url, 1)
        context = Context(settings, database, Privacy(settings.rings, settings.lookup_keys))
        actor = actors.Actor(id="test:editor", kind="staff", roles=("catalogue_editor", "administrator"))
        try:
            return attempt(lambda: UnitOfWork(context, actor, uuid7().hex), run)
        finally:
            database.close()


def sql(place: Place, service: str, statement: str, *values: Any) -> list[Any]:
    """Rows of a service's database; `values` are in order, or one dict by their names."""
    connection = psycopg2.connect(place.postgres.url(service).replace("+psycopg2", ""),
                                  cursor_factory=psycopg2.extras.NamedTupleCursor)  # fmt: skip
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values[0] if values and isinstance(values[0], dict) else values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def waiting(place: Place, queue: str, vhost: str) -> int | None:
    """Messages in a queue of a place's broker; None when it could not be asked at this moment."""
    try:
        return place.broker.queue_length(queue, vhost)
    except RuntimeError:
        return None


class Flow:
    """Applicants who lodge without end, `at_once` of them, until so many are accepted; each is repeated until it was
    answered."""

    def __init__(self, linked: Linked, most: int, at_once: int = 4) -> None:
        self._linked, self._most = linked, most
        self._lock = threading.Lock()
        self.accepted: list[str] = []
        self.failures: list[str] = []
        self._begun = 0
        self._threads = [threading.Thread(target=self._lodge, daemon=True) for _ in range(at_once)]

    def start(self) -> Flow:
        walk = self._linked.walk()
        self._papers = [walk.upload("x.pdf") for _ in range(2)]
        for thread in self._threads:
            thread.start()
        return self

    @property
    def over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def finish(self, seconds: float) -> None:
        for thread in self._threads:
            thread.join(seconds)
        assert self.over and self.failures == [], self.failures

    def _lodge(self) -> None:
        walk = self._linked.walk()
        while True:
            with self._lock:
                if self._begun >= self._most or self.failures:
                    return
                self._begun += 1
            try:
                number = walk.lodge()["tracking_number"]
            except Exception as error:
                self.failures.append(repr(error))
                return
            self.accepted.append(number)


def parked(place: Place) -> list[dict[str, Any]]:
    """Messages that a place did not apply, and why."""
    return [row._asdict() for row in sql(place, "gateway", "SELECT peer, epoch, sequence, type, reason, detail, count, "
                                                           "settled_at FROM link_parked")]  # fmt: skip


def ways_to_kill(linked: Linked) -> dict[str, Callable[[], None]]:
    """Every server and process of both places, by a name that says which; each is killed and starts again."""
    found: dict[str, Callable[[], None]] = {}
    for place in linked.country.places:
        for name, server in (("broker", place.broker), ("database", place.postgres)):
            found[f"{place.code} {name}"] = lambda server=server: _again(server)  # type: ignore[misc]
        for names in linked.groups[place.code]:
            found[f"{place.code} {names[0]}"] = lambda place=place, names=names: _process(  # type: ignore[misc]
                linked, place, names)
    return found


def _again(server: Any) -> None:
    server.kill()
    server.start()


def _process(linked: Linked, place: Place, names: tuple[str, ...]) -> None:
    linked.kill_and_start(place, names)
    place.wait_ready(*names)


@contextmanager
def without_link(place: Place) -> Iterator[None]:
    """The place's link process is killed, and runs again afterwards."""
    place.kill(*LINK)
    try:
        yield
    finally:
        place.start(*LINK)
        place.wait_ready(*LINK)


def purged(place: Place, queue: str) -> bool:
    """A queue of the line loses all that is in it, as with the disk that it was on. False when the broker could not be
    asked at this moment."""
    try:
        place.broker.evaluate(f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"line">>, queue, <<"{queue}">>)),'
                              " {ok, _} = rabbit_amqqueue:purge(Q).")
    except RuntimeError:
        return False
    return waiting(place, queue, "line") == 0


def nothing_lost_nothing_doubled(linked: Linked) -> None:
    """Every fact of the node that travels took effect at the centre once, in the order of its subject; receipts are
    complete; and the money is the same to the piastre, in the log that came in and in the national totals."""
    told = linked.told()
    here = sql(linked.centre, "gateway", "SELECT position, event_id, type, subject, parked FROM link_log "
                                         "WHERE type <> 'gateway.line.counted.v1' ORDER BY position")
    took_effect = [uuid.UUID(str(row.event_id)) for row in here if row.parked is None]
    aside = {place.code: parked(place) for place in linked.country.places if parked(place)}
    assert aside == {}, f"not applied: {aside}"
    without = [row for row in here if row.parked not in (None, "known_already")]
    assert without == [], f"without effect: {without}"
    doubled = [event_id for event_id, times in Counter(took_effect).items() if times > 1]
    assert doubled == [], f"doubled: {doubled}"
    assert set(told) == set(took_effect), {"lost": len(set(told) - set(took_effect)),
                                           "foreign": len(set(took_effect) - set(told))}
    order: dict[tuple[str, Any], list[int]] = defaultdict(list)
    for event_id in took_effect:
        service, _, subject, sequence = told[event_id]
        order[service, subject].append(sequence)
    turned = {of: sequences for of, sequences in order.items() if sequences != sorted(sequences)}
    assert turned == {}, f"out of order: {turned}"
    # It was, and may have something to tell again: services say at times how far they told their story.
    until(linked.settled, SETTLED, linked.standing)
    told_money, taken_money = money_told(linked), money_taken(linked)
    assert told_money == taken_money, f"piastres: {told_money} at the node, {taken_money} at the centre"
    assert collections_shown(linked) == collections_told(linked)


def money_told(linked: Linked) -> tuple[int, int]:
    """Bills paid at the node and what they came to, in piastres."""
    [row] = sql(linked.node, "payments", "SELECT count(*) AS bills, coalesce(sum(total), 0) AS piastres FROM bill "
                                         "WHERE state = 'paid'")
    return row.bills, int(row.piastres)


def money_taken(linked: Linked) -> tuple[int, int]:
    """The same by what the centre was told."""
    rows = sql(linked.centre, "gateway", "SELECT body FROM link_log WHERE type = 'payments.bill.paid.v1' "
                                         "AND parked IS NULL")
    totals = {data["bill_id"]: data["total"] for data in (orjson.loads(bytes(row.body))["data"] for row in rows)}
    return len(totals), sum(totals.values())


def collections_told(linked: Linked) -> dict[str, dict[str, int]]:
    """What the node's books hold as collected, less what was given back, by unit and by service; piastres."""
    rows = sql(linked.node, "payments", "SELECT unit, key AS service, amount FROM collected "
                                        "WHERE dimension = 'service' AND unit <> '*' "
                                        "UNION ALL SELECT unit, service, amount FROM collection_delta")  # fmt: skip
    found: dict[str, Counter[str]] = {"unit": Counter(), "service": Counter()}
    for row in rows:
        found["unit"][row.unit] += row.amount
        found["service"][row.service] += row.amount
    return {by: {key: amount for key, amount in amounts.items() if amount} for by, amounts in found.items()}


def collections_shown(linked: Linked) -> dict[str, dict[str, int]]:
    """The same as the centre shows it of the node."""

    def read(work: UnitOfWork) -> dict[str, dict[str, int]]:
        shown = {by: money.totals(work, by, date.min, date.max, linked.node.code) for by in ("unit", "service")}
        return {by: {row["key"]: row["collected"] - row["refunded"] for row in total["rows"]
                     if row["collected"] != row["refunded"]} for by, total in shown.items()}  # fmt: skip

    return linked.attempt(linked.centre, "gateway", read)


