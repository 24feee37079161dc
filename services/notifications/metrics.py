"""What an operator watches: how many messages came into which state, and how long the oldest has been waiting."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from chassis.metrics import REGISTRY

CHANGED = Counter("shubbak_notifications_messages", "Messages that came into a state.", ("channel", "state"),
                  registry=REGISTRY)
OLDEST_UNSENT = Gauge("shubbak_notifications_oldest_unsent_seconds",
                      "Age of the oldest message neither sent nor given up.", ("channel",), registry=REGISTRY)
UNADDRESSABLE = Counter("shubbak_notifications_unaddressable", "Contacts whose address a channel cannot use.",
                        ("channel",), registry=REGISTRY)
CONNECTED = Gauge("shubbak_notifications_provider_connected", "1 while the provider's session stands.", ("provider",),
                  registry=REGISTRY)
