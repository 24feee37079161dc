from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.sms import encoding, fold, segments, width

GSM = "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./0123456789ABCxyz\n "


@pytest.mark.parametrize("text, name, count", [
    ("", "gsm7", 1), ("x" * 160, "gsm7", 1), ("x" * 161, "gsm7", 2), ("x" * 306, "gsm7", 2), ("x" * 307, "gsm7", 3),
    ("€" * 80, "gsm7", 1), ("€" * 81, "gsm7", 2), ("x" * 152 + "€" * 8, "gsm7", 2),
    ("م" * 70, "ucs2", 1), ("م" * 71, "ucs2", 2), ("م" * 134, "ucs2", 2), ("م" * 135, "ucs2", 3),
    ("م" * 127, "ucs2", 2),
    ("😀" * 35, "ucs2", 1), ("😀" * 36, "ucs2", 2), ("x" * 70 + "`", "ucs2", 2)])
def test_counts_at_every_edge(text, name, count):
    found = segments(text)
    assert (found.encoding, found.count) == (name, count)


def test_a_pair_is_never_split():
    assert [len(part) for part in segments("x" * 152 + "€" + "x" * 10).parts] == [152, 11]
    assert [len(part) for part in segments("م" * 66 + "😀" + "م" * 10).parts] == [66, 11]


texts = st.one_of(st.text(st.sampled_from(GSM + "^{}[]~|€\\"), max_size=700), st.text(max_size=400),
                  st.text(st.sampled_from("ابتث ١٢😀"), max_size=400))


def places(part, name):
    if name == "ucs2":
        return len(part.encode("utf-16-be", "surrogatepass")) // 2
    return sum(2 if char in "\f^{}\\[~]|€" else 1 for char in part)


@given(texts)
def test_the_parts_are_the_text_and_fit(text):
    found = segments(text)
    assert "".join(found.parts) == text and found.count == len(found.parts)
    single, joined = {"gsm7": (160, 153), "ucs2": (70, 67)}[found.encoding]
    sizes = [places(part, found.encoding) for part in found.parts]
    assert sizes[0] <= single if found.count == 1 else all(0 < size <= joined for size in sizes)
    assert sum(sizes) == width(text)


@given(texts)
def test_no_part_is_left_with_room_for_the_next_character(text):
    found = segments(text)
    if found.count > 1:
        assert width(text) > {"gsm7": 160, "ucs2": 70}[found.encoding]
        joined = {"gsm7": 153, "ucs2": 67}[found.encoding]
        for part, after in pairwise(found.parts):
            assert places(part, found.encoding) + places(after[0], found.encoding) > joined


@given(st.text(st.sampled_from(GSM), max_size=50), st.sampled_from("مéçكè’–`\xa0😀١"))
def test_one_character_outside_decides_the_encoding(text, char):
    assert encoding(text) == "gsm7"
    assert encoding(text + char) == ("gsm7" if char in GSM else "ucs2")


def fewest_parts(text, name):
    """How many parts the text takes at least, by trying every place where it may be cut: no thrift is assumed."""
    single, joined = {"gsm7": (160, 153), "ucs2": (70, 67)}[name]
    sizes = [places(char, name) for char in text]
    if sum(sizes) <= single:
        return 1
    reached, count = {0}, 0  # the places that `count` parts may end at
    while len(sizes) not in reached:
        ends, count = set(), count + 1
        for start in reached:
            filled = 0
            for end in range(start, len(sizes)):
                filled += sizes[end]
                if filled > joined:
                    break
                ends.add(end + 1)
        reached = ends
    return count


at_the_edges = st.one_of(
    st.text(st.sampled_from("ab€[^"), min_size=140, max_size=459),
    st.text(st.sampled_from("بت😀"), min_size=60, max_size=201))


@given(st.one_of(texts, at_the_edges))
def test_no_other_way_of_cutting_takes_fewer_parts(text):
    found = segments(text)
    assert found.count == fewest_parts(text, found.encoding)


QUOTED = "“It’s ready” – come to the café… "


@pytest.mark.parametrize("text, folded", [
    (QUOTED * 3, "\"It's ready\" - come to the café... " * 3),  # é is in the alphabet and stays
    ("Your file ١٢٣\xa0" * 6, "Your file 123 " * 6),
    ("crêpe\u200f " * 12, "crepe " * 12),
    ("مُـــؤَسَّسة " * 8, "مؤسسة " * 8),
    ("طلبك جاهز، " * 4, "طلبك جاهز، " * 4),  # nothing to save
    ("“quoted”", "“quoted”"),  # one part either way: it stays as it was written
    ("Ω “" + "б" * 80, "Ω “" + "б" * 80),  # a letter of another script has no twin in the alphabet
])
def test_look_alikes_are_exchanged_where_that_saves_a_part(text, folded):
    assert fold(text) == folded
    assert (segments(folded).count < segments(text).count) == (folded != text)


def test_folding_leaves_the_mark_that_keeps_a_number_s_groups_in_their_order():
    text = "مُسجَّل" * 10 + "\u200e01-26-73634017-B\u200e"
    assert segments(fold(text)).count < segments(text).count
    assert fold(text).endswith("\u200e01-26-73634017-B") and fold(text).count("\u200e") == 1


@given(st.one_of(texts, st.text(st.sampled_from("“”’–…é ê\xa0ab١مُـ\u200f\u200e01-"), max_size=300)))
def test_folding_never_costs_and_never_folds_twice(text):
    folded = fold(text)
    assert segments(folded).count <= segments(text).count
    assert fold(folded) == folded
    assert folded == text or segments(folded).count < segments(text).count


@given(st.text(st.sampled_from("ابتثجحخدذرزسشصضطظعغفقكلمنهوي ١٢٣abc.،"), max_size=300))
def test_folding_leaves_letters_and_words_alone(text):
    assert fold(text) == text or (encoding(text) == "ucs2" and not any("ا" <= char <= "ي" for char in text))
