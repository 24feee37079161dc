"""The outside world in one process: a payment rail, a mobile operator's SMSC and a mail server, all sandboxes.

`python -m infra.peers` starts them; they behave, and misbehave on demand, like the real ones. Nothing of the platform
is imported here, so a mistake in the platform's own protocol code cannot be repeated on the other side of the wire.
"""
