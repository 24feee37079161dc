"""Who makes what came in take effect."""

from __future__ import annotations

from services.gateway.link import downward, keys, wishes
from services.gateway.link.arrival import Applier
from services.gateway.national import appliers as national

AT_CENTRE: tuple[Applier, ...] = (keys.take, wishes.take, national.apply)
AT_NODE: tuple[Applier, ...] = (downward.take,)
