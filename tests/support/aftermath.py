"""What must add up in a node after its services were killed, whatever its people did meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from chassis import audit, config
from chassis.actors import public_key_of
from chassis.database import Database
from infra.database import SERVICES
from services.requests import numbers
from tests.support.node import Node

# That one process can have on their way, unanswered, when it is killed: two batches of each provider, of a window of 50
# to the operator and of 20 over each of 4 connections to the mail server (services/notifications/README.md, "Sending").
MESSAGES_AT_ONCE = 2 * (50 + 4 * 20)
PATIENCE = 60.0  # seconds in which what the killer waits for ought to happen, however slowly people come to it


class Killer(threading.Thread):
    """SIGKILLs services, `most` times in all, and starts them again as a supervisor does. Every other time it is
    requests, at most `within` seconds after `changed` answered something new (or after some in which it did not)."""

    def __init__(
        self, node: Node, chance: random.Random, most: int, changed: Callable[[], Any], within: float = 0.03
    ) -> None:
        super().__init__(daemon=True)
        self._most = most
        self._node, self._chance, self._changed, self._within = node, chance, changed, within
        self._over = threading.Event()
        self.others = [service for service in SERVICES if service != "requests"]
        self.killed: Counter[str] = Counter()
        self.aimed = 0  # kills of requests in the middle of what was watched
        self.error: BaseException | None = None

    @property
    def kills(self) -> int:
        return self.killed.total()

    def run(self) -> None:
        try:
            while not self._over.is_set() and self.kills < self._most:
                self._kill("requests" if self.kills % 2 == 0 else self._chance.choice(self.others))
        except BaseException as error:
            self.error = error

    def stop(self) -> None:
        self._over.set()
        self.join()
        if self.error is not None:
            raise self.error

    def _kill(self, service: str) -> None:
        if service == "requests":
            self.aimed += self._something_changes()
            time.sleep(self._chance.uniform(0, self._within))
        elif self._over.wait(self._chance.uniform(0.05, 0.6)):
            return
        self._node.kill(service)
        self.killed[service] += 1
        self._node.start(service)
        self._node.wait_ready(service)

    def _something_changes(self) -> bool:
        before, ends = self._changed(), time.monotonic() + PATIENCE
        while time.monotonic() < ends and not self._over.is_set():
            if self._changed() != before:
                return True
            time.sleep(0.002)
        return False


def settle(node: Node, seconds: float = 240.0) -> None:
    """Wait until every service is ready, every fact has arrived and every message is out."""
    for service in SERVICES:
        node.wait_ready(service)
    ends = time.monotonic() + seconds
    while not node.settled() or unsent(node):
        assert time.monotonic() < ends, [unsent(node), *(
            node.sql(service, "SELECT subscription, state, error FROM inbox WHERE state <> 'done'")
            for service in SERVICES)]
        time.sleep(0.1)


def unsent(node: Node) -> list[Any]:
    return node.sql("notifications", "SELECT id, channel, state FROM message WHERE state NOT IN ('sent', 'delivered')")


def versions_are_dense(node: Node) -> None:
    """Each version of a request is one step, told once."""
    gaps = node.sql(
        "requests",
        "SELECT r.id FROM request r WHERE r.version <> (SELECT count(*) FROM event_log e WHERE e.subject = r.id) "
        "OR r.version <> (SELECT max(sequence) FROM event_log e WHERE e.subject = r.id) "
        "OR r.version <> (SELECT count(*) FROM step s WHERE s.request_id = r.id) + (SELECT count(*) FROM event_log e "
        "WHERE e.subject = r.id AND e.type = 'requests.request.due_changed.v1')")
    assert gaps == []


def no_task_is_left_open(node: Node) -> None:
    """None of an ended request, and none of a state in which it does not stand."""
    left = node.sql(
        "requests", "SELECT task.id FROM task JOIN request ON request.id = task.request_id "
        "WHERE task.status IN ('open', 'held') AND (request.outcome IS NOT NULL OR task.state <> request.state)")
    assert left == []


def charged_once_a_stage(node: Node, stages: int, requests: int) -> None:
    bills = node.sql("payments", "SELECT count(*) AS n, min(state) AS least, max(state) AS most FROM bill "
                                 "GROUP BY request_id, stage")
    assert {(row.n, row.least, row.most) for row in bills} == {(1, "paid", "paid")}
    assert len(bills) == stages * requests
    assert node.sql("payments", "SELECT count(*) AS n FROM receipt")[0].n == len(bills)


def the_ledger_balances(node: Node) -> None:
    assert node.sql("payments", "SELECT journal_id FROM entry GROUP BY journal_id HAVING sum(amount) <> 0") == []
    [row] = node.sql(
        "payments", "SELECT (SELECT -sum(amount) FROM entry WHERE account LIKE %s) AS collected, "
        "(SELECT sum(total) FROM bill WHERE state = 'paid') AS billed", "revenue:%")
    assert row.collected == row.billed


def told_once_but_for_the_window(node: Node, kills_of_notifications: int) -> None:
    """The provider's answer to a submit may be lost with the process that asked. Such a message, and only such a one,
    is sent again; docs/delivery-guarantees.md names the window."""
    [causes] = node.sql(
        "notifications", "SELECT count(*) AS n, count(DISTINCT (request_id, cause, channel)) AS d FROM message")
    assert causes.n == causes.d
    sent = Counter({row.channel: row.n for row in node.sql(
        "notifications", "SELECT channel, count(*) AS n FROM message GROUP BY channel")})
    doubled = (len(node.peers.sms()) - sent["sms"], len(node.peers.mail()) - sent["email"])
    assert min(doubled) >= 0
    assert sum(doubled) <= kills_of_notifications * MESSAGES_AT_ONCE


def every_number_is_explained(node: Node) -> None:
    """No number twice, each used one borne by its request; what a killed process drew is given up by the sweep."""
    proofs: list[numbers.Proof] = []
    node._attempt("requests", lambda work: proofs.append(numbers.prove(work)))
    [proof] = proofs
    [row] = node.sql("requests", "SELECT count(*) AS n, count(DISTINCT tracking_number) AS d FROM request")
    assert (proof.wrong, proof.used, row.d) == ([], row.n, row.n)


def the_audit_chains_are_whole(node: Node) -> None:
    for service in SERVICES:
        settings = config.load(service, node.environments[service])
        ends = time.monotonic() + 60
        while node.sql(service, "SELECT 1 FROM audit WHERE position IS NULL"):
            assert time.monotonic() < ends, f"{service}: rows that nobody chains"
            time.sleep(0.05)
        session = Database(settings.database_url, 1).session()
        verdict = audit.verify(service, audit.sealed_rows(session), audit.seals(session),
                               (public_key_of(settings.audit_private_key),))
        session.close()
        assert verdict.good, verdict
