"""Everything under tests/ runs green, as the services do; tests/journeys runs in a process of its own (README.md)."""

import os

os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
GREEN = os.environ.get("SHUBBAK_TESTS_GREEN", "1") != "0"
if GREEN:
    # Before anything else is imported: what was imported unpatched would block every green thread.
    import eventlet

    eventlet.monkey_patch()

from tests.support.fixtures import *  # noqa: E402, F403
