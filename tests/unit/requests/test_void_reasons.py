"""Every reason for which a ticket or a reserved number becomes void has its words."""

from __future__ import annotations

from rules import devices
from services.requests import offline_rooms, serial_blocks, tickets


def test_each_reason_is_told_in_words() -> None:
    given = {serial_blocks.NOT_REPORTED, serial_blocks.NOT_USED, serial_blocks.RETURNED, serial_blocks.REVOKED,
             tickets.REQUEST_MOVED, tickets.REQUEST_CORRECTED, offline_rooms.NOBODY_MET}  # fmt: skip
    assert given == set(devices.WHY_VOID)
