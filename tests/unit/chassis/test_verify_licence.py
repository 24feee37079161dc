"""A licence's code is checked with the issuer's public key and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from chassis.cli import main
from rules import licence as rule
from rules.release import Release
from tests.unit.rules.test_release import DEVICE, NODE, STOLEN, TICKET, text_of

KEY = f"k1:{rule.public_text(NODE)}"
NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = replace(TICKET, valid_from=(NOW - timedelta(days=2)).date(), valid_until=(NOW + timedelta(days=90)).date(),
                release_by=NOW)


def check(text: str) -> Result:
    return CliRunner().invoke(main, ["verify-licence", text, "--key", KEY])


def test_one_that_a_tablet_handed_over_says_which_and_when() -> None:
    done = check(text_of(TODAY, Release(NOW - timedelta(hours=1), 7)))
    assert done.exit_code == 0, done.output
    assert TODAY.serial in done.output and f"by device {TODAY.device_id}, its receipt 7" in done.output


@pytest.mark.parametrize("text", [
    text_of(TODAY, Release(NOW - timedelta(hours=1), 7), device=STOLEN),
    text_of(TODAY, Release(NOW - timedelta(hours=1), 7), node=DEVICE),
    text_of(TODAY, Release(NOW + timedelta(seconds=1), 7))])
def test_a_stolen_key_a_ticket_of_ones_own_and_a_late_release_are_forged(text: str) -> None:
    done = check(text)
    assert done.exit_code == 1 and "forged" in done.output


def test_one_of_the_node_says_nothing_of_a_tablet() -> None:
    node = rule.sign(rule.Licence(TICKET.serial, TICKET.holder, TICKET.service, TICKET.unit, TODAY.valid_from,
                                  TODAY.valid_until, "k1"), NODE)
    done = check(node)
    assert done.exit_code == 0 and "device" not in done.output
