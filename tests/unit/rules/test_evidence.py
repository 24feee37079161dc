"""The message log as evidence: what is changed, taken out, put in, moved or cut off in a file is found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from rules import evidence, link
from rules.evidence import Broken, Entry, Header
from rules.link import Key, Message

CENTRE, CAIRO, SUEZ, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3, 4))
WHEN = datetime(2026, 3, 2, 8, 30, 0, 123456, tzinfo=UTC)


def key(private: Ed25519PrivateKey, **ends: tuple[int, int]) -> dict[str, Key]:
    return {"k1": Key("k1", private.public_key().public_bytes_raw(), **ends)}


KEYS = {"EG": key(CENTRE), "EG-C": key(CAIRO), "EG-SUZ": key(SUEZ)}


def message(sender: str, sequence: int, body: bytes = b'{"state":"review"}', epoch: int = 1) -> Message:
    plain = Message(sender, "EG", epoch, sequence, UUID(int=sequence * 1000 + ord(sender[-1])),
                    "requests.request.moved.v1", body, "k1", b"")  # fmt: skip
    return replace(plain, signature=link.sign(plain, {"EG-C": CAIRO, "EG-SUZ": SUEZ}[sender]))


def entries(start: int = 0, parked: Sequence[int] = ()) -> list[Entry]:
    """Eight messages of two governorates, as they came in turn."""
    said = [message(sender, turn) for turn in range(1, 5) for sender in ("EG-C", "EG-SUZ")]
    return [Entry(start + number, one, WHEN + timedelta(seconds=number), "type_unknown" if number in parked else None)
            for number, one in enumerate(said, 1)]


def header(start: int = 0, before: bytes = evidence.GENESIS) -> Header:
    return Header("EG", "received", start, before, WHEN + timedelta(hours=1))


def written(given_: Sequence[Entry] | None = None, top: Header | None = None,
            private: Ed25519PrivateKey = CENTRE, key_id: str = "k1") -> list[bytes]:  # fmt: skip
    return list(evidence.lines(top or header(), entries() if given_ is None else given_, key_id, private))


FILE = written()


def why(lines: Sequence[bytes], **other: object) -> str:
    with pytest.raises(Broken) as caught:
        evidence.prove(lines, KEYS, **other)  # type: ignore[arg-type]
    assert caught.value.why in evidence.WHYS
    return caught.value.why


def test_a_whole_file_says_what_it_proves() -> None:
    found = evidence.prove(written(entries(parked=[3])), KEYS)
    assert (found.node, found.direction, found.first, found.last, found.entries) == ("EG", "received", 1, 8, 8)
    assert (dict(found.senders), found.parked, found.at) == ({"EG-C": 4, "EG-SUZ": 4}, 1, WHEN + timedelta(hours=1))


def test_a_file_without_entries_is_whole_too() -> None:
    assert evidence.prove(written([]), KEYS).entries == 0


def test_it_is_read_a_line_at_a_time() -> None:
    """A file may be larger than memory: no line is asked for before the one before it was looked at."""
    asked = []

    def told():
        for number, line in enumerate(FILE):
            asked.append(number)
            yield line.replace(b"moved", b"mOved") if number == 2 else line

    assert why(told()) == "hash_wrong"  # type: ignore[arg-type]
    assert asked == [0, 1, 2]


@given(st.data())
def test_one_changed_byte_anywhere_is_found(data: st.DataObject) -> None:
    whole = b"".join(FILE)
    at = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != whole[at]))
    changed = (whole[:at] + bytes([other]) + whole[at + 1:]).splitlines(keepends=True)
    why(changed)


@given(st.data())
def test_lines_taken_out_doubled_or_moved_are_found(data: st.DataObject) -> None:
    """Whatever order and choice of the lines is not the file's own is refused."""
    picked = data.draw(st.one_of(
        st.permutations(range(len(FILE))),
        st.lists(st.integers(0, len(FILE) - 1), max_size=12),
        st.integers(0, len(FILE) - 1).map(lambda gone: [n for n in range(len(FILE)) if n != gone])))  # fmt: skip
    if list(picked) != list(range(len(FILE))):
        why([FILE[n] for n in picked])


