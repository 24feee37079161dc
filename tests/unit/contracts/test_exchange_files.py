"""The guide goes out as JSON, YAML and XLSX and comes back the same; what is broken says where."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from typing import Any

import openpyxl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.exchange import Published, WholeGuide, cells, plain, xlsx
from tests.support import guides
from tests.unit.gateway.ground import definitions

WRITE_AND_READ = {
    "json": (plain.to_json, plain.read_json),
    "yaml": (plain.to_yaml, plain.read_yaml),
    "xlsx": (xlsx.to_xlsx, xlsx.read_xlsx),
}
FORMS = pytest.mark.parametrize("form", WRITE_AND_READ)


def guide(*found: dict[str, Any]) -> WholeGuide:
    return WholeGuide("EG-C", "https://guide.example", date(2026, 11, 22), "tag",
                      [Published(one["code"], 3, date(2026, 1, 1), one) for one in found])  # fmt: skip


def there_and_back(form: str, *found: dict[str, Any]) -> list[Any]:
    write, read = WRITE_AND_READ[form]
    reading = read(write(guide(*found)))
    assert reading.faults == () or reading.faults == []
    assert [fault for item in reading.items for fault in item.faults] == []
    return [item.raw for item in reading.items]


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: 1 is not True and not 1.0."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@FORMS
def test_the_whole_guide_comes_back_as_it_was(form: str) -> None:
    every = [row.document for row in definitions()]
    assert same(there_and_back(form, *every), every)


@FORMS
def test_a_large_guide_comes_back_as_it_was(form: str) -> None:
    every = guides.definitions(120)
    assert same(there_and_back(form, *every), every)


# Texts as people and programs write them, and those that a spreadsheet would take for something else.
TRICKY = ["=1+1", "+20100", "-5", "@now", "=HYPERLINK(\"http://x\")", "#N/A", "TRUE", "null", "json: {}", "long: 1",
          "2.5", "007", "1e5", "2026-01-01", "[a]", "{b}", " space ", "line\nbreak", "a\r\nb", "tab\there", "_x0041_",
          "\x07bell", "\x85", "محل «كافيه»", "ا" * 33_000, "'", '"', "<!DOCTYPE x>", "\u200f", "~", "yes", "0x1F",
          "1:30", "\ufeff"]
texts = st.sampled_from(TRICKY) | st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True) | st.sampled_from(
    ["a/b", "#x", "x[]", "(value)", "n", "code", "name", "options", "actions", "=k", "1"])
scalars = st.none() | st.booleans() | st.integers(-2**63, 2**63) | texts | st.just("")
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
                      max_leaves=8)
rows = st.lists(st.dictionaries(names, values, max_size=4) | values, max_size=3)
steps = st.fixed_dictionaries({"kind": texts, "actions": rows, "branches": rows})
keyed = st.dictionaries(names, st.dictionaries(names, values, max_size=3) | steps | scalars, max_size=3)
made = st.fixed_dictionaries(
    {"code": st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)},
    optional={
        "name": st.fixed_dictionaries({"ar": texts, "en": texts}), "keywords": st.lists(texts, max_size=3) | values,
        "form": st.lists(st.fixed_dictionaries({"name": names, "options": rows}), max_size=3) | rows, "fees": rows,
        "documents": rows, "period": values, "legal_basis": rows, "overridable": rows, "outputs": rows,
        "examples": st.lists(st.fixed_dictionaries({"name": values, "answers": keyed}), max_size=2) | rows,
        "workflow": st.fixed_dictionaries({"initial": texts, "states": keyed, "inputs": rows}) | values,
        "new_part": values,
    },
)  # fmt: skip


@FORMS
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(found=st.lists(made, min_size=1, max_size=2, unique_by=lambda one: one["code"]))
def test_any_definition_comes_back_as_it_was(form: str, found: list[dict[str, Any]]) -> None:
    assert same(there_and_back(form, *found), found)


@given(values)
def test_any_value_in_a_cell_comes_back_as_it_was(value: Any) -> None:
    assert same(cells.read(cells.write(value), {}), value)


@FORMS
def test_the_same_guide_gives_the_same_bytes(form: str) -> None:
    write, _ = WRITE_AND_READ[form]
    every = guides.definitions(3)
    assert write(guide(*every)) == write(guide(*every))


def test_a_fee_a_field_and_a_state_of_one_name_keep_their_own_rows() -> None:
    definition = {
        "code": "x",
        "form": [{"name": "x", "options": [{"value": "1"}]}],
        "fees": [{"code": "x", "tiers": [{"up_to": "1"}]}],
        "workflow": {"states": {"x": {"actions": [{"code": "x"}],
                                      "branches": [{"code": "x", "actions": [{"code": "y"}]}]}},
                     "inputs": [{"name": "x", "options": [{"value": "2"}]}]},
    }  # fmt: skip
    assert same(there_and_back("xlsx", definition), [definition])


def test_json_and_yaml_say_whose_guide_it_is_and_as_of_when() -> None:
    document = json.loads(plain.to_json(guide(*guides.definitions(2))))
    assert document["authority"] == "EG-C" and document["as_of"] == "2026-11-22" and document["tag"] == "tag"
    assert document["services"][0]["version"] == 3 and document["services"][0]["effective_from"] == "2026-01-01"
    assert yaml.safe_load(plain.to_yaml(guide(*guides.definitions(2)))) == document


@pytest.mark.parametrize(("text", "codes"), [
    ('{"code": "a"}', ["a"]), ('[{"code": "a"}, {"code": "b"}]', ["a", "b"]),
    ('{"services": [{"definition": {"code": "a"}}, {"code": "b"}]}', ["a", "b"]),
    ('{"definition": {"code": "a"}}', ["a"]), ("[1, {}]", [None, None]),
])  # fmt: skip
def test_an_export_a_list_or_one_definition_is_taken_in_json_and_in_yaml(text: str, codes: list[str | None]) -> None:
    for read in (plain.read_json, plain.read_yaml):
        assert [item.code for item in read(text.encode()).items] == codes


def test_yaml_of_several_documents_knows_its_lines() -> None:
    reading = plain.read_yaml(b"code: a\nfees:\n  - code: x\n    amount: 5\n---\n- code: b\n- code: c\n")
    assert [(item.code, item.at) for item in reading.items] == [("a", "1:1"), ("b", "6:3"), ("c", "7:3")]
    assert reading.items[0].locate("fees/0/amount") == "4:13"
    assert reading.items[0].locate("fees/0/account") == "3:5"
    assert reading.items[1].locate("name/ar") == "6:3"


@pytest.mark.parametrize(("form", "data", "code"), [
    ("json", b"{", "import_unreadable"), ("json", b"\xff\xfe", "import_unreadable"), ("json", b"", "import_unreadable"),
    ("json", b'{"a": NaN}', "import_unreadable"), ("json", b"[" * 200_000, "import_unreadable"),
    ("json", b"7", "import_not_a_guide"), ("json", b'{"a": 1}', "import_not_a_guide"),
    ("yaml", b"a: [", "import_unreadable"), ("yaml", b"a: \x00", "import_unreadable"),
    ("yaml", b"\xff", "import_unreadable"), ("yaml", b"!!python/object:os.system x", "import_unreadable"),
    ("yaml", b"? [a]\n: 1\n", "import_unreadable"),
    ("yaml", b"just text", "import_not_a_guide"), ("yaml", b"code: a\ncode: b\n", "import_key_twice"),
    ("yaml", b"a: &x [1]\nb: *x\n", "import_alias"), ("yaml", b"&a [*a]\n", "import_alias"),
    ("yaml", b"[" * 100_000, "import_unreadable"), ("yaml", b"- " * 100_000, "import_unreadable"),
    ("json", b"[" * 200 + b"]" * 200, "import_unreadable"), ("yaml", b"code: 1" + b":1" * 500_000, "import_unreadable"),
    ("yaml", b"code: " + b"9" * 5000, "import_unreadable"), ("json", b"[" + b"9" * 5000 + b"]", "import_unreadable"),
    ("xlsx", b"", "import_unreadable"), ("xlsx", b"PK\x03\x04 no", "import_unreadable"),
    ("xlsx", b"code,name", "import_unreadable"),
])  # fmt: skip
def test_a_broken_file_is_refused_and_says_why(form: str, data: bytes, code: str) -> None:
    reading = WRITE_AND_READ[form][1](data)
    assert [fault.code for fault in reading.faults] == [code] and not reading.items


def test_a_key_that_stands_twice_in_json_is_a_fault_of_its_definition_alone() -> None:
    first, second = plain.read_json(b'[{"code": "a", "fees": [{"code": "x", "code": "y"}]}, {"code": "b"}]').items
    assert [(fault.code, fault.params) for fault in first.faults] == [
        ("import_key_twice", {"key": "code", "at": "0/fees/0"})]
    assert second.faults == []


def test_a_few_lines_of_references_never_become_gigabytes() -> None:
    lines = [f"{one}: &{one} [{', '.join(['*' + before] * 9)}]"
             for before, one in zip("abcdefgh", "bcdefghi", strict=True)]  # fmt: skip
    bomb = "\n".join(["a: &a [x]", *lines])
    assert [fault.code for fault in plain.read_yaml(bomb.encode()).faults] == ["import_alias"]


# -- XLSX ------------------------------------------------------------------------------------------------------------


SHOP = {
    "code": "shop", "name": {"ar": "محل", "en": "Shop"}, "keywords": ["دكان", "store"],
    "form": [{"name": "kind", "type": "choice", "options": [{"value": "a"}, {"value": "b"}]}],
    "fees": [{"code": "x", "amount": 1500, "percent": "2.5"}],
    "workflow": {"initial": "s", "states": {
        "s": {"kind": "task", "actions": [{"code": "go", "to": "e"}]}, "e": {"kind": "end"}}},
}  # fmt: skip


def edited(change: Any) -> Any:
    """The reading of the shop's workbook after somebody changed it."""
    book = openpyxl.load_workbook(io.BytesIO(xlsx.to_xlsx(guide(SHOP))))
    change(book)
    written = io.BytesIO()
    book.save(written)
    return xlsx.read_xlsx(written.getvalue())


