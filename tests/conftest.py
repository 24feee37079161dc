"""Everything under tests/ runs green, as the services do; journeys run in a process of their own (README.md)."""

import os

import pytest

os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
if os.environ.get("SHUBBAK_TESTS_GREEN", "1") != "0":
    # Before anything else is imported: what was imported unpatched would block every green thread.
    import eventlet

    eventlet.monkey_patch()

pytest.register_assert_rewrite("tests.support")  # what is checked there says its values too

from tests.support.apart import *  # noqa: E402, F403
from tests.support.fixtures import *  # noqa: E402, F403