@given(st.data())
def test_a_cut_off_file_is_found_wherever_it_is_cut(data: st.DataObject) -> None:
    whole = b"".join(FILE)
    why(whole[:data.draw(st.integers(0, len(whole) - 1))].splitlines(keepends=True))


@given(st.integers(1, 8), st.sampled_from(["body", "type", "id", "sequence", "epoch", "at", "parked", "key"]))
def test_who_chains_anew_what_was_changed_still_lacks_the_senders_signature(place: int, field: str) -> None:
    """The one who keeps the log changes an entry, hashes all after it again and signs the head: of what a sender said
    nothing can be changed so. When it came and whether it was parked only the keeper says; that is found by an earlier
    head, below."""
    forged = entries()
    one = forged[place - 1]
    said = {"body": b"{}", "type": "x", "id": UUID(int=5), "sequence": 99, "epoch": 9, "key": "k2"}
    if field in said:
        one = replace(one, message=replace(one.message, **{"key_id" if field == "key" else field: said[field]}))
    elif field == "at":
        one = replace(one, at=WHEN)
    else:
        one = replace(one, parked="nothing_special")
    forged[place - 1] = one
    head = evidence.head_of(FILE, KEYS)
    anew = written(forged)
    if field in said:
        assert why(anew) == "signature_wrong"
    else:
        evidence.prove(anew, KEYS)
        assert why(anew, earlier=dict([head])) == "earlier_head_off"


def test_who_leaves_a_message_out_and_chains_anew_leaves_a_gap_in_its_stream() -> None:
    kept = [one for one in entries() if one.position != 5]
    again = [replace(one, position=n) for n, one in enumerate(kept, 1)]
    assert why(written(again)) == "sequence_wrong"


def test_who_takes_the_last_ones_away_and_signs_anew_is_found_by_an_earlier_head() -> None:
    head = dict([evidence.head_of(FILE, KEYS)])
    shorter = written(entries()[:6])
    evidence.prove(shorter, KEYS)
    assert why(shorter, earlier=head) == "earlier_head_off"
    longer = [*entries(), Entry(9, message("EG-C", 5), WHEN + timedelta(minutes=5))]
    assert evidence.prove(written(longer), KEYS, earlier=head).last == 9


def test_a_message_that_took_effect_after_it_was_parked_stands_twice() -> None:
    found = entries(parked=[8])
    again = Entry(9, found[7].message, WHEN + timedelta(minutes=9))
    assert evidence.prove(written([*found, again]), KEYS).parked == 1
    assert why(written([*found, again, replace(again, position=10)])) == "sequence_wrong"
    assert why(written([*entries(), again])) == "sequence_wrong"


def test_a_message_for_somebody_else_is_no_evidence_of_this_log() -> None:
    other = replace(message("EG-C", 1), receiver="EG-SUZ")
    other = replace(other, signature=link.sign(other, CAIRO))
    assert why(written([Entry(1, other, WHEN)])) == "receiver_wrong"


def test_signatures_count_under_the_readers_keys_and_no_others() -> None:
    with pytest.raises(Broken) as caught:
        evidence.prove(FILE, {**KEYS, "EG-C": key(STRANGER)})
    assert (caught.value.why, caught.value.told, caught.value.line) == ("signature_wrong", "signature_bad", 2)
    with pytest.raises(Broken) as caught:
        evidence.prove(FILE, {"EG": KEYS["EG"], "EG-C": KEYS["EG-C"]})
    assert (caught.value.why, caught.value.told) == ("signature_wrong", "key_unknown")
    with pytest.raises(Broken) as caught:
        evidence.prove(FILE, {**KEYS, "EG": key(STRANGER)})
    assert (caught.value.why, caught.value.told) == ("head_wrong", "signature_bad")


def test_what_came_under_a_key_after_it_was_revoked_is_found() -> None:
    with pytest.raises(Broken) as caught:
        evidence.prove(FILE, {**KEYS, "EG-C": key(CAIRO, revoked_from=(1, 3))})
    assert (caught.value.told, caught.value.line) == ("key_revoked", 6)


def revocation(sequence: int, *, of: str = "EG-C", **changes: object) -> Message:
    """EG-C says in its stream, under its second key, that its first is good no more from 1:3 on."""
    body = {"peer": of, "key_id": "k1", "revoked_epoch": 1, "revoked_sequence": 3, **changes}
    said = replace(message("EG-C", sequence, json.dumps({"data": body}).encode()), type=TELLING, key_id="k2")
    return replace(said, signature=link.sign(said, STRANGER))


