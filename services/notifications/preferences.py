"""What citizens chose about being written to: by address, so that it holds whatever a message is about."""

from __future__ import annotations

ADDRESS = "notifications.address"  # the field under which addresses are sealed and hashed
