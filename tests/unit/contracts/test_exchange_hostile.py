"""Files made to fill the memory or the hours of whoever reads them are refused before they do."""

from __future__ import annotations

import io
import json
import time
import zipfile

import orjson
import pytest

from contracts.exchange import MAX_SERVICES, MAX_VALUES, importing, xlsx
from rules.refusal import Refusal
from tests.unit.contracts.test_exchange_files import guide

SOON = 10.0  # seconds; each took minutes or gigabytes


def refused(media_type: str, data: bytes) -> set[str]:
    begun = time.process_time()
    with pytest.raises(Refusal) as found:
        importing.judge(media_type, data, lambda _: None)
    assert time.process_time() - begun < SOON
    return {fault.code for fault in found.value.faults}


@pytest.mark.parametrize("media_type", [importing.JSON, importing.YAML])
@pytest.mark.parametrize("values", [b"[" + b"0," * MAX_VALUES + b"0]", b"[" + b"[]," * MAX_VALUES + b"0]"])
def test_a_plain_file_of_millions_of_nothing_is_refused(media_type: str, values: bytes) -> None:
    assert refused(media_type, values) == {"import_too_many_values"}


@pytest.mark.parametrize("data", [b"0,", b"{},"])
def test_a_plain_file_of_more_services_than_may_be_is_refused(data: bytes) -> None:
    assert refused(importing.JSON, b"[" + data * MAX_SERVICES + b"0]") == {"import_too_many"}
    assert refused(importing.YAML, b"---\n- code: a\n" * (MAX_SERVICES + 1)) == {"import_too_many"}


def bomb(part: str, change: tuple[bytes, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx.to_xlsx(guide()))) as old, \
            zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:  # fmt: skip
        assert any(change[0] in old.read(entry) for entry in old.infolist() if entry.filename == part)
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry.filename, content.replace(*change, 1) if entry.filename == part else content)
    return written.getvalue()


@pytest.mark.parametrize("part, before, many", [
    ("xl/worksheets/sheet2.xml", b"</sheetData>", b"<row/>" * 11_000_000),
    ("xl/styles.xml", b"</fonts>", b"<font/>" * 100_000),
    ("xl/workbook.xml", b"</sheets>", b"<sheet/>" * 100_000),
])  # fmt: skip
def test_a_small_workbook_with_millions_of_elements_is_refused(part: str, before: bytes, many: bytes) -> None:
    data = bomb(part, (before, many + before))
    assert len(data) < 200_000
    assert refused(importing.XLSX, data) == {"import_unpacked_too_large"}


def test_half_a_character_is_refused_and_what_is_told_of_it_can_be_sent() -> None:
    assert refused(importing.JSON, json.dumps([{"code": "\ud83d"}]).encode()) == {"import_unreadable"}
    judged = importing.judge(importing.JSON, json.dumps([{"code": "\U0001f600"}]).encode(), lambda _: None)
    assert orjson.dumps(importing.report(judged, {}, {}))


def test_of_a_file_with_a_million_faults_so_many_are_told_as_an_answer_holds() -> None:
    items = [{"code": f"s{index}", **{f"key{number}": 0 for number in range(190)}} for index in range(300)]
    judged = importing.judge(importing.JSON, orjson.dumps(items), lambda _: None)
    told = [len(one.faults) for one in judged]
    assert sum(told) < importing.MOST_FAULTS + 1000 and min(told) == 2 and max(told) > 190
    assert judged[-1].faults[-1]["code"] == "import_faults_more"
