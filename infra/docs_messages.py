"""docs/messages-sandbox.md, written from the table that the sandboxes for messages behave by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from infra.peers import samples
from infra.peers.sms_http import PREFIX

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]

SOURCE = "`infra/peers/samples.py`"
LEAD = """The sandboxes (`infra/peers`) take text messages over SMPP and HTTP and letters over SMTP and pass nothing on.
They start with `make demo`, which prints their address, with the profile `sandbox` of docker-compose.yml, and by
themselves:

```
python -m infra.peers --http 8080 --smpp 2775 --smtp 2525     # prints one JSON line when ready
curl http://127.0.0.1:8080/sms                                # what was sent, decoded; ?to=201000000001 narrows it
curl http://127.0.0.1:8080/mail
```

A node in `demo` or `training` refuses to start with a provider outside the machine: only the loopback and the container
`sandbox` are let in. A mail server of your own on the loopback would pass letters on: do not run one there."""

NUMBERS = """A message to one of these ends as the third column says; every other number behaves as `delivered` does, or
as `POST /control` sets it for all. The numbers are of the form of real ones, for Egypt sets none aside for tests:
**never send to them through a real operator.**"""

ADDRESSES = """SMTP promises no receipt, so a letter that was taken ends as `sent`."""

PROVIDERS = f"""```
SHUBBAK_PROVIDERS=smpp=smpp:70,nile=http:30
SHUBBAK_SMPP_HOST=sandbox  SHUBBAK_SMPP_SYSTEM_ID=node  SHUBBAK_SMPP_PASSWORD=sample-1
SHUBBAK_NILE_URL=http://sandbox:8080{PREFIX}  SHUBBAK_NILE_KEY={samples.KEY}
SHUBBAK_NILE_RECEIPT_KEY={samples.RECEIPT_KEY}
```

The sandbox over HTTP reports receipts to the address given by `--sms-callback`, which ends in
`/api/v1/messages/receipts/<name of the provider>`. What it does on demand: `infra/peers/README.md`."""


def sections(table: Table) -> list[str]:
    """The page's parts below its title."""
    return [
        LEAD,
        "## Sample numbers\n\n" + NUMBERS,
        table(("number", "behaviour", "message", "what the operator does"),
              ((f"`{one.number}`", f"`{one.behaviour}`", f"`{one.state}`", one.does) for one in samples.SAMPLES)),
        "## Sample addresses\n\n" + ADDRESSES,
        table(("address", "what the mail server does"),
              ((f"`{one.behaviour}@{samples.DOMAIN}`", one.mail) for one in samples.SAMPLES if one.mail)),
        "## Two providers of a training node\n\n" + PROVIDERS,
    ]
