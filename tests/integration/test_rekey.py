"""A new look-up key laid under all hashes of requests while it serves: nobody is lost to a search, an inquiry or a
declared relation at any moment, and in the end nothing stands under the old key."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from chassis import rekeying
from chassis.config import load
from chassis.privacy import Privacy
from chassis.rekeying import Rehashed
from services.requests import hashed, inquiry
from services.requests import numbers as register_of_numbers
from services.requests.__main__ import main
from tests.integration.test_requests_assignment import declare
from tests.integration.test_requests_complaints import complain
from tests.integration.test_requests_complaints import status as complaint_status
from tests.integration.test_requests_corrections import correct
from tests.integration.test_requests_finding import find, numbers
from tests.support.backends import gone_after, locked
from tests.support.line import until
from tests.support.requests_ground import LAST4, OFFICER, Ground, shop

NEW = base64.b64encode(b"n" * 32).decode()
WORKED = [one for one in hashed.HASHED if isinstance(one, Rehashed)]


@pytest.fixture
def ground(database_url: Callable[..., str]) -> Iterator[Ground]:
    made = Ground(database_url("requests"))
    made.fresh()
    made.publish(shop())
    with made.database.transaction() as connection:
        connection.execute(text("TRUNCATE rekey_progress"))
    yield made
    made.close()


def old(ground: Ground) -> str:
    return ground.settings.environ["SHUBBAK_REQUESTS_KEY_LOOKUP"]


def environ(ground: Ground, *keys: str) -> dict[str, str]:
    """The environment with these look-up keys, newest first; numbers go on as they did."""
    return {**ground.settings.environ, "SHUBBAK_REQUESTS_KEY_LOOKUP": ",".join(keys),
            "SHUBBAK_REQUESTS_KEY_NUMBERS": old(ground)}


def turned(ground: Ground, *keys: str) -> Ground:
    """The same node, restarted with these look-up keys."""
    again = object.__new__(Ground)
    vars(again).update(vars(ground))
    again.settings = load("requests", environ(ground, *keys))
    again.privacy = Privacy(again.settings.rings, again.settings.lookup_keys)
    again.context = replace(ground.context, settings=again.settings, privacy=again.privacy)
    return again


def rekey(ground: Ground, page: int = 2) -> int:
    return sum(far.renewed for far in list(rekeying.run(ground.unit_of_work, hashed.HASHED, page)) if far.finished)


def left(ground: Ground) -> int:
    return sum(rekeying.left(ground.unit_of_work, one) for one in WORKED)


def lodge(ground: Ground, name: str) -> dict[str, Any]:
    lodged: dict[str, Any] = ground.submit(ground.application(applicant__name=name))
    return lodged


def known(ground: Ground, lodged: list[dict[str, Any]], word: str) -> None:
    """Everything finds all of these."""
    wanted = {one["tracking_number"] for one in lodged}
    national_id = ground.application()["applicant"]["national_id"]
    assert wanted <= set(numbers(find(ground, name=word, limit=50)))
    assert wanted <= set(numbers(find(ground, national_id=national_id, limit=50)))
    for one in lodged:
        body = {"tracking_number": one["tracking_number"], "phone_last4": LAST4}
        assert str(inquiry.admitted(ground.unit_of_work(), body).id) == one["request_id"]


def test_all_are_found_before_during_and_after_while_others_write(ground: Ground) -> None:
    people = [lodge(ground, "فاطمة الزهراء محمود") for _ in range(9)]
    complaint = complain(ground, people[0])["complaint_number"]
    both = turned(ground, NEW, old(ground))
    known(both, people, "فاطمة")
    assert left(both) > 0

    def write(number: int) -> dict[str, Any]:
        correct(both, people[number], applicant={"name": "فاطمة الزهراء حسنين"})
        return lodge(both, "فاطمة الزهراء محمود")

    with ThreadPoolExecutor(3) as pool:
        going_on = [pool.submit(write, number) for number in range(6)]
        for _ in rekeying.run(both.unit_of_work, hashed.HASHED, 2):
            known(both, people[:3], "فاطمة")
        people += [one.result() for one in going_on]
    known(both, people, "فاطمة")
    assert left(both) == 0
    alone = turned(ground, NEW)
    known(alone, people, "فاطمة")
    assert len(numbers(find(alone, name="حسنين", limit=50))) == 6
    assert len(numbers(find(alone, name="محمود", limit=50))) == 9  # three as they were, and six that are new
    assert complaint_status(alone, complaint)["state"] == "open"
    words = ground.rows("SELECT count(*) AS n FROM found_by")[0].n
    assert rekey(alone) > 0
    assert left(alone) == 0
    assert ground.rows("SELECT count(*) AS n FROM found_by")[0].n < words  # what stood under the old key is gone
    known(alone, people, "فاطمة")
    assert numbers(find(turned(ground, old(ground)), name="فاطمة")) == []


def test_a_declared_relation_keeps_apart_at_every_moment(ground: Ground) -> None:
    ground.reviewed()
    declare(ground, OFFICER)
    both = turned(ground, NEW, old(ground))
    assert both.next(OFFICER) is None
    both.reviewed()  # lodged under both
    assert both.next(OFFICER) is None
    for _ in rekeying.run(both.unit_of_work, hashed.HASHED, 1):
        assert both.next(OFFICER) is None
    declare(both, OFFICER)  # once more, which makes no second one
    assert both.rows("SELECT count(*) AS n FROM declared_relation")[0].n == 1
    assert left(both) == 0
    alone = turned(ground, NEW)
    assert alone.next(OFFICER) is None
    rekey(alone)
    alone.reviewed()
    assert alone.next(OFFICER) is None


def test_tracking_numbers_go_on_under_their_own_key(ground: Ground) -> None:
    before = lodge(ground, "محمود حسن")["tracking_number"]
    alone = turned(ground, NEW)
    after = [lodge(alone, "محمود حسن")["tracking_number"] for _ in range(3)]
    assert len({before, *after}) == 4
    assert register_of_numbers.prove(alone.unit_of_work()).wrong == []


def test_a_killed_run_goes_on_where_it_stood(ground: Ground) -> None:
    for _ in range(40):
        lodge(ground, "محمود حسن")
    command = [sys.executable, "-m", "chassis", "rekey", "requests", "--page", "1"]
    given = {**os.environ, **environ(ground, NEW, old(ground)), "PYTHONWARNINGS": "ignore"}
    url = ground.settings.database_url
    with gone_after(url):
        # It comes no further than to a row that somebody else has locked, however late the kill is.
        with locked(url, "SELECT FROM request WHERE id = (SELECT id FROM request ORDER BY id OFFSET 10 LIMIT 1) "
                         "FOR UPDATE"):
            process = subprocess.Popen(command, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            until(lambda: done(ground) == 10 or process.poll() is not None, 60)
            process.send_signal(signal.SIGKILL)
            process.wait()
    reached = done(ground)
    assert reached in (10, 11)  # what it waited for may have been on its way
    both = turned(ground, NEW, old(ground))
    first = next(iter(rekeying.run(both.unit_of_work, hashed.HASHED, 1)))
    assert first.seen == reached + 1
    again = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "0 left" in again.stdout
    assert [entry.details["left"] for entry in ground.audited("keys.rekeyed")] == [0]


def done(ground: Ground) -> int:
    rows = ground.rows("SELECT done FROM rekey_progress WHERE target = 'request'")
    return int(rows[0].done) if rows else 0


def test_requests_from_before_the_index_of_words_come_into_it(ground: Ground) -> None:
    lodged = [lodge(ground, "منى سالم") for _ in range(5)]
    with ground.database.transaction() as connection:
        connection.execute(text("TRUNCATE found_by"))
    assert numbers(find(ground, name="منى")) == []
    told = CliRunner().invoke(main, ["index"], env=dict(ground.settings.environ), catch_exceptions=False)
    assert (told.exit_code, "every request is found" in told.output) == (0, True)
    assert set(numbers(find(ground, name="منى"))) == {one["tracking_number"] for one in lodged}
    assert rekey(ground) == 0
