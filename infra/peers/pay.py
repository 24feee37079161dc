"""`python -m infra.peers.pay`: pay a reference by hand, as a citizen at a kiosk would, or list what can be paid.

    python -m infra.peers.pay --url http://127.0.0.1:8080                    what is unpaid
    python -m infra.peers.pay --url http://127.0.0.1:8080 9123456789 [late]  pay it, behaving so
"""

from __future__ import annotations

import argparse
import sys

import requests

from infra.peers import magic


def main(arguments: list[str] | None = None) -> int:
    """0 when it was paid or listed; 1 and the rail's own words when it said no."""
    parser = argparse.ArgumentParser(prog="python -m infra.peers.pay", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="of the sandboxes; `make demo` prints it")
    parser.add_argument("reference", nargs="?")
    parser.add_argument("behaviour", nargs="?", choices=magic.BEHAVIOURS)
    options = parser.parse_args(arguments)
    if options.reference is None:
        for one in requests.get(f"{options.url}/charges", timeout=10).json():
            if one["status"] == "NEW":
                print(f"{one['rail']:<9} {one['reference']:<12} {one['amount']:>12} EGP")
        return 0
    answer = requests.post(f"{options.url}/pay/{options.reference}", json={"behaviour": options.behaviour}, timeout=10)
    said = answer.json()
    print(said.get("status") or said.get("statusDescription"))
    return 0 if answer.ok else 1


if __name__ == "__main__":
    sys.exit(main())