def test_a_workbook_has_a_sheet_a_part_and_readable_columns() -> None:
    book = openpyxl.load_workbook(io.BytesIO(xlsx.to_xlsx(guide(SHOP))))
    assert book.sheetnames[:4] == ["readme", "services", "legal_basis", "form"]
    assert [cell.value for cell in book["fees"][1]] == ["#service", "code", "amount", "percent"]
    assert [cell.value for cell in book["fees"][2]] == ["shop", "x", 1500, "2.5"]
    assert [cell.value for cell in book["form_options"][2]] == ["shop", "kind", "a"]
    assert [cell.value for cell in book["actions"][2]] == ["shop", "s", "go", "e"]
    head = [cell.value for cell in book["services"][1]]
    assert book["services"].cell(2, head.index("keywords[]") + 1).value == "دكان\nstore"
    assert all(sheet.sheet_view.rightToLeft for sheet in book)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|'/C calc'!A0", "#REF!"])
def test_no_text_is_ever_a_formula_an_error_or_a_number(text: str) -> None:
    packed = xlsx.to_xlsx(guide({"code": "a", "name": text}))
    book = openpyxl.load_workbook(io.BytesIO(packed))
    cell = next(cell for cell in book["services"][2] if cell.value == text)
    assert cell.data_type == "s" and cell.number_format == "@"
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


