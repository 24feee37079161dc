"""A receiver of webhooks that costs little: `/events` answers 204 at once, `/hang` never answers. Prints its port, then
`RESULT {"ids": {id: seconds since 1970}, "connections": n}` of what arrived at `/events` when it is told to end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver(asyncio.Protocol):
    ids: dict[str, float] = {}
    connections = 0
    times = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer = transport, b""
        type(self).connections += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length:]
            if head.startswith(b"POST /hang"):
                return
            event_id = head.partition(b"webhook-id: ")[2].partition(b"\r\n")[0].decode()
            type(self).times += 1
            self.ids.setdefault(event_id, time.time())
            self.transport.write(ANSWER)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiver, "127.0.0.1", 0)
    print(f"PORT {server.sockets[0].getsockname()[1]}", flush=True)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: print(f"COUNT {len(Receiver.ids)}", flush=True))
    await ended.wait()
    print("RESULT " + json.dumps({"ids": Receiver.ids, "times": Receiver.times, "connections": Receiver.connections}),
          flush=True)


if __name__ == "__main__":
    asyncio.run(main())
    sys.exit(0)
