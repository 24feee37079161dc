"""What the machine itself knows of time, whatever its clock is set to. Linux; elsewhere nothing is known."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIMEX_BYTES = 512  # struct timex has 208 on 64-bit Linux; the kernel writes no further
_UNSYNCHRONISED = 5  # TIME_ERROR, adjtimex(2)


def running() -> tuple[str, float] | None:
    """An id of this switching-on of the machine and the seconds since, sleep included: the same count for every process
    and container on it. None where the system does not tell."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip(), time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, AttributeError):
        return None


def synchronised() -> bool:
    """Whether the kernel holds its clock for kept right by a time server (chrony, ntpd, timesyncd). Changes nothing."""
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return 0 <= int(answer) < _UNSYNCHRONISED
