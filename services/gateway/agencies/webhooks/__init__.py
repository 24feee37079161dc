"""The delivery of webhooks: a process of its own, `python -m chassis run gateway.agencies`."""
