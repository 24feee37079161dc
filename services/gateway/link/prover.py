"""Proves Ed25519 signatures in a process of its own (chassis.helpers). It has no key but the public ones that it is
handed, no database and no network, and ends with whoever started it.

Handed over, for each signature: four bytes (how many follow), public key (32), signature (64), what was signed.
Answered: a byte for each, in their order: 1 where the key made the signature, else 0.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from struct import Struct

from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError

_LONG, _SIZE = Struct(">I"), Struct(">Q")
PUBLIC, SIGNATURE = 32, 64  # bytes


def handed(public: bytes, signature: bytes, signed: bytes) -> bytes:
    """What is handed over for a signature. ValueError for a key or a signature of another length."""
    if len(public) != PUBLIC or len(signature) != SIGNATURE:
        raise ValueError("no Ed25519 key or signature has this length")
    return _LONG.pack(PUBLIC + SIGNATURE + len(signed)) + public + signature + signed


def prove(given: bytes) -> bytes:
    """The answer to what was handed over."""
    at, found = 0, bytearray()
    while at < len(given):
        size = _LONG.unpack_from(given, at)[0]
        at += _LONG.size
        try:
            crypto_sign_open(given[at + PUBLIC : at + size], given[at : at + PUBLIC])
            found.append(1)
        except (CryptoError, ValueError):
            found.append(0)
        at += size
    return bytes(found)


def main() -> None:
    """Prove until the socket ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: whoever started this ends it
    memory, there = int(sys.argv[1]), socket.socket(fileno=0)
    there.setblocking(True)  # the green one that it was made as was not
    while len(size := there.recv(_SIZE.size, socket.MSG_WAITALL)) == _SIZE.size:
        answer = prove(os.pread(memory, _SIZE.unpack(size)[0], 0))
        there.sendall(_SIZE.pack(len(answer)) + answer)


if __name__ == "__main__":
    main()
