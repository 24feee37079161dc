"""docs/payments-sandbox.md, written from the tables that the sandbox rails behave by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from infra.peers import magic, sample_keys
from services.payments.rails import efinance, fawry, paymob, pos
from services.payments.rails.base import Traits

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]
USUAL = (efinance.USUAL, fawry.USUAL, paymob.USUAL, pos.USUAL)

SOURCE = "`infra/peers/magic.py`, `infra/peers/sample_keys.py` and the rails' traits"
LEAD = """The sandbox rails (`infra/peers`) take charges, show a page where they are paid, sign callbacks, answer
questions and give money back, each in its rail's own dialect. They start with `make demo`, which prints their address,
and by themselves:

```
python -m infra.peers --http 8080                             # prints one JSON line when ready
python -m infra.peers.pay --url http://127.0.0.1:8080         # what is unpaid; a reference after it pays it
```

`GET /` lists all orders with a link to pay each; `POST /pay/{reference}` with `{"behaviour": …}` pays one so."""

TRAINING = """A node in `training` (or `production`) refuses the published keys below. For a training node with the
profile `sandbox` of docker-compose.yml, fresh keys for both sides:

```
umask 077; python -m infra.peers.keys http://sandbox:8080 http://gateway:8000 >> .env
```"""

UNVERIFIED = """**e-finance is unverified.** It has no public specification; its sandbox proves only that our reading
agrees with itself. Every guess: [EFINANCE.md](../services/payments/rails/EFINANCE.md)."""

BEHAVIOURS = """An amount whose piastres stand here makes the rail behave so, at every rail; every other amount is paid
as usual. The last column is the state of the bill when all is over. `POST /control` with
`{"rail": {"behaviours": {"<our reference>": "late"}}}` does the same for one order, `{"rail": {"behaviour": "late"}}`
for all; `delay_ms`, `down`, `reference_delay_ms`, `callbacks_paused`, `repeats` (`refused`: a reference is taken once)
and `refunds` (`refuse`, `lost`, `quiet`) too."""


def sections(table: Table) -> list[str]:
    """The page's parts below its title."""
    keys = sample_keys.environment("http://RAILS", "http://GATEWAY")
    return [
        LEAD,
        "## Magic amounts\n\n" + BEHAVIOURS,
        table(("amount ends in", "behaviour", "what happens", "bill"),
              ((f".{one.piastres}", f"`{one.behaviour}`", one.does, f"`{one.bill}`") for one in magic.AMOUNTS)),
        "## Test cards\n\nOn Paymob's page; any other number is refused.",
        table(("number", "what happens", "bill"),
              ((f"`{card.number}`", card.does, f"`{card.bill}`") for card in magic.CARDS)),
        "## Test keys\n\n" + TRAINING,
        table(("variable", "value"), ((f"`{name}`", _short(value)) for name, value in keys.items())),
        "## What each rail can do\n\n" + UNVERIFIED + "\n\nLimits are what a node has when its contract sets none.",
        table(("rail", "way", "can be asked", "calls back", "refund", "pounds", "a reference lives", "daily file",
               "verified"), (_row(traits) for traits in USUAL)),
    ]


def _short(value: str) -> str:
    return f"`{value}`" if len(value) < 100 else "an RSA key, in `infra/peers/sample_keys.py`"


def _row(traits: Traits) -> tuple[str, ...]:
    def said(yes: bool) -> str:
        return "yes" if yes else "no"

    return (f"`{traits.name}` {traits.label['ar']}", f"`{traits.way}`", said(traits.asks), said(traits.calls_back),
            f"`{traits.refund}`", f"{traits.least // 100:,} to {traits.most // 100:,}",
            f"{traits.lives.total_seconds() / 3600:.0f} h", f"`{traits.statement}`", said(traits.verified))
