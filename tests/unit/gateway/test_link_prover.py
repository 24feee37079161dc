"""What a helper says of a signature is what is said here."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.link import Message, sign, signed_by, signed_text
from services.gateway.link import prover
from tests.support.link_ground import key, public

PLAIN = Message("EG-SUZ", "EG", 1, 1, UUID(int=1), "a.b.c.v1", b"body", "k1", b"")


@given(st.lists(st.tuples(st.integers(1, 3), st.binary(max_size=200), st.none() | st.integers(0, 511)), max_size=8))
def test_a_helper_and_this_place_say_the_same_of_every_signature(given_: list[tuple[int, bytes, int | None]]) -> None:
    made, handed = [], []
    for by, body, flipped in given_:
        message = Message(**{**_fields(PLAIN), "body": body})
        signature = bytearray(sign(message, key(1)))
        if flipped is not None:
            signature[flipped // 8] ^= 1 << flipped % 8
        message = Message(**{**_fields(message), "signature": bytes(signature)})
        made.append((message, public(by)))
        handed.append(prover.handed(public(by), message.signature, signed_text(message)))
    said = [bool(one) for one in prover.prove(b"".join(handed))]
    assert said == [signed_by(message, raw) for message, raw in made]
    assert said == [by == 1 and flipped is None for by, _, flipped in given_]


def _fields(message: Message) -> dict[str, object]:
    return {name: getattr(message, name) for name in Message.__slots__}


@pytest.mark.parametrize(("raw", "signature"), [(b"x" * 31, b"y" * 64), (b"x" * 32, b"y" * 63), (b"", b"")])
def test_what_has_not_the_length_of_a_key_and_a_signature_is_never_handed_over(raw: bytes, signature: bytes) -> None:
    with pytest.raises(ValueError, match="length"):
        prover.handed(raw, signature, b"text")
