"""The gateway's place in tests of payments: takes raw callbacks of every rail over HTTP."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from infra.peers.client import Peers
from rules.refusal import Refusal
from tests.support.payments_ground import Ground


class CallbackDoor:
    """Answers 200 as the rail expects it, 403 for a forged callback, 400 for what is none, and tells who waits."""

    def __init__(self) -> None:
        self.ground: Ground | None = None
        self.answers: list[tuple[int, bool | None]] = []
        self.closed = False
        self._news = threading.Condition()
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, taken, reply = door.take(self.path, body, self.headers.get_content_type())
                self.send_response(status)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)
                with door._news:
                    door.answers.append((status, taken))
                    door._news.notify_all()

            def log_message(self, *parts: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def take(self, path: str, body: str, media_type: str) -> tuple[int, bool | None, bytes]:
        if self.closed or self.ground is None:
            return 503, None, b""
        parts = urlsplit(path)
        try:
            answer = self.ground.answered(body, parts.path.rpartition("/")[2], dict(parse_qsl(parts.query)), media_type)
        except Refusal as refusal:
            return (403 if refusal.code == "callback_forged" else 400), None, b""
        return 200, answer["taken"], (answer["reply"] or {"body": ""})["body"].encode()

    def wait_for(self, count: int, seconds: float = 60) -> list[tuple[int, bool | None]]:
        """The answers given, once there are `count` of them."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.answers) >= count, seconds), self.answers
            return list(self.answers)

    def fresh(self, peers: Peers, seconds: float = 60) -> None:
        """Open, with nothing answered, and nothing more to come of what the rail has to say about earlier tests."""
        self.closed = False
        ends = time.monotonic() + seconds
        while any(charge["unsent"] for charge in peers.charges()):
            assert time.monotonic() < ends, "the rail still has to say something of an earlier test"
            time.sleep(0.02)
        self.answers.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