TELLING = "gateway.key.issued.v1"
TWO_KEYS = {**KEYS, "EG-C": {**KEYS["EG-C"], "k2": Key("k2", STRANGER.public_key().public_bytes_raw())}}


def following(*said: Message) -> list[Entry]:
    return [Entry(number, one, WHEN) for number, one in enumerate(said, 1)]


def test_a_revocation_that_stands_in_the_log_counts_from_there_on() -> None:
    begun = [message("EG-C", 1), message("EG-C", 2), message("EG-C", 3)]  # the third took effect before it was told
    lines = written(following(*begun, revocation(4), message("EG-C", 5)))
    with pytest.raises(Broken) as caught:
        evidence.prove(lines, TWO_KEYS, telling=TELLING)
    assert (caught.value.line, caught.value.told) == (6, "key_revoked")
    assert evidence.prove(written(following(*begun, revocation(4))), TWO_KEYS, telling=TELLING).entries == 4


@pytest.mark.parametrize("changes", [{"of": "EG-SUZ"}, {"revoked_epoch": None}, {"key_id": "k7"},
                                     {"revoked_sequence": "soon"}])  # fmt: skip
def test_what_revokes_nothing_of_its_senders_changes_nothing(changes: dict[str, object]) -> None:
    lines = written(following(message("EG-C", 1), revocation(2, **changes), message("EG-C", 3)))
    assert evidence.prove(lines, TWO_KEYS, telling=TELLING).entries == 3


def test_a_head_counts_under_no_key_that_the_log_itself_says_is_revoked() -> None:
    """What a node sent, exported by whoever has its stolen key."""
    top = replace(header(), node="EG-C", direction="sent")
    stolen = written(following(message("EG-C", 1), revocation(2)), top, CAIRO)
    with pytest.raises(Broken) as caught:
        evidence.prove(stolen, TWO_KEYS, telling=TELLING)
    assert caught.value.why == "head_revoked"
    assert evidence.head_of(stolen, TWO_KEYS)[0] == 2


def test_a_file_may_begin_later_from_a_hash_that_its_head_vouches_for() -> None:
    before = b"\x09" * 32
    part = written(entries(start=40), header(40, before))
    assert evidence.prove(part, KEYS).first == 41
    assert why(part, earlier={40: b"\x08" * 32}) == "earlier_head_off"
    assert evidence.prove(part, KEYS, earlier={40: before, 12: b"older than the file"}).last == 48
    forged = [part[0].replace(before.hex().encode(), b"\x08".hex().encode() * 32), *part[1:]]
    assert why(forged) == "hash_wrong"


def test_the_same_in_another_spelling_is_refused() -> None:
    spaced = json.dumps(json.loads(FILE[1]), ensure_ascii=False).encode() + b"\n"
    assert why([FILE[0], spaced, *FILE[2:]]) == "not_readable"
    more = FILE[1].replace(b'"kind"', b'"note":"hidden","kind"', 1)
    assert why([FILE[0], more, *FILE[2:]]) == "not_readable"


@pytest.mark.parametrize("line", [b"", b"\n", b"[]\n", b"{}\n", b"null\n", b"\xff\xfe\n", b"[" * 100_000,
                                  b'{"kind":"entry"}\n', b'{"kind":"head"}\n', b'{"kind":"header"}\n',
                                  b'"' + b"x" * 3_000_000 + b'"\n'])  # fmt: skip
def test_what_is_no_line_of_such_a_file_is_told_and_nothing_else_happens(line: bytes) -> None:
    for place in (0, 1, len(FILE) - 1):
        why([*FILE[:place], line, *FILE[place + 1:]])


def test_no_file_at_all_is_told() -> None:
    assert why([]) == "header_missing"


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_never_fail_otherwise(blob: bytes) -> None:
    why(blob.splitlines(keepends=True))


def test_entries_that_do_not_follow_are_not_written() -> None:
    with pytest.raises(ValueError):
        written([entries()[0], entries()[2]])
    with pytest.raises(ValueError):
        evidence.moment(datetime(2026, 1, 1))
