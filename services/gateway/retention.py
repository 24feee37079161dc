"""How long gateway keeps what may name people (`python -m chassis retain gateway`)."""

from __future__ import annotations

from chassis.retention import COMMANDS

RULES = (COMMANDS,)
