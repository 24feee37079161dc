"""How long payments keeps what may name people (`python -m chassis retain payments`)."""

from __future__ import annotations

from chassis.retention import COMMANDS

RULES = (COMMANDS,)
