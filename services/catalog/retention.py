"""How long catalog keeps what may name people (`python -m chassis retain catalog`)."""

from __future__ import annotations

from chassis.retention import COMMANDS

RULES = (COMMANDS,)
