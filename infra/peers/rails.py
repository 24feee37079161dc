"""The three sandbox rails put together, with keys from the environment or the published test keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flask import Blueprint

from infra.peers import rail_efinance, rail_fawry, rail_paymob, sample_keys
from infra.peers.rail import Rail
from infra.peers.rail_sealing import Envelopes


class Rails:
    """All dialects over one store. The node's own variables are read (`SHUBBAK_FAWRY_KEY`), so that both sides can be
    given the same environment; the payment centre's side of e-finance is EFINANCE_CENTRE_PRIVATE_KEY and
    EFINANCE_NODE_KEY."""

    def __init__(self, environ: Mapping[str, str], state: Path | None = None, public_url: str = "") -> None:
        def of(group: str, name: str, sample: str) -> str:
            return environ.get(f"SHUBBAK_{group}_{name}") or sample

        self.rail = Rail(state, public_url)
        fawry, paymob, efinance = sample_keys.FAWRY, sample_keys.PAYMOB, sample_keys.EFINANCE
        self.fawry = rail_fawry.Fawry(self.rail, of("FAWRY", "MERCHANT", fawry["MERCHANT"]),
                                      of("FAWRY", "KEY", fawry["KEY"]))
        self.paymob = rail_paymob.Paymob(self.rail, *(of("PAYMOB", name, paymob[name])
                                                      for name in ("SECRET_KEY", "API_KEY", "HMAC", "INTEGRATION")))
        envelopes = Envelopes(of("EFINANCE", "CENTRE", efinance["CENTRE"]),
                              of("EFINANCE", "SENDER", efinance["SENDER"]),
                              of("EFINANCE", "CENTRE_PRIVATE_KEY", sample_keys.CENTRE_PRIVATE),
                              of("EFINANCE", "NODE_KEY", sample_keys.NODE_PUBLIC))
        self.efinance = rail_efinance.EFinance(self.rail, envelopes, of("EFINANCE", "SERVICE", efinance["SERVICE"]))
        self.rail.dialects.update({one.name: one for one in (self.fawry, self.paymob, self.efinance)})

    def doors(self) -> list[Blueprint]:
        """Their HTTP APIs and pages."""
        return [rail_fawry.doors(self.fawry), rail_paymob.doors(self.paymob, self.rail),
                rail_efinance.doors(self.efinance)]
