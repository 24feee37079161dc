"""What journeys of following a request have in common: opening it, and a line to the platform that can be cut."""

from __future__ import annotations

import contextlib
import socket
import threading
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from infra.demo.walk import Walk
from tests.journeys.conftest import Visitor


def follow(owner: Visitor, number: str, digits: str) -> None:
    """From the page of inquiry to the request."""
    owner.go("/follow")
    owner.page.fill("[name=tracking_number]", number)
    owner.page.fill("[name=phone_last4]", digits)
    owner.press(owner.t("inquiry.button"))
    owner.page.wait_for_url(f"**/follow/{number}")


def pay_cash(walk: Walk, number: str, stage: str = "inspection") -> None:
    """The bill of a stage, paid at the counter."""
    bill = walk.until(lambda: walk.bill(number, stage), bool)
    walk.at_the_counter()
    walk.post(f"/bills/{bill['bill_id']}/payments", {"rail": "cash", "tendered": bill["total"]}, as_="cashier",
              key=str(uuid.uuid4()))  # fmt: skip
    walk.until(lambda: walk.status(number), lambda answer: answer["state_kind"] != "payment")


def send_back(walk: Walk, number: str, reason: str, **missing: list[str]) -> None:
    """The officer sends the file back, with a list of what is missing."""
    given: dict[str, Any] = walk.until(lambda: walk._handed("officer", number), bool)
    walk.post(f"/tasks/{given['task_id']}/actions",
              {"action": "send_back", "reason": reason, "inputs": {},
               "missing": {"documents": [], "answers": [], **missing}}, as_="officer")  # fmt: skip


def licensed(walk: Walk) -> tuple[str, str]:
    """A licence that was issued, paid in cash: the request's number and the licence's serial."""
    number = str(walk.lodge()["tracking_number"])
    pay_cash(walk, number)
    for username, action in (("officer", "accept"), ("inspector", "report"), ("head", "approve")):
        walk.act(username, action, number=number)
    pay_cash(walk, number, "final")
    return number, str(walk.until(lambda: walk.status(number)["licence_serial"], bool))


class Line:
    """A line between a browser and the platform, with an address of its own. `cut` takes it down with all that goes
    over it, for the page, its scripts and its service worker alike; `mend` brings it back."""

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname or "127.0.0.1", target.port or 80)
        self._open: set[socket.socket] = set()
        self._up = True
        self._lock = threading.Lock()  # what is taken while the line is cut is cut as well
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        with self._lock:
            self._up = False
            ended = list(self._open)
        for one in ended:
            self._end(one)

    def mend(self) -> None:
        self._up = True

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                came, _ = self._listener.accept()
            except OSError:  # closed
                return
            with self._lock:
                if not self._up:
                    came.close()
                    continue
                onward = socket.create_connection(self._target)
                self._open |= {came, onward}
            for pair in ((came, onward), (onward, came)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):  # cut, or one side has hung up
            while piece := source.recv(65536):
                sink.sendall(piece)
        self._end(source)
        self._end(sink)

    def _end(self, one: socket.socket) -> None:
        self._open.discard(one)
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@contextlib.contextmanager
def line(url: str) -> Iterator[Line]:
    """A line of one's own, taken down at the end."""
    made = Line(url)
    try:
        yield made
    finally:
        made.close()