def test_what_people_change_in_a_sheet_is_what_comes_in() -> None:
    def change(book: Any) -> None:
        book["fees"].append(["shop", "y", 20.0, 0.5])
        book["form_options"].append(["shop", "kind", "c"])
        book["services"]["A2"].value = "shop"

    (item,) = edited(change).items
    assert item.raw["fees"][1] == {"code": "y", "amount": 20, "percent": "0.5"}
    assert [one["value"] for one in item.raw["form"][0]["options"]] == ["a", "b", "c"]
    assert item.locate("fees/1/amount") == "fees!C3" and item.locate("fees/1/account") == "fees!A3"
    assert item.locate("workflow/states/s/actions/0/to") == "actions!D2"
    assert item.locate("form/0/options/2/value") == "form_options!C4"


def set_cell(sheet: str, at: str, value: Any) -> Any:
    def change(book: Any) -> None:
        book[sheet][at].value = value

    return change


def refused(change: Any) -> list[tuple[str, str]]:
    reading = edited(change)
    found = list(reading.faults) or [fault for item in reading.items for fault in item.faults]
    return [(fault.code, fault.params.get("at") or fault.params.get("sheet")) for fault in found]


def packed(**parts: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return written.getvalue()


SENT = {form: write(guide(SHOP)) for form, (write, _) in WRITE_AND_READ.items()}
with zipfile.ZipFile(io.BytesIO(SENT["xlsx"])) as archive:
    PARTS = {name: archive.read(name) for name in archive.namelist()}
PUT = [b"", b"\x00", b"[", b"{", b"&a ", b"*a", b'"', b"<", b"/>", b"- ", b"\n", b"1e999", b"-1", b"9" * 11, b"\xff"]
damage = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 8), st.sampled_from(PUT)), min_size=1, max_size=4)


