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

# Providers: what each takes of its channel, how well it does, and what it answered.
PROVIDER_SHARE = Gauge("shubbak_notifications_provider_share", "Part in a hundred of its channel.",
                       ("channel", "provider"), registry=REGISTRY)
PROVIDER_HEALTH = Gauge("shubbak_notifications_provider_health", "Health in a hundred.", ("channel", "provider"),
                        registry=REGISTRY)
PROVIDER_ANSWERS = Counter("shubbak_notifications_provider_answers", "Parts by what the provider made of them.",
                           ("provider", "verdict"), registry=REGISTRY)
PROVIDER_STEPS = Counter("shubbak_notifications_provider_steps", "Steps of health.", ("provider", "reason"),
                         registry=REGISTRY)
HEALED = Counter("shubbak_notifications_healed",
                 "Messages found `sending` after their lease, whose answer never came, and taken up again.",
                 ("channel",), registry=REGISTRY)
STUCK = Gauge("shubbak_notifications_stuck", "Messages `sending` whose lease is over and which nobody took up yet.",
              ("channel",), registry=REGISTRY)
HELD = Gauge("shubbak_notifications_held", "Messages that wait though their lane is free, by reason.",
             ("channel", "why"), registry=REGISTRY)
WITHHELD = Counter("shubbak_notifications_withheld",
                   "Messages that were not made because the citizen does not want any.", ("channel",),
                   registry=REGISTRY)
REPLIES = Counter("shubbak_notifications_replies", "Texts that handsets sent back, by what they say.", ("word",),
                  registry=REGISTRY)
WORDING_UNUSABLE = Counter("shubbak_notifications_wording_unusable",
                           "Wordings that could not be used, so that the shipped one was.", ("template",),
                           registry=REGISTRY)
