"""Every kind of proposal, by its code."""

from __future__ import annotations

from collections.abc import Mapping

from services.catalog.adoptions import ADOPTION
from services.catalog.definitions import DEFINITION, RETIREMENT
from services.catalog.organisation import KIND as ORGANISATION
from services.catalog.proposals import Kind

KINDS: Mapping[str, Kind] = {kind.code: kind for kind in (DEFINITION, RETIREMENT, ADOPTION, ORGANISATION)}
