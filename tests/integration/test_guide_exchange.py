"""An editor sends the guide back with changes: over HTTP and by the command, into a real catalog."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
import requests

from contracts.exchange import importing
from infra import processes
from services.gateway.demo import PASSWORD
from tests.support.node import ROOT, Node

API = "/api/v1"


def operate(node: Node, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    with processes.told(text) as told:
        return subprocess.run(
            [sys.executable, "-m", "infra.node", *arguments], stdin=told, capture_output=True, text=True, cwd=ROOT,
            env=node.environments["gateway"] | {"LOGNAME": "operator"},
        )  # fmt: skip


@pytest.fixture(scope="module")
def editor(node: Node) -> dict[str, str]:
    """Headers of a catalogue editor who is logged in."""
    who = ("guide-editor", "--name", "محررة الدليل", "--role", "catalogue_editor")
    made = operate(node, "add-account", *who, text=PASSWORD)
    assert made.returncode == 0, made.stderr
    body = {"username": "guide-editor", "password": PASSWORD}
    session = requests.post(f"{node.url}{API}/sessions", json=body, timeout=20)
    return {"Authorization": f"Bearer {session.json()['token']}"}


def exported(node: Node, form: str) -> requests.Response:
    answer = requests.get(f"{node.url}{API}/guide.{form}", timeout=60)
    assert answer.status_code == 200, answer.text
    return answer


def sent(node: Node, editor: dict[str, str], data: bytes, media_type: str, key: str | None = None) -> dict[str, Any]:
    answer = requests.post(f"{node.url}{API}/guide/imports", data=data, timeout=120, headers={
        **editor, "Content-Type": media_type, "Idempotency-Key": key or str(uuid4())})  # fmt: skip
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


def drafts(node: Node) -> int:
    return int(node.sql("catalog", "SELECT count(*) FROM proposal")[0][0])


def test_the_guide_of_a_running_node_goes_out_in_every_form_and_comes_back_unchanged(
    node: Node, editor: dict[str, str]
) -> None:
    before = drafts(node)
    for form in ("json", "yaml", "xlsx"):
        first = exported(node, form)
        again = requests.get(first.url, headers={"If-None-Match": first.headers["ETag"]}, timeout=20)
        assert again.status_code == 304
        report = sent(node, editor, first.content, importing.SUFFIXES[f".{form}"])
        assert report["accepted"] == report["refused"] == [] and len(report["unchanged"]) > 3
    assert drafts(node) == before
    assert exported(node, "jsonld").json()["@graph"]


def test_a_changed_cell_becomes_one_draft_however_often_it_is_sent_and_nothing_is_published(
    node: Node, editor: dict[str, str]
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(exported(node, "xlsx").content))
    head = [cell.value for cell in book["services"][1]]
    rows = {row[head.index("code")].value: row for row in book["services"].iter_rows(min_row=2)}
    rows["shop-licence"][head.index("summary/en")].value = "Changed in a sheet"
    rows["road-occupancy"][head.index("sector")].value = "astronomy"
    written = io.BytesIO()
    book.save(written)
    before, tag, key = drafts(node), exported(node, "json").headers["ETag"], str(uuid4())
    first, second = (sent(node, editor, written.getvalue(), importing.XLSX, key) for _ in range(2))
    assert first == second and [one["code"] for one in first["accepted"]] == ["shop-licence"]
    assert drafts(node) == before + 1
    (refused,) = first["refused"]
    assert refused["code"] == "road-occupancy"
    (fault,) = [fault for fault in refused["faults"] if fault["field"] == "sector"]
    column = openpyxl.utils.get_column_letter(head.index("sector") + 1)
    assert fault["at"] == f"services!{column}{rows['road-occupancy'][0].row}" and fault["ar"]
    assert exported(node, "json").headers["ETag"] == tag


def test_the_command_proposes_a_files_changes_and_says_what_was_refused(
    node: Node, editor: dict[str, str], tmp_path: Path
) -> None:
    services = {one["code"]: one["definition"] for one in exported(node, "json").json()["services"]}
    changed = {**services["shop-licence"], "summary": {"ar": "من سطر الأوامر", "en": "From the command line"}}
    broken = {**services["road-occupancy"], "channels": ["pigeon"]}
    file = tmp_path / "some.json"
    same = next(one for code, one in services.items() if code not in ("shop-licence", "road-occupancy"))
    file.write_text(json.dumps([changed, broken, same]), encoding="utf-8")
    before = drafts(node)
    done = operate(node, "import-guide", str(file))
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert "+ shop-licence" in done.stdout and "- road-occupancy (1/channels/0)" in done.stdout
    assert "1 accepted, 1 unchanged, 1 refused" in done.stdout
    assert drafts(node) == before + 1
    file.write_text(json.dumps([services["shop-licence"]]), encoding="utf-8")
    again = operate(node, "import-guide", str(file))
    assert again.returncode == 0 and "0 accepted, 1 unchanged, 0 refused" in again.stdout
