"""`python -m services.payments.check`: is anything wrong with the books? Reads SHUBBAK_PAYMENTS_DATABASE_URL (or
SHUBBAK_DATABASE_URL), prints each fault on a line, ends with status 1 if there is one. Changes nothing."""

from __future__ import annotations

import os
import sys

from sqlalchemy import create_engine

from services.payments.ledger import check_ledger


def main() -> int:
    url = os.environ.get("SHUBBAK_PAYMENTS_DATABASE_URL") or os.environ.get("SHUBBAK_DATABASE_URL")
    if not url:
        sys.stderr.write("SHUBBAK_DATABASE_URL is not set\n")
        return 2
    with create_engine(url).connect() as connection:
        faults = check_ledger(connection)
    sys.stdout.write("".join(f"{fault}\n" for fault in faults) or "the books are right\n")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
