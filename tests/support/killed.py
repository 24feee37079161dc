"""A process of the test's own that works until it is killed."""

from __future__ import annotations

import os
import signal
import sys
import traceback


class Killable:
    """`_work` runs in a child process from `start` on; one that is killed and started again begins anew."""

    pid = 0

    def _work(self) -> None:
        raise AssertionError("what it does is said by who it is")

    def start(self) -> None:
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            try:
                self._work()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
