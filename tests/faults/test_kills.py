"""SIGKILL each service in turn at seeded random moments while cases run; then everything must add up.

`SHUBBAK_KILLS` kills (20 when not said) among `SHUBBAK_CASES` cases (12 when not said); `make faults` runs many more.
"""

from __future__ import annotations

import os
import random
import threading
import time

import pytest

from infra.database import SERVICES
from tests.support.crowd import Crowd
from tests.support.node import Node

KILLS = int(os.environ.get("SHUBBAK_KILLS", "20"))
CASES = int(os.environ.get("SHUBBAK_CASES", "12"))
SETTLE = 240.0


@pytest.fixture(scope="module")
def aftermath(seed):
    """A node on which the crowd has run while its services were being killed, settled again."""
    chance = random.Random(f"{seed}:kills")
    extra = {"SHUBBAK_UNCERTAIN_AFTER_SECONDS": "2"}
    with Node.running(extra) as node:
        crowd = Crowd(node.url, node.peers.pay)
        killer = _Killer(node, chance)
        killer.start()
        while killer.kills < KILLS and not crowd.failures:
            crowd.run(CASES, chance)
        killer.stop()
        for service in SERVICES:
            node.wait_ready(service)
        _until(node.settled, SETTLE, node)
        _until(lambda: not _unsent(node), SETTLE, node)
        yield node, crowd, killer


class _Killer(threading.Thread):
    """Kills the services one after the other, each at a random moment, and starts them again as a supervisor does."""

    def __init__(self, node: Node, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._node = node
        self._chance = chance
        self._over = threading.Event()
        self.kills = 0
        self.killed: dict[str, int] = dict.fromkeys(SERVICES, 0)

    def run(self) -> None:
        while not self._over.is_set():
            service = SERVICES[self.kills % len(SERVICES)]
            if self._over.wait(self._chance.uniform(0.05, 1.2)):
                return
            self._node.kill(service)
            self._node.start(service)
            self.kills += 1
            self.killed[service] += 1
            self._node.wait_ready(service)

    def stop(self) -> None:
        self._over.set()
        self.join()


def _until(true, seconds, node):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "\n".join(
            f"{service}: {node.sql(service, 'SELECT subscription, state, error FROM inbox WHERE state <> %s', 'done')}"
            for service in SERVICES
        ) + f"\nunsent: {_unsent(node)}"
        time.sleep(0.1)


def _unsent(node):
    return node.sql("notifications", "SELECT id, channel, state FROM message WHERE state NOT IN ('sent', 'delivered')")


def test_every_service_was_killed(aftermath):
    _, _, killer = aftermath
    assert killer.kills >= KILLS
    assert min(killer.killed.values()) >= KILLS // len(SERVICES)


def test_every_accepted_request_came_to_its_end(aftermath):
    _, crowd, _ = aftermath
    assert crowd.failures == []
    assert sorted(crowd.done) == sorted(crowd.accepted)


def test_nothing_was_accepted_twice_or_lost(aftermath):
    node, crowd, _ = aftermath
    lodged = [row.tracking_number for row in node.sql("requests", "SELECT tracking_number FROM request")]
    assert sorted(lodged) == sorted(crowd.accepted)


def test_every_request_was_decided_once(aftermath):
    node, crowd, _ = aftermath
    decided = node.sql(
        "requests", "SELECT request_id, count(*) AS n FROM step WHERE action = 'approve' GROUP BY request_id"
    )
    assert len(decided) == len(crowd.accepted)
    assert {row.n for row in decided} == {1}
    gaps = node.sql(
        "requests",
        "SELECT r.id FROM request r WHERE r.version <> (SELECT count(*) FROM step s WHERE s.request_id = r.id) "
        "OR r.version <> (SELECT count(*) FROM event_log e WHERE e.subject = r.id)",
    )
    assert gaps == []


def test_every_request_was_charged_once_a_stage(aftermath):
    node, crowd, _ = aftermath
    bills = node.sql(
        "payments", "SELECT request_id, stage, count(*) AS n, min(state) AS state FROM bill GROUP BY request_id, stage"
    )
    assert len(bills) == 2 * len(crowd.accepted)
    assert {(row.n, row.state) for row in bills} == {(1, "paid")}
    assert node.sql("payments", "SELECT count(*) AS n FROM receipt")[0].n == len(bills)


def test_the_ledger_balances_and_holds_what_was_billed(aftermath):
    node, _, _ = aftermath
    unbalanced = node.sql("payments", "SELECT journal_id FROM entry GROUP BY journal_id HAVING sum(amount) <> 0")
    assert unbalanced == []
    revenue = node.sql(
        "payments", "SELECT -sum(amount) AS collected FROM entry WHERE account LIKE %s", "revenue:%"
    )[0].collected
    billed = node.sql("payments", "SELECT sum(total) AS billed FROM bill WHERE state = 'paid'")[0].billed
    assert revenue == billed


def test_every_licence_was_issued_once(aftermath):
    node, crowd, _ = aftermath
    licences = node.sql("requests", "SELECT request_id, serial FROM licence")
    assert len(licences) == len({row.request_id for row in licences}) == len(crowd.accepted)
    assert len({row.serial for row in licences}) == len(licences)


def test_every_message_went_out_once_but_for_the_one_window(aftermath):
    """The provider's answer to a submit may be lost with the process that asked. Such a message, and only such a one,
    is sent again; docs/delivery-guarantees.md names the window."""
    node, _, killer = aftermath
    causes = node.sql(
        "notifications", "SELECT count(*) AS n, count(DISTINCT (request_id, cause, channel)) AS d FROM message"
    )[0]
    assert causes.n == causes.d
    sent = node.sql("notifications", "SELECT channel, count(*) AS n FROM message GROUP BY channel")
    wanted = {row.channel: row.n for row in sent}
    doubled = {"sms": len(node.peers.sms()) - wanted["sms"], "email": len(node.peers.mail()) - wanted["email"]}
    assert min(doubled.values()) >= 0
    assert sum(doubled.values()) <= killer.killed["notifications"] * WINDOW


# Messages that one process can have on their way to the providers, not written down as answered, when it is killed: two
# batches a provider, for SMS of the window, for e-mail of twenty a connection.
WINDOW = 2 * (50 + 4 * 20)


def test_the_audit_chain_is_whole(aftermath):
    node, _, _ = aftermath
    from chassis import audit, config
    from chassis.actors import public_key_of
    from chassis.database import Database

    for service in SERVICES:
        settings = config.load(service, node.environments[service])
        session = Database(settings.database_url, 1).session()
        _until(lambda s=service: not node.sql(s, "SELECT id FROM audit WHERE position IS NULL"), 60, node)
        verdict = audit.verify(service, audit.sealed_rows(session), audit.seals(session),
                               (public_key_of(settings.audit_private_key),))
        assert verdict.good, verdict