def damaged(data: bytes, places: list[tuple[int, int, bytes]]) -> bytes:
    for at, gone, put in places:
        at %= len(data) + 1
        data = data[:at] + put + data[at + gone:]
    return data


def understood_or_refused(form: str, data: bytes) -> None:
    reading = WRITE_AND_READ[form][1](data)
    assert all(fault.code.startswith("import_") for fault in reading.faults)
    assert not (reading.faults and reading.items)


@FORMS
@settings(deadline=None)
@given(places=damage)
def test_a_damaged_file_is_understood_or_refused(form: str, places: list[tuple[int, int, bytes]]) -> None:
    understood_or_refused(form, damaged(SENT[form], places))


@settings(deadline=None)
@given(name=st.sampled_from(sorted(PARTS)), places=damage, gone=st.booleans())
def test_a_damaged_part_of_a_workbook_is_understood_or_refused(
    name: str, places: list[tuple[int, int, bytes]], gone: bool
) -> None:
    parts = {one: content for one, content in PARTS.items() if not gone or one != name}
    understood_or_refused("xlsx", packed(**(parts if gone else {**parts, name: damaged(PARTS[name], places)})))


@pytest.mark.parametrize(("change", "told"), [
    (set_cell("fees", "C2", "=1+1"), ("import_cell_formula", "fees!C2")),
    (set_cell("fees", "C2", date(2026, 1, 1)), ("import_cell_not_text", "fees!C2")),
    (set_cell("fees", "A2", "shup"), ("import_row_lost", "fees!A2")),
    (set_cell("actions", "B2", "nowhere"), ("import_row_lost", "actions!A2")),
    (set_cell("fees", "D1", None), ("import_column_unsound", "fees!D2")),
    (set_cell("fees", "D1", "amount"), ("import_column_unsound", "fees!D1")),
    (set_cell("services", "Z2", "stray"), ("import_column_unsound", "services!Z2")),
    (set_cell("fees", "C2", "json: {"), ("import_cell_unreadable", "fees!C2")),
    (set_cell("fees", "C2", "long: 9"), ("import_cell_unreadable", "fees!C2")),
    (lambda book: book.create_sheet("fee"), ("import_sheet_unknown", "fee")),
    (lambda book: book.remove(book["services"]), ("import_sheet_missing", "services")),
])  # fmt: skip
def test_what_cannot_be_understood_in_a_sheet_is_refused_with_its_cell(change: Any, told: tuple[str, str]) -> None:
    assert told in refused(change)


def test_cells_that_contradict_each_other_are_refused() -> None:
    def twice(book: Any) -> None:
        book["services"].cell(1, 20).value, book["services"].cell(2, 20).value = "fees", "json: []"
        book["services"].cell(1, 21).value, book["services"].cell(2, 21).value = "name", "x"

    assert [code for code, _ in refused(twice)] == ["import_cell_conflict"] * 2


def test_a_packed_file_that_is_larger_than_allowed_unpacked_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xlsx, "MAX_UNPACKED", 3 << 20)
    data = packed(a=b"0" * (4 << 20))
    assert len(data) < 10_000
    assert [fault.code for fault in xlsx.read_xlsx(data).faults] == ["import_unpacked_too_large"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_that_declares_entities_is_refused(encoding: str) -> None:
    text = '<?xml version="1.0"?>' + " " * ((1 << 20) - 24) + '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    (fault,) = xlsx.read_xlsx(packed(x=text.encode(encoding))).faults
    assert (fault.code, fault.params["reason"]) == ("import_unreadable", "DOCTYPE")


def test_a_sheet_that_claims_a_million_rows_is_read_as_far_as_it_is_filled() -> None:
    (item,) = edited(set_cell("fees", "A1048576", None)).items
    assert len(item.raw["fees"]) == 1
